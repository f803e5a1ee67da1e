"""The interactive page: one HTML file with picture, numbers and script, and nothing from elsewhere.

`page(root)` is its text, `frame(root)` shows it in a notebook.
"""

from viz.page.document import Frame, frame, page

__all__ = ["Frame", "frame", "page"]
