"""A delivery of a call's sound, taken apart without reading the sound.

    {"type":"post_call_audio","data":{"agent_id":…,"conversation_id":…,"full_audio":"SUQz…"}}

The sound is megabytes of base64. Read as JSON it would be in memory twice, so it is cut out first:
base64 holds no quotation mark and nothing that JSON escapes, but a slash for whom that pleases.

Source: elevenlabs.io/docs, post-call webhooks (2026-11).
"""

import re

AUDIO = "post_call_audio"

MOST_BYTES = 50_331_648
"""Largest delivery of sound, 48 MiB: two hours at 40 kbit/s, or half an hour at 192."""

SHORT = 4096
"""A shorter value isn't worth cutting out."""

_SOUND = re.compile(rb'"full_audio"\s*:\s*"([A-Za-z0-9+=/]*)"')


def cut(body: bytes) -> tuple[bytes, memoryview]:
    """The body without its sound, and the sound: empty when there is none to cut out."""
    found = _SOUND.search(body) if len(body) > SHORT else None
    if found is None:
        return body, memoryview(b"")
    start, end = found.span(1)
    return body[:start] + body[end:], memoryview(body)[start:end]
