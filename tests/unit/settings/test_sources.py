"""The layers of the settings, and where each value says it came from."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.errors import SettingsError
from bridge.settings import Settings, load
from bridge.settings.table import SETTINGS, VARIABLES, render_value

GATEWAY = {"gateway": {"port": 19001, "auth": {"mode": "token", "token": "gateway-token-of-tests"}}}


def test_with_nothing_set_every_value_is_its_default(tmp_path: Path) -> None:
    settings = load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)

    assert settings == Settings()
    assert {settings.origin(name) for name in SETTINGS} == {"default"}


def test_each_layer_wins_over_the_one_below_and_is_named_as_the_origin(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text(
        "[turn]\ngrace_s = 1\nfillers = 1\ndeadline_s = 1\n[server]\nport = 1\n"
    )
    (tmp_path / ".env").write_text(
        "BRIDGE_TURN__FILLERS=2\nBRIDGE_TURN__DEADLINE_S=2\nBRIDGE_SERVER__PORT=2\n"
    )
    environ = {
        "HOME": str(tmp_path),
        "BRIDGE_TURN__DEADLINE_S": "3",
        "BRIDGE_SERVER__PORT": "3",
    }

    settings = load({"server.port": 4}, environ=environ, cwd=tmp_path)

    names = ("speech.shape", "turn.grace_s", "turn.fillers", "turn.deadline_s", "server.port")
    assert [(settings.value(name), settings.origin(name)) for name in names] == [
        (True, "default"),
        (1.0, "bridge.toml: turn.grace_s"),
        (2, ".env: BRIDGE_TURN__FILLERS"),
        (3.0, "environment: BRIDGE_TURN__DEADLINE_S"),
        (4, "flag --port"),
    ]


def test_another_settings_file_is_named_by_bridge_config(tmp_path: Path) -> None:
    (tmp_path / "phone.toml").write_text("[turn]\nfillers = 0\n")

    settings = load(environ={"HOME": str(tmp_path), "BRIDGE_CONFIG": "phone.toml"}, cwd=tmp_path)

    assert (settings.turn.fillers, settings.origin("turn.fillers")) == (
        0,
        "phone.toml: turn.fillers",
    )


def test_a_settings_file_that_is_named_must_exist(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "BRIDGE_CONFIG": "phone.toml"}

    with pytest.raises(SettingsError, match=r"'phone\.toml' does not exist"):
        load(environ=environ, cwd=tmp_path)


def test_a_settings_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text('[turn]\nfillers = = "secret"\n')

    with pytest.raises(SettingsError) as caught:
        load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)

    assert caught.value.setting == "bridge.toml"
    assert "line 2" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("name", ["bridge.toml", ".env"])
def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe")

    with pytest.raises(SettingsError, match=f"'{name}' can't be read"):
        load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "BRIDGE_SERVER__PORT": "", "ELEVENLABS_API_KEY": ""}

    assert load(environ=environ, cwd=tmp_path) == Settings()


def test_the_seeds_own_names_are_read_and_ours_win_over_them(tmp_path: Path) -> None:
    environ = {
        "HOME": str(tmp_path),
        "ELEVENLABS_API_KEY": "key-of-elevenlabs",
        "NGROK_AUTHTOKEN": "token-of-ngrok",
        "TWILIO_ACCOUNT_SID": "AC0",
        "TWILIO_AUTH_TOKEN": "token-of-twilio",
        "BRIDGE_TWILIO__AUTH_TOKEN": "ours",
        "TWILIO_FROM_NUMBER": "+15550100001",
        "TWILIO_PHONE_NUMBER": "+15550100002",
    }

    settings = load(environ=environ, cwd=tmp_path)

    assert {
        name: (_plain(settings.value(name)), settings.origin(name).removeprefix("environment: "))
        for name in SETTINGS
        if settings.origin(name) != "default"
    } == {
        "elevenlabs.api_key": ("key-of-elevenlabs", "ELEVENLABS_API_KEY"),
        "tunnel.ngrok_authtoken": ("token-of-ngrok", "NGROK_AUTHTOKEN"),
        "twilio.account_sid": ("AC0", "TWILIO_ACCOUNT_SID"),
        "twilio.auth_token": ("ours", "BRIDGE_TWILIO__AUTH_TOKEN"),
        "twilio.phone_number": ("+15550100002", "TWILIO_PHONE_NUMBER"),
    }


def test_settings_of_another_adapter_are_carried_unread_from_every_layer(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text(
        '[upstream.providers.acme]\nmodel = "a"\nsizes = [1, 2]\n'
        "[upstream.providers.acme.deep]\nx = 1\n"
    )
    environ = {"HOME": str(tmp_path), "BRIDGE_UPSTREAM__PROVIDERS__ACME__API_KEY": "k"}

    settings = load(environ=environ, cwd=tmp_path)

    assert settings.upstream.providers == {
        "acme": {"model": "a", "sizes": [1, 2], "deep": {"x": 1}, "api_key": "k"}
    }


@pytest.mark.parametrize(
    ("variable", "likely"),
    [
        ("BRIDGE_TURN__GRACE", "BRIDGE_TURN__GRACE_S"),
        ("BRIDGE_PORT", "BRIDGE_SERVER__PORT"),
        ("BRIDGE_SERVER_TOKEN", "BRIDGE_SERVER__TOKEN"),
    ],
)
def test_an_unknown_variable_is_an_error_that_names_the_likely_one(
    tmp_path: Path, variable: str, likely: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ={"HOME": str(tmp_path), variable: "secret"}, cwd=tmp_path)

    assert (caught.value.message, caught.value.hint) == (
        f"{variable!r} is not a setting (in environment)",
        f"Did you mean {likely!r}?",
    )


@pytest.mark.parametrize(
    ("toml", "name", "hint"),
    [
        ("[turn]\ngrace = 1\n", "turn.grace", "Did you mean 'turn.grace_s'?"),
        ("[trun]\ngrace_s = 1\n", "trun", ""),
        ("turn = 3\n", "turn", ""),
        ("[server.port]\nx = 1\n", "server.port", ""),
    ],
)
def test_an_unknown_name_in_the_file_is_an_error(
    tmp_path: Path, toml: str, name: str, hint: str
) -> None:
    (tmp_path / "bridge.toml").write_text(toml)

    with pytest.raises(SettingsError) as caught:
        load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)

    assert caught.value.setting == name
    assert hint in caught.value.hint


def test_an_unknown_name_in_the_env_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BRIDGE_TURNS__FILLERS=1\nSOMEBODY_ELSES=2\n")

    with pytest.raises(SettingsError, match=r"'BRIDGE_TURNS__FILLERS' .* \(in \.env\)"):
        load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)


def test_an_unknown_flag_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"'server\.prot' is not a setting"):
        load({"server.prot": 1}, environ={"HOME": str(tmp_path)}, cwd=tmp_path)


def test_a_flag_is_named_as_it_is_typed(tmp_path: Path) -> None:
    flags = {"upstream.name": "demo", "log.level": "debug", "server.port": 0}

    settings = load(flags, environ={"HOME": str(tmp_path)}, cwd=tmp_path)

    origins = ["flag --upstream", "flag --log-level", "flag --port"]
    assert [settings.origin(name) for name in flags] == origins


def test_a_flag_that_was_not_given_sets_nothing(tmp_path: Path) -> None:
    assert load({"server.port": None}, environ={"HOME": str(tmp_path)}, cwd=tmp_path) == Settings()


def test_what_a_cluster_puts_there_for_a_service_called_bridge_is_not_ours(tmp_path: Path) -> None:
    """Source: kubernetes.io/docs/concepts/services-networking/service (2026-11)."""
    environ = {
        "HOME": str(tmp_path),
        "BRIDGE_PORT": "tcp://10.0.0.11:8787",
        "BRIDGE_PORT_8787_TCP_ADDR": "10.0.0.11",
        "BRIDGE_SERVICE_HOST": "10.0.0.11",
        "BRIDGE_SERVICE_PORT_HTTP": "8787",
    }

    assert load(environ=environ, cwd=tmp_path) == Settings()


def test_a_wrong_value_names_the_setting_its_kind_and_where_it_was_set(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BRIDGE_TURN__GRACE_S=now\n")
    environ = {"HOME": str(tmp_path), "BRIDGE_SPEECH__NUMBERS": "loud"}

    with pytest.raises(SettingsError) as caught:
        load({"server.port": 99999}, environ=environ, cwd=tmp_path)

    message = caught.value.message.replace("environment: BRIDGE_SPEECH__NUMBERS", "environment")
    assert message.splitlines() == [
        "server.port must be a whole number from 0 to 65535, not 99999 (set by --port)",
        "turn.grace_s must be a number from 0 to 60, not 'now' (set in .env: BRIDGE_TURN__GRACE_S)",
        "speech.numbers must be one of 'platform', 'words', not 'loud' (set in environment)",
    ]
    assert caught.value.setting == "server.port"
    assert caught.value.hint == "Port to listen on; 0 is any free one. Default: 8787."


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BRIDGE_POLICY__PIN", "12x4"),
        ("BRIDGE_SERVER__TOKEN", "two words"),
        ("BRIDGE_POLICY__ALLOW_FROM", "555-0100-999"),
        ("BRIDGE_UPSTREAM__URL", "https://me:pass@example.com/v1"),
        ("BRIDGE_UPSTREAM__PROVIDERS", "api_key=k"),
        ("BRIDGE_TURN__LANGUAGE", "x" * 80),
        ("BRIDGE_SESSION__KEY", "desk:+15550100999"),
    ],
)
def test_a_value_that_may_be_private_is_not_in_the_message(
    tmp_path: Path, variable: str, value: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ={"HOME": str(tmp_path), variable: value}, cwd=tmp_path)

    error = caught.value
    assert error.setting == VARIABLES[variable]
    assert value not in error.message + error.hint
    assert (error.__cause__, error.__suppress_context__) == (None, True)


def test_a_default_that_another_setting_makes_wrong_says_that_it_is_not_set(
    tmp_path: Path,
) -> None:
    environ = {"HOME": str(tmp_path), "BRIDGE_SESSION__SCOPE": "template"}

    with pytest.raises(SettingsError) as caught:
        load(environ=environ, cwd=tmp_path)

    assert (
        caught.value.message
        == "session.template must be set when session.scope is 'template' (not set)"
    )


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=1, max_size=30))
def test_a_name_of_ours_either_sets_something_or_is_an_error(rest: str) -> None:
    name = "BRIDGE_" + rest
    nowhere = Path("/nonexistent")
    try:
        settings = load(environ={"HOME": "/nonexistent", name: "1"}, cwd=nowhere)
    except SettingsError as error:
        assert error.setting in (name, VARIABLES.get(name))  # noqa: PT017 - or no error at all
    else:
        assert name in VARIABLES or rest.startswith(("SERVICE_", "UPSTREAM__PROVIDERS__"))
        assert settings == Settings() or name in VARIABLES or settings.upstream.providers


# What the upstream is, when it is not said.


def _machine_with_openclaw(home: Path, **more: object) -> dict[str, str]:
    (home / ".openclaw").mkdir()
    (home / ".openclaw" / "openclaw.json").write_text(json.dumps({**GATEWAY, **more}))
    return {"HOME": str(home)}


def _upstream(settings: Settings) -> dict[str, object]:
    fields = ("name", "url", "token", "model")
    return {
        field: (_plain(settings.value(f"upstream.{field}")), settings.origin(f"upstream.{field}"))
        for field in fields
    }


def _plain(value: object) -> object:
    secret = getattr(value, "get_secret_value", None)
    return secret() if secret else value


FILE = "~/.openclaw/openclaw.json"


def test_openclaw_is_found_by_its_own_configuration(tmp_path: Path) -> None:
    environ = _machine_with_openclaw(tmp_path)

    assert _upstream(load(environ=environ, cwd=tmp_path)) == {
        "name": ("openclaw", FILE),
        "url": ("http://127.0.0.1:19001/v1", FILE),
        "token": ("gateway-token-of-tests", FILE),
        "model": ("openclaw", "default"),
    }


def test_openclaw_without_a_configuration_is_looked_for_at_its_usual_port(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "BRIDGE_UPSTREAM__NAME": "openclaw"}

    assert _upstream(load(environ=environ, cwd=tmp_path)) == {
        "name": ("openclaw", "environment: BRIDGE_UPSTREAM__NAME"),
        "url": ("http://127.0.0.1:18789/v1", "default of OpenClaw"),
        "token": (None, "default"),
        "model": ("openclaw", "default"),
    }


def test_an_address_with_openclaws_port_is_openclaw(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "BRIDGE_UPSTREAM__URL": "http://10.0.0.5:18789"}

    assert _upstream(load(environ=environ, cwd=tmp_path)) == {
        "name": ("openclaw", "from upstream.url"),
        "url": ("http://10.0.0.5:18789/v1", "environment: BRIDGE_UPSTREAM__URL"),
        "token": (None, "default"),
        "model": ("openclaw", "default"),
    }


def test_any_other_address_is_an_openai_server_and_openclaw_is_not_looked_for(
    tmp_path: Path,
) -> None:
    environ = _machine_with_openclaw(tmp_path) | {"BRIDGE_UPSTREAM__URL": "http://127.0.0.1:1234"}

    assert _upstream(load(environ=environ, cwd=tmp_path)) == {
        "name": ("openai", "from upstream.url"),
        "url": ("http://127.0.0.1:1234/v1", "environment: BRIDGE_UPSTREAM__URL"),
        "token": (None, "default"),
        "model": ("", "from upstream.name"),
    }


@pytest.mark.parametrize(
    ("url", "token"),
    [
        ("http://localhost:19001/v1", "gateway-token-of-tests"),
        ("http://192.0.2.1:19001/v1", None),
        ("http://127.0.0.1:19002/v1", None),
        ("http://gateway.example/v1", None),
    ],
)
def test_the_gateways_token_goes_to_the_gateway_on_this_machine_and_nowhere_else(
    tmp_path: Path, url: str, token: str | None
) -> None:
    environ = _machine_with_openclaw(tmp_path) | {
        "BRIDGE_UPSTREAM__NAME": "openclaw",
        "BRIDGE_UPSTREAM__URL": url,
    }

    assert _plain(load(environ=environ, cwd=tmp_path).upstream.token) == token


def test_an_address_with_an_impossible_port_is_refused_and_gets_no_token(tmp_path: Path) -> None:
    environ = _machine_with_openclaw(tmp_path) | {
        "BRIDGE_UPSTREAM__NAME": "openclaw",
        "BRIDGE_UPSTREAM__URL": "http://127.0.0.1:190010/v1",
    }

    with pytest.raises(SettingsError, match=r"upstream\.url must be an address"):
        load(environ=environ, cwd=tmp_path)


def test_a_token_that_is_set_wins_over_the_gateways(tmp_path: Path) -> None:
    environ = _machine_with_openclaw(tmp_path) | {"BRIDGE_UPSTREAM__TOKEN": "mine"}

    assert _upstream(load(environ=environ, cwd=tmp_path))["token"] == (
        "mine",
        "environment: BRIDGE_UPSTREAM__TOKEN",
    )


HOOKS = {"enabled": True, "token": "hooks-token-of-tests", "path": "wakes"}


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({}, {"hooks_token": "hooks-token-of-tests", "hooks_path": "wakes"}),
        ({"TOKEN": "mine"}, {"hooks_token": "hooks-token-of-tests", "hooks_path": "wakes"}),
        ({"PROVIDERS__OPENCLAW__HOOKS_TOKEN": "mine"}, {"hooks_token": "mine"}),
        (
            {"PROVIDERS__OPENCLAW__HOOKS_PATH": "/own"},
            {"hooks_token": "hooks-token-of-tests", "hooks_path": "/own"},
        ),
        ({"URL": "http://192.0.2.1:19001/v1", "NAME": "openclaw"}, {}),
        ({"NAME": "demo"}, {}),
    ],
)
def test_the_gateways_hooks_are_known_where_its_token_is(
    tmp_path: Path, given: dict[str, str], known: dict[str, str]
) -> None:
    environ = _machine_with_openclaw(tmp_path, hooks=HOOKS)
    environ |= {f"BRIDGE_UPSTREAM__{name}": value for name, value in given.items()}

    settings = load(environ=environ, cwd=tmp_path)

    assert settings.upstream.providers.get("openclaw", {}) == known
    assert "hooks-token-of-tests" not in render_value(settings.upstream.providers)


def test_the_demo_agent_can_be_asked_for_beside_openclaw(tmp_path: Path) -> None:
    environ = _machine_with_openclaw(tmp_path) | {"BRIDGE_UPSTREAM__NAME": "demo"}

    assert load(environ=environ, cwd=tmp_path).upstream.url is None


@pytest.mark.parametrize(
    ("more", "token"),
    [
        ({"BRIDGE_UPSTREAM__URL": "https://api.example.com/v1"}, "key-of-openai"),
        ({"BRIDGE_UPSTREAM__NAME": "openai"}, "key-of-openai"),
        (
            {"BRIDGE_UPSTREAM__URL": "https://a.example/v1", "BRIDGE_UPSTREAM__TOKEN": "mine"},
            "mine",
        ),
        ({"BRIDGE_UPSTREAM__URL": "http://127.0.0.1:18789/v1"}, None),
        ({}, None),
    ],
)
def test_the_openai_key_is_for_an_openai_upstream_without_a_token(
    tmp_path: Path, more: dict[str, str], token: str | None
) -> None:
    environ = {"HOME": str(tmp_path), "OPENAI_API_KEY": "key-of-openai"} | more

    assert _plain(load(environ=environ, cwd=tmp_path).upstream.token) == token


def test_the_openai_key_may_stand_in_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=k\nBRIDGE_UPSTREAM__URL=http://a.example\n")

    settings = load(environ={"HOME": str(tmp_path)}, cwd=tmp_path)

    assert settings.origin("upstream.token") == ".env: OPENAI_API_KEY"


def test_settings_show_no_secret_when_they_are_printed() -> None:
    environ = {"HOME": "/nonexistent", "BRIDGE_SERVER__TOKEN": "s3cret-of-the-server"}

    settings = load(environ=environ, cwd=Path("/nonexistent"))

    assert "s3cret" not in repr(settings)
    assert "s3cret" not in str(settings.model_dump())


def test_a_state_folder_under_nobodys_home_is_refused_by_name(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "BRIDGE_STATE_DIR": "~nobody-of-this-name/state"}

    with pytest.raises(SettingsError, match="state_dir"):
        load(environ=environ, cwd=tmp_path)
