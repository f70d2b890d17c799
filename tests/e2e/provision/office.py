"""Somebody who types `bridge provision`, `status` and `doctor`, in front of the two fake companies.

Each command runs in this process, in a thread, with an environment of its own. Whatever it prints
is searched for secrets and whole numbers.
"""

import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.fakes.elevenlabs.server import FakeElevenLabs, elevenlabs
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN
from tests.fakes.terminal import bridge
from tests.fakes.twilio import FakeTwilio, twilio

LINE = "+15550100999"
PUBLIC = "https://bridge.example.com"
FORMER = "https://old.example.com/voice"
"""Where the line's calls went. What stands behind it in the number's record is a secret."""

FIRST = [
    ("create", "secret", "bridge-platform-token"),
    ("create", "secret", "bridge-webhook-token"),
    ("create", "webhook", "bridge-post-call"),
    ("update", "webhook", "bridge-post-call"),
    ("create", "agent", "bridge"),
    ("import", "number", "+1555•••0999"),
]
"""The steps of a first run."""

BACK = [
    ("delete", "number", "+1555•••0999"),
    ("restore", "voice url", "+1555•••0999"),
    ("delete", "agent", "bridge"),
    ("delete", "webhook", "bridge-post-call"),
    ("delete", "secret", "bridge-platform-token"),
    ("delete", "secret", "bridge-webhook-token"),
]
"""The steps that take it back."""

APPLY = ("provision", "--yes", "--skip-self-test")

_OTHERS = ("BRIDGE_", "ELEVENLABS_", "NGROK_", "OPENAI_", "OPENCLAW_", "TWILIO_")


def steps(result: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Act, thing and name of each step that `--json` tells of."""
    return [(step["act"], step["object"], step["name"]) for step in result["steps"]]


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON: nothing else may be there."""
        return json.loads(self.out)

    @property
    def error(self) -> dict[str, str]:
        """The error that `--json` tells, which is the last line of standard error."""
        assert self.out == ""
        found: dict[str, str] = json.loads(self.err.splitlines()[-1])["error"]
        return found


@dataclass(slots=True)
class Office:
    """See the module.

    Attributes:
        state: the state folder.
        settings: names as in the environment, without `BRIDGE_`; an empty value unsets one.
        known: further secrets that nobody may see.
    """

    platform: FakeElevenLabs
    carrier: FakeTwilio
    state: Path
    settings: Mapping[str, str]
    capsys: pytest.CaptureFixture[str]
    known: list[str] = field(default_factory=list)

    async def types(self, *arguments: str, **changes: str) -> Said:
        """Runs `bridge …`; `changes` go before `settings`."""
        self.keep_secrets()
        settings = {f"BRIDGE_{k}": v for k, v in {**self.settings, **changes}.items()}
        kept = {name: v for name, v in os.environ.items() if not name.startswith(_OTHERS)}
        self.capsys.readouterr()
        with mock.patch.dict(os.environ, {**kept, **settings}, clear=True):
            code = await bridge(*arguments)
        printed = self.capsys.readouterr()
        self.keep_secrets()
        said = Said(code, printed.out, printed.err)
        self.check(said.out + said.err)
        return said

    def keep_secrets(self) -> None:
        """Notes every secret there is now; those that are gone by then count as well."""
        self.known += [secret.value for secret in self.platform.secrets.values()]
        self.known += [webhook.secret for webhook in self.platform.webhooks.values()]
        self.known += [self.platform.api_key, self.carrier.token, PLATFORM_TOKEN, OPERATOR_TOKEN]
        self.known += [LINE[1:], "key=hidden"]

    def check(self, text: str) -> None:
        """Nothing private is in what people and logs get to see."""
        assert [secret for secret in self.known if secret in text] == []

    @property
    def agent(self) -> dict[str, Any]:
        """The only agent of the workspace, as it is there."""
        (agent,) = self.platform.agents.values()
        return agent

    def edit(self, **conversation_config: Any) -> None:
        """Somebody changes the agent in the dashboard."""
        changed = {"conversation_config": conversation_config}
        self.platform.edit_agent(self.agent["agent_id"], changed)


@asynccontextmanager
async def opened(folder: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Office]:
    """An empty workspace, an account with one number that is in use, and nothing provisioned."""
    async with twilio() as carrier, elevenlabs(twilio=carrier) as platform:
        carrier.add_number(LINE, voice_url=f"{FORMER}?key=hidden")
        settings = {
            "STATE_DIR": str(folder / "state"),
            "SERVER__PORT": "0",
            "SERVER__TOKEN": PLATFORM_TOKEN,
            "SERVER__OPERATOR_TOKEN": OPERATOR_TOKEN,
            "SERVER__PUBLIC_URL": PUBLIC,
            "UPSTREAM__NAME": "demo",
            "ELEVENLABS__API_KEY": platform.api_key,
            "ELEVENLABS__BASE_URL": platform.url,
            "TWILIO__ACCOUNT_SID": carrier.account_sid,
            "TWILIO__AUTH_TOKEN": carrier.token,
            "TWILIO__PHONE_NUMBER": LINE,
            "TWILIO__BASE_URL": carrier.url,
        }
        yield Office(platform, carrier, folder / "state", settings, capsys)
