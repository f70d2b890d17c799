"""The secrets that bridge makes for itself."""

import errno
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.errors import SettingsError
from bridge.settings import Settings, ensure_tokens, install_secret
from bridge.settings.sections import Server
from bridge.settings.tokens import agent_token, ensure_agent_token, stored_tokens

LONG = "a-token-that-is-long-enough"


def _settings(folder: Path, **server: object) -> Settings:
    return Settings(state_dir=folder / "state", server=Server.model_validate(server))


def _token(settings: Settings, name: str) -> str:
    value = settings.value(name)
    assert isinstance(value, SecretStr)
    return value.get_secret_value()


def test_tokens_are_made_once_and_read_again_next_time(tmp_path: Path) -> None:
    first = ensure_tokens(_settings(tmp_path))
    second = ensure_tokens(_settings(tmp_path))

    names = ("server.token", "server.operator_token")
    assert [_token(first, name) for name in names] == [_token(second, name) for name in names]
    assert len({_token(first, name) for name in names}) == len(names)
    assert {first.origin(name) for name in names} == {"made on first start"}
    assert all(len(_token(first, name)) >= 43 for name in names)


def test_only_their_owner_may_read_them(tmp_path: Path) -> None:
    ensure_tokens(_settings(tmp_path))
    install_secret(_settings(tmp_path))

    state = tmp_path / "state"
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in [state, *state.iterdir()]} == {
        "state": "0o700",
        "platform-token": "0o600",
        "operator-token": "0o600",
        "install-secret": "0o600",
    }


def test_a_token_that_is_set_is_kept_and_never_written(tmp_path: Path) -> None:
    settings = ensure_tokens(_settings(tmp_path, token="mine", operator_token="mine-too"))

    assert _token(settings, "server.token") == "mine"
    assert not (tmp_path / "state").exists()


def test_looking_for_stored_tokens_makes_none(tmp_path: Path) -> None:
    settings = stored_tokens(_settings(tmp_path))

    assert (settings.server.token, settings.server.operator_token) == (None, None)
    assert not (tmp_path / "state").exists()


def test_the_install_secret_stays_the_same(tmp_path: Path) -> None:
    secret = install_secret(_settings(tmp_path))

    assert install_secret(_settings(tmp_path)) == secret
    assert len(secret) >= 32


def test_processes_that_start_at_one_moment_agree(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from bridge.settings import *\n"
        "sys.stdin.read(1)\n"
        "s = ensure_tokens(Settings(state_dir=Path(sys.argv[1])))\n"
        "print(s.server.token.get_secret_value(), install_secret(s).decode())"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "state")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go")
        process.stdin.flush()
    said = [process.communicate(timeout=30)[0] for process in processes]

    assert len(set(said)) == 1
    assert said[0].strip()
    assert sorted(path.name for path in (tmp_path / "state").iterdir()) == [
        "install-secret",
        "operator-token",
        "platform-token",
    ]


def test_who_comes_second_uses_what_the_first_one_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = "made-by-the-other-process-a-moment-ago"

    def slowly(_: int) -> str:
        (tmp_path / "state" / "install-secret").write_text(first)
        return "made-too-late-to-be-of-any-use-to-us"

    monkeypatch.setattr(secrets, "token_urlsafe", slowly)

    assert install_secret(_settings(tmp_path)) == first.encode()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["install-secret"]


def test_a_public_bind_without_tokens_refuses_to_start_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        ensure_tokens(_settings(tmp_path, host="192.0.2.1", operator_token=LONG))

    assert caught.value.setting == "server.token"
    assert "BRIDGE_SERVER__TOKEN" in caught.value.hint
    assert "bridge config show --reveal" in caught.value.hint
    assert not (tmp_path / "state").exists()


def test_a_public_bind_is_allowed_with_tokens_that_are_set(tmp_path: Path) -> None:
    settings = _settings(tmp_path, host="192.0.2.1", token=LONG, operator_token=LONG)

    assert ensure_tokens(settings) == settings


def test_a_public_bind_is_allowed_with_tokens_that_were_made_before(tmp_path: Path) -> None:
    made = ensure_tokens(_settings(tmp_path, host="192.0.2.1"), for_bind=False)

    public = ensure_tokens(_settings(tmp_path, host="192.0.2.1"))

    assert _token(public, "server.token") == _token(made, "server.token")


@pytest.mark.parametrize("public", [{"server.host": "192.0.2.1"}, {"tunnel.name": "ngrok"}])
def test_a_short_token_is_refused_where_the_world_can_try_it(
    tmp_path: Path, public: dict[str, str]
) -> None:
    private = _settings(tmp_path, token="s3cret", operator_token=LONG)
    settings = private.changed(public, origin="a test")

    with pytest.raises(SettingsError, match=r"server\.token must be 8 characters") as caught:
        ensure_tokens(settings)

    assert "s3cret" not in caught.value.message


def test_a_token_of_some_length_is_fine_anywhere(tmp_path: Path) -> None:
    settings = _settings(tmp_path, host="192.0.2.1", token="s3cret-1", operator_token="s3cret-2")

    assert ensure_tokens(settings) == settings


def test_a_short_token_is_fine_on_this_machine_alone(tmp_path: Path) -> None:
    settings = _settings(tmp_path, token="short", operator_token="short")

    assert ensure_tokens(settings) == settings


def test_a_state_folder_that_cannot_be_used_is_a_settings_error(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")

    with pytest.raises(SettingsError, match="can't be read or written") as caught:
        ensure_tokens(_settings(tmp_path))

    assert (caught.value.setting, "BRIDGE_STATE_DIR" in caught.value.hint) == ("state_dir", True)


def test_a_folder_that_cannot_be_written_is_a_settings_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "link", full)

    with pytest.raises(SettingsError, match="No space left on device"):
        ensure_tokens(_settings(tmp_path))

    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.parametrize("held", [b"", b"short\n", b"\xff" * 40])
def test_a_damaged_secret_is_reported_and_left_as_it_is(tmp_path: Path, held: bytes) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "platform-token").write_bytes(held)

    with pytest.raises(SettingsError):
        ensure_tokens(_settings(tmp_path))

    assert (tmp_path / "state" / "platform-token").read_bytes() == held


@pytest.mark.parametrize("other", ["token", "operator_token"])
def test_an_agent_s_token_is_nobody_else_s(tmp_path: Path, other: str) -> None:
    settings = _settings(tmp_path, agent_token=LONG, **{other: LONG})

    with pytest.raises(SettingsError, match=rf"same as server\.{other}") as caught:
        ensure_tokens(settings)

    assert LONG not in caught.value.message + caught.value.hint
    assert caught.value.setting == "server.agent_token"


def test_an_agent_s_token_is_made_when_that_is_asked_for_and_read_again(tmp_path: Path) -> None:
    assert agent_token(_settings(tmp_path)) is None

    made = ensure_agent_token(_settings(tmp_path))
    again = ensure_agent_token(_settings(tmp_path))

    assert _token(made, "server.agent_token") == _token(again, "server.agent_token")
    assert agent_token(_settings(tmp_path)) == made.server.agent_token
    assert made.origin("server.agent_token") == "made on first start"
    kept = tmp_path / "state" / "agent-token"
    assert oct(kept.stat().st_mode & 0o777) == "0o600"


def test_an_agent_s_token_that_is_set_is_used_and_never_written(tmp_path: Path) -> None:
    settings = ensure_agent_token(_settings(tmp_path, agent_token=LONG))

    assert agent_token(settings) == SecretStr(LONG)
    assert not (tmp_path / "state").exists()


def test_a_short_agent_s_token_is_refused_where_the_world_can_try_it(tmp_path: Path) -> None:
    own = {"token": LONG + "1", "operator_token": LONG + "2", "agent_token": "s3cret"}
    with pytest.raises(SettingsError, match=r"server\.agent_token must be 8 characters"):
        ensure_tokens(_settings(tmp_path, host="192.0.2.1", **own))
