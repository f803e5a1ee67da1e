"""What an SVG by Graphviz lacks: titles that say something, and a text for screen readers."""

import re
from collections.abc import Mapping
from html import escape

_TITLE = re.compile(r'(<g id="([^"]*)" class="[^"]*">\n)<title>([^<]*)</title>\n')
_OURS = re.compile(r"(v\d|e\d|cluster_layer|layer\d|w\d|cost)\S*")


def described(svg: str, titles: Mapping[str, str], description: str) -> str:
    """`svg` with `titles` by id instead of the names that DOT uses, and with an ARIA label.

    Browsers show a title while the pointer rests on its node. What has no title loses its name.
    """

    def title(match: re.Match[str]) -> str:
        group, id, name = match.groups()
        if id not in titles:
            return group if _OURS.fullmatch(name) else match[0]
        text = escape(titles[id])
        return f"{group}<title>{text}</title>\n" if text else group

    label = f'<svg role="img" aria-label="{escape(description)}"'
    return _TITLE.sub(title, svg.replace("<svg", label, 1))
