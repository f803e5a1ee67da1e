"""What an SVG by Graphviz lacks: titles that say something, and a text for screen readers."""

import re
from collections.abc import Mapping
from html import escape

_TITLE = re.compile(r"<title>(v\d+|cluster_\w+|[ve]\d\S*)</title>\n?")


def described(svg: str, titles: Mapping[str, str], description: str) -> str:
    """`svg` with `titles` instead of the names that DOT uses, and with an ARIA label.

    Browsers show a title while the pointer rests on its node. Edges lose theirs.
    """

    def title(match: re.Match[str]) -> str:
        text = titles.get(match[1], "")
        return f"<title>{escape(text)}</title>\n" if text else ""

    label = f'<svg role="img" aria-label="{escape(description)}"'
    return _TITLE.sub(title, svg.replace("<svg", label, 1))
