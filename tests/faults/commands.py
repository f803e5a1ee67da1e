"""The command line, expressions, the demo, the prompt."""

TESTS = {
    "micrograd_bp/expression.py": "test_expression",
}

FAULTS = {
    "micrograd_bp/expression.py": [
        ('if "__" in name:', "if False:"),
        ("if end == len(text):", "if True:"),
    ],
}
