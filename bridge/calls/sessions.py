"""Who talks in which session: what `bridge sessions` shows. Bounded, and gone with the process."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from bridge.core.identity import CallIdentity
from bridge.core.phone import mask
from bridge.core.session import SessionKey
from bridge.masking import mask_numbers

ROOM = 1000
"""Sessions remembered: more than anybody reads in a list, and half a megabyte. The one longest
silent is forgotten first."""


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One session of the agent.

    Attributes:
        session: the key as given to the agent, without `agent:<id>:`. A number that a client put
            there is masked.
        caller: masked; `""` when withheld or not stated.
        conversation: the platform's id of the latest conversation in it.
        turns: requests that joined it.
        first_at_s, last_at_s: time of day, seconds since 1970.
    """

    session: str
    caller: str
    conversation: str
    turns: int
    first_at_s: float
    last_at_s: float


class SessionBook:
    """The sessions that were talked in since the program started."""

    def __init__(self, *, room: int = ROOM) -> None:
        self._room = room
        self._rows: OrderedDict[str, SessionRow] = OrderedDict()

    def note(
        self, key: SessionKey | None, identity: CallIdentity, at_s: float, *, turns: int = 1
    ) -> None:
        """A request joined a session; one that stands alone is not noted.

        Args:
            turns: 0 when it was no turn: a call that rings.
        """
        if key is None:
            return
        known = self._rows.pop(key, None) or SessionRow(mask_numbers(key), "", "", 0, at_s, at_s)
        self._rows[key] = replace(
            known,
            caller=mask(identity.remote) if identity.remote else known.caller,
            conversation=identity.conversation or known.conversation,
            turns=known.turns + turns,
            last_at_s=at_s,
        )
        if len(self._rows) > self._room:
            self._rows.popitem(last=False)

    def rows(self) -> list[SessionRow]:
        """All of them, the latest first."""
        return list(reversed(self._rows.values()))
