"""What a request's history says: who spoke last, and which turn this is.

The platform sends the whole dialogue each time. Reading it answers two questions: what is new
(a caller's words, results of tool calls, or nothing), and which turn that makes it, as a
`TurnKey` that is the same for every repeat of the turn.

A turn is known by the caller's own words so far and by nothing the platform may rewrite: an
assistant message is cut when the caller barges in, sometimes between two requests of one turn.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.core.chat import Message

_SILENCE = re.compile(r"[\s.…]*")
"""What platforms send as the caller's words when there were none."""


class News(StrEnum):
    """What is new at the end of a history."""

    UTTERANCE = "utterance"
    """Words of the caller that stand unanswered."""
    RESULTS = "results"
    """Results of tool calls."""
    NOTHING = "nothing"
    """The last utterance has its reply in the history."""
    NOBODY = "nobody"
    """The caller has said nothing yet."""


@dataclass(frozen=True, slots=True)
class TurnKey:
    """Which turn: how many utterances came before it, a digest of those, and one of its own words.

    Two keys with equal `place` are the same moment of the same conversation.
    """

    position: int
    before: str
    words: str

    @property
    def place(self) -> tuple[int, str]:
        """The moment in the conversation, whatever is said there."""
        return (self.position, self.before)


@dataclass(frozen=True, slots=True)
class CalledTool:
    """A tool call found in the history: its id, the tool's name and, if any, its result's text."""

    id: str
    name: str
    result: str | None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A history, read.

    Attributes:
        news: what is new.
        key: the turn; for `NOTHING` the last one that has been replied to; `None` for `NOBODY`.
        newest: the new messages themselves: unanswered utterances (oldest first) or tool results.
        utterance_keys: for each utterance in `newest`, the key it had when it came; `key` is the
            last.
        previous_reply: what the history says was spoken between the last two utterances, message
            by message.
        since: what the history says was spoken after the last utterance.
        called: tool calls since the last utterance, oldest first.
    """

    news: News
    key: TurnKey | None
    newest: tuple[Message, ...] = ()
    utterance_keys: tuple[TurnKey, ...] = ()
    previous_reply: tuple[str, ...] = ()
    since: str = ""
    called: tuple[CalledTool, ...] = ()


def is_silence(text: str) -> bool:
    """Whether a caller's message holds no words at all."""
    return _SILENCE.fullmatch(text) is not None


def utterances(messages: Sequence[Message]) -> list[str]:
    """The caller's utterances, oldest first, in the order that counts their positions."""
    return [m.text for m in messages if m.role == "user" and not is_silence(m.text)]


def read(messages: Sequence[Message]) -> Dialogue:
    """Reads a history: any roles in any order, as long as the platform sends it."""
    spoken = [m for m in messages if m.role in ("user", "assistant", "tool")]
    places = [i for i, m in enumerate(spoken) if m.role == "user" and not is_silence(m.text)]
    if not places:
        return Dialogue(News.NOBODY, None, since=_spoken_text(spoken))
    keys = _keys([spoken[i].text for i in places])
    tail = spoken[places[-1] + 1 :]
    before = spoken[places[-2] + 1 : places[-1]] if len(places) > 1 else []
    previous, since, called = _spoken(before), _spoken_text(tail), _called(tail)
    if tail and tail[-1].role == "tool":
        results = _results(tail)
        key = _with_results(keys[-1], results)
        return Dialogue(News.RESULTS, key, results, (), previous, since, called)
    if since or called:
        return Dialogue(News.NOTHING, keys[-1], (), (), previous, since, called)
    count = _unanswered(spoken, places)
    newest = tuple(spoken[i] for i in places[-count:])
    return Dialogue(News.UTTERANCE, keys[-1], newest, tuple(keys[-count:]), previous)


def _spoken(messages: Sequence[Message]) -> tuple[str, ...]:
    return tuple(m.text.strip() for m in messages if m.role == "assistant" and m.text.strip())


def _spoken_text(messages: Sequence[Message]) -> str:
    return " ".join(_spoken(messages))


def _unanswered(spoken: Sequence[Message], places: Sequence[int]) -> int:
    """How many utterances at the end have no reply between them."""
    count = 1
    for earlier, later in zip(reversed(places[:-1]), reversed(places), strict=False):
        between = spoken[earlier + 1 : later]
        if any(m.role != "user" and (m.text.strip() or m.call_ids) for m in between):
            break
        count += 1
    return count


def _called(tail: Sequence[Message]) -> tuple[CalledTool, ...]:
    results = {m.call_ids[0]: m.text for m in tail if m.role == "tool"}
    return tuple(
        CalledTool(call["id"], call["function"]["name"], results.get(call["id"]))
        for m in tail
        if m.role == "assistant" and m.call_ids
        for call in m.wire["tool_calls"]
    )


def _results(tail: Sequence[Message]) -> tuple[Message, ...]:
    """The results that answer the last calling message, or all there are when none does."""
    results = tuple(m for m in tail if m.role == "tool")
    for message in reversed(tail):
        if message.role == "assistant" and message.call_ids:
            return tuple(m for m in results if m.call_ids[0] in message.call_ids) or results
    return results


def _keys(utterances: Sequence[str]) -> list[TurnKey]:
    """The key of each utterance, given all of them in order."""
    keys = []
    before = hashlib.blake2b(digest_size=12)
    for position, text in enumerate(utterances):
        said = " ".join(text.split()).encode(errors="surrogatepass")
        words = hashlib.blake2b(said, digest_size=12).hexdigest()
        keys.append(TurnKey(position, before.hexdigest(), words))
        before.update(len(said).to_bytes(8, "big") + said)
    return keys


def _with_results(key: TurnKey, results: Sequence[Message]) -> TurnKey:
    """The turn that begins with these results: a moment of its own, after the utterance's."""
    ids = "\n".join(m.call_ids[0] for m in results).encode(errors="surrogatepass")
    after = hashlib.blake2b(ids, digest_size=12).hexdigest()
    return TurnKey(key.position, f"{key.before}.{key.words}", after)
