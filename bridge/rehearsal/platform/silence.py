"""What the platform makes of silence: it asks for words, and in the end it hangs up. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Silence:
    """A moment at which silence has lasted long enough. `ends`: for the call to end."""

    at_s: float
    ends: bool


def next_silence(
    quiet_s: float | None, caller_s: float, asks_after_s: float, ends_after_s: float
) -> Silence | None:
    """When something comes of silence, and what; `None` while somebody speaks or thinks, or never.

    Args:
        quiet_s: since when nobody has spoken and nobody thinks; `None` while somebody does.
        caller_s: when the caller spoke last, or the call began.
        asks_after_s: silence after which bridge is asked; below 0 is never.
        ends_after_s: silence of the caller after which the call ends; below 0 is never.
    """
    if quiet_s is None:
        return None
    # A long reply may have outlasted the caller's patience by the platform's reckoning: nobody is
    # hung up on in the moment in which it ends.
    asks = [Silence(quiet_s + asks_after_s, ends=False)] if asks_after_s >= 0 else []
    ends = [Silence(max(quiet_s, caller_s + ends_after_s), ends=True)] if ends_after_s >= 0 else []
    return min([*ends, *asks], key=lambda one: one.at_s, default=None)
