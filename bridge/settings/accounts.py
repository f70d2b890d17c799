"""The sections about what lies outside: where records go, and the accounts that bridge uses.

As in `sections`, each field says what it is for and in which unit.
"""

from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator

from bridge.settings import rules
from bridge.settings.section import Section


class Store(Section):
    """Where records of calls are kept."""

    url: str = Field(
        default="",
        description="Database for records of calls: `sqlite:///` and a path.",
        examples=["sqlite:////var/lib/bridge/bridge.db"],
    )
    ledger_url: str | None = Field(
        default=None,
        description="Ledger that several processes share. There is none yet: must not be set.",
    )

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        return rules.store_address(value)

    @field_validator("ledger_url")
    @classmethod
    def _ledger_url(cls, value: str | None) -> str | None:
        return rules.ledger_address(value)


class Log(Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least serious lines that are written."
    )
    format: Literal["auto", "text", "json"] = Field(
        default="auto",
        description="Form of a line; `auto` is text on a terminal and JSON elsewhere.",
    )


class Tunnel(Section):
    """Where the public address comes from, and the accounts with those who lend one."""

    name: str = Field(
        default="none",
        pattern=r"^[a-z][a-z0-9_]*$",
        description=(
            "Where the public address comes from: `none`, `url` (an own domain) or a tunnel's "
            "name; `docs/how-to/public-address.md` has them."
        ),
    )
    download: bool | None = Field(
        default=None,
        description=(
            "Whether a tunnel's program may be downloaded. When not set: asked on a terminal, "
            "and not done elsewhere."
        ),
    )
    ngrok_authtoken: SecretStr | None = Field(
        default=None,
        description="Authtoken of the ngrok account. When not set: ngrok's own configuration's.",
    )
    cloudflared_token: SecretStr | None = Field(
        default=None,
        description=(
            "Token of a Cloudflare tunnel that leads to `server.public_url`. When not set: a new "
            "address at each start."
        ),
    )
    providers: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Settings of single adapters, one table for each name, carried unread.",
    )

    @field_validator("ngrok_authtoken", "cloudflared_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        return rules.token(value)


class ElevenLabs(Section):
    """The account with ElevenLabs, and how the agent there is to be."""

    api_key: SecretStr | None = Field(
        default=None,
        description=(
            "API key of the workspace, for provisioning and for placing calls. Taking calls needs "
            "none."
        ),
    )
    base_url: str = Field(
        default="https://api.elevenlabs.io",
        description="Where its API is; workspaces with data residency have another.",
        examples=["https://api.eu.residency.elevenlabs.io"],
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description=(
            "Secret of the post-call webhook. Provisioning keeps it in the state folder; set it "
            "where the server runs with another one."
        ),
    )
    agent_name: str = Field(
        default="bridge",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,49}$",
        description="What the agent, its secrets and its webhook are called in the workspace.",
    )
    voice_id: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Voice of the agent; the workspace's default when not set. No instant clone.",
    )
    first_message: str = Field(
        default="auto",
        max_length=1000,
        description=(
            "What is said to somebody who calls; `auto`: `turn.greeting`, or our phrase in the "
            "caller's language; empty in `bridge.toml`: the caller speaks first."
        ),
    )
    transfer_to: tuple[str, ...] = Field(
        default=(),
        description=(
            "Numbers that a call may be transferred to. Without any, nothing is transferred. "
            "Commas between them in the environment."
        ),
        examples=[["+15550100999"]],
    )
    silence_s: int = Field(
        default=180,
        ge=30,
        le=7200,
        description=(
            "Seconds since the caller last spoke after which the platform hangs up. The agent's "
            "thinking counts: more than `turn.deadline_s`."
        ),
    )
    max_call_s: int = Field(
        default=1800, ge=60, le=7200, description="Seconds after which the platform ends a call."
    )
    record_voice: bool = Field(
        default=False, description="Whether the platform keeps the sound of calls."
    )
    retention_days: int = Field(
        default=30,
        ge=-1,
        le=3650,
        description="Days that the platform keeps conversations; -1 is for ever.",
    )

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        return rules.vendor_address(value)

    @field_validator("api_key", "webhook_secret")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        return rules.token(value)

    @field_validator("transfer_to", mode="before")
    @classmethod
    def _transfer_to(cls, value: object) -> object:
        return rules.numbers(value)


class Twilio(Section):
    """The account with Twilio."""

    account_sid: str | None = Field(
        default=None,
        pattern=r"^AC[0-9A-Za-z]{1,64}$",
        description="Account SID, `AC…`.",
    )
    auth_token: SecretStr | None = Field(default=None, description="Auth token of the account.")
    phone_number: str | None = Field(
        default=None, description="Our line, as an E.164 number.", examples=["+15550100"]
    )
    base_url: str = Field(
        default="https://api.twilio.com",
        description="Where its API is; accounts outside the US region have another.",
        examples=["https://api.dublin.ie1.twilio.com"],
    )

    @field_validator("base_url")
    @classmethod
    def _base_url(cls, value: str) -> str:
        return rules.vendor_address(value)

    @field_validator("auth_token")
    @classmethod
    def _token(cls, value: SecretStr | None) -> SecretStr | None:
        return rules.token(value)

    @field_validator("phone_number")
    @classmethod
    def _phone_number(cls, value: str | None) -> str | None:
        return None if value is None else rules.number(value)
