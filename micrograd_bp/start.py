"""Where the command starts: thin, so that Ctrl-C is quiet while the rest is imported."""

from collections.abc import Sequence

INTERRUPTED = 130  # as in interrupt.py, before anything of ours is imported


def main(arguments: Sequence[str] | None = None) -> int:
    """Run micrograd-bp with `arguments`, or those of the process; its exit status."""
    try:
        import os
        import signal

        usual = signal.getsignal(signal.SIGINT)
        if usual is signal.default_int_handler:
            # NumPy would take a KeyboardInterrupt in its import for a broken installation.
            signal.signal(signal.SIGINT, lambda number, frame: os._exit(INTERRUPTED))
        from micrograd_bp import cli

        if usual is signal.default_int_handler:
            signal.signal(signal.SIGINT, usual)
        return cli.main(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED
