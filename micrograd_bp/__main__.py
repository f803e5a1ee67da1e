"""python -m micrograd_bp: a prompt with the names of the library ready."""

import sys

if __name__ == "__main__":
    try:
        from micrograd_bp.prompt import prompt

        prompt()
    except KeyboardInterrupt:
        sys.exit(130)  # as shells expect after Ctrl-C
