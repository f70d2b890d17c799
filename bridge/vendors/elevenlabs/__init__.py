"""ElevenLabs' API: the only user of its SDK.

`client` is one thin client: dictionaries out, replies checked, no retries. `conversations` asks
what became of a call, without the SDK. `faults` makes of each failure one sentence with its cure.
"""

from bridge.vendors.elevenlabs.client import Account, ElevenLabs, connect

__all__ = ["Account", "ElevenLabs", "connect"]
