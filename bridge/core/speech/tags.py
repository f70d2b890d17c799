"""HTML in a reply: which tags vanish, and what they do to the words around them."""

import re
from enum import Enum

from bridge.core.speech.ending import Ending


class Effect(Enum):
    """What a tag means to a voice."""

    NOTHING = "nothing"
    SPACE = "space"
    PAUSE = "pause"
    BLOCK = "block"
    ITEM = "item"
    """The block that ends here always wants a stop."""
    WORDS = "words"
    """Not a tag at all: a placeholder such as `<your name>`, whose words are said."""
    SKIP = "skip"
    """A tag that goes on: everything up to its `>` is left out."""


_INLINE = (
    "a abbr acronym answer audio b bdi bdo big blink center cite code data del dfn em emphasis "
    "final font i img ins kbd label lang mark message output phoneme picture prosody q reply "
    "response result rp rt ruby s say say-as small source span strike strong sub sup text time tt "
    "u var video voice wbr speak"
)
_BLOCKS = (
    "address article aside blockquote body br break button canvas dd dialog div dl dt fieldset "
    "figcaption figure footer form head header hgroup hr html iframe input link main menu meta "
    "nav object ol option p param pre section select summary table tbody textarea tfoot thead "
    "title ul"
)
_EFFECTS = (
    dict.fromkeys(_INLINE.split(), Effect.NOTHING)
    | dict.fromkeys(_BLOCKS.split(), Effect.BLOCK)
    | dict.fromkeys(["h1", "h2", "h3", "h4", "h5", "h6", "li", "tr", "caption"], Effect.ITEM)
    | {"br": Effect.SPACE, "break": Effect.SPACE, "td": Effect.PAUSE, "th": Effect.PAUSE}
)

_TOKEN = re.compile(
    r"<\|(?:start|channel)\|>\w{0,20}|<[|｜][^|｜<>\n]{0,60}[|｜]>|<[!?][^<>]{0,150}>"
)
_TOKEN_BEGUN = re.compile(
    r"<(?:\|(?:start|channel)\|>\w{0,20}|[|｜][^|｜<>\n]{0,60}[|｜]?|[!?][^<>]{0,150})\Z"
)
_ROLE_BEGUN = re.compile(r"<\|(?:start|channel)\|>\w{0,19}\Z")
_BREAK = r"[\n\x85\u2028\u2029]"
BLANK_LINE = rf"{_BREAK}[ \t\r]*{_BREAK}"
"""No tag goes on behind one: a pattern."""

_WITHIN = rf"(?:[^<>\n\x85\u2028\u2029]++|(?!{BLANK_LINE}){_BREAK})*+"
_NAME = r"[A-Za-z][\w:.-]{0,60}"
_TAG = re.compile(rf"<(/?)({_NAME})((?:(?=[\s/]){_WITHIN})?)>")
_TAG_BEGUN = re.compile(rf"</?(?:{_NAME}(?:(?=[\s/]){_WITHIN})?)?\Z")
_LONG = re.compile(rf"<({_NAME})(?=\s)(?:[^<>=\n\x85\u2028\u2029]++|(?!{BLANK_LINE}){_BREAK})*+=")


def read_tag(text: str, pos: int, limit: int, ending: Ending) -> tuple[Effect, int] | None:
    """Looks at the `<` at `pos`, and no further than `limit`.

    Returns:
        What it does and where the text goes on, which is `pos` when it is just a sign; `None`
        while that is undecided.
    """
    token = _TOKEN.match(text, pos, limit)
    if token and not (ending is Ending.OPEN and _ROLE_BEGUN.match(text, pos)):
        return Effect.NOTHING, token.end()
    tag = _TAG.match(text, pos, limit)
    if tag:
        return _effect_of(tag[1], tag[2].lower(), tag[3]), tag.end()
    long = _LONG.match(text, pos, limit)
    if long and long[1].lower() in _EFFECTS:
        return Effect.SKIP, long.end()
    begun = _TAG_BEGUN.match(text, pos, limit) or _TOKEN_BEGUN.match(text, pos, limit)
    if begun and ending is Ending.OPEN:
        return None
    return Effect.NOTHING, pos


def _effect_of(slash: str, name: str, rest: str) -> Effect:
    known = _EFFECTS.get(name)
    if known is not None:
        return known
    if slash or rest.endswith("/") or "=" in rest or "_" in name or ":" in name:
        return Effect.NOTHING
    return Effect.WORDS
