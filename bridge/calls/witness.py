"""Who is told what happens in calls, as it happens. Told in passing: nobody waits for a witness."""

from typing import Protocol

from bridge.calls.exchange import Exchange
from bridge.core.identity import CallIdentity
from bridge.core.session import SessionKey


class Witness(Protocol):
    """Never waits and never raises: a caller is on the line."""

    def rang(self, identity: CallIdentity, key: SessionKey | None, language: str) -> None:
        """A call rings, and was let in."""

    def turned_away(self, identity: CallIdentity, rule: str) -> None:
        """A call was refused by that rule."""

    def turned(self, exchange: Exchange) -> None:
        """A turn is over."""


class Nobody:
    """A witness who forgets it all."""

    def rang(self, identity: CallIdentity, key: SessionKey | None, language: str) -> None:
        """See `Witness.rang`."""

    def turned_away(self, identity: CallIdentity, rule: str) -> None:
        """See `Witness.turned_away`."""

    def turned(self, exchange: Exchange) -> None:
        """See `Witness.turned`."""


NOBODY = Nobody()
