"""The compiler: a scalar graph in, a batched NumPy program out."""

from micrograd_bp.matrix_form.form import MatrixForm, matrix_form

__all__ = ["MatrixForm", "matrix_form"]
