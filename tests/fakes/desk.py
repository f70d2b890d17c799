"""An entrance with a clock to turn, and what callers hear there instead of the agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.calls.entrance import Entrance, Refusal, Rules
from bridge.calls.request import TurnRequest
from bridge.calls.sessions import SessionBook
from bridge.core.chat import ChatRequest, parse_request
from bridge.core.pin import Pin
from bridge.core.policy import Inbound, Policy
from bridge.core.reply import Call, Item, Origin, Words
from bridge.phrases import load_phrases

BOOK = load_phrases()
PHRASES = BOOK.for_language("en")
SECRET = b"an install's secret"
CALLER, LINE = "+15550001234", "+15550000100"
HEADERS = {"x-bridge-conversation": "conv_1", "x-bridge-caller": CALLER}
END_CALL = {"type": "function", "function": {"name": "end_call", "parameters": {"type": "object"}}}

RULES = Rules(
    policy=Policy(Inbound.OPEN), scope="per_phone", template="", fixed_key="", secret=SECRET
)
CODED = replace(RULES, pin=Pin.of("4711"))


@dataclass
class Desk:
    """An entrance, and what it told."""

    rules: Rules = RULES
    at_s: float = 1000.0
    refused: list[str] = field(default_factory=list)
    sessions: SessionBook = field(default_factory=SessionBook)
    entrance: Entrance = field(init=False)

    def __post_init__(self) -> None:
        self.entrance = Entrance(
            self.rules,
            BOOK,
            self.sessions,
            now=lambda: self.at_s,
            today=lambda: 1.7e9 + self.at_s,
            refused=self.refused.append,
        )

    def asks(
        self, *texts: str, headers: Mapping[str, str] = HEADERS, tools: bool = True
    ) -> TurnRequest | Refusal:
        """A dialogue, the caller first, then in turn."""
        return self.entrance.admit(chat(*texts, tools=tools), headers)

    def passes(self, *texts: str, headers: Mapping[str, str] = HEADERS) -> TurnRequest:
        admitted = self.asks(*texts, headers=headers)
        assert isinstance(admitted, TurnRequest)
        return admitted

    def is_refused(self, *texts: str, headers: Mapping[str, str] = HEADERS) -> Refusal:
        refusal = self.asks(*texts, headers=headers)
        assert isinstance(refusal, Refusal)
        return refusal

    def hears(self, *texts: str, headers: Mapping[str, str] = HEADERS) -> str:
        """What the caller is told instead of the agent."""
        return sentence_of(self.is_refused(*texts, headers=headers).items)


def chat(
    *texts: str, tools: bool = False, wires: list[dict[str, Any]] | None = None
) -> ChatRequest:
    roles = ("user", "assistant")
    said = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    body: dict[str, Any] = {"messages": [*said, *(wires or [])]}
    return parse_request({**body, "tools": [END_CALL]} if tools else body)


def sentence_of(items: tuple[Item, ...]) -> str:
    """The one sentence of ours in a refusal."""
    words = [item for item in items if isinstance(item, Words)]
    assert [word.origin for word in words] == [Origin.BRIDGE]
    return words[0].text


def hangs_up(refusal: Refusal) -> bool:
    """Whether the line is hung up after it."""
    return [i.name for i in refusal.items if isinstance(i, Call)] == ["end_call"]


def after_our(name: str) -> ChatRequest:
    """The platform tells what became of an act of ours."""
    call_id = "call_bridge_x_0"
    call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}
    return chat(
        "Hi",
        tools=True,
        wires=[
            {"role": "assistant", "content": "Goodbye.", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call_id, "content": "{}"},
        ],
    )
