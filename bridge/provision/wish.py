"""What is wanted at the voice platform: the settings, as provisioning needs them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.core.phone import E164

CHAT_PATH = "/v1"
"""Base of the chat API below the public address: the platform adds `/chat/completions`."""

INBOUND_PATH = "/webhooks/elevenlabs/inbound"
POST_CALL_PATH = "/webhooks/elevenlabs/post-call"


@dataclass(frozen=True, slots=True)
class Wish:
    """What should be there.

    Attributes:
        name: of the agent; the other objects are called after it.
        public_url: what the world calls this server, without a slash at its end.
        token: the platform token, that the platform sends with each turn.
        webhook_token: what it sends when a call rings.
        language: the agent's own.
        greetings: what is said first, by language; the agent's own among them. More than one when
            callers are greeted in their own.
        patience: what the platform says itself when we say nothing at all for a while.
        reads_numbers: whether the platform turns digits into words.
        voice_id: `None`: the workspace's default.
        transfer_to: numbers that a call may be put through to.
        silence_s, max_call_s: when the platform hangs up by itself.
        record_voice, retention_days: what it keeps of a call.
        keeps_sound: we keep the sound of calls, so the platform is to send it.
        number: our line; `None`: no number is seen to.
        adopt: the id of an agent made by hand that is to be used.
    """

    name: str
    public_url: str
    token: str = field(repr=False)
    webhook_token: str = field(repr=False)
    language: str = "en"
    greetings: Mapping[str, str] = field(default_factory=dict)
    patience: str = "One moment... "
    reads_numbers: bool = True
    voice_id: str | None = None
    transfer_to: tuple[str, ...] = field(default=(), repr=False)
    silence_s: int = 180
    max_call_s: int = 1800
    record_voice: bool = False
    retention_days: int = 30
    keeps_sound: bool = False
    number: E164 | None = field(default=None, repr=False)
    adopt: str | None = None

    @property
    def chat_url(self) -> str:
        """Where the platform asks for turns."""
        return self.public_url + CHAT_PATH

    @property
    def inbound_url(self) -> str:
        """Where it tells that a call rings."""
        return self.public_url + INBOUND_PATH

    @property
    def post_call_url(self) -> str:
        """Where it tells how a call went."""
        return self.public_url + POST_CALL_PATH

    @property
    def _slug(self) -> str:
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def token_name(self) -> str:
        """What the secret with the platform token is called."""
        return f"{self._slug}-platform-token"

    @property
    def webhook_token_name(self) -> str:
        """What the secret with the inbound webhook's token is called."""
        return f"{self._slug}-webhook-token"

    @property
    def post_call_name(self) -> str:
        """What the post-call webhook is called."""
        return f"{self._slug}-post-call"
