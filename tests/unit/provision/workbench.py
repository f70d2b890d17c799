"""A machine with a state folder, in front of the two fake companies, on which provisioning is run.

Every run is whole: it loads the settings, opens what a command opens, and closes it, in this
process.
"""

import copy
import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bridge.provision.memory import Memory, post_call_secrets
from bridge.provision.plan import Plan
from bridge.provision.provisioner import Provisioner
from bridge.provisioning import follow, open_provisioner, remembered, wish_of
from bridge.settings import Settings, load
from tests.fakes.elevenlabs.server import FakeElevenLabs, Record, elevenlabs
from tests.fakes.twilio import FakeTwilio, twilio

LINE = "+15550100999"
HOME = "https://bridge.example.com"
ELSEWHERE = "https://other.example.net"
TOKEN = "platform-token-of-the-workbench"
OLD_VOICE = {
    "voice_url": "https://old.example/voice?key=hidden",
    "voice_method": "GET",
    "voice_fallback_url": "https://old.example/fallback",
    "status_callback": "https://old.example/status",
    "status_callback_method": "GET",
}
HAND_MADE: dict[str, Any] = {
    "conversation_config": {
        "agent": {
            "first_message": "Ahoy!",
            "language": "de",
            "prompt": {
                "prompt": "You are a pirate.",
                "llm": "custom-llm",
                "custom_llm": {
                    "url": "https://pirate.example/v1",
                    "model_id": "parrot",
                    "request_headers": {"x-ship": "Jolly Roger"},
                },
                "cascade_timeout_seconds": 5,
                "built_in_tools": {
                    "end_call": {
                        "name": "end_call",
                        "description": "Only when the rum is gone.",
                        "params": {"system_tool_type": "end_call"},
                    },
                    "language_detection": {
                        "name": "language_detection",
                        "params": {"system_tool_type": "language_detection"},
                    },
                },
            },
            "dynamic_variables": {"dynamic_variable_placeholders": {"ship": "Jolly Roger"}},
        },
        "tts": {"voice_id": "voice_of_a_pirate"},
        "turn": {"speculative_turn": True},
        "conversation": {"client_events": ["audio", "ping"]},
    },
    "platform_settings": {"privacy": {"record_voice": True}},
}
"""What a person has set in the dashboard on an agent that is adopted later."""


@dataclass(slots=True)
class Workbench:
    """See the module.

    Attributes:
        set: settings, named as in the environment without `BRIDGE_`.
        adopt: the id of an agent made by hand that runs are told to use.
    """

    fake: FakeElevenLabs
    carrier: FakeTwilio
    folder: Path
    set: dict[str, str] = field(default_factory=dict)
    adopt: str | None = None

    @property
    def settings(self) -> Settings:
        """The settings as a command would load them."""
        ours = {
            "STATE_DIR": str(self.folder / "state"),
            "SERVER__TOKEN": TOKEN,
            "SERVER__OPERATOR_TOKEN": "operator-token-of-the-workbench",
            "SERVER__PUBLIC_URL": HOME,
            "UPSTREAM__NAME": "demo",
            "ELEVENLABS__API_KEY": self.fake.api_key,
            "ELEVENLABS__BASE_URL": self.fake.url,
            "TWILIO__ACCOUNT_SID": self.carrier.account_sid,
            "TWILIO__AUTH_TOKEN": self.carrier.token,
            "TWILIO__BASE_URL": self.carrier.url,
            "TWILIO__PHONE_NUMBER": LINE,
            **self.set,
        }
        environ = {f"BRIDGE_{name}": value for name, value in ours.items()}
        return load(environ={**environ, "HOME": str(self.folder)}, cwd=self.folder)

    @property
    def memory(self) -> Memory:
        """What is remembered in the state folder."""
        return remembered(self.settings)

    @property
    def memory_file(self) -> Path:
        return self.folder / "state" / "provision.json"

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Provisioner]:
        """One run, opened."""
        settings = self.settings
        wish = wish_of(settings, settings.server.public_url or "", self.adopt)
        async with open_provisioner(settings, wish) as run:
            yield run

    async def plan(self) -> Plan:
        """What a run would do."""
        async with self.opened() as run:
            return (await run.plan())[0]

    async def apply(self) -> list[str]:
        """One run; the steps done, each as `"create secret token"`."""
        async with self.opened() as run:
            plan, there = await run.plan()
            return [f"{s.act} {s.thing} {s.role}" async for s in run.apply(plan, there)]

    async def not_kept(self) -> list[str]:
        """What the platform did not keep: paths, or steps without one."""
        async with self.opened() as run:
            return paths(Plan(await run.not_kept()))

    async def back(self, how: str) -> list[str]:
        """`undo` or `destroy`; the steps done."""
        everything = how == "destroy"
        async with self.opened() as run:
            plan = await (run.plan_destroy() if everything else run.plan_undo())
            taken = run.take_back(plan, everything=everything)
            return [f"{s.act} {s.thing} {s.role}" async for s in taken]

    async def follow(self, url: str) -> bool:
        """A tunnel's address changed."""
        return await follow(self.settings, url)

    def new_requests(self, since: int) -> list[Record]:
        """What ElevenLabs was asked since it had been asked that much."""
        return self.fake.requests[since:]

    def there(self) -> dict[str, Any]:
        """What is at both companies, with names in place of ids: the same whatever ids were given."""
        snapshot = self.fake.snapshot()
        names = {
            id_: f"<{kind} {one.get('name') or one.get('phone_number')}>"
            for kind in ("secrets", "agents", "webhooks", "numbers")
            for id_, one in snapshot[kind].items()
        }
        bare: dict[str, Any] = {"settings": snapshot["settings"]}
        for kind in ("secrets", "agents", "webhooks", "numbers"):
            bare[kind] = sorted(
                (json.loads(_renamed(json.dumps(one), names)) for one in snapshot[kind].values()),
                key=json.dumps,
            )
        for webhook in bare["webhooks"]:
            del webhook["secret"]
        for agent in bare["agents"]:
            agent.pop("branch_id")
            agent.pop("main_branch_id")
        return {**bare, "at_carrier": self.carrier.snapshot()}

    def knows_webhook_secret(self) -> bool:
        """Whether the newest secret in the state folder is the one webhook's that is there."""
        hooks = self.fake.webhooks.values()
        ours = [hook.secret for hook in hooks if hook.name == "bridge-post-call"]
        return list(post_call_secrets(self.folder / "state")[:1]) == ours

    def keep(self) -> "Kept":
        """All that is there now, to begin from again."""
        kept = Kept(copy.deepcopy(_state_of(self.fake)), self.carrier.snapshot(), self.folder)
        return replace(kept, set=dict(self.set), adopt=self.adopt)

    def anew(self, folder: Path, kept: "Kept | None" = None) -> "Workbench":
        """Another machine, and workspaces at both companies where nothing happened but what is kept.

        The same two servers: to start some takes longer than what is tested on them.
        """
        fresh = FakeElevenLabs(self.fake.api_key, twilio=self.carrier, maps=self.fake.maps)
        state = _state_of(fresh) if kept is None else copy.deepcopy(kept.state)
        vars(self.fake).update(state)
        self.carrier.numbers.clear()
        for fake in (self.fake, self.carrier):
            fake.heal()
            fake.requests.clear()
            fake.after_write = None
        if kept is None:
            self.carrier.add_number(LINE, **OLD_VOICE)
            folder.mkdir(parents=True, exist_ok=True)
            return Workbench(self.fake, self.carrier, folder)
        self.carrier.numbers.update(copy.deepcopy(kept.numbers))
        shutil.copytree(kept.folder, folder)
        return Workbench(self.fake, self.carrier, folder, dict(kept.set), kept.adopt)


@dataclass(frozen=True, slots=True)
class Kept:
    """What was at both companies and on the machine at some moment."""

    state: dict[str, Any]
    numbers: dict[str, Any]
    folder: Path
    set: dict[str, str] = field(default_factory=dict)
    adopt: str | None = None


def _state_of(fake: FakeElevenLabs) -> dict[str, Any]:
    fixed = {"url", "client", "twilio", "maps", "api_key"}
    return {name: value for name, value in vars(fake).items() if name not in fixed}


def _renamed(text: str, names: Mapping[str, str]) -> str:
    for id_, name in names.items():
        text = text.replace(id_, name)
    return text


def paths(plan: Plan) -> list[str]:
    """Every path that a plan would change, and each step that has none."""
    return [
        path
        for step in plan.steps
        for path in ([c.name for c in step.changes] or [f"{step.act} {step.thing} {step.role}"])
    ]


@asynccontextmanager
async def workbench(folder: Path, **switches: Any) -> AsyncIterator[Workbench]:
    """A machine where nothing was ever provisioned, and a number whose calls go elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    async with twilio() as carrier:
        carrier.add_number(LINE, **OLD_VOICE)
        async with elevenlabs(twilio=carrier, **switches) as fake:
            yield Workbench(fake, carrier, folder)
