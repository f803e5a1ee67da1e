"""BP1 to BP4, and the reports that check them."""

TESTS = {
    "micrograd_bp/equations/component.py": "test_equations",
    "micrograd_bp/equations/matrix.py": "test_equations",
    "micrograd_bp/equations/observed.py": "test_equations test_assumption",
    "micrograd_bp/equations/differences.py": "test_equations",
    "micrograd_bp/equations/report.py": "test_equations",
    "micrograd_bp/equations/assumption.py": "test_assumption",
}

FAULTS = {
    "micrograd_bp/equations/component.py": [
        ("delta_i = delta_i + w_ij * delta_j * a_prime_i", "delta_i = w_ij * delta_j * a_prime_i"),
        ("delta_i = delta_i + w_ij * delta_j * a_prime_i", "delta_i = delta_i + w_ij * delta_j"),
        (
            "[[a_i * delta_j for delta_j in delta] for a_i in a_prev]",
            "[[a_i * delta_j for a_i in a_prev] for delta_j in delta]",
        ),
        ("delta_i = delta_i + grad_a_j * row_j[i]", "delta_i = delta_i - grad_a_j * row_j[i]"),
    ],
    "micrograd_bp/equations/matrix.py": [
        ("return (delta_next @ w_next.T) * a_prime", "return delta_next @ w_next.T"),
        ("return grad_a * a_prime", "return grad_a"),
        (
            'np.einsum("...j,...ji->...i", grad_a, jacobian)',
            'np.einsum("...j,...ij->...i", grad_a, jacobian)',
        ),
        ("return np.atleast_2d(delta).sum(axis=0)", "return np.atleast_2d(delta).sum(axis=1)"),
        ("return a_prev.T @ delta", "return delta.T @ a_prev"),
    ],
    "micrograd_bp/equations/observed.py": [
        ("coupled = coupled or i != j", "coupled = coupled or i == j"),
        ("            parameter.grad = grad\n", "            pass\n"),
    ],
    "micrograd_bp/equations/differences.py": [
        (
            "(up - down) / (2 * h), (up_half - down_half) / h",
            "(up - down) / h, (up_half - down_half) / h",
        ),
        (" + 4 * self.noise:", ":"),
    ],
    "micrograd_bp/equations/report.py": [
        ("return forms and self.differences <= DIFFERENCES_AGREE", "return forms"),
        (
            "self.component <= FORMS_AGREE and self.matrix <= FORMS_AGREE",
            "self.matrix <= FORMS_AGREE",
        ),
    ],
    "micrograd_bp/equations/assumption.py": [
        (
            "general=matrix.bp1_general(grad_a, seen.jacobian[l])",
            "general=matrix.bp1(grad_a, seen.a_prime(l))",
        )
    ],
}
