"""What keeps a bridge reachable from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bridge.reach.keeper import Keeper, Listener, prover
from bridge.settings import Settings
from bridge.wiring.adapters import connect_tunnel
from bridge.wiring.bridge import Bridge


@asynccontextmanager
async def open_keeper(
    settings: Settings, bridge: Bridge, port: int, listener: Listener
) -> AsyncIterator[Keeper]:
    """What keeps that port, on which the bridge listens, reachable from outside.

    Raises:
        SettingsError: as `connect_tunnel`.
    """
    async with connect_tunnel(settings) as tunnel:
        yield Keeper(
            tunnel,
            port,
            prove=prover(bridge.presence.proof_of),
            whereabouts=bridge.whereabouts,
            listener=listener,
            is_stopping=lambda: bridge.gate.draining,
        )
