"""Networks and runs in files."""

TESTS = {
    "micrograd_bp/archive.py": "test_checkpoint",
    "micrograd_bp/checkpoint.py": "test_checkpoint",
    "micrograd_bp/resume.py": "test_resume",
    "micrograd_bp/tensors.py": "test_tensors",
    "micrograd_bp/torch_layout.py": "test_tensors",
}

FAULTS = {
    "micrograd_bp/archive.py": [
        ("parse_constant=_refuse", "parse_constant=float"),
        ("if prod(shape) * dtype.itemsize != len(entry) - start:", "if False:"),
        ("if len(set(names)) < len(names):", "if False:"),
        ("if k != DIGEST}) != bytes(", "if k != DIGEST}) == bytes("),
    ],
    "micrograd_bp/checkpoint.py": [
        ("    if len(wrong):\n", "    if False:\n"),
        ('if found["version"] != VERSION:', "if False:"),
        ("type(n) is int and n > 0", "isinstance(n, int)"),
    ],
    "micrograd_bp/resume.py": [
        ('if meta.get("network") != network:', "if False:"),
        ("if found[name] != here:", "if False:"),
        ("        if not resume:\n", "        if False:\n"),
        ("if not np.isfinite(array).all():", "if False:"),
    ],
    "micrograd_bp/tensors.py": [
        ("if metadata.get(SUM, found) != found:", "if False:"),
    ],
    "micrograd_bp/torch_layout.py": [
        ("if missing or unexpected:", "if missing:"),
    ],
}
