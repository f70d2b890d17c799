"""What nobody may read afterwards: words, numbers, codes, tokens, a vendor's errors.

An evening of calls goes through the whole program, with the log at its most talkative. Then
everything that is left of it (log, figures, answers to failures, headers) is searched.
Our own promises: design 5, 13 and 15.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.fakes import broken_upstream
from tests.fakes.agent import VENDOR_TEXT, FakeAgent
from tests.fakes.log_lines import logging_to
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN, Program, program

CHAT = "/v1/chat/completions"
NUMBER = "+15550001234"
CODE = "471183920561"
SPELT_CODE = "4 7 1 1 8 3 9 2 0 5 6 1"
WRONG_CODE = "860213975044"
WRONG_TOKEN = "guessed-token-of-a-stranger"
ASKED = "Does aunt Wilhelmina still have the gout?"
SAID = "The zeppelin to Umbrellaville leaves on Thursday."

SECRETS: Mapping[str, Sequence[str]] = {
    "the caller's words": ("Wilhelmina", "gout"),
    "the agent's words": ("zeppelin", "Umbrellaville"),
    "the number": ("15550001234", "5550001234", "0001234", "555-000-1234", "000 1234", "000-1234"),
    "the code": (CODE, SPELT_CODE, WRONG_CODE, CODE[:6], WRONG_CODE[:6]),
    "a token": (
        PLATFORM_TOKEN,
        OPERATOR_TOKEN,
        WRONG_TOKEN,
        "token-of-the-fake-agent",
        broken_upstream.SECRET,
    ),
    "the vendor's text": (VENDOR_TEXT, "sk-vendor-secret", "acme"),
}
"""What may not turn up, each in the spellings in which it could. None is likely by chance."""


@dataclass(slots=True)
class Evening:
    """What is left of an evening of calls.

    Attributes:
        places: texts that hold no secret, by where they were found.
        answers: every answer.
    """

    places: dict[str, str] = field(default_factory=dict)
    answers: list[httpx.Response] = field(default_factory=list)

    def found(self) -> list[tuple[str, str, str]]:
        """Every secret that turned up: where, what, and in which spelling."""
        return [
            (place, what, spelling)
            for place, text in self.places.items()
            for what, spellings in SECRETS.items()
            for spelling in spellings
            if spelling.lower() in text.lower()
        ]


@pytest.fixture(scope="module", params=["json", "text"])
async def evening(request: pytest.FixtureRequest) -> Evening:
    evening, written = Evening(), StringIO()
    with logging_to(written, request.param):
        await _open_line(evening)
        await _closed_line(evening)
        await _line_with_a_code(evening)
        await _broken_program(evening)
    evening.places["the log"] = written.getvalue()
    for answer in evening.answers:
        evening.places[f"headers of {answer.request.url.path}"] = repr(answer.headers.raw)
        if answer.status_code >= 400:
            evening.places[f"an error ({len(evening.places)})"] = answer.text
    return evening


@asynccontextmanager
async def line(
    evening: Evening, agent: FakeAgent | None, settings: Mapping[str, str]
) -> AsyncIterator[Program]:
    """A bridge whose figures are read before it goes."""
    calm = {"TURN__GRACE_S": "0", "LIMITS__PER_NUMBER_PER_MINUTE": "0"}
    async with program(agent, {**calm, **settings}) as bridge:
        yield bridge
        async with bridge.http(OPERATOR_TOKEN) as operator:
            for path in ("/metrics", "/sessions", "/latency", "/readyz"):
                answer = await operator.get(path)
                evening.answers.append(answer)
                evening.places[f"{path} ({len(evening.places)})"] = answer.text


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody on the telephone, and the platform between."""

    evening: Evening
    client: httpx.AsyncClient

    async def ask(self, *dialogue: str, call: str = "call-1", **more: Any) -> str:
        """One request with the history so far, the caller first; the whole body of the answer."""
        marker = f"[bridge conversation={call} caller={NUMBER} called=+15550100]"
        roles = ("user", "assistant")
        said = [{"role": roles[i % 2], "content": text} for i, text in enumerate(dialogue)]
        messages = [{"role": "system", "content": f"You know {ASKED} {marker}"}, *said]
        body = {"model": "bridge", "stream": True, "messages": messages, **more}
        return await self.send(json.dumps(body).encode())

    async def send(self, body: bytes, path: str = CHAT, **headers: str) -> str:
        """A body as it is."""
        kind = {"content-type": "application/json", "x-bridge-caller": NUMBER}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.client.post(path, content=body, headers={**kind, **named})
        self.evening.answers.append(answer)
        return answer.text


async def _open_line(evening: Evening) -> None:
    async with (
        FakeAgent() as agent,
        line(evening, agent, {"POLICY__INBOUND": "open"}) as bridge,
        bridge.http() as client,
    ):
        caller = Caller(evening, client)
        agent.reply(SAID)
        assert "zeppelin" in await caller.ask(ASKED)
        await caller.ask(ASKED, SAID, ASKED, stream=False)
        await caller.ask(ASKED, "The zepp", f"No, {ASKED}")
        await _failures(caller, agent)
        await _nonsense(caller)
        async with bridge.http(WRONG_TOKEN) as stranger:
            await Caller(evening, stranger).ask(ASKED)
        async with bridge.http(OPERATOR_TOKEN) as stranger:
            await Caller(evening, stranger).ask(ASKED)
        agent.models_status, agent.models_body = 401, VENDOR_TEXT.encode()


async def _failures(caller: Caller, agent: FakeAgent) -> None:
    """Every way in which an agent fails, its error text full of what must not be passed on."""
    leaky = json.dumps({"error": {"message": f"{VENDOR_TEXT} {SAID} {ASKED}"}}).encode()
    failures: list[Callable[[], None]] = [
        *(
            lambda status=status: agent.refuse(status, body=leaky)
            for status in (400, 401, 429, 500)
        ),
        agent.fail,
        lambda: agent.fail("Half a zeppelin "),
        lambda: agent.drop("Half a zeppelin "),
        lambda: agent.rubbish(b"data: {" + leaky + b"\n\n"),
        lambda: agent.rubbish(leaky, kind="text/html"),
    ]
    for number, fail in enumerate(failures):
        fail()
        for profile in ("voice", "plain"):
            for stream in (True, False):
                call = f"failing-{number}-{profile}-{stream}"
                asked = {"messages": [{"role": "user", "content": ASKED}], "stream": stream}
                said = await caller.send(
                    json.dumps(asked).encode(),
                    x_bridge_profile=profile,
                    x_bridge_conversation=call,
                )
                assert VENDOR_TEXT not in said
    agent.reply(SAID)


async def _nonsense(caller: Caller) -> None:
    """Bad requests that hold words wherever words can stand."""
    words = json.dumps(f"{ASKED} {NUMBER} {CODE}")
    said = '{"role": "user", "content": ' + words + "}"
    for body in (
        '{"messages": [' + said,
        '{"messages": [' + said + "], " + words + "}",
        words,
        "[" + words + "]",
        ASKED,
        '{"messages": ' + words + "}",
        '{"messages": [{"role": ' + words + "}]}",
        '{"messages": [' + said + ', {"role": "user", "content": [' + words + "]}]}",
        '{"messages": [' + said + '], "stream": ' + words + "}",
        '{"messages": [' + said + '], "temperature": ' + words + "}",
        '{"messages": [' + said + '], "tools": [' + words + "]}",
        '{"messages": [{"role": "assistant", "tool_calls": [' + words + "]}]}",
    ):
        await caller.send(body.encode())
    good = ('{"messages": [' + said + "]}").encode()
    await caller.send(good, x_bridge_profile=ASKED)
    await caller.send(good, x_bridge_conversation=f"{ASKED * 10}")
    await caller.send(good, x_openclaw_session_key=f"{ASKED * 10}")
    await caller.send(good, content_type=f"text/{CODE}")
    await caller.send(good, path=f"/v1/{ASKED}/{NUMBER}")
    await caller.send(good, path=f"/v1/models?said={ASKED}&caller={NUMBER}")
    assert {answer.status_code for answer in caller.evening.answers[-18:]} == {400, 404, 405, 415}


async def _closed_line(evening: Evening) -> None:
    async with (
        FakeAgent() as agent,
        line(evening, agent, {}) as bridge,
        bridge.http() as client,
    ):
        caller = Caller(evening, client)
        await caller.ask(ASKED)
        await caller.ask(ASKED, stream=False)
        assert agent.requests == []


async def _line_with_a_code(evening: Evening) -> None:
    settings = {"POLICY__INBOUND": "open", "POLICY__PIN": CODE}
    async with (
        FakeAgent(openclaw=True) as gateway,
        line(evening, gateway, settings) as bridge,
        bridge.http() as client,
    ):
        caller = Caller(evening, client)
        gateway.reply(SAID)
        said = [ASKED, "Your code?", WRONG_CODE, "Wrong.", SPELT_CODE, "Thank you.", ASKED]
        for end in range(1, len(said) + 1, 2):
            await caller.ask(*said[:end])
        await caller.ask(*said, SAID[:12], f"Which one? {ASKED}")
        assert len(gateway.requests) == 2
        assert "zeppelin" in json.dumps(gateway.requests[-1].body)  # what was not heard
        await caller.ask(ASKED, call="call-2")
        for number in range(3):
            wrong = [ASKED, "Your code?", *[f"{WRONG_CODE[:6]}{number}", "Wrong."]]
            await caller.ask(*wrong[:3], call="call-2", stream=False)
            await caller.ask(*wrong, f"1{WRONG_CODE[:6]}{number}", call="call-2")


async def _broken_program(evening: Evening) -> None:
    """An adapter with a bug."""
    settings = {"POLICY__INBOUND": "open", "UPSTREAM__NAME": "broken"}
    with broken_upstream.installed():
        async with line(evening, None, settings) as bridge, bridge.http() as client:
            caller = Caller(evening, client)
            await caller.ask(ASKED)
            await caller.ask(ASKED, call="call-2", stream=False)


async def test_nothing_private_is_left_of_an_evening_of_calls(evening: Evening) -> None:
    assert evening.found() == []


async def test_the_evening_was_one(evening: Evening) -> None:
    """Guards the test above: there was much to be found, and the search finds it."""
    written = evening.places["the log"]
    assert written.count("turn.finished") > 20
    assert written.count("caller.refused") >= 4
    assert "ValueError" in written
    assert "broken_upstream.py" in written
    assert {200, 400, 401, 403, 404, 405, 415, 429, 502} <= {a.status_code for a in evening.answers}
    assert not any(VENDOR_TEXT in answer.text for answer in evening.answers)
    bared = Evening({"all answers": "".join(answer.text for answer in evening.answers)})
    assert {what for _place, what, _spelling in bared.found()} == {"the agent's words"}


async def test_numbers_are_masked_where_the_operator_looks(evening: Evening) -> None:
    sessions = [text for place, text in evening.places.items() if place.startswith("/sessions")]
    assert any("+1555\\u2022" in text or "+1555•••1234" in text for text in sessions)
