"""Graph: a graphviz.Digraph that finds its own program to draw with.

graphviz runs the command `graphviz.backend.dot_command.DOT_BINARY`, which is `dot` on PATH, and has
no public way to change it. `Graph` changes it for the time of one call.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from threading import RLock
from typing import Any

import graphviz
from graphviz.backend import dot_command

from viz.contents import Contents, GraphTooLarge
from viz.renderer import RendererNotFound, find_renderer

SUFFIXES = ".svg", ".png", ".dot", ".gv", ".txt"

_lock = RLock()


class Graph(graphviz.Digraph):  # type: ignore[misc]  # Any, as it ships no types
    """A picture of a computation graph: `.save("graph.svg")`, or show it in a notebook.

    All of graphviz.Digraph is there, such as `.source`, `.render()` and `.pipe()`. They raise
    RendererNotFound if there is no program to draw with, GraphTooLarge (a ValueError) above 3,500
    values, and ValueError for a format that the program does not write.
    """

    contents = Contents()

    def __repr__(self) -> str:
        return f'<graph of {self.contents.size} values; .save("graph.svg") or .source shows it>'

    @property
    def drawn_by(self) -> str:
        """The program that would draw: `graphviz-pure`, `dot`, the one asked for, or `text`."""
        try:
            return find_renderer().name
        except RendererNotFound:
            return "text"

    def copy(self) -> "Graph":
        twin: Graph = super().copy()
        twin.contents = self.contents
        return twin

    def pipe(self, format: str | None = None, **options: Any) -> Any:
        """The picture as bytes, or as a str if `encoding` is given."""
        format = (format or self.format).lower()
        with self._drawing(format):
            picture = super().pipe(format, **{"quiet": True} | options)
        if format != "svg":
            return picture
        if isinstance(picture, str):
            return self.contents.described(picture)
        return self.contents.described(picture.decode()).encode()

    def render(
        self,
        filename: str | PathLike[str] | None = None,
        directory: str | PathLike[str] | None = None,
        view: bool = False,
        **options: Any,
    ) -> str:
        """Write the DOT text to `filename` and the picture beside it; return the picture's path."""
        quiet_view = options.pop("quiet_view", False)
        suffix = Path(options.get("outfile") or "").suffix[1:]
        with self._drawing(options.get("format") or suffix or self.format):
            path = Path(super().render(filename, directory=directory, **{"quiet": True} | options))
        if path.suffix.lower() == ".svg":
            path.write_text(self.contents.described(path.read_text("utf-8")), "utf-8")
        if view or quiet_view:
            graphviz.view(path, quiet=quiet_view)
        return str(path)

    def save(
        self,
        filename: str | PathLike[str] | None = None,
        directory: str | PathLike[str] | None = None,
        *,
        skip_existing: bool | None = False,
    ) -> str:
        """Write a file and return its path; the suffix says what goes into it.

        .svg, .png: the picture; .txt: the tree; .dot, .gv: the DOT text.
        Raises ValueError for another suffix, FileNotFoundError if the folder does not exist.
        """
        if filename is None or skip_existing is None:  # without a name, or from within render()
            return str(super().save(filename, directory=directory, skip_existing=skip_existing))
        path = Path(directory or "", filename)
        if path.suffix not in SUFFIXES:
            raise ValueError(f"a graph is saved as {', '.join(SUFFIXES)}, not as {str(path)!r}")
        if not path.parent.is_dir():
            raise FileNotFoundError(f"cannot save {path.name}: there is no folder {path.parent}")
        if not (skip_existing and path.exists()):
            path.write_bytes(self._file(path.suffix))
        return str(path)

    def _file(self, suffix: str) -> bytes:
        if suffix in (".svg", ".png"):
            return bytes(self.pipe(suffix[1:]))
        text = self.contents.tree + "\n" if suffix == ".txt" else self.source
        return str(text).encode()

    @contextmanager
    def _drawing(self, format: str) -> Iterator[None]:
        """Lead graphviz to the program that `find_renderer` finds, for one call."""
        self.contents.require_size()
        renderer = find_renderer()
        renderer.require_format(format)
        with _lock:
            usual = dot_command.DOT_BINARY
            dot_command.DOT_BINARY = renderer.path
            try:
                yield
            finally:
                dot_command.DOT_BINARY = usual

    def _repr_mimebundle_(
        self,
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        **options: Any,
    ) -> dict[str, Any]:
        try:
            bundle: dict[str, Any] = super()._repr_mimebundle_(include, exclude, **options)
        except (RendererNotFound, GraphTooLarge) as error:
            return {"text/plain": f"{self.contents.head()}\n\n{error}"}
        return bundle
