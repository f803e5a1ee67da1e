"""Networks, their costs, optimisers."""

TESTS = {
    "micrograd_bp/border.py": "test_nn",
    "micrograd_bp/nn.py": "test_nn",
    "micrograd_bp/orientation.py": "test_nn",
    "micrograd_bp/costs.py": "test_costs",
    "micrograd_bp/descent.py": "test_descent test_gradient_descent",
}

FAULTS = {
    "micrograd_bp/border.py": [("return number - 1", "return number")],
    "micrograd_bp/nn.py": [("weighted_sum(self.w, a, self.b)", "weighted_sum(self.w, a)")],
    "micrograd_bp/orientation.py": [
        ('w_read.append(w if convention == "post" else w.T)', "w_read.append(w)")
    ],
    "micrograd_bp/costs.py": [
        ("return 0.5 * _sum((a_j - y_j) ** 2", "return _sum((a_j - y_j) ** 2"),
        (
            "_times(1.0 - y_j, _log(1.0 - a_j, a_j, j, *names))",
            "_times(1.0 - y_j, _log(a_j, a_j, j, *names))",
        ),
        ("_times(y_j, (-z_j).softplus())", "_times(y_j, z_j.softplus())"),
        ("normaliser - z_j", "z_j - normaliser"),
    ],
    "micrograd_bp/descent.py": [
        ("theta -= self.learning_rate * gradient", "theta += self.learning_rate * gradient"),
        (
            "self.velocity -= self.learning_rate * gradient",
            "self.velocity = -self.learning_rate * gradient",
        ),
        ("mean = self.mean / (1.0 - beta1**self.steps)", "mean = self.mean"),
        (
            "mean_square = self.mean_square / (1.0 - beta2**self.steps)",
            "mean_square = self.mean_square",
        ),
        ("gradient * gradient - self.mean_square", "gradient - self.mean_square"),
        ("self.steps += 1", "self.steps += 2"),
        ("descent.actual.append(cost - descent.cost)", "descent.actual.append(cost)"),
        ("descent.steps - descent.best >= PATIENCE", "descent.steps >= PATIENCE"),
        (
            "abs(cost) > FAR * max(1.0, abs(descent.costs[0]))",
            "abs(cost) > FAR * abs(descent.costs[0])",
        ),
    ],
}
