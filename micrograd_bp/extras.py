"""Libraries of the extra `torch`, imported when they are needed."""

from importlib import import_module
from typing import Any


def extra(library: str, taker: str) -> Any:
    """The library; an ImportError that says who needs it and how to get it."""
    try:
        return import_module(library)
    except ImportError as missing:
        name = library.partition(".")[0]
        raise ImportError(f"{taker} needs {name}: pip install 'micrograd-bp[torch]'") from missing
