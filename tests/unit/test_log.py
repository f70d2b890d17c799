"""Log lines: fields, and nothing private in them."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from typing_extensions import override

from bridge import log

NUMBER = "+15550001234"


@pytest.fixture(autouse=True)
def _logging_is_left_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    names = (log.LOGGER_NAME, *log.THIRD_PARTY)
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    root.handlers[:], root.level = handlers, level
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def _json_lines(out: io.StringIO) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    for line in lines:
        assert line.pop("at").endswith("Z")
    return lines


@pytest.fixture
def out() -> io.StringIO:
    stream = io.StringIO()
    log.configure("debug", "json", stream)
    return stream


def test_a_line_is_a_name_and_its_fields(out: io.StringIO) -> None:
    log.event("turn.finished", conversation="conv_1", took_ms=12.34567, fillers=2, reason=None)

    assert _json_lines(out) == [
        {
            "level": "info",
            "event": "turn.finished",
            "conversation": "conv_1",
            "took_ms": 12.346,
            "fillers": 2,
        }
    ]


def test_each_level_has_its_verb(out: io.StringIO) -> None:
    log.detail("a")
    log.event("b")
    log.warning("c")
    log.failure("d")

    assert [line["level"] for line in _json_lines(out)] == ["debug", "info", "warning", "error"]


def test_lines_below_the_level_are_not_written() -> None:
    out = io.StringIO()
    log.configure("warning", "json", out)

    log.event("quiet")
    log.warning("loud")

    assert [line["event"] for line in _json_lines(out)] == ["loud"]


def test_a_field_that_is_not_on_the_list_is_withheld_and_named(out: io.StringIO) -> None:
    log.event("turn.finished", words="book a table", authorization="Bearer x")  # type: ignore[call-arg]  # the checker refuses it too

    assert _json_lines(out) == [
        {"level": "info", "event": "turn.finished", "withheld": "words,authorization"}
    ]


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        (NUMBER, "+1555•••1234"),
        ("+1 (555) 000-1234", "+1555•••1234"),
        ("/calls/%2B15550001234", "/calls/+1555•••1234"),
        ("from 15550001234 in", "from +1555•••1234 in"),
        ("+4930123456", "+49•••56"),
        ("conv_15550001234x", "conv_15550001234x"),
        ("2026-11-21T12:00:00", "2026-11-21T12:00:00"),
    ],
)
def test_numbers_are_masked_wherever_they_stand(
    out: io.StringIO, written: str, masked: str
) -> None:
    log.event("x", path=written)

    assert _json_lines(out)[0]["path"] == masked


def test_a_field_for_a_number_is_masked_however_it_is_spelt(out: io.StringIO) -> None:
    log.event("x", caller="030-123456", called="withheld")

    assert _json_lines(out) == [
        {"level": "info", "event": "x", "caller": "+03•••56", "called": "withheld"}
    ]


def test_a_text_value_has_a_bounded_length(out: io.StringIO) -> None:
    log.event("x", reason="a" * 1000)

    assert _json_lines(out)[0]["reason"] == "a" * 256


def test_text_lines_cannot_be_forged_by_a_value() -> None:
    out = io.StringIO()
    log.configure("info", "text", out)

    log.event("x", reason='a b="c"\nforged', rule="plain", status=200)

    (line,) = out.getvalue().splitlines()
    assert line[12:] == r' info    x reason="a b=\"c\"\nforged" rule=plain status=200'


def test_off_a_terminal_the_automatic_form_is_json() -> None:
    out = io.StringIO()
    log.configure("info", "auto", out)

    log.event("x")

    assert _json_lines(out) == [{"level": "info", "event": "x"}]


def test_on_a_terminal_the_automatic_form_is_text() -> None:
    class Terminal(io.StringIO):
        @override
        def isatty(self) -> bool:
            return True

    out = Terminal()
    log.configure("info", "auto", out)

    log.event("x", port=8787, outcome="", is_public=True)  # type: ignore[call-arg]  # refused by the checker

    assert out.getvalue()[12:] == ' info    x port=8787 outcome="" withheld=is_public\n'


def test_an_unexpected_error_says_where_and_what_kind_and_not_what(out: io.StringIO) -> None:
    try:
        try:
            int(f"the caller said {NUMBER}")
        except ValueError as error:
            raise RuntimeError("secret words") from error
    except RuntimeError as error:
        log.failure("turn.broke", error, conversation="conv_1")

    (line,) = _json_lines(out)
    trace = str(line.pop("trace"))
    assert line == {
        "level": "error",
        "event": "turn.broke",
        "conversation": "conv_1",
        "error": "RuntimeError",
    }
    assert "test_log.py" in trace
    assert [part.strip() for part in trace.splitlines() if "Error" in part] == [
        "ValueError",
        "RuntimeError",
    ]
    assert "secret" not in trace
    assert "the caller said" not in trace


def test_a_group_of_errors_shows_each_of_them(out: io.StringIO) -> None:
    log.failure("x", ExceptionGroup("secret", [KeyError("secret"), OSError(98, "In use")]))

    trace = str(_json_lines(out)[0]["trace"])
    assert [part.strip() for part in trace.splitlines()] == [
        "ExceptionGroup",
        "KeyError",
        "OSError: In use",
    ]


def test_a_long_chain_of_errors_is_cut(out: io.StringIO) -> None:
    error: BaseException = ValueError()
    for _ in range(50):
        later = ValueError()
        later.__cause__ = error
        error = later

    log.failure("x", error)

    assert str(_json_lines(out)[0]["trace"]).count("ValueError") == log.CHAIN_DEPTH + 1


@pytest.mark.parametrize("name", log.THIRD_PARTY)
def test_libraries_write_nothing_below_a_warning(out: io.StringIO, name: str) -> None:
    """sse_starlette logs each chunk at DEBUG, and httpx each address at INFO."""
    logging.getLogger(name).debug("chunk: %s", "words")
    logging.getLogger(name).info("GET %s", "https://x/?token=s3cret")

    assert out.getvalue() == ""


def test_a_stranger_who_speaks_no_http_writes_no_line(out: io.StringIO) -> None:
    """By uvicorn each such connection is warned of: a file for whoever likes to fill."""
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("uvicorn.error").error("Exception in ASGI application")

    assert [line["level"] for line in _json_lines(out)] == ["error"]


def test_a_librarys_warning_is_its_template_without_what_was_put_in(out: io.StringIO) -> None:
    logging.getLogger("httpx").warning("sent %s to %s\nbody: words", "s3cret", NUMBER)
    logging.getLogger("asyncio").error(OSError(98, "In use"))

    assert _json_lines(out) == [
        {"level": "warning", "event": "httpx", "message": "sent %s to %s"},
        {"level": "error", "event": "asyncio", "message": "OSError: In use"},
    ]


def test_a_librarys_traceback_keeps_the_rule_too(out: io.StringIO) -> None:
    try:
        raise ValueError("words spoken")  # noqa: TRY301 - it is what a library would catch
    except ValueError:
        logging.getLogger("uvicorn.error").exception("Exception in ASGI application\n")

    (line,) = _json_lines(out)
    assert (line["message"], line["error"]) == ("Exception in ASGI application", "ValueError")
    assert "words spoken" not in out.getvalue()


def test_configured_twice_each_line_is_written_once() -> None:
    first, second = io.StringIO(), io.StringIO()
    log.configure("info", "json", first)
    log.configure("info", "json", second)

    log.event("x")

    assert (first.getvalue(), len(_json_lines(second))) == ("", 1)


def test_a_stream_that_is_gone_stops_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    log.configure("info", "json", out)
    out.close()

    log.event("x", conversation="conv_1")

    assert capsys.readouterr().err == ""


def test_while_lines_are_captured_they_are_fields_and_nothing_is_written(out: io.StringIO) -> None:
    lines: list[log.Line] = []
    with log.captured(lines.append):
        log.event("call.ringing", caller="+15550001234")
        log.failure("turn.broke", ZeroDivisionError("words"))
    log.event("written.again")

    ringing, broke = lines
    assert ringing == {"level": "info", "event": "call.ringing", "caller": "+1555•••1234"}
    assert (broke["event"], broke["error"]) == ("turn.broke", "ZeroDivisionError")
    assert "words" not in str(broke)
    assert "trace" in broke
    assert [name for name in ("call.ringing", "written.again") if name in out.getvalue()] == [
        "written.again"
    ]


def test_two_may_capture_at_once_and_each_gets_every_line(out: io.StringIO) -> None:
    first: list[log.Line] = []
    second: list[log.Line] = []
    with log.captured(first.append):
        with log.captured(second.append):
            log.event("both")
        log.event("one")

    assert [line["event"] for line in first] == ["both", "one"]
    assert [line["event"] for line in second] == ["both"]
    assert out.getvalue() == ""


def test_a_librarys_failure_is_captured_and_written(out: io.StringIO) -> None:
    lines: list[log.Line] = []
    with log.captured(lines.append):
        logging.getLogger("asyncio").error("Task %s was never awaited", "secret")

    assert [line["event"] for line in lines] == ["asyncio"]
    assert "secret" not in str(lines)
    assert "asyncio" in out.getvalue()
