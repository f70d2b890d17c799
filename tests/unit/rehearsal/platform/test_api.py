"""The platform's REST API, as far as calls need it."""

from typing import Any

import httpx
import pytest
from typing_extensions import override

from bridge.rehearsal.platform import Platform
from bridge.rehearsal.scenario import Line, Manners, OutboundCall, PickUp, Scenario
from bridge.rehearsal.servers import served
from bridge.rehearsal.silent import SilentVoice
from tests.fakes.rehearsing import rehearse
from tests.fakes.tiny_bridge import OUTBOUND, TinyBridge, act_out, hang_up

BYE = hang_up("Bye.")
HI = Line(1, says="Hi")


def scenario(*lines: Line, caller: str = "+15550001234", **manners: Any) -> Scenario:
    return Scenario("test", "A call.", lines or (HI,), caller=caller, manners=Manners(**manners))


def outbound(pick_up: PickUp = PickUp.ANSWERED, *lines: Line, **more: Any) -> Scenario:
    call = OutboundCall("+15550001234", message="Your table is booked.", pick_up=pick_up, **more)
    return Scenario("test", "A call.", lines, outbound=call)


def ask(method: str, path: str, key: str = "key", **more: Any) -> httpx.Response:
    """Asks the API while nothing happens."""

    async def work() -> httpx.Response:
        platform = Platform(scenario(), SilentVoice())
        headers = {"xi-api-key": key} if key else {}
        async with (
            served(platform.app) as url,
            httpx.AsyncClient(base_url=url, trust_env=False, headers=headers) as http,
        ):
            return await http.request(method, path, **more)

    return rehearse(work)


def test_our_line_is_among_the_numbers() -> None:
    (number,) = ask("GET", "/v1/convai/phone-numbers").json()

    assert (number["phone_number"], number["phone_number_id"]) == ("+15550100", "phnum_rehearsal")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/convai/conversations/conv_9", 404),
        ("GET", "/v1/convai/conversations", 200),
        ("GET", "/v1/convai/agents", 404),
    ],
)
def test_what_is_not_there_is_not_found(method: str, path: str, status: int) -> None:
    assert ask(method, path).status_code == status


def test_nobody_gets_in_without_a_key() -> None:
    answer = ask("GET", "/v1/convai/conversations", key="")

    assert (answer.status_code, answer.json()["detail"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    ("order", "status"),
    [
        (b"{", 422),
        (b"[]", 422),
        ({**OUTBOUND, "to_number": ""}, 422),
        ({**OUTBOUND, "agent_id": None}, 422),
        ({**OUTBOUND, "agent_phone_number_id": "phnum_9"}, 404),
    ],
)
def test_an_order_that_does_not_fit_is_refused(order: Any, status: int) -> None:
    body = {"content": order} if isinstance(order, bytes) else {"json": order}

    assert ask("POST", "/v1/convai/twilio/outbound-call", **body).status_code == status


class Watches(TinyBridge):
    """Looks at the platform's records when it is asked."""

    def __init__(self, *script: Any) -> None:
        super().__init__(*script)
        self.seen: list[Any] = []

    @override
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/completions"):
            headers = {"xi-api-key": "key"}
            async with httpx.AsyncClient(trust_env=False, headers=headers) as http:
                root = f"{self.api_url}/v1/convai/conversations"
                for user in ("call_1", "call_2"):
                    found = await http.get(root, params={"user_id": user})
                    self.seen.append([one["status"] for one in found.json()["conversations"]])
                whole = (await http.get(f"{root}/conv_test_1")).json()
                self.seen.append((whole["user_id"], len(whole["transcript"])))
        await super().__call__(scope, receive, send)


def test_a_call_is_found_by_its_user_while_it_goes_on() -> None:
    bridge = Watches(BYE)
    act_out(outbound(PickUp.ANSWERED, HI), bridge)

    assert bridge.seen == [["in-progress"], [], ("call_1", 2)]
