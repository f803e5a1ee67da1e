"""The command line, expressions, the demo, the prompt."""

TESTS = {
    "micrograd_bp/expression.py": "test_expression",
    "micrograd_bp/cli.py": "test_model_commands test_cli",
    "micrograd_bp/commands/answer.py": "test_model_commands test_cli",
    "micrograd_bp/commands/check.py": "test_model_commands",
    "micrograd_bp/commands/example.py": "test_model_commands",
    "micrograd_bp/commands/pictures.py": "test_model_commands test_cli",
    "micrograd_bp/commands/recording.py": "test_model_commands test_cli",
    "micrograd_bp/commands/sets.py": "test_train_command",
    "micrograd_bp/commands/settings.py": "test_train_command",
    "micrograd_bp/commands/train.py": "test_train_command",
    "micrograd_bp/demo.py": "test_demo",
    "micrograd_bp/prompt.py": "test_demo",
}

FAULTS = {
    "micrograd_bp/expression.py": [
        ('if "__" in name:', "if False:"),
        ("if end == len(text):", "if True:"),
        ("if len(text) > LONGEST:", "if len(text) >= LONGEST:"),
        ("names.setdefault(part.id, part)", "names[part.id] = part"),
        ("if unused:", "if False:"),
    ],
    "micrograd_bp/cli.py": [
        ("return failed(error, 2, options)", "return failed(error, 1, options)"),
        ("return failed(error, 1, options)", "return failed(error, 2, options)"),
        (
            "    except KeyboardInterrupt:\n        return INTERRUPTED",
            "    except KeyboardInterrupt:\n        return 1",
        ),
        ("NUMBERS.match(text)", "False"),
    ],
    "micrograd_bp/commands/answer.py": [("if path.exists() and not force:", "if False:")],
    "micrograd_bp/commands/check.py": [
        ("0 if report.ok else DISAGREE", "0"),
        ('{"ok": row.ok}', "{}"),
    ],
    "micrograd_bp/commands/example.py": [("if not all(map(isfinite, found)):", "if False:")],
    "micrograd_bp/commands/pictures.py": [
        (
            "    except viz.RendererNotFound as error:\n        raise Failed(error) from error",
            "    except viz.RendererNotFound as error:\n        raise Refused(error) from error",
        ),
        ('is_page or view == "scalar"', "is_page"),
    ],
    "micrograd_bp/commands/recording.py": [
        ("if name in numbers:", "if False:"),
        ("require_free(options.output, options.force)", "pass"),
    ],
    "micrograd_bp/commands/sets.py": [
        ("int(y.min()) >= 0", "True"),
        ("classes if classes <= MOST_CLASSES else 0", "classes"),
        ("(low < 0.0 or high > 1.0)", "low < 0.0"),
        ("(low < 0.0 or high > 1.0)", "high > 1.0"),
    ],
    "micrograd_bp/commands/settings.py": [("(data.y >= 0) & (data.y <= 1)", "(data.y >= 0)")],
    "micrograd_bp/commands/train.py": [
        ("(directory / name).unlink(missing_ok=True)", "pass"),
        (
            "next(reversed(getattr(history, name)), None)",
            "next(iter(getattr(history, name)), None)",
        ),
    ],
    "micrograd_bp/demo.py": [
        ("order[HELD_OUT:], order[:HELD_OUT]", "order[:HELD_OUT], order[HELD_OUT:]"),
        ("2 * shades[shade]", "shades[shade]"),
        ("validation=(X[held_out], labels[held_out])", "validation=(X[learn], labels[learn])"),
        (
            '    cost.label = "C"\n    cost.backward()\n    return cost\n\n\ndef small',
            '    cost.label = "C"\n    return cost\n\n\ndef small',
        ),
    ],
    "micrograd_bp/prompt.py": [("return functions | {", "return {")],
}
