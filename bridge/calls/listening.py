"""A reply being followed, whoever gives it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from bridge.core.reply import End, Failure, Item, Origin, Words
from bridge.errors import VendorUnavailable, Why


@dataclass(frozen=True, slots=True)
class Listening:
    """What a request turned out to be, and the items of its reply as they come.

    Attributes:
        kind: the class of the turn; or `"plain"`, `"refused"`, or `"failed"` where the ledger
            could not say what it is.
        run_id: random; names the run in the log.
    """

    kind: str
    run_id: str
    items: AsyncIterator[Item]


async def each(items: Sequence[Item]) -> AsyncIterator[Item]:
    """Items that are all there already."""
    for item in items:
        yield item


class Follower:
    """One listener's way through a reply, and what it had been given when it stopped.

    A reply that the ledger forgot before its end is ended here, with the sentence `lost`.

    Attributes:
        heard_words: whether it was given words of the agent.
        is_over: whether it was given the end.
    """

    def __init__(self, reply: AsyncIterator[Item], lost: str) -> None:
        self._lost = lost
        self.heard_words = False
        self.is_over = False
        self._reply = reply

    async def items(self) -> AsyncIterator[Item]:
        """The reply, to its end."""
        async for item in self._reply:
            if isinstance(item, End):
                self.is_over = True
            elif isinstance(item, Words):
                self.heard_words = self.heard_words or item.origin is Origin.AGENT
            yield item
        if not self.is_over:
            self.is_over = True
            yield Words(self._lost, Origin.BRIDGE)
            yield End(failure=_LOST)


_LOST = Failure.of(
    VendorUnavailable(
        "The reply was forgotten before it could be read.",
        vendor="bridge",
        operation="follow",
        why=Why.UNKNOWN,
    )
)
