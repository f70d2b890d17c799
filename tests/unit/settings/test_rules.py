"""What makes a value right, where its type alone can't say."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from bridge.settings.section import Section
from bridge.settings.sections import Policy, Server, Session, Turn, Upstream


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://127.0.0.1:18789", "http://127.0.0.1:18789/v1"),
        ("http://127.0.0.1:18789/", "http://127.0.0.1:18789/v1"),
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        ("https://api.example.com/v1/", "https://api.example.com/v1"),
        ("https://api.example.com/v1/chat/completions", "https://api.example.com/v1"),
        ("https://api.example.com/chat/completions/", "https://api.example.com/v1"),
        ("https://api.example.com/openai/v1", "https://api.example.com/openai/v1"),
        ("https://api.example.com/v1beta/openai/", "https://api.example.com/v1beta/openai"),
        (" http://[::1]:8080 ", "http://[::1]:8080/v1"),
    ],
)
def test_the_upstreams_address_becomes_a_base(url: str, base: str) -> None:
    assert Upstream(url=url).url == base


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:1234/v1",
        "ftp://example.com",
        "http://",
        "http://example.com:99999",
        "http://exa mple.com",
        "http://example.com/v1?key=1",
        "http://example.com/v1#top",
        "http://me:pass@example.com/v1",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    _refused(lambda: Upstream(url=url, name="openai"))
    _refused(lambda: Server(public_url=url))


def test_the_public_address_keeps_its_path_and_loses_its_slash() -> None:
    assert Server(public_url="https://example.com/phone/").public_url == "https://example.com/phone"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("+15550100999, +1415*", ("+15550100999", "+1415*")),
        (["+1 (555) 010-0999"], ("+15550100999",)),
        ('["+15550100999", "+1 415*"]', ("+15550100999", "+1415*")),
        (" [] ", ()),
        ("+15550100999; +1415*;", ("+15550100999", "+1415*")),
        ("+15550100999\n+1415*\n", ("+15550100999", "+1415*")),
        ("", ()),
        ((), ()),
    ],
)
def test_callers_are_listed_as_numbers_and_prefixes(given: object, kept: tuple[str, ...]) -> None:
    assert Policy.model_validate({"allow_from": given}).allow_from == kept


@pytest.mark.parametrize(
    "given", ["nobody", "*", "+*", "+1*5", "+0123456789", 5, [5], "[", "[5]", "{}"]
)
def test_what_is_neither_number_nor_prefix_is_refused(given: object) -> None:
    _refused(lambda: Policy.model_validate({"allow_from": given}))


@pytest.mark.parametrize("pin", ["123", "1234567890123", "12a4", "١٢٣٤", 1234])
def test_a_pin_is_4_to_12_digits(pin: object) -> None:
    _refused(lambda: Policy.model_validate({"pin": pin}))


@pytest.mark.parametrize("token", ["", "two words", "ünicode", "line\nend"])
def test_a_token_must_fit_in_a_header(token: str) -> None:
    _refused(lambda: Server.model_validate({"token": token}))


@pytest.mark.parametrize("template", ["desk", "desk:{line}:{caller}", "{conversation}/{direction}"])
def test_a_template_may_name_what_a_call_has(template: str) -> None:
    assert Session(scope="template", template=template).template == template


@pytest.mark.parametrize(
    "template", ["", "{number}", "{line", "{}", "{caller!r}", "{caller:>9}", "{caller.x}", "a\nb"]
)
def test_a_template_that_names_anything_else_is_refused(template: str) -> None:
    _refused(lambda: Session(scope="template", template=template))


@pytest.mark.parametrize("key", ["", "x" * 257, "a\x00b", "desk:+15550100999"])
def test_a_session_key_is_printable_of_bounded_length_and_without_a_number(key: str) -> None:
    _refused(lambda: Session(key=key))


@pytest.mark.parametrize(("given", "kept"), [("auto", "auto"), ("250", 250), (0, 0)])
def test_settling_is_automatic_or_a_number(given: object, kept: object) -> None:
    assert Turn.model_validate({"settle_ms": given}).settle_ms == kept


def test_sections_never_change() -> None:
    server: Section = Server()

    with pytest.raises(ValidationError, match="frozen"):
        server.port = 1  # type: ignore[attr-defined]  # that is the point


def _refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValidationError):
        make()
