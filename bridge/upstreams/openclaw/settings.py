"""What an operator may set about an OpenClaw gateway."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from bridge.vendors.chat_completions import tidy_url

ONLY_AGENT = "openclaw"
"""The model id for "the only agent"."""

_NAMED = re.compile(r"(?:openclaw[/:]|agent:)(?P<agent>.+)")


def _gateway_model(model: str) -> str:
    if model in ("", ONLY_AGENT) or _NAMED.fullmatch(model):
        return model
    raise ValueError("must be 'openclaw' or 'openclaw/<agent>': the gateway refuses other names")


def _header_text(token: SecretStr) -> SecretStr:
    text = token.get_secret_value().strip()
    if not text or not all("!" <= char <= "~" for char in text):
        raise ValueError("must be printable ASCII without spaces, and not empty")
    return SecretStr(text)


def _hooks_path(path: str) -> str:
    """As the gateway reads it: a slash in front, none at the end."""
    bare = path.strip().strip("/")
    if not bare or any(mark in bare for mark in "?# "):
        raise ValueError("must be a path such as '/hooks'")
    return f"/{bare}"


class Settings(BaseModel):
    """What an operator may set.

    Attributes:
        url: the gateway's base, ending in `/v1`.
        token: `gateway.auth.token`. It may do everything the gateway can.
        model: `openclaw`, or `openclaw/<agent>`, which chooses an agent as `agent` does.
        agent: the agent's id; `None`: the only one there is.
        timeout_s: how long the gateway may be silent. It retries its model for 65 to 135 s.
        calls_tools: the agent calls the voice platform's own tools. `None`: no, it writes marks,
            because client tools are hidden from an agent unless the gateway is told otherwise.
        hooks_token: `hooks.token`, with which the agent is told how calls came out. `None`: it
            isn't told.
        hooks_path: `hooks.path`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: Annotated[str, AfterValidator(tidy_url)] = "http://127.0.0.1:18789/v1"
    token: SecretStr | None = None
    model: Annotated[str, AfterValidator(_gateway_model)] = ONLY_AGENT
    agent: str | None = None
    timeout_s: float = Field(default=120.0, gt=0)
    calls_tools: bool | None = None
    hooks_token: Annotated[SecretStr, AfterValidator(_header_text)] | None = None
    hooks_path: Annotated[str, AfterValidator(_hooks_path)] = "/hooks"

    @property
    def chosen_agent(self) -> str:
        """The agent that was chosen, by `agent` or in `model`; `""` when none was."""
        named = _NAMED.fullmatch(self.model)
        chosen = self.agent or (named["agent"] if named else "")
        return "" if chosen == "default" else chosen
