"""Whether the voice platform signed a delivery, and lately."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.webhook_signature import FUTURE_S, PAST_S, Signature, parse_signature, verify
from bridge.errors import Unauthenticated

SECRET, AT_S = "wsec_test_secret", 1767225600
BODY = (
    b'{"type":"post_call_transcription","event_timestamp":1767225600,"data":{"agent_id":'
    b'"agent_0001","conversation_id":"conv_0001","status":"done","transcript":[],"metadata":'
    b'{"start_time_unix_secs":1767225500,"call_duration_secs":61}}}'
)
HEADER = "t=1767225600,v0=dfa99d82adbaed0784b525594e217cd6417ce46cccd0495942c76457c4b67834"
"""A delivery that the vendor's helper takes. Source: elevenlabs 2.78.0, construct_event (2026-11)."""


def signed(secret: str, at: str, body: bytes) -> str:
    """The hexadecimal part of a signature."""
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_taken(header: str, body: bytes = BODY, *secrets: str, at_s: float = AT_S) -> bool:
    try:
        verify(parse_signature(header), body, secrets or (SECRET,), at_s)
    except Unauthenticated:
        return False
    return True


def test_the_vendors_own_example_is_taken() -> None:
    assert is_taken(HEADER)


def test_an_example_is_read_in_its_parts() -> None:
    assert parse_signature(f" v1=x, t=17 ,v0={'a' * 64}, v0={'b' * 64}") == Signature(
        "17", ("a" * 64, "b" * 64)
    )


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_one_wrong_byte_of_the_body_is_refused(place: int, change: int) -> None:
    body = bytearray(BODY)
    body[place] ^= change

    assert not is_taken(HEADER, bytes(body))


@given(st.integers(0, len(HEADER) - 1), st.characters())
def test_one_wrong_character_of_the_signature_is_refused(place: int, char: str) -> None:
    header = HEADER[:place] + char + HEADER[place + 1 :]

    assert is_taken(header) is (header == HEADER)


@given(st.integers(0, len(SECRET) - 1), st.characters(codec="utf-8"))
def test_one_wrong_character_of_the_secret_is_refused(place: int, char: str) -> None:
    secret = SECRET[:place] + char + SECRET[place + 1 :]

    assert is_taken(HEADER, BODY, secret) is (secret == SECRET)


@given(st.text(max_size=200))
def test_any_text_for_a_signature_is_no_more_than_refused(header: str) -> None:
    assert not is_taken(header)


@pytest.mark.parametrize("count", [0, len(BODY) - 1])
def test_a_body_that_was_cut_is_refused(count: int) -> None:
    assert not is_taken(HEADER, BODY[:count])


@pytest.mark.parametrize(
    "header",
    [
        HEADER.partition(",")[0],
        HEADER.partition(",")[2],
        HEADER.replace("t=", "t=1,t="),
        HEADER.replace("1767225600", "-1"),
        HEADER.replace("1767225600", "1767225600.0"),
        HEADER.replace("1767225600", "¹"),
        HEADER.replace("1767225600", "9" * 13),
        HEADER.replace("v0=", "v1="),
        HEADER.replace("v0=", "v0=="),
        HEADER.upper(),
        HEADER[:-1],
    ],
)
def test_what_is_no_signature_is_refused(header: str) -> None:
    assert not is_taken(header)


def test_of_several_signatures_and_secrets_one_must_fit() -> None:
    other = signed("other", str(AT_S), BODY)
    both = HEADER.replace("v0=", f"v0={other},v0=")

    assert is_taken(both)
    assert is_taken(both, BODY, "a third", "other")
    assert is_taken(HEADER, BODY, "newer", SECRET)
    assert not is_taken(HEADER, BODY, "newer", "other")
    assert not is_taken(both, BODY, "a third")


def test_without_a_secret_nothing_is_taken() -> None:
    with pytest.raises(Unauthenticated):
        verify(parse_signature(HEADER), BODY, (), AT_S)


@pytest.mark.parametrize(
    ("late_s", "taken"),
    [
        (PAST_S, True),
        (PAST_S + 1, False),
        (-FUTURE_S, True),
        (-FUTURE_S - 1, False),
        (0, True),
        (1e9, False),
    ],
)
def test_a_delivery_is_taken_only_within_the_window(late_s: float, *, taken: bool) -> None:
    assert is_taken(HEADER, at_s=AT_S + late_s) is taken


def test_another_moment_needs_another_signature() -> None:
    """A captured delivery can't be made fresh again."""
    later = str(AT_S + 3600)

    assert not is_taken(HEADER.replace(str(AT_S), later), at_s=AT_S + 3600)
    assert is_taken(f"t={later},v0={signed(SECRET, later, BODY)}", at_s=AT_S + 3600)
