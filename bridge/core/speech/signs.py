"""What the special signs within a line mean: links, code, tags, entities, marks, addresses.

Each step looks at one place and no further than it must. Emphasis needs no pairing:
its signs have no sound, and the voice leaves them out wherever they could be markup.
"""

import html
import re
from collections.abc import Mapping
from functools import lru_cache

from bridge.core.speech import addresses, hidden, marks, symbols, tags
from bridge.core.speech.blocks import Kind
from bridge.core.speech.brackets import read_bracket, read_bracket_end
from bridge.core.speech.ending import Ending
from bridge.core.speech.hidden import Region
from bridge.core.speech.modes import Mode
from bridge.core.speech.reading import Reading, Step
from bridge.core.speech.silence import read_token, token_pattern
from bridge.core.speech.spoken_json import BEGUN, KEYED, MAY_OPEN, OPENS
from bridge.core.speech.tags import Effect

MAX_TICKS = 8
"""Longest run of backticks that can open a code span."""

_SILENT = re.compile(f"[{symbols.NO_SOUND}]+")
_RUN = {char: re.compile(re.escape(char) + "+") for char in "*_~<{"}
_TICKS = re.compile(rf"`{{1,{MAX_TICKS}}}")
_HASHES = re.compile(r"#+[ \t\r]*")
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


def read_sign(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Reads the sign at `pos`. See `Step`."""
    read = _SIGNS.get(text[pos], _read_other)
    return read(reading, text, pos, limit, ending)


def _read_other(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    tokens = reading.options.silence_tokens
    if any(text[pos] == token[:1] for token in tokens):
        found = read_token(text, pos, tokens, ending)
        if found is None:
            return None
        end, is_token = found
        (reading.voice.token if is_token else reading.voice.literal)(text[pos:end])
        return end
    silent = _SILENT.match(text, pos)
    if silent:
        return silent.end()
    return _put(reading, text, pos)


def _read_run(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    run = _RUN[text[pos]].match(text, pos)
    assert run is not None
    reading.voice.literal(run[0][:3])
    return run.end()


def _read_line_end(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    reading.end_line()
    return pos + 1


def _read_bar(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    reading.voice.pause() if reading.kind is Kind.ROW else reading.voice.put("|")
    return pos + 1


def _read_backslash(
    reading: Reading, text: str, pos: int, limit: int, ending: Ending
) -> int | None:
    if pos + 1 == len(text) and ending is Ending.OPEN:
        return None
    following = text[pos + 1 : pos + 2]
    if text.startswith(marks.OPENS, pos + 1) or following in ("", "\n", "[", "{"):
        return pos + 1
    if _ESCAPABLE.match(following):
        reading.voice.put(following)
        return pos + 2
    reading.voice.put("\\")
    return pos + 1


@lru_cache(maxsize=MAX_TICKS)
def _closing(ticks: int) -> re.Pattern[str]:
    return re.compile(rf"(?<!`)`{{{ticks}}}(?!`)|\n[ \t]*\n")


def _read_ticks(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
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
    _say_code(reading, text[start : close.start()])
    return close.end()


def _say_code(reading: Reading, code: str) -> None:
    opened = OPENS.search(code)
    code = code[: opened.start()] if opened else code
    said = pos = 0
    while (pos := code.find(marks.OPENS, pos)) >= 0:
        found = marks.find(code, pos, Ending.OVER)
        assert found is not None
        _say_words(reading, code[said:pos])
        if found.mark:
            reading.voice.line.mark(found.mark)
        said = pos = max(found.end, pos + 1)
    _say_words(reading, code[said:])


def _say_words(reading: Reading, words: str) -> None:
    said = addresses.say_within(words, reading.options)
    for word in token_pattern(reading.options.silence_tokens).split(said):
        is_token = word in reading.options.silence_tokens
        (reading.voice.token if is_token else reading.voice.literal)(word)


def _read_angle(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    run = _RUN["<"].match(text, pos)
    assert run is not None
    if run.end() - pos > 1:
        reading.voice.put("<")
        return run.end() - 1
    region = hidden.open_region(text, pos, limit, ending)
    if isinstance(region, Region):
        reading.hide(region)
        return pos
    if region is None or region > pos:
        return region
    link = _AUTOLINK.match(text, pos, limit)
    if link:
        _say_words(reading, link[0][1:-1].removeprefix("mailto:"))
        return link.end()
    tag = tags.read_tag(text, pos, limit, ending)
    if tag is None or (_AUTOLINK_BEGUN.match(text, pos, limit) and ending is Ending.OPEN):
        return None
    return _follow_tag(reading, text, pos, *tag)


def _follow_tag(reading: Reading, text: str, pos: int, effect: Effect, end: int) -> int:
    if end == pos:
        reading.voice.put("<")
        return pos + 1
    match effect:
        case Effect.NOTHING:
            pass
        case Effect.SPACE:
            reading.voice.space()
        case Effect.PAUSE:
            reading.voice.pause()
        case Effect.BLOCK:
            reading.begin_block(Kind.TEXT)
        case Effect.ITEM:
            reading.begin_block(Kind.ITEM)
        case Effect.WORDS:
            reading.voice.literal(text[pos + 1 : end - 1])
        case _:
            reading.enter(Mode.TAG)
    return end


def _read_entity(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    if _ENTITY_BEGUN.match(text, pos, limit) and ending is Ending.OPEN:
        return None
    entity = _ENTITY.match(text, pos, limit)
    assert entity is not None
    plain = html.unescape(_AMP.sub("&", entity[0]))
    reading.voice.literal(plain.replace("{", ""))
    return entity.end()


def _read_brace(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    run = _RUN["{"].match(text, pos)
    assert run is not None
    if run.end() - pos > 1:
        reading.voice.put("{")
        return run.end() - 1
    quoted = text[pos - 1] in "\"'"
    if (KEYED if quoted else OPENS).match(text, pos, limit):
        reading.enter_json()
        return pos
    if MAY_OPEN.match(text, pos, limit):
        if ending is Ending.OVER:
            return len(text) if BEGUN.match(text, pos) and not quoted else _put(reading, text, pos)
        if ending is Ending.OPEN or BEGUN.match(text, pos, limit):
            return None
    return _put(reading, text, pos)


def _read_at(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    run = addresses.DOMAIN_RUN.match(text, pos, limit)
    assert run is not None
    if run.end() == len(text) and ending is Ending.OPEN:
        return None
    domain = addresses.DOMAIN.match(text, pos, limit)
    if domain is None or not addresses.LOCAL_END.match(text[pos - 1]):
        reading.voice.put("@")
        return pos + 1
    reading.voice.literal(addresses.say_domain(domain[1], reading.options))
    return domain.end()


def _read_address(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    scheme = addresses.SCHEME.match(text, pos)
    if scheme is None:
        others = any(token[:1] == text[pos] for token in reading.options.silence_tokens)
        if ending is Ending.OPEN:
            return None
        return (
            _read_other(reading, text, pos, limit, ending) if others else _put(reading, text, pos)
        )
    authority = addresses.AUTHORITY.match(text, scheme.end(), limit)
    end = authority.end() if authority else scheme.end()
    if end == len(text) and end < limit and ending is not Ending.OVER:
        return None
    name = text[scheme.end() : end]
    _say_words(reading, addresses.say_host(name))
    reading.enter(Mode.ADDRESS)
    return scheme.end() + len(name.rstrip(".-_~%:@"))


def _read_hashes(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    """Alone at the end of a heading they close it."""
    run = _HASHES.match(text, pos, limit)
    assert run is not None
    if run.end() == len(text) and ending is Ending.OPEN:
        return None
    is_last = run.end() == len(text) or text[run.end()] in symbols.BREAKS
    if not (is_last and reading.kind is Kind.HEADING):
        reading.voice.literal(run[0])
    return run.end()


def _put(reading: Reading, text: str, pos: int) -> int:
    reading.voice.put(text[pos])
    return pos + 1


def _read_slash(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    if reading.voice.ends_site:
        reading.enter(Mode.ADDRESS)
    else:
        reading.voice.put("/")
    return pos + 1


def _read_shout(reading: Reading, text: str, pos: int, limit: int, ending: Ending) -> int | None:
    if pos + 1 == len(text) and ending is Ending.OPEN:
        return None
    if not text.startswith("[", pos + 1):
        reading.voice.put("!")
    return pos + 1


_SIGNS: Mapping[str, Step] = {
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
    **dict.fromkeys("hH", _read_address),
    "#": _read_hashes,
    "/": _read_slash,
    "!": _read_shout,
}
