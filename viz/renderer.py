"""Finding a program that draws DOT: the variable, graphviz-pure, then `dot` on PATH."""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from os.path import abspath, dirname, join

VARIABLE = "MICROGRAD_BP_DOT"
EMBEDDED = "graphviz-pure"
EMBEDDED_FORMATS = "svg", "png", "jpg", "jpeg", "jpe", "dot", "gv", "canon", "plain", "xdot", "json"


class RendererNotFound(RuntimeError):
    """There is no program on this machine that draws DOT, or not the one that was asked for."""


@dataclass(frozen=True)
class Renderer:
    """A program that understands the command line of `dot`."""

    name: str
    path: str

    def require_format(self, format: str) -> None:
        """Raise ValueError if the program is known not to write `format`."""
        if self.name == EMBEDDED and format.lower() not in EMBEDDED_FORMATS:
            raise ValueError(
                f"{EMBEDDED} writes svg and png, not {format}; with Graphviz installed,"
                f" set {VARIABLE}=dot"
            )


def find_renderer() -> Renderer:
    """The program that draws.

    Raises RendererNotFound, whose text says what was looked for and how to get it.
    """
    if wanted := os.environ.get(VARIABLE):
        if path := shutil.which(wanted):
            return Renderer(wanted, abspath(path))  # render() changes the folder
        raise RendererNotFound(f"{VARIABLE} is {wanted!r}, and there is no such program")
    if path := _embedded():
        return Renderer(EMBEDDED, path)
    if path := shutil.which("dot"):
        return Renderer("dot", abspath(path))
    raise RendererNotFound(
        f"no program to draw with: neither {EMBEDDED} nor dot on PATH, and {VARIABLE} is not set;"
        " pip install 'micrograd-bp[plot]' brings one, and draw(root, view=\"text\") needs none"
    )


def _embedded() -> str | None:
    """The program of the package graphviz-pure, on PATH or not."""
    try:
        package = distribution(EMBEDDED)
    except PackageNotFoundError:
        return None
    paths = (shutil.which(path) for path in _candidates(package))
    return next((path for path in paths if path), None)


def _candidates(package: Distribution) -> Iterator[str]:
    for file in package.files or ():
        if file.stem == EMBEDDED:
            yield str(package.locate_file(file))
    # `pip install --target` records a wrong path.
    folders = package.locate_file("bin"), sysconfig.get_path("scripts"), dirname(sys.executable)
    for folder in folders:
        yield from (join(str(folder), EMBEDDED + suffix) for suffix in ("", ".exe"))
