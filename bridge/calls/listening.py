"""A reply being followed, whoever gives it."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from bridge.core.reply import End, Failure, Item, Origin, Words
from bridge.errors import VendorUnavailable, Why


@dataclass(frozen=True, slots=True)
class Listening:
    """What a request turned out to be, and the items of its reply as they come, several at a time.

    Attributes:
        kind: the class of the turn; or `"plain"`, `"refused"`, or `"failed"` where the ledger
            could not say what it is.
        run_id: random; names the run in the log.
    """

    kind: str
    run_id: str
    items: AsyncIterator[Sequence[Item]]


async def at_once(items: Sequence[Item]) -> AsyncIterator[Sequence[Item]]:
    """Items that are all there already."""
    yield items


class Follower:
    """One listener's way through a reply, and what it had been given when it stopped.

    A reply that the ledger forgot before its end is ended here, with the sentence `lost`.

    Attributes:
        heard_words: whether it was given words of the agent.
        is_over: whether it was given the end.
    """

    def __init__(self, reply: AsyncIterator[Sequence[Item]], lost: str) -> None:
        self._lost = lost
        self.heard_words = False
        self.is_over = False
        self._reply = reply

    def __aiter__(self) -> AsyncIterator[Sequence[Item]]:
        return self

    async def __anext__(self) -> Sequence[Item]:
        """What has come since the last time. Ends behind the reply's end."""
        if self.is_over:
            raise StopAsyncIteration
        items = await anext(self._reply, None)
        if items is None:
            self.is_over = True
            return Words(self._lost, Origin.BRIDGE), End(failure=_LOST)
        self.is_over = isinstance(items[-1], End)
        self.heard_words = self.heard_words or any(map(_is_agents, items))
        return items


def _is_agents(item: Item) -> bool:
    return isinstance(item, Words) and item.origin is Origin.AGENT


_LOST = Failure.of(
    VendorUnavailable(
        "The reply was forgotten before it could be read.",
        vendor="bridge",
        operation="follow",
        why=Why.UNKNOWN,
    )
)
