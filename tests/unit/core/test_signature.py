"""Keyed digests and safe comparison."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.signature import DIGEST_CHARS, keyed_digest, same


@given(st.binary(min_size=1, max_size=40), st.text(max_size=20), st.text(max_size=20))
def test_a_digest_is_short_lower_case_and_the_same_for_ever(
    secret: bytes, purpose: str, text: str
) -> None:
    digest = keyed_digest(secret, purpose, text)

    assert re.fullmatch(rf"[a-z2-7]{{{DIGEST_CHARS}}}", digest)
    assert digest == keyed_digest(secret, purpose, text)


def test_secret_purpose_and_text_each_change_a_digest() -> None:
    digests = {
        keyed_digest(b"one", "number", "+15550001234"),
        keyed_digest(b"two", "number", "+15550001234"),
        keyed_digest(b"one", "conversation", "+15550001234"),
        keyed_digest(b"one", "number", "+15550001235"),
    }

    assert len(digests) == 4


def test_the_digest_of_a_number_never_moves_between_releases() -> None:
    """Ours: people would lose their sessions."""
    assert keyed_digest(b"secret", "number", "+15550001234") == "efohepul7eyfraf3"


def test_without_a_secret_there_is_no_digest() -> None:
    with pytest.raises(ValueError, match="secret"):
        keyed_digest(b"", "number", "+15550001234")


@given(st.text(max_size=20), st.text(max_size=20))
def test_same_is_equality(one: str, other: str) -> None:
    assert same(one, other) is (one == other)
    assert same(one, one)
