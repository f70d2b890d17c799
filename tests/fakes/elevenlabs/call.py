"""One conversation as the platform leads it: the greeting, turns, tools, the end, the record.

    call = await fake.ring("+15550001234", "+15550100")
    assert call.is_up, call.failed
    turn = await call.say("Good evening.")
    await call.silence()
    await call.hang_up()

Source: elevenlabs.io/docs, custom LLM, system tools, dynamic variables (2026-11).
"""

import copy
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.fakes.elevenlabs.rules import Json
from tests.fakes.elevenlabs.schema import filled, named, problems
from tests.fakes.elevenlabs.tools import ENDING, offered, result, why_not
from tests.fakes.elevenlabs.wire import arguments_of, ask

ATTEMPTS = 3
"""How often a turn is asked before the conversation ends."""

NORMALISATION = "\n\nWrite numbers and symbols as words, as they are spoken."
"""What the platform adds to the prompt when the model is to write for a voice."""

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")

CONVERSATION = named("GetConversationResponseModel")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the agent called, and why it was rejected if it was."""

    name: str
    arguments: Any
    rejected: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn came to: all that was spoken, with what tools said, and the tools called.

    Attributes:
        statuses: of every request of it, in order; 0 for one that never answered.
    """

    text: str
    tools: tuple[ToolCall, ...]
    statuses: tuple[int, ...]


@dataclass(slots=True)
class Call:
    """A conversation. Made by `Platform.ring` and `Platform.web_chat`.

    Attributes:
        conversation_id: the platform's name for it.
        agent: the agent as it was when the call began, overrides applied.
        failed: why it never began, or broke off; empty while all is well.
        ended: why it is over; empty while it is not.
        variables: every dynamic variable and its value.
        messages: the history after the system message, as the next request would have it.
        requests: every body that was posted to the custom LLM.
        headers: what is posted with each of them.
        transferred_to: the number that the caller was put through to.
        rings: a call that was placed, and nobody has picked up yet.
    """

    client: httpx.AsyncClient
    conversation_id: str
    agent: Json
    reach: Callable[[str], str]
    keep: Callable[["Call"], None]
    complain: Callable[[str], None]
    phone_call: Json | None = None
    version_id: str | None = None
    introduced: Json = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    failed: str = ""
    ended: str = ""
    language: str = ""
    transferred_to: str = ""
    within_s: float = 5.0
    messages: list[Json] = field(default_factory=list)
    requests: list[Json] = field(default_factory=list)
    rings: bool = False
    started_at_s: int = field(default_factory=lambda: int(time.time()))

    @property
    def is_up(self) -> bool:
        """Whether the two are still talking."""
        return not self.failed and not self.ended

    @property
    def status(self) -> str:
        """As the platform calls it."""
        if self.failed or self.ended:
            return "failed" if self.failed else "done"
        return "initiated" if self.rings else "in-progress"

    @property
    def prompt(self) -> Json:
        """The agent's prompt and model."""
        return dict(self.agent["conversation_config"]["agent"]["prompt"])

    @property
    def greeting(self) -> str:
        """What the caller hears first."""
        return self.spoken(self.agent["conversation_config"]["agent"]["first_message"])

    def spoken(self, text: str) -> str:
        """A text with its variables filled in."""
        return VARIABLE.sub(lambda found: str(self.variables[found[1]]), text)

    # -- turns -----------------------------------------------------------------------------------

    def greet(self) -> None:
        """The call begins."""
        if self.greeting:
            self.messages.append({"role": "assistant", "content": self.greeting})

    async def say(self, text: str) -> Turn:
        """The caller says something; the agent's turn."""
        self.messages.append({"role": "user", "content": text})
        return await self._turn()

    async def silence(self) -> Turn:
        """The caller says nothing for too long: the agent is asked without a new utterance."""
        return await self._turn()

    async def hang_up(self) -> None:
        """The caller hangs up."""
        if self.is_up:
            self.end("Call ended by remote party")

    def end(self, why: str) -> None:
        """It is over, and goes on record."""
        self.ended = why
        self.keep(self)

    def fail(self, why: str) -> None:
        """It broke off, and goes on record."""
        self.failed = why
        self.keep(self)

    async def _turn(self) -> Turn:
        assert self.is_up, self.failed or self.ended
        assert self.prompt["llm"] == "custom-llm", f"{self.prompt['llm']} would answer"
        text, statuses = "", list[int]()
        tools: list[ToolCall] = []
        for _ in range(ATTEMPTS):
            heard = await self._ask(statuses)
            if heard is None:
                break
            said, calls = heard
            done = [self._carry_out(call) for call in calls]
            text += said + "".join(_message_in(one) for one in done)
            tools += done
            if self.ended or not _asks_again(done):
                break
        return Turn(text, tuple(tools), tuple(statuses))

    async def _ask(self, statuses: list[int]) -> tuple[str, list[Json]] | None:
        """One answer that the platform takes, asked for up to `ATTEMPTS` times; None ends it."""
        url = self.reach(self.prompt["custom_llm"]["url"].rstrip("/") + "/chat/completions")
        for _ in range(ATTEMPTS):
            body = self._body()
            self.requests.append(body)
            heard = await ask(self.client, url, self.headers, body, self.within_s)
            statuses.append(heard.status)
            for fault in heard.faults:
                self.complain(f"turn {len(self.requests)}: {fault}")
            if heard.is_good:
                said: Json = {"role": "assistant", "content": heard.text or None}
                if heard.calls:
                    said["tool_calls"] = heard.calls
                self.messages.append(said)
                return heard.text, heard.calls
        self.fail("custom_llm generation failed")
        return None

    def _body(self) -> Json:
        prompt, talk = self.prompt, self.agent["conversation_config"]
        system = self.spoken(prompt["prompt"])
        if talk["tts"]["text_normalisation_type"] == "system_prompt":
            system += NORMALISATION
        body: Json = {
            "model": prompt["custom_llm"]["model_id"] or "",
            "messages": [{"role": "system", "content": system}, *self.messages],
            "max_tokens": prompt["max_tokens"] if prompt["max_tokens"] > 0 else 5000,
            "stream": True,
        }
        if prompt["temperature"] is not None:
            body["temperature"] = float(prompt["temperature"])
        tools = offered(prompt["built_in_tools"])
        if tools:
            body["tools"] = tools
        if self.introduced.get("user_id"):
            body["user_id"] = self.introduced["user_id"]
        if self.introduced.get("custom_llm_extra_body"):
            body["elevenlabs_extra_body"] = self.introduced["custom_llm_extra_body"]
        return copy.deepcopy(body)

    # -- tools -----------------------------------------------------------------------------------

    def _carry_out(self, call: Json) -> ToolCall:
        name, arguments = call["function"]["name"], arguments_of(call)
        rejected = why_not(self.prompt["built_in_tools"], call)
        content = json.dumps(result(call, rejected))
        self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": content})
        if not rejected:
            self.language = arguments.get("language", self.language)
            self.transferred_to = arguments.get("transfer_number", self.transferred_to)
            if name in ENDING and self.is_up:
                self.end(f"{name} tool was called")
        return ToolCall(name, arguments, rejected)

    # -- the record --------------------------------------------------------------------------------

    def record(self) -> Json:
        """The conversation as `GET /v1/convai/conversations/{id}` shows it."""
        reason = self.failed or self.ended
        error = {"code": 1002, "reason": self.failed} if self.failed else None
        whole = {
            "agent_id": self.agent["agent_id"],
            "agent_name": self.agent["name"],
            "status": self.status,
            "user_id": self.introduced.get("user_id"),
            "version_id": self.version_id,
            "conversation_id": self.conversation_id,
            "has_audio": False,
            "has_user_audio": False,
            "has_response_audio": False,
            "has_auxiliary_audio": False,
            "transcript": self._transcript(),
            "metadata": {
                "start_time_unix_secs": self.started_at_s,
                "accepted_time_unix_secs": None if self.rings else self.started_at_s,
                "call_duration_secs": len(self.messages),
                "termination_reason": reason,
                "error": error,
                "phone_call": self.phone_call,
                "authorization_method": "public",
            },
            "conversation_initiation_client_data": {
                **self.introduced,
                "dynamic_variables": self.variables,
            },
        }
        record: Json = filled(CONVERSATION, whole)
        assert not problems(CONVERSATION, record), problems(CONVERSATION, record)
        return record

    def _transcript(self) -> list[Json]:
        roles = {"user": "user", "assistant": "agent"}
        return [
            {
                "role": roles[message["role"]],
                "message": message["content"],
                "time_in_call_secs": second,
                "tool_calls": [],
                "tool_results": [],
            }
            for second, message in enumerate(self.messages)
            if message["role"] in roles
        ]


def _message_in(call: ToolCall) -> str:
    if call.rejected:
        return ""
    return str(call.arguments.get("system__message_to_speak", ""))


def _asks_again(done: list[ToolCall]) -> bool:
    """Whether the platform comes back after these: not after silence, nor without any tool."""
    return any(call.rejected or call.name != "skip_turn" for call in done)
