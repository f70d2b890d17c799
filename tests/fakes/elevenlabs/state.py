"""What the fake keeps, and what a test may read, change or put there by hand.

Source: elevenlabs.io/docs, API reference (2026-11).
"""

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from tests.fakes.elevenlabs.merge import merged
from tests.fakes.elevenlabs.rules import Json, invalid_at, references, refused
from tests.fakes.elevenlabs.schema import filled, named
from tests.fakes.twilio import FakeTwilio

DAY_ONE_S = 1_790_000_000
"""When the workspace was made, in Unix seconds. Each new thing is a second younger."""

AGENT = named("GetAgentResponseModel")


@dataclass(slots=True)
class Secret:
    id: str
    name: str
    value: str


@dataclass(slots=True)
class Number:
    """A telephone number that was imported.

    Attributes:
        is_verified_caller_id: somebody else's number that may be shown, and never rung.
    """

    id: str
    phone_number: str
    label: str
    agent_id: str | None = None
    sid: str = ""
    token: str = ""
    is_verified_caller_id: bool = False
    environment: str | None = None
    branch_id: str | None = None


@dataclass(slots=True)
class Webhook:
    """A workspace webhook. Its secret is shown once, when it is made."""

    id: str
    name: str
    url: str
    secret: str
    created_at_s: int
    is_disabled: bool = False
    retry_enabled: bool = False
    request_headers: dict[str, str] | None = None
    events: list[str] = field(default_factory=list)


class Workspace:
    """Everything in one workspace, by id. A test reads and edits it as a person in the dashboard.

    Attributes:
        maps: what a PATCH does to free-form maps (`request_headers`, placeholders): `merge` keeps
            the names it does not mention, `replace` does not. The vendor's way is not known.
        silent_unknown_keys: True drops keys that the document does not list without a word, as the
            real one does. False answers 500 and complains.
        in_use_status: what a secret or webhook in use is refused with, 400 or 409: not known.
        cloned_voices: ids of instant voice clones, which no custom LLM may speak with.
        forgotten: dotted paths of agents that are not kept, whoever sends them.
        complaints: what a client did that the real one would have hidden.
        twilio: whose numbers can be imported; None takes any.
    """

    def __init__(
        self,
        *,
        twilio: FakeTwilio | None = None,
        maps: Literal["merge", "replace"] = "merge",
        silent_unknown_keys: bool = False,
    ) -> None:
        self.twilio = twilio
        self.maps = maps
        self.silent_unknown_keys = silent_unknown_keys
        self.in_use_status: Literal[400, 409] = 400
        self.cloned_voices: set[str] = set()
        self.forgotten: set[str] = set()
        self.complaints: list[str] = []
        self.secrets: dict[str, Secret] = {}
        self.agents: dict[str, Json] = {}
        self.numbers: dict[str, Number] = {}
        self.webhooks: dict[str, Webhook] = {}
        self.settings: Json = filled(named("GetConvAISettingsResponseModel"), {})
        self.conversations: dict[str, Json] = {}
        self.outbound: list[Json] = []
        self.refuses_calls = ""
        self._made: Counter[str] = Counter()

    def new_id(self, kind: str) -> str:
        """The next id of a kind: `agent_0001`. None is given twice."""
        self._made[kind] += 1
        return f"{kind}_{self._made[kind]:04d}"

    def now_s(self) -> int:
        """A moment of this workspace, later than every one before it. Unix seconds."""
        self._made["moment"] += 1
        return DAY_ONE_S + self._made["moment"]

    # -- made by hand in the dashboard -----------------------------------------------------

    def add_secret(self, name: str, value: str) -> str:
        """Makes a secret. Its id."""
        secret = Secret(self.new_id("sec"), name, value)
        self.secrets[secret.id] = secret
        return secret.id

    def add_agent(
        self,
        name: str = "",
        conversation_config: Mapping[str, Any] | None = None,
        platform_settings: Mapping[str, Any] | None = None,
        tags: Sequence[str] = (),
    ) -> str:
        """Makes an agent, with defaults for all that is not given. Its id."""
        agent_id, now_s = self.new_id("agent"), self.now_s()
        self.agents[agent_id] = filled(
            AGENT,
            {
                "agent_id": agent_id,
                "name": name,
                "tags": list(tags),
                "conversation_config": copy.deepcopy(dict(conversation_config or {})),
                "platform_settings": copy.deepcopy(dict(platform_settings or {})),
                "metadata": {"created_at_unix_secs": now_s, "updated_at_unix_secs": now_s},
                "version_id": self.new_id("agtvrsn"),
                "branch_id": agent_id.replace("agent", "agtbrch"),
                "main_branch_id": agent_id.replace("agent", "agtbrch"),
            },
        )
        return agent_id

    def edit_agent(self, agent_id: str, patch: Mapping[str, Any]) -> None:
        """Changes an agent as a PATCH does, unchecked, and makes a new version of it."""
        agent = merged(AGENT, self.agents[agent_id], patch, maps=self.maps)
        agent["version_id"] = self.new_id("agtvrsn")
        agent["metadata"]["updated_at_unix_secs"] = self.now_s()
        self.agents[agent_id] = filled(AGENT, agent)

    def add_number(
        self,
        phone_number: str,
        label: str = "",
        agent_id: str | None = None,
        *,
        is_verified_caller_id: bool = False,
    ) -> str:
        """Imports a number, and leaves Twilio as it is. Its id."""
        number = Number(self.new_id("phnum"), phone_number, label, agent_id)
        number.is_verified_caller_id = is_verified_caller_id
        self.numbers[number.id] = number
        return number.id

    def add_webhook(self, name: str, url: str) -> str:
        """Makes a workspace webhook. Its id."""
        webhook_id = self.new_id("wh")
        secret = f"wsec_{webhook_id}_{'0' * 24}"
        self.webhooks[webhook_id] = Webhook(webhook_id, name, url, secret, self.now_s())
        return webhook_id

    def forget(self, path: str) -> None:
        """From now on, drop this dotted path of every agent that is written."""
        self.forgotten.add(path)

    def dialled(self, order: Json) -> None:
        """A call was placed: it rings from now on, where there is a telephone."""

    # -- what hangs on what -------------------------------------------------------------------

    def agents_with(self, key: str, value: str) -> list[str]:
        """The agents that have this id anywhere under `key`."""
        return [i for i, agent in self.agents.items() if value in references(agent, key)]

    def is_in_settings(self, key: str, value: str) -> bool:
        """Whether the workspace's own settings have it."""
        return value in references(self.settings, key)

    def check_references(self, body: Any) -> None:
        """Refuses a body that names a secret or a webhook that is not there."""
        for secret_id in references(body, "secret_id"):
            if secret_id not in self.secrets:
                raise refused(404, "secret_not_found", f"Secret {secret_id} not found")
        for webhook_id in references(body, "post_call_webhook_id"):
            if webhook_id not in self.webhooks:
                raise refused(404, "webhook_not_found", f"Webhook {webhook_id} not found")

    def snapshot(self, *, with_versions: bool = False, with_values: bool = True) -> Json:
        """All of it, for comparing: what is equal deep down is the same.

        Args:
            with_versions: also what every write changes: versions and moments.
            with_values: also the secrets' values.
        """
        agents = copy.deepcopy(self.agents)
        if not with_versions:
            for agent in agents.values():
                del agent["version_id"]
                del agent["metadata"]
        secrets = {i: asdict(s) for i, s in self.secrets.items()}
        if not with_values:
            for secret in secrets.values():
                del secret["value"]
        webhooks = {i: asdict(w) for i, w in self.webhooks.items()}
        if not with_versions:
            for webhook in webhooks.values():
                del webhook["created_at_s"]
        return {
            "secrets": secrets,
            "agents": agents,
            "numbers": {i: asdict(n) for i, n in self.numbers.items()},
            "webhooks": webhooks,
            "settings": copy.deepcopy(self.settings),
        }


def page_of(
    rows: list[Any], query: Mapping[str, str], default: int
) -> tuple[list[Any], str | None]:
    """The page that a query asks for, and the cursor of the next."""
    size, cursor = query.get("page_size", str(default)), query.get("cursor") or "after_0"
    if not size.isdigit() or not 1 <= int(size) <= 100:
        raise invalid_at(["page_size"], "Input should be from 1 to 100")
    if not cursor.removeprefix("after_").isdigit():
        raise refused(400, "invalid_cursor", "Cursor is not one of ours")
    start = int(cursor.removeprefix("after_"))
    end = start + int(size)
    return rows[start:end], f"after_{end}" if end < len(rows) else None
