"""What the recorder is told, and the calls that begin with it. Moments are time of day."""

import secrets
from dataclasses import dataclass, field

import anyio

from bridge.calls.errands import carrier_id
from bridge.calls.exchange import Exchange
from bridge.core.identity import CallIdentity, Direction, Strength
from bridge.core.platform_call import PlatformCall
from bridge.core.record import CallRecord, Source, State
from bridge.core.redaction import Redactor
from bridge.core.session import SessionKey
from bridge.errors import BridgeError


@dataclass(frozen=True, slots=True)
class Keeping:
    """What may be kept.

    Attributes:
        words: whether anything that was said is.
        redactor: takes out what never may be.
    """

    words: bool = True
    redactor: Redactor = field(default_factory=Redactor)


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call rings, and was let in."""

    at_s: float
    identity: CallIdentity
    key: SessionKey | None
    language: str


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A call was refused."""

    at_s: float
    identity: CallIdentity
    rule: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A turn is over. `at_s` is when its request came."""

    at_s: float
    exchange: Exchange


@dataclass(slots=True)
class Delivered:
    """A report on its way to the disk, and what became of it."""

    at_s: float
    kind: str
    told: PlatformCall
    file: str = ""
    written: anyio.Event = field(default_factory=anyio.Event)
    error: BridgeError | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Lapsed:
    """A call has been silent for so long that it is over."""

    at_s: float
    call_id: str


Fact = Ringing | TurnedAway | Finished | Delivered | Lapsed


def names_call(identity: CallIdentity) -> bool:
    """Whether a record can be kept: a request that stands alone belongs to no call."""
    return identity.strength is Strength.CONVERSATION or identity.call is not None


def name_of(identity: CallIdentity) -> str:
    """What tells this call from others."""
    return identity.conversation or f"carrier:{identity.call}"


def new_call(identity: CallIdentity, at_s: float, state: State) -> CallRecord:
    """A call that begins with what was stated of it."""
    direction: Direction = identity.direction or "inbound"
    return CallRecord(
        id=new_call_id(),
        direction=direction,
        source=_source(direction, is_telephone=identity.is_call),
        state=state,
        placed_s=at_s,
        touched_s=at_s,
        conversation=identity.conversation,
        carrier_call=carrier_id(identity),
        remote=identity.remote,
        line=identity.line,
    )


def told_call(told: PlatformCall, at_s: float) -> CallRecord:
    """A call of which we hear from the platform first."""
    direction: Direction = told.direction or "inbound"
    began_s = told.started_s if told.started_s is not None else told.accepted_s
    is_telephone = told.direction is not None or bool(told.failure or told.machine)
    return CallRecord(
        id=new_call_id(),
        direction=direction,
        source=_source(direction, is_telephone=is_telephone),
        state=State.PLACED,
        placed_s=min(began_s, at_s) if began_s is not None else at_s,
        touched_s=at_s,
        conversation=told.conversation,
        carrier_call=told.carrier_call,
        remote=told.remote,
        line=told.line,
    )


def _source(direction: Direction, *, is_telephone: bool) -> Source:
    if direction == "outbound":
        return Source.ELSEWHERE
    return Source.INBOUND if is_telephone else Source.TEXT


def new_call_id() -> str:
    """An id for a call: random, and short enough to be typed by its first letters."""
    return f"call_{secrets.token_hex(8)}"
