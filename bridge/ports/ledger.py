"""The ledger: what was asked and what was answered, so that nothing is done twice.

Keyed by conversation (`thread`) and, for replies, by run. An adapter may keep it in this process
or share it between several; either way it promises:

- `replace` is atomic: it takes the new state only if nobody replaced it since `read`, so that a
  decision made on what was read is never made on what was gone;
- a reply is a list of items that only grows until its `End`; every follower gets all of it from
  the beginning, in order, then live, and stops after `End`;
- `ask_to_stop` reaches the process that runs the run, wherever it was called, at least once;
- it is bounded: a conversation is forgotten `FORGET_S` after it was last touched, and the oldest
  idle ones earlier when there are more than the adapter was given room for. A conversation with a
  run that is not over is never forgotten;
- every failure is a `VendorError` and comes within a second or two: a caller waits for the answer,
  and a request is not torn down in the middle of a `replace`.

Moments are seconds of one clock, shared by everyone who uses the same ledger.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.core.conversation import Conversation, Stop
from bridge.core.reply import Item

FORGET_S = 3600.0
"""How long after its last turn a conversation is remembered: longer than any call is silent."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A conversation as read, and the version that `replace` wants to see again."""

    conversation: Conversation
    version: int


class Ledger(Protocol):
    """See the module."""

    async def read(self, thread: str) -> Entry:
        """What is held of a conversation; an empty one with version 0 when nothing is."""

    async def replace(
        self,
        thread: str,
        version: int,
        conversation: Conversation,
        at_s: float,
        opens: str | None = None,
    ) -> bool:
        """Hold this instead. False when `version` is no longer what is held.

        `opens` is the id of a run that this state begins: its reply is opened in the same act, so
        that whoever reads of the run can follow it.
        """

    async def forget(self, thread: str) -> None:
        """Forget a conversation now, replies and all, for one that nobody can come back to."""

    async def append(self, run_id: str, *items: Item) -> None:
        """Add to a reply. After its `End`, or when it is forgotten, nothing is added."""

    def follow(self, run_id: str) -> AsyncIterator[Sequence[Item]]:
        """A reply from its beginning to its `End`, each time all that has come since the last.

        Ends at once when it is forgotten.
        """

    async def ask_to_stop(self, run_id: str, cause: Stop) -> None:
        """Have that run stopped by whoever runs it. Unknown and finished runs are nothing to do."""

    def stops(self) -> AsyncIterator[tuple[str, Stop]]:
        """Runs to be stopped, as they are asked for; to be read by each process that has runs."""
