"""An adapter's own settings, out of ours."""

from pathlib import Path

import pytest
from pydantic import BaseModel, Field, SecretStr, field_validator

from bridge.errors import SettingsError
from bridge.settings import Settings, load
from bridge.settings.adapters import adapter_settings
from bridge.wiring.adapters import connect_tunnel, open_upstream

NAMES = {"url": "upstream.url", "token": "upstream.token", "timeout_s": "upstream.timeout_s"}


class Acme(BaseModel):
    url: str
    token: SecretStr | None = None
    timeout_s: float = Field(default=5, lt=10)
    pace: int = 1

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value == "bad":
            raise ValueError("must be another")
        return value


def read(settings: Settings, common: dict[str, object], own: dict[str, object]) -> Acme:
    return adapter_settings(
        Acme,
        common,
        own,
        names=NAMES,
        own_name="upstream.providers.acme",
        settings=settings,
    )


def refusal(common: dict[str, object], own: dict[str, object] | None = None) -> SettingsError:
    settings = Settings().with_origins({"upstream.timeout_s": "bridge.toml: upstream.timeout_s"})
    with pytest.raises(SettingsError) as refused:
        read(settings, common, own or {})
    return refused.value


def test_it_gets_what_it_names_and_its_own_on_top() -> None:
    common: dict[str, object] = {
        "url": "u",
        "token": None,
        "timeout_s": 4.0,
        "agent": "not asked for",
    }

    assert read(Settings(), common, {"pace": 2, "timeout_s": 3}) == Acme(
        url="u", timeout_s=3, pace=2
    )


def test_what_is_missing_is_named_with_its_description() -> None:
    error = refusal({})

    assert (error.message, error.setting) == ("upstream.url must be set", "upstream.url")
    assert "Base address of the agent's API" in error.hint


def test_what_is_wrong_is_named_with_where_it_was_set() -> None:
    assert refusal({"url": "u", "timeout_s": 60}).message == (
        "upstream.timeout_s must be less than 10 (set in bridge.toml: upstream.timeout_s)"
    )


def test_a_rule_of_the_adapters_own_is_said_in_its_words() -> None:
    assert refusal({"url": "bad"}).message == "upstream.url must be another (not set)"


def test_its_own_settings_are_named_as_they_are_set() -> None:
    error = refusal({"url": "u"}, {"pace": "quick"})

    assert error.setting == "upstream.providers.acme.pace"
    assert error.message.startswith("upstream.providers.acme.pace must be a valid integer")


def test_no_value_is_repeated() -> None:
    error = refusal({"url": "u", "token": ["s3cret"]})

    assert error.setting == "upstream.token"
    assert "s3cret" not in f"{error.message} {error.hint} {error!r}"
    assert error.__suppress_context__


@pytest.mark.anyio
async def test_an_openai_agent_without_an_address_says_which_setting_is_missing(
    tmp_path: Path,
) -> None:
    settings = load(environ={"BRIDGE_UPSTREAM__NAME": "openai"}, cwd=tmp_path)
    with pytest.raises(SettingsError) as refused:
        async with open_upstream(settings):
            pass

    assert (refused.value.setting, refused.value.message) == (
        "upstream.url",
        "upstream.url must be set",
    )
    assert "http://127.0.0.1:18789/v1" in refused.value.hint


@pytest.mark.anyio
async def test_a_model_that_a_gateway_refuses_is_named_before_any_call(tmp_path: Path) -> None:
    environ = {"BRIDGE_UPSTREAM__NAME": "openclaw", "BRIDGE_UPSTREAM__MODEL": "gpt-5"}
    with pytest.raises(SettingsError, match=r"upstream\.model must be 'openclaw'") as refused:
        async with open_upstream(load(environ=environ, cwd=tmp_path)):
            pass

    assert "environment: BRIDGE_UPSTREAM__MODEL" in refused.value.message


@pytest.mark.anyio
async def test_without_a_tunnel_the_public_address_is_the_one_that_was_set(tmp_path: Path) -> None:
    environ = {"BRIDGE_SERVER__PUBLIC_URL": "https://here.test/"}
    settings = load(environ=environ, cwd=tmp_path)
    async with connect_tunnel(settings) as tunnel, tunnel.open(8787) as opened:
        assert opened.url == "https://here.test"
