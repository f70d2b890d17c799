"""The smallest server that a voice platform can talk with: it says what it is told to, and looks on.

    bridge = TinyBridge(say("It is nine.", after_s=0.2), hang_up("Goodbye."))
    call = act_out(scenario, bridge)
    assert call.of(Spoke)[-1].text == "Goodbye."

A request beyond its script gets the last reply of it again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import httpx
from starlette.types import Message, Receive, Scope, Send

from bridge import clock
from bridge.core.initiation import SECRET_HEADER
from bridge.core.webhook_signature import parse_signature, verify
from bridge.provision.agent import created
from bridge.provision.wish import Wish
from bridge.rehearsal.performance import Befell, Fact, Spoke
from bridge.rehearsal.platform import Platform
from bridge.rehearsal.scenario import Event, Scenario
from bridge.rehearsal.servers import served
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.sound import Ear, Spoken, Voice
from bridge.rehearsal.tape import Tape
from tests.fakes.rehearsing import rehearse

Json = dict[str, Any]
_F = TypeVar("_F")

PUBLIC_URL = "https://phone.example"


@dataclass(frozen=True, slots=True)
class Says:
    """A reply: what is sent when. `status`: instead of 200. `drops`: without an end."""

    beats: Sequence[tuple[float, str]] = ()
    status: int = 200
    drops: bool = False


def chunk(delta: Mapping[str, Any], finish: str | None = None) -> str:
    """One event, as bridge writes it."""
    told = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "bridge",
        "choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish}],
    }
    return f"data: {json.dumps(told)}\n\n"


def say(*pieces: str, after_s: float = 0.1, every_s: float = 0.0, end: str = "stop") -> Says:
    """Words, piece by piece, and an ordinary end."""
    words = [(every_s if i else after_s, chunk({"content": p})) for i, p in enumerate(pieces)]
    first = (0.0, chunk({"role": "assistant", "content": ""}))
    last_s = 0.0 if pieces else after_s
    return Says([first, *words, (last_s, chunk({}, end)), (0.0, "data: [DONE]\n\n")])


def act(words: str, name: str, **arguments: object) -> Says:
    """Words, and a tool call after them."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    call = {"index": 0, "id": "call_1", "type": "function", "function": function}
    said = [(0.1, chunk({"content": words}))] if words else []
    return Says(
        [
            (0.0, chunk({"role": "assistant", "content": ""})),
            *said,
            (0.0, chunk({"tool_calls": [call]})),
            (0.0, chunk({}, "tool_calls")),
            (0.0, "data: [DONE]\n\n"),
        ]
    )


def hang_up(words: str = "Goodbye.") -> Says:
    """Words, and the end of the call."""
    return act(words, "end_call", reason="over")


OUTBOUND: Json = {
    "agent_id": "agent_1",
    "agent_phone_number_id": "phnum_rehearsal",
    "to_number": "+15550001234",
    "conversation_initiation_client_data": {
        "dynamic_variables": {"bridge_direction": "outbound"},
        "user_id": "call_1",
        "conversation_config_override": {"agent": {"first_message": "Your table is booked."}},
    },
    "telephony_call_config": {"ringing_timeout_secs": 60},
}
"""What bridge asks the platform when it places a call."""

SILENT = Says([(0.0, chunk({"role": "assistant", "content": ""})), (3600.0, "")])
"""Opens a stream and says nothing more."""


@dataclass(slots=True)
class Asked:
    """A request that came. `closed_s`: when the platform closed it before its end."""

    at_s: float
    body: Json
    raw: bytes
    headers: Mapping[str, str]
    closed_s: float | None = None

    @property
    def messages(self) -> list[tuple[str, Any]]:
        """The history, after the system message."""
        return [(m["role"], m["content"]) for m in self.body["messages"][1:]]


class TinyBridge:
    """See the module.

    Attributes:
        asked: every turn that was asked.
        rang: every call that rang, as the initiation webhook was told.
        told: every report whose signature is right.
        orders: every order of a call, and its headers.
        introduction: the answer to a call that rings; a number is a status instead, 0 breaks off.
        thinks_s: how long that takes.
        takes: statuses of the answers to reports, in order, and 0; the last one stays.
        places: what the platform is asked when a call is ordered; `None` refuses it.
        placed: statuses of what it answered to that.
        api_url: where the platform's API is.
    """

    def __init__(self, *script: Says) -> None:
        self.script = script
        self.asked: list[Asked] = []
        self.rang: list[Json] = []
        self.told: list[Json] = []
        self.orders: list[tuple[Json, Mapping[str, str]]] = []
        self.introduction: Any = {"type": "conversation_initiation_client_data"}
        self.thinks_s = 0.0
        self.takes = [200]
        self.places: Json | None = OUTBOUND
        self.placed: list[int] = []
        self.api_url = ""

    async def place(self) -> httpx.Response:
        """Has the platform place a call, as bridge does."""
        async with httpx.AsyncClient(trust_env=False, headers={"xi-api-key": "key"}) as http:
            url = f"{self.api_url}/v1/convai/twilio/outbound-call"
            answer = await http.post(url, json=self.places)
            self.placed.append(answer.status_code)
            return answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The app."""
        assert scope["type"] == "http"
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {k.decode(): v.decode() for k, v in scope["headers"]}
        path = scope["path"]
        if path == "/v1/chat/completions":
            await self._turn(Asked(clock.now_s(), json.loads(body), body, headers), receive, send)
        elif path == "/webhooks/elevenlabs/inbound":
            assert headers[SECRET_HEADER] == "hook-token"
            self.rang.append(json.loads(body))
            await anyio.sleep(self.thinks_s)
            status = self.introduction if isinstance(self.introduction, int) else 200
            await _answer(send, status, self.introduction)
        elif path == "/webhooks/elevenlabs/post-call":
            signature = parse_signature(headers["elevenlabs-signature"])
            verify(signature, body, ["wsec"], clock.wall_s())
            self.told.append(json.loads(body))
            await _answer(send, self.takes.pop(0) if len(self.takes) > 1 else self.takes[0], {})
        else:
            assert (path, headers["authorization"]) == ("/calls", "Bearer operator")
            self.orders.append((json.loads(body), headers))
            await self._order(send)

    async def _order(self, send: Send) -> None:
        if self.places is None:
            await _answer(send, 403, {"error": {"rule": "hours"}})
            return
        placed = await self.place()
        is_placed = placed.status_code == 200 and placed.json()["success"]
        refused = 202 if placed.status_code >= 500 else 502
        await _answer(send, 201 if is_placed else refused, {"id": "call_1"})

    async def _turn(self, asked: Asked, receive: Receive, send: Send) -> None:
        assert asked.headers["authorization"] == "Bearer platform-token"
        says = self.script[min(len(self.asked), len(self.script) - 1)]
        self.asked.append(asked)

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            asked.closed_s = clock.now_s()
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch)
            kind = (b"content-type", b"text/event-stream")
            await send({"type": "http.response.start", "status": says.status, "headers": [kind]})
            for after_s, text in says.beats:
                await anyio.sleep(after_s)
                await send(_piece(text))
            tasks.cancel_scope.cancel()
        if asked.closed_s is None and not says.drops:
            await send({"type": "http.response.body", "body": b""})
        elif says.drops:
            raise ConnectionResetError


def _piece(text: str) -> Message:
    return {"type": "http.response.body", "body": text.encode(), "more_body": True}


async def _answer(send: Send, status: int, told: object) -> None:
    """An answer; one of status 0 breaks off."""
    kind = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": status or 200, "headers": [kind]})
    if status == 0:
        await send(_piece("{"))
        raise ConnectionResetError
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    await send({"type": "http.response.body", "body": body})


@dataclass(slots=True)
class TinyStage:
    """As much of a stage as the platform needs."""

    tape: Tape
    server_url: str
    voice_agent: Mapping[str, Any]
    public_url: str = PUBLIC_URL
    platform_token: str = "platform-token"
    webhook_token: str = "hook-token"
    post_call_secret: str = "wsec"
    operator_token: str = "operator"
    befallen: list[Event] = field(default_factory=list)

    def reach(self, url: str) -> str:
        """Where a public URL really leads."""
        assert url.startswith(self.public_url), url
        return self.server_url + url.removeprefix(self.public_url)

    async def befall(self, event: Event) -> None:
        """Notes it; a tunnel really moves."""
        if event is Event.TUNNEL_MOVES:
            self.public_url = "https://moved.example"
        self.tape.add(Befell(self.tape.at_s, event))


@dataclass(slots=True)
class Acted:
    """A call that was acted out."""

    platform: Platform
    bridge: TinyBridge
    tape: Tape
    began_s: float

    def of(self, *kinds: type[_F]) -> list[_F]:
        """The facts of these kinds, in order."""
        return [fact for fact in self.tape.facts if isinstance(fact, kinds)]

    @property
    def facts(self) -> list[Fact]:
        """All of them."""
        return self.tape.facts

    def asked_s(self) -> list[float]:
        """When each request came."""
        return [round(one.at_s - self.began_s, 3) for one in self.bridge.asked]

    def closed_s(self) -> list[float | None]:
        """When the platform closed each of them; `None` when it read it to its end."""
        return [
            None if one.closed_s is None else round(one.closed_s - self.began_s, 3)
            for one in self.bridge.asked
        ]

    def spoken(self) -> list[tuple[str, str]]:
        """Who was heard saying what."""
        return [(fact.party, fact.text) for fact in self.of(Spoke)]


class SlowVoice:
    """A voice that takes three seconds before it can speak; it notes the languages."""

    def __init__(self) -> None:
        self.languages: list[str] = []

    async def speak(self, text: str, language: str) -> Spoken:
        """See `bridge.rehearsal.sound.Voice`."""
        self.languages.append(language)
        await anyio.sleep(3.0)
        return SilentVoice(60.0).spoken(text)


def act_out(
    scenario: Scenario,
    bridge: TinyBridge,
    *,
    voice: Voice | None = None,
    callers_voice: Voice | None = None,
    ear: Ear | None = None,
    transfer_to: tuple[str, ...] = (),
    greeting: str = "Hello.",
) -> Acted:
    """Acts a scenario out with it, on a clock that jumps. The voices say a word a second."""
    wish = Wish(
        name="bridge",
        public_url=PUBLIC_URL,
        token="platform-token",
        webhook_token="hook-token",
        greetings={"en": greeting},
        transfer_to=transfer_to,
    )
    agent = created(wish, {"token": "s1", "webhook_token": "s2", "post_call": "w1"})

    async def work() -> Acted:
        slow = SilentVoice(60.0)
        platform = Platform(scenario, voice or slow, callers_voice=callers_voice or slow, ear=ear)
        async with served(bridge) as url, served(platform.app) as api_url:
            bridge.api_url = api_url
            stage = TinyStage(Tape(), url, agent)
            began_s = clock.now_s()
            await platform.act_out(stage)
        return Acted(platform, bridge, stage.tape, began_s)

    return rehearse(work)
