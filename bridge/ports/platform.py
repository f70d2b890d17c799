"""The voice platform, asked what became of a call.

An adapter promises: what it tells is the platform's own truth at this moment; a conversation that
the platform doesn't know is `None` and no error; every failure is a `VendorError`.
"""

from typing import Protocol

from bridge.core.platform_call import PlatformCall


class Platform(Protocol):
    """See the module."""

    async def conversation(self, conversation: str) -> PlatformCall | None:
        """What is known of a conversation; `None` when the platform knows of none."""
