"""Who dials: a platform or a carrier that is asked to ring somebody.

An adapter promises:

- `dial` asks once. It never tries again, and neither does anything beneath it;
- `VendorError.asked` is false only when the telephone surely does not ring. Whatever leaves room
  for doubt (a 5xx, an answer that never came) says true, and is looked up, never dialled again;
- `find` tells by our own id, which went out with the order, whether a call was ever placed;
- what a vendor says stands in its errors as one line, without secrets and with numbers masked.
"""

from dataclasses import dataclass, field
from typing import Protocol

from bridge.core.phone import E164
from bridge.core.record import Mode


@dataclass(frozen=True, slots=True)
class Dial:
    """A call to be placed.

    Attributes:
        call: our id of it.
        to, line: who is rung, and our number that they see.
        variables: what comes back to us with each of its requests; see `core.initiation`.
        first_message: what is said first; empty leaves it to the agent.
        language: spoken instead of the agent's own; empty leaves that.
    """

    call: str
    to: E164 = field(repr=False)
    line: E164 = field(repr=False)
    mode: Mode
    variables: dict[str, str] = field(default_factory=dict, repr=False)
    first_message: str = field(default="", repr=False)
    language: str = ""


@dataclass(frozen=True, slots=True)
class Dialled:
    """A call that was placed: the platform's id of it, and the carrier's where it is told."""

    conversation: str
    carrier_call: str | None = None


class Dialer(Protocol):
    """See the module."""

    async def dial(self, dial: Dial) -> Dialled:
        """Asks for the call. Returns before it rings."""

    async def find(self, call: str) -> Dialled | None:
        """The call that was placed under our id; `None` when there is none."""
