"""What the special signs within a line mean: links, code, tags, entities, marks, addresses.

Each reader of a sign looks at one place and no further than it must. Emphasis needs no pairing:
its signs have no sound, and the voice leaves them out wherever they could be markup.
"""

import html
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from bridge.core.speech import addresses, hidden, marks, symbols, tags
from bridge.core.speech.blocks import Kind
from bridge.core.speech.brackets import read_bracket, read_bracket_end
from bridge.core.speech.ending import Ending
from bridge.core.speech.hidden import Region
from bridge.core.speech.modes import Mode
from bridge.core.speech.silence import read_token, token_pattern
from bridge.core.speech.spoken_json import BEGUN, KEYED, MAY_OPEN, OPENS
from bridge.core.speech.tags import Effect

if TYPE_CHECKING:
    from bridge.core.speech.reader import Reader

Sign = Callable[["Reader", str, int, int, Ending], int | None]
"""Reads the sign at a place of the text: the reader, text, place, limit and ending in; where the
text goes on out, `None` while that is undecided."""

MAX_TICKS = 8
"""Longest run of backticks that can open a code span."""

_SILENT = re.compile(f"[{symbols.NO_SOUND}]+")
_RUN = {char: re.compile(re.escape(char) + "+") for char in "*_~<{"}
_TICKS = re.compile(rf"`{{1,{MAX_TICKS}}}")
_ENTITY = re.compile(
    r"&(?:amp;|#38;|#[xX]26;){0,20}(?:#[0-9]{1,7};|#[xX][0-9a-fA-F]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)?"
)
_ENTITY_BEGUN = re.compile(
    r"&(?:amp;|#38;|#[xX]26;){0,20}(?:#(?:[xX]?[0-9a-fA-F]{0,7})|[A-Za-z][A-Za-z0-9]{0,31})?\Z"
)
_AMP = re.compile(r"&(?:amp;|#38;|#[xX]26;)+")
_ESCAPABLE = re.compile(r"[!-/:-@\[-`{-~]")
_AUTOLINK = re.compile(r"<(?:https?://[^\s<>]*|(?:mailto:)?[\w.+-]+@[\w.-]+)>", re.IGNORECASE)
_AUTOLINK_BEGUN = re.compile(r"<[^\s<>]*\Z")


def read_sign(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Reads the sign at `pos`. See `Sign`."""
    read = _SIGNS.get(text[pos], _read_other)
    return read(reader, text, pos, limit, ending)


def _read_other(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    tokens = reader.options.silence_tokens
    if any(text[pos] == token[:1] for token in tokens):
        found = read_token(text, pos, tokens, ending)
        if found is None:
            return None
        end, is_token = found
        (reader.voice.token if is_token else reader.voice.literal)(text[pos:end])
        return end
    silent = _SILENT.match(text, pos)
    if silent:
        return silent.end()
    return _put(reader, text, pos)


def _read_run(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    run = _RUN[text[pos]].match(text, pos)
    assert run is not None
    reader.voice.literal(run[0][:3])
    return run.end()


def _read_line_end(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    reader.end_line()
    return pos + 1


def _read_bar(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    reader.voice.pause() if reader.kind is Kind.ROW else reader.voice.put("|")
    return pos + 1


def _read_backslash(
    reader: "Reader", text: str, pos: int, limit: int, ending: Ending
) -> int | None:
    if pos + 1 == len(text) and ending is Ending.OPEN:
        return None
    following = text[pos + 1 : pos + 2]
    if text.startswith(marks.OPENS, pos + 1) or following in ("", "\n", "[", "{"):
        return pos + 1
    if _ESCAPABLE.match(following):
        reader.voice.put(following)
        return pos + 2
    reader.voice.put("\\")
    return pos + 1


@lru_cache(maxsize=MAX_TICKS)
def _closing(ticks: int) -> re.Pattern[str]:
    return re.compile(rf"(?<!`)`{{{ticks}}}(?!`)|\n[ \t]*\n")


def _read_ticks(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    ticks = _TICKS.match(text, pos)
    assert ticks is not None
    start, count = ticks.end(), ticks.end() - pos
    if count == MAX_TICKS:
        return start
    if start == len(text) and ending is Ending.OPEN:
        return None
    close = _closing(count).search(text, start, limit)
    if close is None or (close.end() == len(text) and ending is Ending.OPEN):
        return None if ending is Ending.OPEN else start
    if close[0][0] != "`":
        return start
    _say_code(reader, text[start : close.start()])
    return close.end()


def _say_code(reader: "Reader", code: str) -> None:
    if OPENS.match(code.lstrip()):
        return
    said = pos = 0
    while (pos := code.find(marks.OPENS, pos)) >= 0:
        found = marks.find(code, pos, Ending.OVER)
        assert found is not None
        _say_words(reader, code[said:pos])
        if found.mark:
            reader.voice.line.mark(found.mark)
        said = pos = max(found.end, pos + 1)
    _say_words(reader, code[said:])


def _say_words(reader: "Reader", words: str) -> None:
    said = addresses.say_within(words, reader.options.language)
    for word in token_pattern(reader.options.silence_tokens).split(said):
        is_token = word in reader.options.silence_tokens
        (reader.voice.token if is_token else reader.voice.literal)(word)


def _read_angle(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    run = _RUN["<"].match(text, pos)
    assert run is not None
    if run.end() - pos > 1:
        reader.voice.put("<")
        return run.end() - 1
    region = hidden.open_region(text, pos, limit, ending)
    if isinstance(region, Region):
        reader.hide(region)
        return pos
    if region is None or region > pos:
        return region
    link = _AUTOLINK.match(text, pos, limit)
    if link:
        _say_words(reader, link[0][1:-1].removeprefix("mailto:"))
        return link.end()
    tag = tags.read_tag(text, pos, limit, ending)
    if tag is None or (_AUTOLINK_BEGUN.match(text, pos, limit) and ending is Ending.OPEN):
        return None
    return _follow_tag(reader, text, pos, *tag)


def _follow_tag(reader: "Reader", text: str, pos: int, effect: Effect, end: int) -> int:
    if end == pos:
        reader.voice.put("<")
        return pos + 1
    match effect:
        case Effect.NOTHING:
            pass
        case Effect.SPACE:
            reader.voice.space()
        case Effect.PAUSE:
            reader.voice.pause()
        case Effect.BLOCK:
            reader.begin_block(Kind.TEXT)
        case Effect.ITEM:
            reader.begin_block(Kind.ITEM)
        case Effect.WORDS:
            reader.voice.literal(text[pos + 1 : end - 1])
        case Effect.SKIP:
            reader.enter(Mode.TAG)
    return end


def _read_entity(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    if _ENTITY_BEGUN.match(text, pos, limit) and ending is Ending.OPEN:
        return None
    entity = _ENTITY.match(text, pos, limit)
    assert entity is not None
    plain = html.unescape(_AMP.sub("&", entity[0]))
    reader.voice.literal(plain.replace("{", ""))
    return entity.end()


def _read_brace(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    run = _RUN["{"].match(text, pos)
    assert run is not None
    if run.end() - pos > 1:
        reader.voice.put("{")
        return run.end() - 1
    quoted = text[pos - 1] in "\"'"
    if (KEYED if quoted else OPENS).match(text, pos, limit):
        reader.enter_json()
        return pos
    if MAY_OPEN.match(text, pos, limit):
        if ending is Ending.OVER:
            return len(text) if BEGUN.match(text, pos) and not quoted else _put(reader, text, pos)
        if ending is Ending.OPEN or BEGUN.match(text, pos, limit):
            return None
    return _put(reader, text, pos)


def _read_at(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    run = addresses.DOMAIN_RUN.match(text, pos, limit)
    assert run is not None
    if run.end() == len(text) and ending is Ending.OPEN:
        return None
    domain = addresses.DOMAIN.match(text, pos, limit)
    if domain is None or not addresses.LOCAL_END.match(text[pos - 1]):
        reader.voice.put("@")
        return pos + 1
    reader.voice.literal(addresses.say_domain(domain[1], reader.options.language))
    return domain.end()


def _read_address(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    scheme = addresses.SCHEME.match(text, pos)
    if scheme is None:
        others = any(token[:1] == text[pos] for token in reader.options.silence_tokens)
        if ending is Ending.OPEN:
            return None
        return _read_other(reader, text, pos, limit, ending) if others else _put(reader, text, pos)
    authority = addresses.AUTHORITY.match(text, scheme.end(), limit)
    end = authority.end() if authority else scheme.end()
    if end == len(text) and end < limit and ending is not Ending.OVER:
        return None
    name = text[scheme.end() : end]
    _say_words(reader, addresses.say_host(name))
    reader.enter(Mode.ADDRESS)
    return scheme.end() + len(name.rstrip(".-_~%:@"))


def _put(reader: "Reader", text: str, pos: int) -> int:
    reader.voice.put(text[pos])
    return pos + 1


def _read_slash(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    line = reader.voice.line
    if not line.is_spaced and addresses.is_site(line.tail):
        reader.enter(Mode.ADDRESS)
    else:
        reader.voice.put("/")
    return pos + 1


def _read_shout(reader: "Reader", text: str, pos: int, limit: int, ending: Ending) -> int | None:
    if pos + 1 == len(text) and ending is Ending.OPEN:
        return None
    if not text.startswith("[", pos + 1):
        reader.voice.put("!")
    return pos + 1


_SIGNS: Mapping[str, Sign] = {
    **dict.fromkeys("*_~", _read_run),
    **dict.fromkeys("\n\x85\u2028\u2029", _read_line_end),
    "|": _read_bar,
    "\\": _read_backslash,
    "`": _read_ticks,
    "[": read_bracket,
    "]": read_bracket_end,
    "<": _read_angle,
    "&": _read_entity,
    "{": _read_brace,
    "@": _read_at,
    "h": _read_address,
    "H": _read_address,
    "/": _read_slash,
    "!": _read_shout,
}
