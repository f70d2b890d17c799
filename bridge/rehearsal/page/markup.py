"""HTML that can't hold what was not meant as HTML: texts are escaped where they are put in."""

from html import escape

EMPTY = frozenset({"meta", "br"})
"""Elements that hold nothing and are not closed."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, content: str = "", /, **attributes: str | None) -> Markup:
    """An element. Content that is no `Markup` is escaped, and so is every attribute.

    Args:
        attributes: `class_` is `class`, `http_equiv` is `http-equiv`; `None` is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in EMPTY:
        return Markup(f"<{name}{written}>")
    inside = content if isinstance(content, Markup) else escape(content)
    return Markup(f"<{name}{written}>{inside}</{name}>")


def join(*parts: Markup) -> Markup:
    """Elements one behind the other."""
    return Markup("".join(parts))


def classes(*names: str) -> str:
    """The value of a `class` attribute; empty names are left out."""
    return " ".join(name for name in names if name)
