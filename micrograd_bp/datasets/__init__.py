"""Data to learn from."""

from micrograd_bp.data import one_hot
from micrograd_bp.datasets.digits import digits
from micrograd_bp.datasets.idx import load_idx
from micrograd_bp.datasets.points import circles, moons, spirals, xor

__all__ = ["circles", "digits", "load_idx", "moons", "one_hot", "spirals", "xor"]
