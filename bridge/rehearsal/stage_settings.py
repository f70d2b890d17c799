"""The settings of the bridge on a stage, and the state folder it finds.

As if somebody had installed and provisioned it: tokens are set, the secrets are in their files,
the voice agent is known, the clocks and the lists say that everybody may call. Nothing is read of
the operator's own but, where a scenario is performed with the agent that they configured, that.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge import provisioning
from bridge.errors import SettingsError
from bridge.provision import agent
from bridge.provision.memory import Memory
from bridge.rehearsal.options import Options
from bridge.rehearsal.scenario import AgentKind, Scenario
from bridge.rehearsal.scripted_agent import MODEL, OPENCLAW, TOKEN
from bridge.settings import Settings, load
from bridge.settings.tokens import INSTALL_SECRET_FILE

PLATFORM_TOKEN = "platform-token-of-the-rehearsal"  # noqa: S105 - of a server on loopback
OPERATOR_TOKEN = "operator-token-of-the-rehearsal"  # noqa: S105 - the same
API_KEY = "sk_rehearsal"
POST_CALL_SECRET = "wsec_of-the-rehearsal"  # noqa: S105 - the same
INSTALL_SECRET = "install-secret-of-the-rehearsal-0123456789"  # noqa: S105 - the same

AGENT_ID = "agent_rehearsal"
IDS = {
    "token": "secret_platform_token",
    "webhook_token": "secret_webhook_token",
    "post_call": "webhook_post_call",
    "agent": AGENT_ID,
}
"""What provisioning made, by role."""

OPENAI = "openai"
"""Whom a scripted agent passes for when the scenario doesn't say."""

ORIGIN = "the rehearsal"
"""Where these settings say that they come from."""


def agent_kind(scenario: Scenario, options: Options) -> AgentKind:
    """Who stands behind bridge."""
    return options.agent or scenario.agent


def stage_settings(
    scenario: Scenario, options: Options, folder: Path, *, api_url: str, agent_url: str
) -> Settings:
    """The settings: defaults, what makes a stage, and what the scenario says, in rising order.

    Args:
        folder: the state folder.
        api_url: where the platform's API is.
        agent_url: where a scripted agent is.

    Raises:
        SettingsError: the scenario sets what can't be, or the operator's agent is to answer and
            there are no settings.
    """
    ours: dict[str, Any] = {
        "state_dir": folder,
        "server.port": 0,
        "server.token": PLATFORM_TOKEN,
        "server.operator_token": OPERATOR_TOKEN,
        "policy.inbound": "open",
        "elevenlabs.api_key": API_KEY,
        "elevenlabs.base_url": api_url,
        "twilio.phone_number": scenario.line,
        "turn.language": scenario.language,
    }
    kind = agent_kind(scenario, options)
    if kind is AgentKind.SCRIPTED:
        ours |= _toward_script(agent_url, poses_as(scenario))
    else:
        ours["upstream.name"] = "demo"
    settings = load({**ours, **scenario.settings}, environ={}, cwd=folder)
    return _with_theirs(settings, options.settings) if kind is AgentKind.CONFIGURED else settings


def poses_as(scenario: Scenario) -> str:
    """Which of bridge's kinds of agent a scripted one passes for."""
    return str(scenario.settings.get("upstream.name", OPENAI))


def _toward_script(url: str, name: str) -> Mapping[str, Any]:
    toward = {
        "upstream.name": name,
        "upstream.url": url,
        "upstream.token": TOKEN,
        # It knows nothing of such turns, and would count them among its replies.
        "upstream.warm_up": False,
    }
    return toward if name == OPENCLAW else {**toward, "upstream.model": MODEL}


def _with_theirs(settings: Settings, configured: Settings | None) -> Settings:
    if configured is None:
        raise SettingsError(
            "the configured agent is to answer, and no settings say which that is",
            setting="upstream.name",
            hint="Name one with upstream.name and upstream.url.",
        )
    return settings.changed({"upstream": configured.upstream}, origin=ORIGIN)


def furnish(folder: Path, public_url: str) -> None:
    """Puts into the state folder what provisioning and a first start would have left there."""
    known = Memory(folder, ids=dict(IDS), public_url=public_url)
    known.keep_post_call_secret(POST_CALL_SECRET)
    known.save()
    (folder / INSTALL_SECRET_FILE).write_text(INSTALL_SECRET, encoding="ascii")


def voice_agent(settings: Settings, public_url: str) -> Mapping[str, Any]:
    """The agent at the platform, as `bridge provision` makes it for these settings."""
    return agent.created(provisioning.wish_of(settings, public_url), IDS)
