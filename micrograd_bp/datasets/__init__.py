"""Data to learn from."""

from micrograd_bp.datasets.digits import digits, one_hot
from micrograd_bp.datasets.points import circles, moons, spirals, xor

__all__ = ["circles", "digits", "moons", "one_hot", "spirals", "xor"]
