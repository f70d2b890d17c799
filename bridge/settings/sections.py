"""The sections of the settings, one for each part of bridge.

Each field says what it is for and in which unit; `docs/reference/settings.md` is drawn from
these descriptions. Values are checked here, so that whoever holds a section never checks again.
What lies outside has its sections in `accounts`.
The order of fields matters where one field's check looks at another: the one that is looked at
stands first.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from bridge.settings import rules
from bridge.settings.calling import Outbound
from bridge.settings.section import Section


class Server(Section):
    """Where bridge listens, and who may come in."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on. One that is not loopback needs both tokens.",
    )
    port: int = Field(
        default=8787, ge=0, le=65535, description="Port to listen on; 0 is any free one."
    )
    token: SecretStr | None = Field(
        default=None,
        description="Platform token, as a bearer token on `/v1`. Made on first start when not set.",
    )
    operator_token: SecretStr | None = Field(
        default=None,
        description="Operator token, for the operator's routes. Made on first start when not set.",
    )
    agent_token: SecretStr | None = Field(
        default=None,
        description=(
            "Token of an agent that places calls, for its own calls alone. Made by `bridge skill "
            "install` and `bridge mcp`; without one, no agent comes in."
        ),
    )
    public_url: str | None = Field(
        default=None,
        description="What the world calls this server, without a trailing slash.",
        examples=["https://bridge.example.com"],
    )
    drain_s: float = Field(
        default=20.0,
        ge=0,
        le=600,
        description="Seconds that streams under way may take to finish when the server stops.",
    )

    @field_validator("token", "operator_token", "agent_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        return rules.token(value)

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str | None) -> str | None:
        return None if value is None else rules.web_address(value)


class Upstream(Section):
    """The person's AI agent."""

    url: str | None = Field(
        default=None,
        description=(
            "Base address of the agent's API, ending in `/v1`. A bare host gets `/v1`; a trailing "
            "`/chat/completions` is cut off; any other path is kept."
        ),
        examples=["http://127.0.0.1:18789/v1"],
    )
    name: str = Field(
        default="demo",
        pattern=r"^[a-z][a-z0-9_]*$",
        description=(
            "Kind of agent: `openclaw`, `openai` (any compatible server) or `demo`. When not set: "
            "`openclaw` if its configuration is found or the address has its port, else `openai` "
            "if an address is set, else `demo`."
        ),
    )
    token: SecretStr | None = Field(default=None, description="Bearer token for the agent's API.")
    model: str = Field(
        default=rules.OPENCLAW_MODEL,
        description="Model to ask for. Another server than OpenClaw has no default: its own.",
    )
    agent: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        description="Which of OpenClaw's agents answers the phone; needed when it has several.",
    )
    timeout_s: float = Field(
        default=120.0,
        gt=0,
        le=900,
        description="Seconds that the agent may stay silent before we give up.",
    )
    warm_up: bool = Field(
        default=True,
        description="Ask the agent one turn at start, so that no caller waits for the first.",
    )
    platform_prompt: bool = Field(
        default=True,
        description="Pass on the voice platform's own system message to a stateless agent.",
    )
    calls_tools: bool | None = Field(
        default=None,
        description="Whether the agent calls the tools of a request. When not set: by its kind.",
    )
    providers: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Settings of other adapters, one table for each name, carried unread.",
    )

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, given: object) -> object:
        return rules.resolve_upstream(given) if isinstance(given, Mapping) else given

    @field_validator("url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        return None if value is None else rules.api_base(value)

    @field_validator("token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        return rules.token(value)


class Turn(Section):
    """One utterance and the reply to it: how long each part may take."""

    first_words_ms: int = Field(
        default=1200,
        ge=0,
        le=15_000,
        description="Milliseconds after which a filler is said when the agent has said nothing.",
    )
    fillers: int = Field(default=3, ge=0, le=8, description="Most fillers in one turn; 0 is none.")
    grace_s: float = Field(
        default=3.0,
        ge=0,
        le=60,
        description="Seconds a run waits for a retry when its request went away before a word.",
    )
    settle_ms: Literal["auto"] | Annotated[int, Field(ge=0, le=5000)] = Field(
        default="auto",
        description="Milliseconds to wait for words to settle; `auto`: only on a restless line.",
    )
    deadline_s: float = Field(
        default=90.0,
        gt=0,
        le=900,
        description="Seconds after which a run that will not end is ended.",
    )
    ring_back: bool = Field(
        default=False,
        description=(
            "Promise the caller a call with the answer when a run reaches `turn.deadline_s`, let "
            "it go on, and ring them; where no call can be promised it is ended. Costs a call."
        ),
    )
    ring_back_s: float = Field(
        default=900.0,
        gt=0,
        le=3600,
        description=(
            "Seconds that such a run may go on before it is ended, and the caller is rung with an "
            "apology: an answer that takes longer is hardly waited for."
        ),
    )
    greeting: str = Field(
        default="",
        max_length=1000,
        description="What is said first when we open the call; `auto`: a phrase in the caller's "
        "language; empty when the caller speaks first.",
    )
    language: str = Field(
        default="en",
        pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        description="Language of our own phrases where a call does not say its own.",
    )
    languages: tuple[str, ...] = Field(
        default=(),
        description=(
            "Languages by the caller's number, as `+49=de`; the longest prefix wins. The platform "
            "listens, greets and speaks in it. Commas between them in the environment."
        ),
        examples=[["+49=de", "+34=es"]],
    )

    @field_validator("languages", mode="before")
    @classmethod
    def _languages(cls, value: object) -> object:
        return rules.languages(value)


class Speech(Section):
    """How the agent's text becomes speakable text."""

    shape: bool = Field(
        default=True, description="Shape text for speaking; `false` passes it untouched."
    )
    numbers: Literal["platform", "words"] = Field(
        default="platform",
        description="Who reads numbers out: the voice platform, or bridge as words.",
    )
    hold_ms: int = Field(
        default=400,
        ge=0,
        le=5000,
        description="Milliseconds that undecided text is held back at most.",
    )
    hold_chars: int = Field(
        default=200, ge=1, le=10_000, description="Characters of undecided text held back at most."
    )


class Session(Section):
    """Which conversation with the agent a call joins."""

    scope: Literal["per_call", "per_phone", "fixed", "template"] = Field(
        default="per_phone",
        description="One session for each call, each telephone, all calls, or by a template.",
    )
    key: str = Field(
        default="main", description="Session key of every call when the scope is `fixed`."
    )
    template: str = Field(
        default="",
        description=(
            "Session key when the scope is `template`; may name `{line}`, `{caller}`, `{called}`, "
            "`{conversation}` and `{direction}`."
        ),
        examples=["desk:{line}:{caller}"],
    )

    @field_validator("key")
    @classmethod
    def _key(cls, value: str) -> str:
        return rules.session_key(value)

    @field_validator("template")
    @classmethod
    def _template(cls, value: str, info: ValidationInfo) -> str:
        return rules.session_template(value, is_needed=info.data.get("scope") == "template")


class Policy(Section):
    """Who may call in, and whom we may call."""

    inbound: Literal["disabled", "allowlist", "open"] = Field(
        default="disabled", description="Which callers reach the agent: none, those listed, or all."
    )
    allow_from: tuple[str, ...] = Field(
        default=(),
        description=(
            "Callers let in by `allowlist`: numbers as `+15550100999`, or prefixes as `+1415*`. "
            "Commas between them in the environment."
        ),
        examples=[["+15550100999", "+1415*"]],
    )
    unidentified: Literal["allow", "refuse"] = Field(
        default="allow",
        description="Whether requests that name no call (a test, a set-up by hand) are let in.",
    )
    pin: SecretStr | None = Field(
        default=None, description="Code of 4 to 12 digits that a caller must say or key first."
    )
    tell_caller: bool = Field(
        default=True, description="Tell the agent the caller's telephone number."
    )
    outbound: Outbound = Outbound()

    @field_validator("allow_from", mode="before")
    @classmethod
    def _allow_from(cls, value: object) -> object:
        return rules.allow_list(value)

    @field_validator("pin")
    @classmethod
    def _pin(cls, value: SecretStr | None) -> SecretStr | None:
        return rules.pin(value)


class Limits(Section):
    """How much one token, one number and one server may ask. 0 is off."""

    concurrent: int = Field(default=200, ge=0, description="Requests at one moment for each token.")
    per_minute: int = Field(default=1200, ge=0, description="Requests a minute for each token.")
    per_number_per_minute: int = Field(
        default=120,
        ge=0,
        description=(
            "Requests a minute for each caller's number. A turn every two seconds, each sent four "
            "times, as platforms do, is 120."
        ),
    )
    body_bytes: int = Field(default=1_048_576, ge=0, description="Largest request body, in bytes.")
    connections: int = Field(default=2000, ge=0, description="Open connections to the server.")
