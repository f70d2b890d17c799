"""What an agent is told when an answer is lost, in doubt or refused: over a line of our making."""

import json
from typing import Any

import httpx
import pytest

from bridge.agent_tool.actions import Telephone
from bridge.agent_tool.line import Line
from bridge.agent_tool.wishes import EndCall, InitiateCall
from bridge.core.call_export import render_call
from bridge.core.record import Fault, Outcome, State
from tests.fakes.calls_on_record import CALLER, placed

WISH = InitiateCall(to=str(CALLER), message="Hello")


async def nobody(_waited_s: float, _state: str) -> None:
    """Nobody waits."""


def told(status: int, **changes: Any) -> httpx.Response:
    call = render_call(placed("call_0123456789abcdef", **changes), reveal=True)
    return httpx.Response(status, json={**call, "is_new": True, "estimate": None})


def telephone(*answers: httpx.Response | None, seen: list[httpx.Request]) -> Telephone:
    """A telephone whose bridge gives these answers in turn; `None` drops the connection."""
    left = list(answers)

    def respond(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = left.pop(0)
        if answer is None:
            raise httpx.ReadError("gone", request=request)
        return answer

    transport = httpx.MockTransport(respond)
    return Telephone(Line(httpx.AsyncClient(transport=transport, base_url="http://bridge")))


@pytest.mark.parametrize("key", ["", "dentist-7"])
async def test_a_lost_answer_is_asked_for_once_more_under_the_same_key(key: str) -> None:
    seen: list[httpx.Request] = []
    wish = WISH.model_copy(update={"idempotency_key": key})

    done = await telephone(None, told(201), seen=seen).initiate_call(wish, nobody)

    first, second = (request.headers["idempotency-key"] for request in seen)
    assert not done.is_error
    assert first == second != ""
    assert first == key or not key
    assert json.loads(seen[0].content)["to"] == CALLER


async def test_two_wishes_without_a_key_are_two_calls() -> None:
    seen: list[httpx.Request] = []
    phone = telephone(told(201), told(201), seen=seen)
    for _ in range(2):
        await phone.initiate_call(WISH, nobody)

    assert len({request.headers["idempotency-key"] for request in seen}) == 2


async def test_a_dry_run_is_asked_once_because_nothing_hangs_on_it() -> None:
    seen: list[httpx.Request] = []
    wish = WISH.model_copy(update={"dry_run": True})

    done = await telephone(None, seen=seen).initiate_call(wish, nobody)

    assert (done.is_error, len(seen)) == (True, 1)


async def test_a_call_in_doubt_is_not_to_be_placed_again() -> None:
    phone = telephone(told(202, state=State.DIALLING), seen=[])

    done = await phone.initiate_call(WISH, nobody)

    assert not done.is_error
    assert "Do not place it again" in done.text


async def test_what_the_platform_refuses_comes_with_its_record() -> None:
    call = told(201, state=State.ENDED, outcome=Outcome.FAILED, fault=Fault.PLATFORM).json()
    error = {"code": "upstream_rejected", "message": "No.", "call": call}
    phone = telephone(httpx.Response(502, json={"error": error}), seen=[])

    done = await phone.initiate_call(WISH, nobody)

    assert (done.is_error, done.facts["error"]["code"]) == (True, "upstream_rejected")
    assert done.facts["call"]["outcome"] == "failed"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=["calls"]),
        httpx.Response(200, json={"hello": "there"}),
        httpx.Response(500, json={"detail": "x"}),
    ],
)
async def test_what_is_no_bridge_is_told_as_that(answer: httpx.Response) -> None:
    wish = EndCall(call_id="call_0123456789abcdef")

    done = await telephone(answer, seen=[]).end_call(wish)

    assert (done.is_error, done.facts["error"]["code"]) == (True, "not_a_bridge")
