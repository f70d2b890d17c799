"""What a server's refusals and breakdowns are called here."""

import socket
import ssl

import httpx
import pytest

from bridge.errors import VendorError, VendorRejected, VendorTooSlow, VendorUnavailable, Why
from bridge.vendors.chat_faults import MAX_RETRY_AFTER_S, Source, code_of

SOURCE = Source("acme", "chat")


@pytest.mark.parametrize(
    ("header", "wait_s"),
    [
        ("", None),
        ("soon", None),
        ("7", 7.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("999999", MAX_RETRY_AFTER_S),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    monkeypatch: pytest.MonkeyPatch, header: str, wait_s: float | None
) -> None:
    """Source: RFC 9110, 10.2.3."""
    monkeypatch.setattr("bridge.vendors.chat_faults.wall_s", lambda: 1795262400.0)

    assert SOURCE.refused(429, retry_after=header).retry_after_s == wait_s


@pytest.mark.parametrize("header", ["nan", "inf"])
def test_a_retry_after_that_is_no_time_is_none_or_bounded(header: str) -> None:
    wait_s = SOURCE.refused(429, retry_after=header).retry_after_s

    assert wait_s is None or 0 <= wait_s <= MAX_RETRY_AFTER_S


def test_quota_is_not_rate() -> None:
    error = SOURCE.refused(429, code="insufficient_quota")

    assert (type(error), error.why) == (VendorRejected, Why.QUOTA)


@pytest.mark.parametrize(
    ("status", "asked"), [(400, True), (401, False), (404, False), (429, True), (500, True)]
)
def test_only_what_surely_came_before_the_agent_was_not_asked(status: int, asked: bool) -> None:
    assert SOURCE.refused(status).asked is asked


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"code": "a", "type": "b"}, "a"),
        ({"code": None, "type": "b"}, "b"),
        ({"code": 5}, ""),
        ({}, ""),
        ("a", ""),
        (None, ""),
    ],
)
def test_the_code_of_an_error_object(error: object, code: str) -> None:
    assert code_of(error) == code


def _caused(cause: BaseException) -> httpx.ConnectError:
    error = httpx.ConnectError("secret")
    error.__cause__ = OSError("all attempts failed")
    error.__cause__.__context__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (_caused(ConnectionRefusedError()), "nothing listens there"),
        (_caused(socket.gaierror()), "its name is not known"),
        (_caused(ssl.SSLError()), "no TLS with it"),
        (_caused(OSError()), "no connection"),
        (httpx.ConnectTimeout("secret"), "no answer to the call"),
    ],
)
def test_a_connection_that_was_not_made_says_why(error: httpx.HTTPError, said: str) -> None:
    got = SOURCE.transport(error, 5.0)

    assert (type(got), got.why, got.asked) == (VendorUnavailable, Why.UNREACHABLE, False)
    assert said in got.message
    assert "secret" not in got.message


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("chat", "'acme' said nothing for 5 s (upstream.timeout_s)."),
        ("models", "'acme' said nothing for 5 s."),
    ],
)
def test_only_a_reply_that_is_late_is_a_matter_of_the_setting(operation: str, said: str) -> None:
    assert Source("acme", operation).transport(httpx.ReadTimeout(""), 5.0).message == said


@pytest.mark.parametrize(
    ("error", "kind", "why", "asked"),
    [
        (httpx.ReadTimeout(""), VendorTooSlow, Why.LATE, True),
        (httpx.ReadError(""), VendorUnavailable, Why.SERVER, True),
        (httpx.WriteTimeout(""), VendorUnavailable, Why.SERVER, True),
        (httpx.RemoteProtocolError(""), VendorUnavailable, Why.SERVER, True),
        (httpx.LocalProtocolError(""), VendorRejected, Why.REQUEST, False),
    ],
)
def test_what_breaks_on_the_way(
    error: httpx.HTTPError, kind: type[VendorError], why: Why, asked: bool
) -> None:
    got = SOURCE.transport(error, 5.0)

    assert (type(got), got.why, got.asked) == (kind, why, asked)
