"""One realistic turn through the public address, as the platform will ask it.

It proves the whole way: name, certificate, tunnel or proxy, token, server, agent. Costs the agent
one short turn, in a session of its own.
"""

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from bridge import clock
from bridge.core.identity import CONVERSATION_HEADER
from bridge.core.initiation import NOT_STATED, VARIABLES
from bridge.core.language import LANGUAGES
from bridge.core.phrases import PhraseBook
from bridge.core.stated import SESSION_HEADER
from bridge.provision.agent import CASCADE_TIMEOUT_S, MODEL
from bridge.provision.wish import Wish
from bridge.vendors.sse import EventReader

CHECK_SESSION = "bridge:check"
"""The session of the test turn, so that no caller's conversation holds it."""

CONNECT_S = 5.0
"""How long the way there may take."""

ANSWER_BYTES = 1_048_576
"""Most that is read of an answer: a short sentence has a few hundred bytes."""

REPLY_S = 120.0
"""Longest reply that is listened to. The server ends a turn itself, after `turn.deadline_s`."""

QUESTION = "This is a check of the line. Reply with one short sentence."


@dataclass(frozen=True, slots=True)
class Proof:
    """How the test turn went.

    Attributes:
        fault: what was wrong, as a sentence; empty when the turn went well.
        cure: what to do about it.
        first_words_s: from asking to the first words, by the clock of this machine.
    """

    fault: str = ""
    cure: str = ""
    first_words_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        took = None if self.first_words_s is None else round(self.first_words_s, 3)
        return {"ok": not self.fault, "fault": self.fault, "cure": self.cure, "first_words_s": took}


async def prove(wish: Wish, book: PhraseBook) -> Proof:
    """Asks one turn. Raises nothing for what it finds.

    Args:
        book: our phrases, by which an apology is told from a reply.
    """
    began_s = clock.now_s()
    limits = httpx.Timeout(CASCADE_TIMEOUT_S, connect=CONNECT_S)
    try:
        async with (
            httpx.AsyncClient(timeout=limits) as http,
            http.stream("POST", _address(wish), headers=_headers(wish), json=_body()) as response,
        ):
            if response.status_code != httpx.codes.OK:
                return _refused(wish, response)
            if not response.headers.get("content-type", "").startswith("text/event-stream"):
                fault = f"{wish.public_url} answers with something else than a stream."
                return Proof(fault, _CURE)
            return await _listen(wish, response, book, began_s)
    except httpx.TimeoutException:
        return _late(wish)
    except httpx.HTTPError as error:
        fault = f"{wish.public_url} does not answer ({type(error).__name__})."
        return Proof(fault, "Start `bridge serve` and whatever makes it public; then run it again.")


_CURE = "`bridge doctor` says what answers there."


def _address(wish: Wish) -> str:
    return f"{wish.chat_url}/chat/completions"


def _headers(wish: Wish) -> dict[str, str]:
    return {
        **dict.fromkeys(VARIABLES.values(), NOT_STATED),
        SESSION_HEADER: CHECK_SESSION,
        CONVERSATION_HEADER: f"check-{secrets.token_hex(8)}",
        "authorization": f"Bearer {wish.token}",
        "ngrok-skip-browser-warning": "1",
    }


def _body() -> Mapping[str, Any]:
    return {
        "model": MODEL,
        "stream": True,
        "temperature": 0.0,
        "max_tokens": 1024,
        "messages": [
            {"role": "system", "content": "You are on the telephone."},
            {"role": "user", "content": QUESTION},
        ],
    }


def _refused(wish: Wish, response: httpx.Response) -> Proof:
    if response.status_code == httpx.codes.UNAUTHORIZED:
        return Proof(
            f"The server at {wish.public_url} refuses the platform token.",
            "Run the server and `bridge provision` with the same server.token.",
        )
    return Proof(f"{wish.public_url} answers with HTTP {response.status_code}.", _CURE)


def _late(wish: Wish) -> Proof:
    fault = f"{wish.public_url} sent no words within {CASCADE_TIMEOUT_S} s."
    return Proof(fault, "See that the server runs, and how long the agent takes to reply.")


async def _listen(wish: Wish, response: httpx.Response, book: PhraseBook, began_s: float) -> Proof:
    reader, said, first_s, size = EventReader(), "", None, 0
    async for piece in response.aiter_bytes():
        size, took_s = size + len(piece), clock.now_s() - began_s
        if first_s is None and took_s > CASCADE_TIMEOUT_S:
            return _late(wish)  # something came all the while, and none of it was words
        if size > ANSWER_BYTES or took_s > REPLY_S:
            return Proof("The reply has no end.", "Look at the agent's own log.")
        for payload in reader.feed(piece):
            words = _words(payload)
            if words and first_s is None:
                first_s = clock.now_s() - began_s
            said += words
    if first_s is None:
        return Proof("The reply was empty.", "Ask the agent with `bridge chat`, and see its log.")
    if any(sentence in said for sentence in _apologies(book)):
        cure = "`bridge doctor` on the server's machine says why."
        return Proof("The server answers there, but its agent does not.", cure, first_s)
    return Proof(first_words_s=first_s)


def _words(payload: bytes) -> str:
    """The words of one chunk."""
    try:
        content = json.loads(payload)["choices"][0]["delta"].get("content")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return content if isinstance(content, str) else ""


def _apologies(book: PhraseBook) -> Iterator[str]:
    """What a caller hears when the agent can't be had, in every language."""
    for language in LANGUAGES:
        phrases = book.for_language(language)
        yield from (phrases.unreachable, phrases.failed, phrases.misconfigured, phrases.too_slow)
