"""Every way in which bridge is broken on purpose, and which scenarios must notice.

    WAYS["fillers are off"].breaks(monkeypatch)
    perform(scenario)                           # fails, and says what

Each takes away one of its answers to what hurts on the telephone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from bridge.calls import asking, entrance, errands, recorder, runs
from bridge.calls.ring_back import RingBacks
from bridge.calls.run import Run
from bridge.carriers import elevenlabs as carrier
from bridge.core import (
    call_outcome,
    control,
    delivery,
    filler,
    initiation,
    outbound,
    policy,
    post_call,
    prompts,
    turn,
)
from bridge.core.dialogue import News
from bridge.core.latency import Moments
from bridge.core.reply import End
from bridge.core.speech import shaper
from bridge.core.turn_events import (
    TurnClass,
)
from bridge.rehearsal import stage
from bridge.rehearsal.platform import conversation
from bridge.wiring import bridge as whole
from bridge.wiring import doors
from tests.e2e.rehearsal.breaking import (
    OldNames,
    all_are_completed,
    call_first,
    dials_again,
    forgets,
    forgets_sessions,
    greets_nobody,
    keeps_on,
    machines_are_people,
    no_deadline,
    no_ring_back,
    not_written,
    own_words,
    passes_all,
    raises,
    setting,
    shapes_nothing,
    stepping,
    stops_nothing,
    wrapping,
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to break bridge.

    Attributes:
        noticed_by: scenarios that must fail.
        says: what a failed verdict says, of what was expected or of what was seen.
        breaks: takes the answer away.
    """

    noticed_by: Sequence[str]
    says: str
    breaks: Callable[[pytest.MonkeyPatch], None]


SILENCES = ((News.NOTHING, False, False), (News.NOTHING, False, True))

NOBODY = policy.Decision(allowed=False, rule="disabled")
EVERYBODY = policy.Decision(allowed=True, rule="open")


WAYS: Mapping[str, Way] = {
    "every request is a run of its own": Way(
        ("repeat", "impatient", "twice-at-once"),
        "for any one utterance",
        stepping(forgets),
    ),
    "retries are not joined": Way(
        ("repeat", "impatient", "twice-at-once"),
        "for any one utterance",
        setting(turn, "_joinable", lambda _held, _event: None),
    ),
    "what was revised is not stopped": Way(
        ("revised", "speculative"), "one thing at a time", stepping(stops_nothing)
    ),
    "a run goes on when the caller is gone": Way(
        ("hang-up-in-reply", "hang-up-early", "barge-in"),
        "let go of when nobody listens",
        stepping(keeps_on),
    ),
    "no transcript is waited for to settle": Way(
        ("revised",), "the agent is asked at most", setting(runs, "RESTLESS_SETTLE_S", 0.0)
    ),
    "the agent is not told what was heard": Way(
        ("barge-in",), "the agent is told “counted”", setting(asking, "_note", lambda _plan: "")
    ),
    "fillers are off": Way(
        ("slow-agent", "german-caller", "working", "agent-hangs", "pauses"),
        "fillers heard",
        setting(filler, "schedule", lambda _first, _count: ()),
    ),
    "there is no deadline": Way(
        ("agent-hangs",), "in silence", wrapping(Run, "speak", no_deadline)
    ),
    "nobody is rung back": Way(
        ("ring-back",), "bridge places 1 call", wrapping(RingBacks, "keep", no_ring_back)
    ),
    "nothing is shaped": Way(
        ("markdown", "reasoning", "spoken-json"),
        "is not heard",
        wrapping(whole, "turn_rules", shapes_nothing),
    ),
    "marks are spoken": Way(
        ("outbound-conversation", "last-words", "reasoning"),
        "fit for a voice",
        lambda patch: patch.setattr(
            shaper.Shaper, "feed", lambda _self, text, _at_s: (text,) if text else ()
        ),
    ),
    "acts are dropped": Way(
        ("outbound-conversation", "last-words", "continuation", "two-languages", "tool-call"),
        "tools carried out",
        setting(delivery.Delivery, "_acts", lambda _self: []),
    ),
    "the line is hung up before the last words": Way(
        ("last-words",),
        "“goodbye until tonight.” is heard",
        wrapping(delivery.Delivery, "text", call_first),
    ),
    "tools get the arguments of another day": Way(
        ("transfer", "transfer-as-documented"),
        "tools carried out",
        setting(control, "_arguments", OldNames()),
    ),
    "errors are read out": Way(
        ("agent-fails", "agent-error-event", "agent-refuses-key", "agent-overloaded"),
        "is not heard",
        setting(delivery, "sentence_for", own_words),
    ),
    "every failure has the same sentence": Way(
        ("agent-down", "agent-starting", "agent-breaks-off", "agent-restarts"),
        "is heard",
        setting(delivery, "sentence_for", lambda *_args, **_named: "Something is wrong."),
    ),
    "an empty reply is not passed": Way(
        ("agent-says-nothing",),
        "tools carried out: skip_turn",
        setting(delivery.Delivery, "_pass_the_turn", lambda _self: []),
    ),
    "an empty reply stays one": Way(
        ("agent-says-nothing-aloud",),
        "“I lost track there” is heard",
        setting(delivery.Delivery, "_failed", lambda _self, _failure, _sentence: [End()]),
    ),
    "bridge says nothing of its own": Way(
        ("silence", "nobody-speaks", "opened-by-bridge"),
        "is heard",
        setting(prompts, "answer", lambda *_args, **_named: [End()]),
    ),
    "a silence is put to the agent": Way(
        ("silence", "silence-skipped"),
        "the agent is not asked",
        setting(turn, "CLASSES", {**turn.CLASSES, **dict.fromkeys(SILENCES, TurnClass.NEW)}),
    ),
    "a silence is answered with nothing in the end": Way(
        ("nobody-there",), "is heard", setting(prompts, "_left", lambda *_: [End()])
    ),
    "results of acts are put to the agent": Way(
        ("continuation", "transfer-refused"),
        "the agent is asked",
        setting(prompts, "may_continue", lambda *_args, **_named: False),
    ),
    "nobody is greeted": Way(
        ("greeting", "german-caller"),
        "is heard",
        greets_nobody,
    ),
    "a number tells no language": Way(
        ("german-caller",), "is heard", setting(initiation, "language_by_number", lambda *_: None)
    ),
    "everybody may call": Way(
        ("refused", "withheld-refused"),
        "the agent is not asked",
        setting(policy, "decide", lambda _policy, _identity: EVERYBODY),
    ),
    "nobody may call": Way(
        ("withheld", "new"),
        "the agent is asked",
        setting(policy, "decide", lambda _policy, _identity: NOBODY),
    ),
    "no code is asked for": Way(
        ("pin", "pin-locked"),
        "the agent is not asked",
        wrapping(
            doors, "entrance_rules", lambda real: lambda settings: replace(real(settings), pin=None)
        ),
    ),
    "the guard lets every call pass": Way(
        ("out-of-hours", "do-not-call"),
        "nothing rings",
        wrapping(outbound, "decide", passes_all),
    ),
    "a dial is tried again": Way(
        ("answer-lost",), "bridge places 1 call", wrapping(carrier.Dialer, "dial", dials_again)
    ),
    "a message is put to the agent": Way(
        ("outbound-notify",),
        "the agent is not asked",
        setting(entrance.Entrance, "_closing", lambda *_args: ()),
    ),
    "the kill switch is not looked at": Way(
        ("stop-all",),
        "the agent is not asked",
        setting(errands.Errands, "is_stopped", lambda _self, _identity: False),
    ),
    "the agent is not told what a call is for": Way(
        ("outbound-conversation",),
        "the agent is told “Ask whether",
        setting(entrance.Entrance, "_errand", lambda _self, _identity: ""),
    ),
    "a report counts as often as it comes": Way(
        ("post-call-repeated",),
        "each report of the call counts once",
        setting(post_call.Taken, "__contains__", lambda _self, _report: False),
    ),
    "no report can be checked": Way(
        ("new", "post-call-repeated"),
        "answered",
        setting(doors, "post_call_secrets", lambda _settings: ("another secret",)),
    ),
    "reports are not written": Way(
        ("new", "voicemail"),
        "the call's record has ended",
        setting(recorder.Recorder, "_write", not_written),
    ),
    "turns are not written": Way(
        ("new", "repeat", "restart"),
        "on record",
        setting(recorder.Recorder, "turned", lambda _self, _exchange: None),
    ),
    "a call that nobody took counts as one": Way(
        ("busy", "no-answer"),
        "outcome on record",
        wrapping(call_outcome, "verdict", all_are_completed),
    ),
    "a machine is taken for a person": Way(
        ("voicemail",),
        "outcome on record is 'voicemail'",
        wrapping(call_outcome, "verdict", machines_are_people),
    ),
    "a stage is counted twice": Way(
        ("new",),
        "sum to its whole",
        wrapping(
            Moments,
            "stages",
            lambda real: lambda self: {**real(self), "think": real(self)["think"] + 0.5},
        ),
    ),
    "a restart loses the session": Way(
        ("restart", "crash"),
        "the agent is asked in one session",
        forgets_sessions,
    ),
    "the platform is not told of a new address": Way(
        ("tunnel-moves",),
        "is heard",
        setting(
            conversation,
            "chat_url",
            lambda _opening, _url: f"{stage.PUBLIC_URLS[0]}/v1/chat/completions",
        ),
    ),
    "something is broken in each turn": Way(
        ("new",), "bridge failed: turn.broke", setting(asking, "_instructions", raises)
    ),
}
"""Every answer, taken away."""
