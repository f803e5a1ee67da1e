"""Graph: a graphviz.Digraph that finds its own program to draw with.

graphviz runs the command `graphviz.backend.dot_command.DOT_BINARY`, which is `dot` on PATH, and has
no public way to change it. `Graph` changes it for the time of one call.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from threading import RLock
from typing import Any

import graphviz
from graphviz.backend import dot_command

from viz.contents import Contents, GraphTooLarge, View, contents_of
from viz.explore import explore
from viz.page import Frame, frame
from viz.renderer import RendererNotFound, find_renderer

SUFFIXES = ".svg", ".png", ".html", ".txt", ".dot", ".gv"

_lock = RLock()


class Graph(graphviz.Digraph):  # type: ignore[misc]  # Any, as it ships no types
    """A picture of a computation graph: `.save("graph.svg")`, or show it in a notebook.

    All of graphviz.Digraph is there, such as `.source`, `.render()` and `.pipe()`. They raise
    RendererNotFound if there is no program to draw with, GraphTooLarge (a ValueError) where layout
    would take too long, and ValueError for a format that the program does not write.
    """

    contents = Contents()
    _body: list[str]
    _unwritten: Callable[[], Iterable[str]] | None = None

    @classmethod
    def of(cls, view: View, format: str = "svg", force: bool = False) -> "Graph":
        """The picture of `view` as it is now; what is too large for any layout is read later."""
        graph = cls(format=format, engine=view.engine)
        graph.contents = contents_of(view, force)
        graph._unwritten = view.body
        if not graph.contents.refusal:
            graph.body = list(view.body())
        return graph

    @property
    def body(self) -> list[str]:
        """The lines of the DOT text between its braces."""
        if self._unwritten is not None:
            self.body = list(self._unwritten())
        return self._body

    @body.setter
    def body(self, lines: list[str]) -> None:
        self._body, self._unwritten = lines, None

    def __repr__(self) -> str:
        return f'<{self.contents.description}; .save("graph.svg") or .source shows it>'

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
        if options.get("format"):
            options["format"] = options["format"].lower()
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

        .svg, .png: the picture; .html: the interactive page of the graph; .txt: the text view;
        .dot, .gv: the DOT text. Raises ValueError for another suffix, FileNotFoundError if the
        folder does not exist.
        """
        if filename is None or skip_existing is None:  # without a name, or from within render()
            return str(super().save(filename, directory=directory, skip_existing=skip_existing))
        path = Path(directory or "", filename)
        if path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"a graph is saved as {', '.join(SUFFIXES)}, not as {str(path)!r}")
        if not path.parent.is_dir():
            raise FileNotFoundError(f"cannot save {path.name}: there is no folder {path.parent}")
        if not (skip_existing and path.exists()):
            self._write(path)
        return str(path)

    def _write(self, path: Path) -> None:
        suffix = path.suffix.lower()
        if suffix == ".html":
            explore(self.contents.only_root(), path)
        elif suffix in (".svg", ".png"):
            path.write_bytes(self.pipe(suffix[1:]))
        else:
            text = self.contents.text() + "\n" if suffix == ".txt" else self.source
            path.write_bytes(str(text).encode())

    def interactive(self) -> Frame:
        """The page of the graph, which a notebook shows in a frame; see `explore`.

        Raises ValueError for a picture of a network, or of several roots, and above 1,000 values.
        """
        return frame(self.contents.only_root())

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
