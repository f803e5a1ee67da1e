"""python -m micrograd_bp: a prompt with the names of the library ready."""

from micrograd_bp.prompt import prompt

if __name__ == "__main__":
    prompt()
