"""Networks and runs in files."""

TESTS = {
    "micrograd_bp/archive.py": "test_checkpoint",
    "micrograd_bp/checkpoint.py": "test_checkpoint",
    "micrograd_bp/resume.py": "test_resume",
    "micrograd_bp/tensors.py": "test_tensors",
    "micrograd_bp/torch_layout.py": "test_tensors",
    "micrograd_bp/files.py": "test_checkpoint test_resume test_demo",
    "micrograd_bp/pytorch.py": "test_pytorch",
}

FAULTS = {
    "micrograd_bp/archive.py": [
        ("parse_constant=_refuse", "parse_constant=float"),
        ("object_pairs_hook=_each_once", "object_pairs_hook=dict"),
        ("if prod(shape) * dtype.itemsize != len(entry) - start:", "if False:"),
        ("if len(set(names)) < len(names):", "if False:"),
        ("if k != DIGEST}) != bytes(", "if k != DIGEST}) == bytes("),
        ("if sum(entry.file_size for entry in listed) > len(data):", "if False:"),
    ],
    "micrograd_bp/checkpoint.py": [
        ("    if len(wrong):\n", "    if False:\n"),
        ('if found["version"] != VERSION:', "if False:"),
        ("type(n) is int and n > 0", "isinstance(n, int)"),
        ("== len(activations) + 1 > 1", "== len(activations) + 1"),
    ],
    "micrograd_bp/resume.py": [
        ('if meta.get("network") != network:', "if False:"),
        ("if found[name] != here:", "if False:"),
        ("        if not resume:\n", "        if False:\n"),
        ("if not np.isfinite(array).all():", "if False:"),
        ("self.optimizer.load_state(state | counts)", "pass"),
        ("        self.written = place(at)\n        return at", "        return at"),
    ],
    "micrograd_bp/tensors.py": [
        ("if metadata.get(SUM, found) != found:", "if False:"),
        ("if KEY not in metadata:", "if False:"),
        ("type(version) is not int or version != VERSION", "version != VERSION"),
    ],
    "micrograd_bp/torch_layout.py": [
        ("if missing or unexpected:", "if missing:"),
        ('1 if name == "linear" else 2', "2"),
        ("activation=activations, rng=0)", "activation=activations)"),
    ],
    "micrograd_bp/files.py": [
        ("if path.is_symlink():", "if False:"),
        ("            os.unlink(temporary)\n", "            pass\n"),
        (".{escape(path.name)}.*.part", ".{path.name}.*.part"),
        ("return 0o666 & ~mask", "return 0o666"),
    ],
    "micrograd_bp/pytorch.py": [('"sigmoid": ("Sigmoid", {}),\n', "")],
}
