"""Data to learn from."""

from micrograd_bp.datasets.digits import digits, one_hot

__all__ = ["digits", "one_hot"]
