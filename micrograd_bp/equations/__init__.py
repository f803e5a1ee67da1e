"""BP1 to BP4, stated twice, and checked against the scalar graph."""

from micrograd_bp.equations import component, matrix
from micrograd_bp.equations.assumption import assumption_report
from micrograd_bp.equations.report import check_equations

__all__ = ["assumption_report", "check_equations", "component", "matrix"]
