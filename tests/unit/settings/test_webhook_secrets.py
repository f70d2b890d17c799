"""The secrets of the two webhooks: one made of the platform token, one that the platform made."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bridge.errors import SettingsError
from bridge.provision.memory import POST_CALL_FILE
from bridge.settings import Settings
from bridge.settings.accounts import ElevenLabs
from bridge.settings.sections import Server
from bridge.settings.tokens import post_call_secrets, webhook_token

TOKEN = "a-token-that-is-long-enough"


def with_token(token: str) -> Settings:
    return Settings(server=Server(token=SecretStr(token)))


def test_the_webhooks_secret_is_the_same_wherever_the_platform_token_is() -> None:
    """Pinned: another one would shut out every call of those who have provisioned."""
    assert webhook_token(with_token(TOKEN)) == "OAX2zMtEdqqFGTKmEYQZs5PNRSnKOI038EJcVrfNd8c"


@given(st.text("abc", min_size=8, max_size=12), st.text("abc", min_size=8, max_size=12))
def test_another_platform_token_makes_another_and_neither_shows_in_it(one: str, other: str) -> None:
    made = webhook_token(with_token(one))

    assert re.fullmatch("[A-Za-z0-9_-]{43}", made)
    assert one not in made
    assert (made == webhook_token(with_token(other))) is (one == other)


def test_a_secret_that_was_set_is_the_only_one(tmp_path: Path) -> None:
    (tmp_path / POST_CALL_FILE).write_text("stored\n")
    own = ElevenLabs(webhook_secret=SecretStr("wsec_set"))

    assert post_call_secrets(Settings(state_dir=tmp_path, elevenlabs=own)) == ("wsec_set",)


@pytest.mark.parametrize(
    ("text", "secrets"),
    [
        ("wsec_1\n", ("wsec_1",)),
        ("wsec_2\nwsec_1\n", ("wsec_2", "wsec_1")),
        ("\n wsec_2 \n\nwsec_1", ("wsec_2", "wsec_1")),
        ("", ()),
    ],
)
def test_stored_secrets_stand_one_a_line(
    tmp_path: Path, text: str, secrets: tuple[str, ...]
) -> None:
    (tmp_path / POST_CALL_FILE).write_text(text)

    assert post_call_secrets(Settings(state_dir=tmp_path)) == secrets


def test_before_provisioning_there_is_none(tmp_path: Path) -> None:
    assert post_call_secrets(Settings(state_dir=tmp_path)) == ()


@pytest.mark.parametrize("damage", [b"\xff\xfe", None])
def test_a_file_that_can_not_be_read_is_said_and_not_quoted(
    tmp_path: Path, damage: bytes | None
) -> None:
    path = tmp_path / POST_CALL_FILE
    if damage is None:
        path.mkdir()
    else:
        path.write_bytes(damage)

    with pytest.raises(SettingsError, match="post-call-secret"):
        post_call_secrets(Settings(state_dir=tmp_path))
