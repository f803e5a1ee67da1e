"""The entry point of the command: thin, so that Ctrl-C is quiet while the rest is imported."""


def main() -> int:
    """Run micrograd-bp; the exit status, which shells expect to be 130 after Ctrl-C."""
    try:
        from micrograd_bp import cli

        return cli.main()
    except KeyboardInterrupt:
        return 130
