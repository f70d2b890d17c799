"""The tunnel: a public address for a port of this machine.

An adapter promises:

- the address it yields is https (or what the operator said it is), without a path or a slash at
  its end, and leads to the port for as long as the context is open;
- leaving the context closes what it opened, programs it started too, whatever happened meanwhile;
  what was there before it came stays;
- it says in the log before it downloads anything;
- every failure is a `BridgeError` in our words with a hint. Tokens stand in no message, no address
  and no list of processes.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Tunnel(Protocol):
    """A way to be reached from outside."""

    def open(self, port: int) -> AbstractAsyncContextManager[str]:
        """The public address of a port that something listens on; `""` when there is none.

        Raises:
            SettingsError: something the operator sets is missing or refused.
            VendorError: whoever lends the address failed.
        """
