"""Log lines as fields, on standard error: what happened, never what was said.

    log.event("turn.finished", conversation=conversation, outcome="said", took_ms=812)

A line is a fixed event name and fields from a closed list (`Fields`), so that the type checker
refuses a field that could carry words, digits, headers or tokens; at run time such a field is
withheld and named, because a log line must never end a call. Telephone numbers in any value are
masked. A traceback says where and what kind, and never the exception's own text or locals: both
may quote a caller. Other libraries' lines are held to the same rule: their template's first
line, without its arguments, and nothing below a warning.
"""

import json
import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal, TextIO, TypedDict, Unpack

from typing_extensions import override

from bridge.masking import mask_digits, mask_numbers

LOGGER_NAME = "bridge"
"""The logger of every line of ours."""

THIRD_PARTY = (
    "asyncio",
    "elevenlabs",
    "httpcore",
    "httpx",
    "pyngrok",
    "sse_starlette",
    "uvicorn",
    "uvicorn.access",
    "uvicorn.error",
)
"""Held to warnings by name, whatever `log.level` says.

sse_starlette logs every chunk at DEBUG, httpx every address at INFO, uvicorn.access every path.
"""

STRANGERS_WRITE = frozenset({"uvicorn.error"})
"""Held to errors: it warns of each connection that speaks no HTTP, a line for whoever likes."""

VALUE_CHARS = 256
"""Longest text value in a line: a session key fits, a sentence that got here does not fill it."""

CHAIN_DEPTH = 8
"""Errors that led to an error, at most: deeper chains repeat themselves."""

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "text", "json"]
Value = str | int | float | bool | None
Line = Mapping[str, Value]
"""A line as fields, its `level` and `event` among them."""


class Fields(TypedDict, total=False):
    """Everything a line may carry. A field joins when it can't hold words, digits or secrets."""

    # Who and what it is about. Numbers are masked wherever they stand.
    call: str | None
    called: str | None
    caller: str | None
    conversation: str | None
    direction: str | None
    line: str | None
    request: str | None
    schedule: str | None
    session: str | None
    turn: str | int | None
    # How it went.
    code: str | None
    error: str | None
    kind: str | None
    operation: str | None
    outcome: str | None
    profile: str | None
    reason: str | None
    rule: str | None
    status: int | None
    upstream: str | None
    vendor: str | None
    why: str | None
    # How long, how much.
    classify_ms: float | None
    count: int | None
    fillers: int | None
    first_words_ms: float | None
    retry_after_s: float | None
    settle_ms: float | None
    shape_ms: float | None
    speak_ms: float | None
    think_ms: float | None
    took_ms: float | None
    # The program itself.
    address: str | None
    check: str | None
    host: str | None
    model: str | None
    path: str | None
    port: int | None
    setting: str | None
    signal: str | None
    tunnel: str | None
    version: str | None


NUMBERS = frozenset({"called", "caller", "line"})
"""Fields that hold a telephone number, masked even when it is not spelt as one."""

_LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
_logger = logging.getLogger(LOGGER_NAME)


def configure(level: Level = "info", form: Format = "auto", stream: TextIO | None = None) -> None:
    """Send every line to `stream` (standard error when not given). Called again, it replaces.

    Args:
        level: the least serious of our own lines that are written.
        form: `auto` is text on a terminal and JSON lines elsewhere.
        stream: where lines go.
    """
    out = sys.stderr if stream is None else stream
    as_json = form == "json" or (form == "auto" and not out.isatty())
    handler = _Handler(out)
    handler.setFormatter(_JsonLines() if as_json else _TextLines())
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if not isinstance(h, _Handler)] + [handler]
    root.setLevel(logging.WARNING)
    _logger.setLevel(_LEVELS[level])
    for name in THIRD_PARTY:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(logging.ERROR if name in STRANGERS_WRITE else logging.WARNING)


@contextmanager
def captured(take: Callable[[Line], None]) -> Iterator[None]:
    """Hands every line of ours to `take` until the block ends, instead of writing it.

    Other libraries' lines are handed over too, and written as before.
    """
    ours, theirs = _Captured(take), _Captured(take)
    level = _logger.level
    _logger.addHandler(ours)
    logging.getLogger().addHandler(theirs)
    _logger.propagate = False
    if not _logger.isEnabledFor(logging.INFO):
        _logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        _logger.removeHandler(ours)
        logging.getLogger().removeHandler(theirs)
        _logger.propagate = not any(isinstance(h, _Captured) for h in _logger.handlers)
        if _logger.propagate:
            _logger.setLevel(level)


def event(name: str, **fields: Unpack[Fields]) -> None:
    """Something happened, as it should."""
    _write(logging.INFO, name, fields)


def detail(name: str, **fields: Unpack[Fields]) -> None:
    """Something happened that matters only to who looks for a fault."""
    _write(logging.DEBUG, name, fields)


def warning(name: str, **fields: Unpack[Fields]) -> None:
    """Something went wrong and was dealt with, or will go wrong unless somebody acts."""
    _write(logging.WARNING, name, fields)


def failure(name: str, cause: BaseException | None = None, **fields: Unpack[Fields]) -> None:
    """Something failed. With a `cause` nobody expected: where it was raised is written too."""
    _write(logging.ERROR, name, fields, cause)


def _write(
    level: int, name: str, fields: Mapping[str, object], cause: BaseException | None = None
) -> None:
    if _logger.isEnabledFor(level):
        extra = {"fields": dict(_allowed(fields)), "cause": cause}
        _logger.log(level, name, extra=extra)


def _allowed(fields: Mapping[str, object]) -> Iterator[tuple[str, Value]]:
    withheld = [name for name in fields if name not in Fields.__annotations__]
    for name, value in fields.items():
        if name in Fields.__annotations__ and value is not None:
            yield name, _value(name, value)
    if withheld:
        yield "withheld", ",".join(withheld)


def _value(name: str, value: object) -> Value:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return round(value, 3)
    text = str(value)
    if name in NUMBERS and any(char.isdigit() for char in text):
        return mask_digits("".join(char for char in text if char.isdigit()))
    return mask_numbers(text)[:VALUE_CHARS]


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines, and keeps quiet when it can't: the standard complaint quotes the arguments."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        return


class _Lines(logging.Formatter):
    """A record of ours or of a library's, as a moment, a level, a name and fields."""

    def parts(self, record: logging.LogRecord) -> tuple[str, dict[str, Value], str]:
        """The event's name, its fields, and where it came from when it is a failure."""
        cause = getattr(record, "cause", None) or (record.exc_info and record.exc_info[1])
        trace = "".join(_places(cause)) if isinstance(cause, BaseException) else ""
        fields: dict[str, Value]
        if isinstance(own := getattr(record, "fields", None), dict):
            name, fields = str(record.msg), dict(own)
        else:
            name, fields = record.name, {"message": _template(record.msg)}
        if isinstance(cause, BaseException):
            fields.setdefault("error", _kind(cause))
        return name, fields, trace


class _Captured(logging.Handler):
    """Hands lines over, as fields."""

    def __init__(self, take: Callable[[Line], None]) -> None:
        super().__init__()
        self._take = take
        self._lines = _Lines()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        name, fields, trace = self._lines.parts(record)
        line = {"level": record.levelname.lower(), "event": name, **fields}
        self._take({**line, "trace": trace} if trace else line)


class _TextLines(_Lines):
    """`11:54:45.123 info    turn.finished took_ms=12`, in local time, for a person."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        name, fields, trace = self.parts(record)
        at = datetime.fromtimestamp(record.created, UTC).astimezone()
        moment = at.strftime("%H:%M:%S.") + f"{at.microsecond // 1000:03d}"
        shown = "".join(f" {key}={_quoted(value)}" for key, value in fields.items())
        line = f"{moment} {record.levelname.lower():<7} {name}{shown}"
        return f"{line}\n{trace}".rstrip("\n")


class _JsonLines(_Lines):
    """One JSON object a line, in UTC, for a collector."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        name, fields, trace = self.parts(record)
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at.replace("+00:00", "Z"), "level": record.levelname.lower(), "event": name}
        return json.dumps({**line, **fields, **({"trace": trace} if trace else {})})


def _quoted(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    is_plain = text and text.isprintable() and not any(char in ' "=' for char in text)
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _template(message: object) -> str:
    """A library's line without its arguments: they hold addresses, headers and bodies."""
    if isinstance(message, BaseException):
        return _kind(message)
    first, _, _ = str(message).strip().partition("\n")
    return mask_numbers(first)[:VALUE_CHARS]


def _kind(error: BaseException) -> str:
    """What kind of error it is; for one of the system's, also what the system calls it."""
    name = type(error).__name__
    return f"{name}: {error.strerror}" if isinstance(error, OSError) and error.strerror else name


def _places(error: BaseException, *, depth: int = 0) -> Iterator[str]:
    """Where an error was raised, and what led to it, without any text but our own source's."""
    if depth > CHAIN_DEPTH:
        return
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        yield from _places(cause, depth=depth + 1)
    frames = traceback.extract_tb(error.__traceback__)
    yield from (f"  {frame.filename}:{frame.lineno} {frame.name}\n" for frame in frames)
    yield f"  {_kind(error)}\n"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _places(inner, depth=depth + 1)
