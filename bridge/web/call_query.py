"""Which calls a query asks for: its parameters as a filter, whoever asks.

Apart from the routes, so that a command which reads the records itself needs no server's parts.
"""

from collections.abc import Mapping

from bridge.core.identity import Direction
from bridge.core.phone import E164, parse_e164
from bridge.core.record import Outcome
from bridge.errors import BadRequest
from bridge.ports.records import MAX_PAGE, Filter


def parse_filter(query: Mapping[str, str]) -> Filter:
    """The filter in a query.

    Raises:
        BadRequest: a value can't be; it is never repeated.
    """
    outcome, direction = query.get("outcome"), query.get("direction")
    if outcome is not None and outcome not in set(Outcome):
        raise BadRequest(f"'outcome' must be one of {', '.join(Outcome)}.", param="outcome")
    which: Direction | None = None
    if direction is not None:
        if direction not in ("inbound", "outbound"):
            raise BadRequest("'direction' must be inbound or outbound.", param="direction")
        which = "inbound" if direction == "inbound" else "outbound"
    return Filter(
        direction=which,
        outcome=None if outcome is None else Outcome(outcome),
        since_s=_moment(query, "since"),
        until_s=_moment(query, "until"),
        remote=_number(query.get("remote")),
        owner=query.get("owner"),
        live=parse_flag(query, "live"),
    )


def _number(text: str | None) -> E164 | None:
    if text is None:
        return None
    try:
        return parse_e164(text if text.startswith("+") else f"+{text.strip()}")
    except ValueError as error:
        raise BadRequest(f"'remote' can't be used: it is {error}.", param="remote") from None


def _moment(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        at_s = float(text)
    except ValueError:
        at_s = float("nan")
    if not abs(at_s) < float("inf"):
        raise BadRequest(f"{name!r} must be seconds since 1970.", param=name)
    return at_s


def parse_count(query: Mapping[str, str], name: str, otherwise: int) -> int:
    """How many are wanted. Raises `BadRequest`."""
    text = query.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_PAGE):
        raise BadRequest(f"{name!r} must be 1 to {MAX_PAGE}.", param=name)
    return int(text)


def parse_flag(query: Mapping[str, str], name: str) -> bool:
    """Whether it is wanted. Raises `BadRequest`."""
    text = query.get(name, "false").lower()
    if text not in ("true", "false", "1", "0", ""):
        raise BadRequest(f"{name!r} must be true or false.", param=name)
    return text in ("true", "1")
