"""What the platform asks bridge: the body of each request.

Pure. The platform is stateless towards us: each request has the whole history, cut back to what
was really heard, and the tools that may be used now.

Source: elevenlabs.io/docs, Custom LLM (2026-11); bodies as seen in the field (2026-10).
"""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from bridge.rehearsal.performance import Why
from bridge.rehearsal.platform.history import History
from bridge.rehearsal.platform.opening import Opening
from bridge.rehearsal.system_tools import Toolbox

Json = dict[str, Any]

COMPLETIONS: Final = "/chat/completions"
"""What the platform adds to the URL of a custom LLM."""

MAX_TOKENS: Final = 5000
"""What it asks for when nothing is set."""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that bridge is asked. Asked again, it is the same, byte for byte.

    Attributes:
        line: the scenario's line that it belongs to.
        utterance: the caller's newest words.
    """

    body: Json
    line: int
    why: Why
    utterance: str

    @property
    def tells_results(self) -> bool:
        """Whether results of tools are the newest that it tells."""
        return bool(self.body["messages"][-1]["role"] == "tool")


def question(opening: Opening, history: History, tools: Toolbox, line: int, why: Why) -> Question:
    """What is asked after all that."""
    prompt, most = opening.prompt, opening.prompt.get("max_tokens", -1)
    temperature = prompt.get("temperature", 0.0)
    offered = tools.offered()
    extra = opening.introduced.get("custom_llm_extra_body")
    user = opening.introduced.get("user_id")
    body: Json = {
        "model": prompt["custom_llm"].get("model_id") or "",
        "messages": [{"role": "system", "content": opening.system}, *history.messages()],
        "max_tokens": most if most > 0 else MAX_TOKENS,
        "stream": True,
        **({} if temperature is None else {"temperature": float(temperature)}),
        **({"tools": offered} if offered else {}),
        **({"user_id": user} if user else {}),
        **({"elevenlabs_extra_body": dict(extra)} if extra else {}),
    }
    return Question(body, line, why, history.utterance)


def chat_url(opening: Opening, public_url: str) -> str:
    """Where it is asked, at a public address that may have moved since the agent was made."""
    path = urlsplit(str(opening.prompt["custom_llm"]["url"])).path
    return public_url.rstrip("/") + path.rstrip("/") + COMPLETIONS
