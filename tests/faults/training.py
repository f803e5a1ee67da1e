"""Data, methods, epochs of mini-batches, history, Ctrl-C."""

TESTS = {
    "micrograd_bp/history.py": "test_daily_training",
    "micrograd_bp/interrupt.py": "test_resume",
    "micrograd_bp/methods.py": "test_daily_training test_training",
    "micrograd_bp/run.py": "test_daily_training test_resume",
}

FAULTS = {
    "micrograd_bp/history.py": [
        ("any(type(x) is not float for x in numbers)", "False"),
    ],
    "micrograd_bp/interrupt.py": [
        ("        self.asked = True\n", "        pass\n"),
        ("if self.asked:", "if False:"),
    ],
    "micrograd_bp/methods.py": [
        ('"w") != "b"]', '"w") != "c"]'),
        ("0.5 * l2 * squares", "l2 * squares"),
    ],
    "micrograd_bp/run.py": [
        ("        at.shuffle = rng.bit_generator.state\n", ""),
        ("range(at.batches * self.m, n, self.m)", "range(0, n, self.m)"),
        ("len(costs) - best(costs) >= patience", "len(costs) - best(costs) > patience"),
        ('found["cost"] = at.cost / len(self.examples)', 'found["cost"] = at.cost'),
        ("begun -= at.seconds", "begun += at.seconds", "no test waits for seconds"),
    ],
}
