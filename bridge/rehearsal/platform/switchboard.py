"""The platform's calls of one rehearsal: each gets its ids here, and waits here while it rings.

Without I/O: what bridge has the API do arrives here, and whoever acts the scenario out looks for
it.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

from bridge.rehearsal.performance import Rang
from bridge.rehearsal.platform.calls import (
    RINGING_TIMEOUT_S,
    Call,
    machines_are_hung_up_on,
    phone_call,
)
from bridge.rehearsal.platform.surroundings import Surroundings
from bridge.rehearsal.scenario import PickUp, Scenario

Json = dict[str, Any]

REJECTED: Json = {
    "success": False,
    "message": "The carrier refused the call.",
    "conversation_id": None,
    "callSid": None,
}
BROKEN: Json = {"detail": {"status": "internal_error", "message": "Internal error"}}
"""What is answered to an order that is not, or seems not to be, carried out."""


class Switchboard:
    """See the module.

    Attributes:
        rings: every call that bridge had it place, and that rang: `conversation_id`, `to`,
            `user_id`.
        waiting: calls that were placed and that nobody has looked after yet.
        around: where they ring; `None` before the scenario begins.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.rings: list[Json] = []
        self.waiting: deque[Call] = deque()
        self.around: Surroundings | None = None
        self._scenario = scenario
        self._calls: list[Call] = []

    def records(self) -> list[Json]:
        """Of every call, newest first."""
        return [call.record() for call in reversed(self._calls)]

    def ring_in(self, agent_id: str) -> Call:
        """The scenario's caller dials our line."""
        scenario = self._scenario
        phone = phone_call(scenario.name, self._next(), "inbound", scenario.caller, scenario.line)
        return self._keep(Call(phone, agent_id))

    def place(self, order: Mapping[str, Any]) -> tuple[Json, int]:
        """Places a call, as the API is asked to; the answer and its status."""
        ordered = self._scenario.outbound
        pick_up = PickUp.ANSWERED if ordered is None else ordered.pick_up
        if pick_up is PickUp.REJECTED:
            return REJECTED, 200
        phone = phone_call(
            self._scenario.name,
            self._next(),
            "outbound",
            order["to_number"],
            self._scenario.line,
        )
        telephony = order.get("telephony_call_config") or {}
        call = Call(
            phone,
            order["agent_id"],
            order.get("conversation_initiation_client_data") or {},
            float(telephony.get("ringing_timeout_secs") or RINGING_TIMEOUT_S),
            machines_are_hung_up_on(order),
        )
        self._ring(self._keep(call))
        if pick_up is PickUp.BROKEN:
            return BROKEN, 500
        ids = {"conversation_id": phone.conversation, "callSid": phone.call_sid}
        return {"success": True, "message": "Call initiated", **ids}, 200

    def _ring(self, call: Call) -> None:
        assert self.around is not None, "bridge places calls while a scenario is acted out"
        phone, user = call.phone, call.introduced.get("user_id")
        self.rings.append(
            {"conversation_id": phone.conversation, "to": phone.remote, "user_id": user}
        )
        self.waiting.append(call)
        self.around.tape.add(Rang(self.around.at_s, placed=True))
        self.around.waiting.stir()

    def _next(self) -> int:
        return len(self._calls) + 1

    def _keep(self, call: Call) -> Call:
        self._calls.append(call)
        return call
