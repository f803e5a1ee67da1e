r"""Labels are data: whatever they contain, the picture shows it as text.

>>> print(record_field('a|b {c} <p> "d"'))
a\|b\ \{c\}\ \<p\>\ \"d\"
>>> print(record_field("\\N &lt; \n x"))
\\N\ &amp;lt;\ \n\ x
>>> print(plain_label('<b> "x" \\G & co'))
<b> \"x\" \\G &amp; co
>>> printable("bell\a escape\x1b surrogate\ud800 override\u202e tab\t crlf\r\n") == (
...     "bell\ufffd escape\ufffd surrogate\ufffd override tab  crlf\n"
... )
True
>>> title("  " + "x" * 20_000) == "x" * 200 + "…"
True
"""

from collections.abc import Mapping
from unicodedata import category

LONGEST = 200
NOT_IN_XML = "\ufffe\uffff"


def printable(text: str) -> str:
    """`text` without what XML, DOT or a terminal cannot carry.

    Control characters and lone surrogates become U+FFFD, a tab a space; format characters, which
    can reverse the reading direction, are left out.
    """
    if text.isprintable():
        return text
    return "".join(map(_printable, text.replace("\r\n", "\n")))


def title(text: str) -> str:
    """`text` as printed of a node: no white space around it, at most 200 characters and `…`."""
    text = printable(text).strip()
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def record_field(text: str) -> str:
    """`text` for one field of a record label, inside double quotes."""
    return _escaped(text, '\\{}|<> "')


def plain_label(text: str) -> str:
    """`text` for a label that is no record, inside double quotes."""
    return _escaped(text, '\\"')


def statement(subject: str, attributes: Mapping[str, str]) -> str:
    """A line of DOT; the values of the attributes are escaped already."""
    listed = " ".join(f'{name}="{value}"' for name, value in attributes.items())
    return f"\t{subject} [{listed}]\n"


def _printable(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    kind = category(character)
    if kind == "Cf":
        return ""
    return "\ufffd" if kind in ("Cc", "Cs") or character in NOT_IN_XML else character


def _escaped(text: str, special: str) -> str:
    text = printable(text).replace("&", "&amp;")
    text = "".join("\\" + c if c in special else c for c in text)
    return text.replace("\n", "\\n")
