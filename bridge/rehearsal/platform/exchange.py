"""The platform as a whole: acts out a scenario's calls, each from its ring to its report.

    a call that rings in ─▶ initiation webhook ─▶ conversation ─▶ report
    `POST /calls` ─▶ bridge ─▶ our API ─▶ it rings ─┬─ picked up ─▶ conversation ─▶ report
                                                    └─ not ───────▶ report of the failure
    a call back, for the lines that follow `picks_up`: as the second

A call that bridge places and nobody picks up rings to its end, so that it is on record.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import anyio
import anyio.abc
import httpx

from bridge import clock
from bridge.rehearsal.performance import Over, PickedUp
from bridge.rehearsal.platform import api, webhooks
from bridge.rehearsal.platform.caller import Caller
from bridge.rehearsal.platform.calls import Call
from bridge.rehearsal.platform.conversation import Conversation, Ended
from bridge.rehearsal.platform.live_caller import LiveCaller
from bridge.rehearsal.platform.opening import Stopped, agent_id, opening
from bridge.rehearsal.platform.ours import known_ours
from bridge.rehearsal.platform.record import (
    initiation_failure,
    machine_detection,
    transcription,
)
from bridge.rehearsal.platform.surroundings import Channel, Stage, Surroundings
from bridge.rehearsal.platform.switchboard import Switchboard
from bridge.rehearsal.platform.waiting import Waiting
from bridge.rehearsal.scenario import Line, OutboundCall, PickUp, Scenario
from bridge.rehearsal.servers import NO_TLS
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.sound import Ear, Person, Spoken, Voice

Json = dict[str, Any]

RING_BACK_WITHIN_S = 600.0
"""How long a caller waits to be called back: longer than the longest reply may take."""

DETECTS_S = 4.0
"""How long the carrier listens until it knows that a machine has picked up.
Source: twilio.com/docs/voice/answering-machine-detection (2026-11)."""

MACHINE = (
    Line(
        1,
        says="You have reached my mailbox. Please leave a message after the tone.",
        cuts_in_after_words=2,
    ),
    Line(2, silent_s=30.0),
)
"""What a machine says that has no lines of its own: it waits for nobody, and then it records."""

ORDER_S = 60.0
"""How long bridge may take to place a call: the platform asks the carrier first."""

_PLACED = frozenset({200, 201, 202})
_REFUSED = 403

FAILURES: Mapping[PickUp, str] = {PickUp.NO_ANSWER: "no-answer", PickUp.BUSY: "busy"}
"""What the platform reports of a call that nobody picked up."""


def acts(lines: Sequence[Line]) -> list[tuple[Line, ...]]:
    """The lines of each call: of the first one, and of every one that bridge rings back with."""
    found: list[list[Line]] = [[]]
    for line in lines:
        if line.picks_up:
            found.append([])
        else:
            found[-1].append(line)
    return [tuple(one) for one in found]


class Platform:
    """See the module.

    Args:
        voice: the voice agent's.
        callers_voice: the caller's; one without sound when not given.
        ear: who makes the caller's words out of sound; as they are written when not given.
        person: somebody real who speaks instead of the scenario's lines. An ear hears them.

    Attributes:
        app: the REST API.
        rings: every call that bridge had it place, and that rang: `conversation_id`, `to`,
            `user_id`; and `answer`, what `POST /calls` said, of the one that the scenario ordered.
        refusal: the error with which bridge would not place the scenario's call.
    """

    def __init__(
        self,
        scenario: Scenario,
        voice: Voice,
        *,
        callers_voice: Voice | None = None,
        ear: Ear | None = None,
        person: Person | None = None,
    ) -> None:
        self.refusal: Json | None = None
        self._switchboard = switchboard = Switchboard(scenario)
        self.rings = switchboard.rings
        self.app = api.app(api.Desk(scenario.line, switchboard.place, switchboard.records))
        self._scenario = scenario
        self._voice = voice
        self._callers_voice = callers_voice or SilentVoice()
        self._ear = ear
        self._person = person
        self._spoken: dict[int, Spoken] = {}
        self._around: Surroundings | None = None
        self._reports: anyio.abc.TaskGroup | None = None

    def call_audio(self) -> tuple[Channel, Channel]:
        """The sound of the caller and of the voice agent: frames, and the moment of each run."""
        assert self._around is not None, "it was acted out"
        return self._around.caller_sound, self._around.agent_sound

    async def act_out(self, stage: Stage) -> None:
        """Everything, to the last report. What happens goes to the stage's tape."""
        scenario = self._scenario
        first, *later = acts(scenario.lines)
        alone = httpx.Limits(max_keepalive_connections=0)
        waiting = Waiting(lambda: stage.tape.at_s)
        async with httpx.AsyncClient(
            timeout=None,  # noqa: S113 - whoever asks says for how long
            limits=alone,
            trust_env=False,
            verify=NO_TLS,
        ) as http:
            self._around = self._switchboard.around = Surroundings(
                stage=stage,
                http=http,
                manners=scenario.manners,
                voice=self._voice,
                callers_voice=self._callers_voice,
                ear=self._ear,
                ours=known_ours(),
                waiting=waiting,
                person=self._person,
            )
            await self._rehearse_lines()
            stage.tape.begin()
            async with anyio.create_task_group() as self._reports:
                if scenario.outbound is None:
                    await self._ring_in(first)
                else:
                    await self._ring_out(scenario.outbound, first)
                for lines in later:
                    await self._ring_back(lines)
                while self._switchboard.waiting:
                    call = self._switchboard.waiting.popleft()
                    await self._not_answered(call, PickUp.NO_ANSWER, call.ringing_timeout_s)

    # -- a call that rings in ---------------------------------------------------------------------

    async def _ring_in(self, lines: Sequence[Line]) -> None:
        around = self._here()
        call = self._switchboard.ring_in(agent_id(around.stage.voice_agent))
        try:
            call.introduced = await webhooks.introduce(around, call.phone)
        except Stopped as stopped:
            self._over(call, Ended("platform", str(stopped), has_failed=True))
            return
        await self._talk(call, lines)

    # -- calls that bridge places -----------------------------------------------------------------

    async def _ring_out(self, ordered: OutboundCall, lines: Sequence[Line]) -> None:
        """Orders the call of bridge, as `bridge call` does, and picks it up if it rings."""
        await self._order(ordered)
        if self._switchboard.waiting:
            await self._rings(
                self._switchboard.waiting.popleft(), ordered.pick_up, ordered.rings_s, lines
            )

    async def _order(self, ordered: OutboundCall) -> None:
        around = self._here()
        stage = around.stage
        said = {"to": ordered.to, "mode": ordered.mode}
        more = {"message": ordered.message, "brief": ordered.brief}
        answer = await around.http.post(
            stage.reach(stage.public_url.rstrip("/") + "/calls"),
            json={**said, **{name: text for name, text in more.items() if text}},
            headers={
                "authorization": f"Bearer {stage.operator_token}",
                "idempotency-key": f"rehearsal-{self._scenario.name}",
            },
            timeout=ORDER_S,
        )
        told = answer.json()
        if answer.status_code == _REFUSED:
            self.refusal = told["error"]
        elif answer.status_code in _PLACED:
            for ring in self.rings:
                ring["answer"] = told
        elif ordered.pick_up is not PickUp.REJECTED:
            around.tape.problems.append(f"POST /calls answered {answer.status_code}.")

    async def _ring_back(self, lines: Sequence[Line]) -> None:
        around = self._here()
        until_s = around.at_s + RING_BACK_WITHIN_S
        await around.waiting.until(lambda: 0.0 if self._switchboard.waiting else until_s)
        if not self._switchboard.waiting:
            around.tape.problems.append(f"Nobody rang back within {RING_BACK_WITHIN_S:.0f} s.")
            return
        usual = OutboundCall(to="")
        await self._rings(self._switchboard.waiting.popleft(), usual.pick_up, usual.rings_s, lines)

    async def _rings(
        self, call: Call, pick_up: PickUp, rings_s: float, lines: Sequence[Line]
    ) -> None:
        if pick_up in FAILURES:
            await self._not_answered(call, pick_up, rings_s)
            return
        around = self._here()
        await around.waiting.pause(rings_s)
        if pick_up is not PickUp.VOICEMAIL:
            call.result = "answered"
            await self._talk(call, lines)
        elif not call.hangs_up_on_machines:
            await self._talk(call, lines or MACHINE)
        else:
            self._pick_up(call)
            await around.waiting.pause(DETECTS_S)
            call.result = "voicemail"
            self._over(call, Ended("platform", "voicemail detected"))
            told = machine_detection(call.phone, call.agent_id, "machine_start", clock.wall_s())
            self._report_later(told)
            self._report_later(transcription(call.record(), clock.wall_s()))

    async def _not_answered(self, call: Call, pick_up: PickUp, rings_s: float) -> None:
        reason = FAILURES[pick_up]
        await self._here().waiting.pause(rings_s)
        call.result = reason.replace("-", "_")
        self._over(call, Ended("platform", reason, has_failed=True))
        told = initiation_failure(call.phone, call.agent_id, reason, clock.wall_s())
        self._report_later(told)

    # -- every call -------------------------------------------------------------------------------

    async def _talk(self, call: Call, lines: Sequence[Line]) -> None:
        """Somebody picks up, and they talk until it is over."""
        around, scenario = self._here(), self._scenario
        stage = around.stage
        self._pick_up(call)
        try:
            call.opening = opening(
                stage.voice_agent,
                call.introduced,
                call.phone,
                stage.platform_token,
                scenario.greeting,
            )
        except Stopped as stopped:
            self._over(call, Ended("platform", str(stopped), has_failed=True))
        else:
            call.conversation = conversation = Conversation(around, call.opening)
            caller = self._caller(lines)
            call.end(await conversation.run(partial(caller.act, conversation)))
        self._report_later(transcription(call.record(), clock.wall_s()))

    def _caller(self, lines: Sequence[Line]) -> Caller | LiveCaller:
        around, language = self._here(), self._scenario.language
        if self._person is None:
            return Caller(around, lines, self._spoken, language)
        assert self._ear is not None, "somebody real is heard"
        return LiveCaller(around, self._person, self._ear, language)

    def _pick_up(self, call: Call) -> None:
        call.picked_up_s = clock.wall_s()
        self._here().tape.add(PickedUp(self._here().at_s))

    def _over(self, call: Call, ended: Ended) -> None:
        """A call is over that never was a conversation."""
        call.end(ended)
        self._here().tape.add(Over(self._here().at_s, ended.by, ended.reason))

    def _report_later(self, delivery: Json) -> None:
        assert self._reports is not None, "it is acted out"
        self._reports.start_soon(self._report, delivery)

    async def _report(self, delivery: Json) -> None:
        await self._here().waiting.pause(webhooks.AFTER_S)
        await webhooks.deliver(self._here(), delivery)

    async def _rehearse_lines(self) -> None:
        """Has every line of the caller's spoken beforehand: a voice takes its time."""
        scenario, voice = self._scenario, self._callers_voice
        for line in (*scenario.lines, *MACHINE):
            if line.says and line.number not in self._spoken:
                self._spoken[line.number] = await voice.speak(line.says, scenario.language)

    def _here(self) -> Surroundings:
        assert self._around is not None, "it is acted out"
        return self._around
