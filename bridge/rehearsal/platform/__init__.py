"""A simulated voice platform: rings the real server and talks with it as ElevenLabs does.

What belongs here: how ElevenLabs behaves towards bridge, what hurts included. What doesn't: what
a scenario wants to see (`judging`), and anything of bridge's own. What is decided is in pure parts
(`history`, `speaking`, `request`, `stream`, `opening`, `record`, `silence`, `ours`); the rest
waits.

Read `exchange.py` (calls), then `conversation.py` (one call), then `asking.py` (one request).
"""

from bridge.rehearsal.platform.exchange import Platform

__all__ = ["Platform"]
