"""What was said in a turn, for the record: kept apart from `TurnReport`, which stays free of words.

Made when the turn is over, so that nobody on the telephone waits for it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.calls.report import TurnReport
from bridge.calls.request import TurnRequest
from bridge.calls.run import Run
from bridge.core.dialogue import News
from bridge.core.identity import CallIdentity
from bridge.core.reply import Call, Item, Words
from bridge.core.session import SessionKey


@dataclass(frozen=True, slots=True)
class Exchange:
    """One turn with its words. They are in no `repr`.

    Attributes:
        report: the turn without them.
        identity: who called.
        utterance: what the caller said; empty when the turn began with something else.
        sent: the agent's reply as sent, without fillers.
        ours: what bridge said instead of the agent.
        fillers: as sent.
        acts: control acts, as `{"name", "arguments"}`; `ring_back` names a call that was promised.
        heard_before: of an earlier run, by its id, what the caller heard; `None` when this turn
            doesn't tell.
    """

    report: TurnReport
    identity: CallIdentity = field(repr=False)
    session_key: SessionKey | None
    language: str
    utterance: str = field(default="", repr=False)
    sent: str = field(default="", repr=False)
    ours: str = field(default="", repr=False)
    fillers: tuple[str, ...] = field(default=(), repr=False)
    acts: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    heard_before: tuple[str, str] | None = field(default=None, repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was said or done in it: the end after a hang-up of ours, say."""
        return not (self.utterance or self.sent or self.ours or self.fillers or self.acts)


def of_run(
    request: TurnRequest,
    run: Run,
    report: TurnReport,
    heard_before: tuple[str, str] | None,
    promised: str | None = None,
) -> Exchange:
    """The exchange of a run whose reply is over. `promised`: the call that was promised in it."""
    delivery = run.delivery
    promise = [] if promised is None else [{"name": "ring_back", "arguments": {"call": promised}}]
    return Exchange(
        report,
        request.identity,
        request.session_key,
        request.language,
        _utterance(request),
        delivery.said,
        " ".join(delivery.ours),
        tuple(delivery.fillers),
        (*_acts(delivery.acts), *promise),
        heard_before,
    )


def answered_here(request: TurnRequest, items: Sequence[Item], report: TurnReport) -> Exchange:
    """The exchange of a reply that was given without the agent."""
    return Exchange(
        report,
        request.identity,
        request.session_key,
        request.language,
        _utterance(request),
        ours="".join(item.text for item in items if isinstance(item, Words)).strip(),
        acts=_acts([item for item in items if isinstance(item, Call)]),
    )


def _utterance(request: TurnRequest) -> str:
    dialogue = request.dialogue
    return dialogue.newest[-1].text if dialogue.news is News.UTTERANCE else ""


def _acts(calls: Sequence[Call]) -> tuple[Mapping[str, Any], ...]:
    return tuple({"name": call.name, "arguments": _arguments(call)} for call in calls)


def _arguments(call: Call) -> object:
    try:
        return json.loads(call.arguments)
    except ValueError:
        return call.arguments
