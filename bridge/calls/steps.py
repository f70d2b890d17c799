"""One step of a conversation, decided on what the ledger really holds."""

from bridge.core.turn import step
from bridge.core.turn_events import (
    Decision,
    Event,
    GoOn,
    Start,
)
from bridge.errors import VendorUnavailable, Why
from bridge.ports.ledger import Ledger

MOST_TRIES = 1000
"""How often one step is decided anew because somebody else changed the conversation meanwhile.

Each time somebody else got through, so the last of many needs as many tries as there are
requests at once, of which `limits.concurrent` lets in 200. A ledger that refuses more often is
broken, and going on would hold up every other call.
"""


async def take_step(ledger: Ledger, thread: str, event: Event) -> Decision:
    """Something happened in a conversation: the ledger holds what follows, and this is to be done.

    What is read may be gone by the time it is to be replaced: then the decision is made again.

    Raises:
        VendorUnavailable: the ledger refused every one of `MOST_TRIES`; it holds nothing new.
    """
    for _ in range(MOST_TRIES):
        entry = await ledger.read(thread)
        conversation, decision = step(entry.conversation, event)
        if conversation == entry.conversation:
            return decision
        opens = decision.run_id if isinstance(decision, Start | GoOn) else None
        if await ledger.replace(thread, entry.version, conversation, event.at_s, opens):
            return decision
    raise VendorUnavailable(
        "The ledger of turns took no new state.",
        vendor="ledger",
        operation="replace",
        why=Why.SERVER,
        asked=False,
    )
