"""A prompt with the names of the library ready."""

import code
import sys
from typing import Any

from micrograd_bp import __version__

GREETING = f"""\
micrograd_bp {__version__}: scalar graphs that you write, see, check and train.
Try: x = Value(2.0, "x"); y = x.tanh() * x; y.backward(); x.grad; draw(y, view="text")
Or:  net = MLP(2, [4, 1]); print(check_equations(net, [1.0, -2.0], 1.0, quadratic))"""


def names() -> dict[str, Any]:
    """The public names of the library and of viz, and the primitives as functions."""
    import micrograd_bp
    import viz
    from micrograd_bp import datasets, equations, primitives

    functions = {row.name: row for row in primitives.TABLE.values() if row.name.isidentifier()}
    modules = (micrograd_bp, viz, equations, datasets)
    return functions | {name: getattr(m, name) for m in modules for name in m.__all__}


def prompt() -> None:
    """The prompt of IPython on a terminal where it is installed, else that of Python."""
    if sys.stdin.isatty():
        try:
            from IPython import start_ipython
            from traitlets.config import Config
        except ImportError:
            pass
        else:
            config = Config()
            config.TerminalInteractiveShell.banner1 = GREETING + "\n"
            start_ipython(argv=[], user_ns=names(), config=config)
            return
    code.interact(GREETING, local=names(), exitmsg="")
