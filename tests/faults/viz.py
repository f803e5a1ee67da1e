"""The pictures."""

TESTS: dict[str, str] = {}

FAULTS: dict[str, list[tuple[str, ...]]] = {}
