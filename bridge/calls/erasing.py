"""Erases one call for good, with its turns and its sound, once it is over."""

from collections.abc import Callable, Sequence

from bridge.core.record import State
from bridge.errors import BadRequest
from bridge.ports.records import Purged, Records


async def erase(records: Records, discard: Callable[[Sequence[str]], None], call_id: str) -> Purged:
    """Erases a call; what is gone, which is nothing when there is no such call.

    A call that is under way would come back with its next turn, without its past.

    Args:
        discard: deletes files of sound, by name.
        call_id: the whole id.

    Raises:
        BadRequest: it is not over yet (status 409).
        VendorError: the records failed.
    """
    call = await records.call(call_id)
    if call is not None and call.id == call_id and call.state is not State.ENDED:
        raise BadRequest("It is not over yet: end it first.", param="erase", status=409)
    gone = await records.erase(call_id)
    discard(gone.recordings)
    return gone
