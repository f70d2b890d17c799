"""What a reader can be in the middle of."""

from enum import Enum


class Mode(Enum):
    """What the reader is in the middle of."""

    LINE = "line"
    """The beginning of a line, before its first word."""
    TEXT = "text"
    """Words."""
    REGION = "region"
    """Something hidden."""
    FENCE = "fence"
    """Fenced code."""
    JSON = "json"
    TAG = "tag"
    """A long tag, up to its end."""
    LINK = "link"
    """Where a link leads, up to its bracket."""
    ADDRESS = "address"
    """A web address, after its host."""
    DEFINITION = "definition"
    """Where a reference leads, up to the end of the line."""
