"""The platform's calls: those that ring in, those that bridge has it place, and their records."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bridge import clock
from bridge.rehearsal.platform.conversation import Conversation, Ended
from bridge.rehearsal.platform.history import History
from bridge.rehearsal.platform.opening import Opening, PhoneCall
from bridge.rehearsal.platform.record import Facts, record

Json = dict[str, Any]

RINGING_TIMEOUT_S = 60.0
"""How long a call may ring when nothing is said of it."""


def phone_call(
    name: str, number: int, direction: Literal["inbound", "outbound"], remote: str, line: str
) -> PhoneCall:
    """A telephone call, with ids that are the same in every run of a scenario."""
    conversation = f"conv_{name}_{number}"
    digest = hashlib.sha256(conversation.encode()).hexdigest()[:32]
    return PhoneCall(conversation, direction, remote, line, f"CA{digest}")


@dataclass(slots=True)
class Call:
    """One call, from its first ring.

    Attributes:
        introduced: what it is begun with.
        ringing_timeout_s: how long it may ring, when it was placed.
        hangs_up_on_machines: whether the platform does, by itself.
        result: what the carrier says became of it, when it was placed.
        conversation: from when somebody picks up.
        ended: how it ended, when it ended without a conversation.
    """

    phone: PhoneCall
    agent_id: str
    introduced: Mapping[str, Any] = field(default_factory=dict)
    ringing_timeout_s: float = RINGING_TIMEOUT_S
    hangs_up_on_machines: bool = False
    result: str = ""
    opening: Opening | None = None
    conversation: Conversation | None = None
    ended: Ended | None = None
    began_s: float = field(default_factory=clock.wall_s)
    picked_up_s: float | None = None
    over_s: float | None = None

    def record(self) -> Json:
        """As the platform tells it now."""
        history = History() if self.conversation is None else self.conversation.history
        return record(self.phone, self._facts(), history)

    def _facts(self) -> Facts:
        ended = self.ended
        status: Literal["initiated", "in-progress", "done", "failed"] = "initiated"
        if ended is not None:
            status = "failed" if ended.has_failed else "done"
        elif self.picked_up_s is not None:
            status = "in-progress"
        return Facts(
            agent_id=self.agent_id,
            status=status,
            began_s=self.began_s,
            picked_up_s=self.picked_up_s,
            over_s=self.over_s,
            reason="" if ended is None else ended.reason,
            result=self.result,
            introduced=self.introduced,
            variables={} if self.opening is None else self.opening.variables,
        )

    def end(self, ended: Ended) -> None:
        """It is over."""
        self.ended, self.over_s = ended, clock.wall_s()


def machines_are_hung_up_on(order: Mapping[str, Any]) -> bool:
    """Whether a call was placed with an order to hang up on machines."""
    detection = (order.get("telephony_call_config") or {}).get("twilio_machine_detection") or {}
    actions: Sequence[Mapping[str, Any]] = detection.get("actions") or ()
    return any(
        action.get("action") == "hang_up" and "machine_start" in action.get("answered_by", ())
        for action in actions
    )
