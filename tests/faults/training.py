"""Data, methods, epochs of mini-batches, history, Ctrl-C."""

TESTS = {
    "micrograd_bp/history.py": "test_daily_training",
    "micrograd_bp/interrupt.py": "test_resume",
    "micrograd_bp/methods.py": "test_daily_training test_training",
    "micrograd_bp/run.py": "test_training test_daily_training test_resume",
    "micrograd_bp/data.py": "test_training test_daily_training test_digits",
    "micrograd_bp/datasets/digits.py": "test_digits",
    "micrograd_bp/datasets/idx.py": "test_idx",
    "micrograd_bp/datasets/points.py": "test_points",
    "micrograd_bp/training.py": "test_training test_resume",
}

FAULTS = {
    "micrograd_bp/history.py": [
        ("any(type(x) is not float for x in numbers)", "False"),
        ("if len({len(numbers) for numbers in lists.values()}) > 1:", "if False:"),
    ],
    "micrograd_bp/interrupt.py": [
        ("        self.asked = True\n", "        pass\n"),
        ("if self.asked:", "if False:"),
        ("        if self.is_set:\n", "        if False:\n"),
    ],
    "micrograd_bp/methods.py": [
        ('"w") != "b"]', '"w") != "c"]'),
        ("0.5 * l2 * squares", "l2 * squares"),
        ("cost.backward(1.0 / len(X))", "cost.backward()"),
        ("self.result.parameters[:] = self.form.parameters", "pass"),
    ],
    "micrograd_bp/run.py": [
        ("        at.shuffle = rng.bit_generator.state\n", ""),
        ("range(at.batches * self.m, n, self.m)", "range(0, n, self.m)"),
        ("len(costs) - best(costs) >= patience", "len(costs) - best(costs) > patience"),
        ('found["cost"] = at.cost / len(self.examples)', 'found["cost"] = at.cost'),
        ("begun -= at.seconds", "begun += at.seconds", "no test waits for seconds"),
        ("cost * len(batch)", "cost * self.m"),
        ("costs = history.validation_cost or history.cost", "costs = history.cost"),
        ("if not 0.0 < found < np.inf:", "if not 0.0 < found:"),
        (
            "any([callback(self.net, history) for callback in callbacks])",
            "any(callback(self.net, history) for callback in callbacks)",
        ),
    ],
    "micrograd_bp/data.py": [
        ("row, column = start + int(wrong[0][0])", "row, column = int(wrong[0][0])")
    ],
    "micrograd_bp/datasets/digits.py": [('stored["pixels"] / 16.0', 'stored["pixels"] / 15.0')],
    "micrograd_bp/datasets/idx.py": [
        ("data = _read(file, needed + 1)", "data = _read(file, needed)")
    ],
    "micrograd_bp/datasets/points.py": [
        ("np.array([1.0, 0.5]) - upper", "np.array([1.0, -0.5]) - upper")
    ],
    "micrograd_bp/training.py": [
        ("if optimizer.parameters != net.parameters():", "if False:"),
        ('settings.pop("learning_rate", None)', "pass"),
        ("crc32(Y.tobytes(), crc32(X.tobytes(), checksum))", "crc32(X.tobytes(), checksum)"),
        ("(at.epoch - 1) + batch_size * at.batches", "(at.epoch - 1)"),
    ],
}
