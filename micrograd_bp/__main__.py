"""python -m micrograd_bp: a prompt with the names of the library ready."""

import sys

from micrograd_bp.start import main

if __name__ == "__main__":
    sys.exit(main(["repl"]))
