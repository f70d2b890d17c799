"""What to do next about the public address. Pure: a fact in, commands out, no clock.

Facts happened and can't be refused; the last command of each step says what to wait for:
`Ask` from outside, `Watch` what is fine, or `Reopen`.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias, assert_never

from bridge.ports.tunnel import Lost

FIRST_PAUSE_S = 1.0
"""Pause before something is tried again. It doubles each time, up to `LONGEST_PAUSE_S`."""

LONGEST_PAUSE_S = 60.0
"""Longest pause: a caller who heard nothing tries again within a minute or two. Asking at this
pace uses up a free ngrok account's 20,000 requests a month in two weeks of failing."""

ASK_EVERY_S = 900.0
"""How often an address that is fine is asked from outside: 2,900 times a month, a seventh of the
20,000 requests that ngrok's free plan has. What goes wrong on this machine is seen in seconds."""

MISSES_OF_A_NEW = 8
"""How often in a row a newly opened address may fail to lead here before it is opened again: about
three minutes. Names take that long to be known."""

MISSES_OF_A_PROVEN = 3
"""The same for one that has led here before: about seven seconds."""


@dataclass(frozen=True, slots=True)
class State:
    """Where we are.

    Attributes:
        url: the open address; empty when there is none.
        announced: the last address that was told of as new.
        is_proven: it led here when it was last asked.
        was_proven: it has led here since it was opened.
        misses: how often in a row it did not.
        failures: how often in a row it had to be opened again without having lasted.
        trouble: what was told last of why we are not reached; empty when we are.
    """

    url: str = ""
    announced: str = ""
    is_proven: bool = False
    was_proven: bool = False
    misses: int = 0
    failures: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """An address is open. `""`: there is none, and none is wanted."""

    url: str


@dataclass(frozen=True, slots=True)
class NotOpened:
    """None could be opened."""

    reason: str


@dataclass(frozen=True, slots=True)
class Proven:
    """Asked from outside, the address led here."""


@dataclass(frozen=True, slots=True)
class NotProven:
    """Asked from outside, it did not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Lasted:
    """Nothing happened for as long as it was watched."""


Fact: TypeAlias = Opened | NotOpened | Proven | NotProven | Lost | Lasted


@dataclass(frozen=True, slots=True)
class TellOpened:
    """Tell that an address is open, and not proven yet."""

    url: str


@dataclass(frozen=True, slots=True)
class TellNew:
    """Tell that the address is proven, and another than was told of before."""

    url: str


@dataclass(frozen=True, slots=True)
class TellRestored:
    """Tell that the address that was told of leads here again."""

    url: str


@dataclass(frozen=True, slots=True)
class TellLost:
    """Tell that we are not reached any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class TellTrouble:
    """Tell that we are not reached yet, or still not."""

    reason: str


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask from outside, after a pause in which a loss is noticed."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Watch:
    """Wait for a loss. `None`: for ever."""

    for_s: float | None


@dataclass(frozen=True, slots=True)
class Reopen:
    """Close what is open, and open again after a pause."""

    after_s: float


Tell: TypeAlias = TellOpened | TellNew | TellRestored | TellLost | TellTrouble
Wait: TypeAlias = Ask | Watch | Reopen


def step(state: State, fact: Fact) -> tuple[State, tuple[Tell, ...], Wait]:
    """Where we are after a fact, what to tell, and what to do next."""
    match fact:
        case Opened(url):
            return _opened(state, url)
        case NotOpened(reason):
            return _reopen(state, reason)
        case Proven():
            return _proven(state)
        case NotProven(reason):
            return _not_proven(state, reason)
        case Lost(reason, is_certain):
            if not is_certain:
                return state, (), Ask(0.0)
            return _reopen(state, reason)
        case Lasted():
            return replace(state, failures=0), (), Ask(0.0)
        case _:
            assert_never(fact)


def _opened(state: State, url: str) -> tuple[State, tuple[Tell, ...], Wait]:
    new = replace(state, url=url, is_proven=False, was_proven=False, misses=0)
    if not url:
        return new, (), Watch(None)
    return new, (TellOpened(url),) if url != state.url else (), Ask(0.0)


def _proven(state: State) -> tuple[State, tuple[Tell, ...], Wait]:
    told: tuple[Tell, ...] = ()
    if state.url != state.announced:
        told = (TellNew(state.url),)
    elif not state.is_proven:
        told = (TellRestored(state.url),)
    new = replace(state, announced=state.url, is_proven=True, was_proven=True, misses=0, trouble="")
    return new, told, Watch(ASK_EVERY_S)


def _not_proven(state: State, reason: str) -> tuple[State, tuple[Tell, ...], Wait]:
    misses = state.misses + 1
    if misses >= (MISSES_OF_A_PROVEN if state.was_proven else MISSES_OF_A_NEW):
        return _reopen(replace(state, misses=misses), reason)
    new, told = _unreached(replace(state, misses=misses), reason)
    return new, told, Ask(pause_s(misses))


def _reopen(state: State, reason: str) -> tuple[State, tuple[Tell, ...], Wait]:
    failures = state.failures + 1
    new, told = _unreached(replace(state, failures=failures), reason)
    return new, told, Reopen(pause_s(failures))


def _unreached(state: State, reason: str) -> tuple[State, tuple[Tell, ...]]:
    """That we are not reached: told when it begins, and when its reason is another."""
    new = replace(state, is_proven=False, trouble=reason)
    if state.is_proven:
        return new, (TellLost(reason),)
    return new, (TellTrouble(reason),) if reason != state.trouble else ()


def pause_s(times: int) -> float:
    """How long to wait after the `times`th failure in a row, in seconds."""
    return min(FIRST_PAUSE_S * 2.0 ** min(times - 1, 10), LONGEST_PAUSE_S)
