"""Performs a scenario: stage set, call acted out, what is on record afterwards, everything closed.

open_stage ─▶ Platform.act_out ─▶ settled ─▶ record and turns ─▶ closed ─▶ nothing left behind
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from bridge import clock, log
from bridge.rehearsal.jumping_loop import JumpingLoop, Stuck
from bridge.rehearsal.options import Options
from bridge.rehearsal.performance import Performance
from bridge.rehearsal.platform import Platform
from bridge.rehearsal.scenario import Manners, Scenario
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.sound import AudioReport, CallSound, Voice
from bridge.rehearsal.stage import Stage, open_stage

LONGEST_S = 4 * 3600.0
"""How long all of a scenario may take on its own clock: the longest call there is takes two hours,
and some ring back."""

SETTLES_WITHIN_S = 20.0
"""How long records may take to be complete once the call is over: as long as an abandoned run may
go on (`turn.grace_s`), and as its end is written."""

LOOKS_EVERY_S = 0.25

STEADY_LOOKS = 3
"""So many looks must find the same record, once bridge is quiet."""

__all__ = ["Options", "perform", "perform_in_loop"]


def perform(scenario: Scenario, options: Options | None = None) -> Performance:
    """Acts a scenario out, on an event loop of its own.

    Raises:
        SettingsError: its settings can't work, or those that name the agent.
        Stuck: it can't come to its end.
    """
    chosen = options or Options()
    if not chosen.jumps:
        return asyncio.run(perform_in_loop(scenario, chosen))
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, JumpingLoop), "it was made by us"
        with clock.replaced(loop):
            return runner.run(_alone(scenario, chosen))


async def _alone(scenario: Scenario, options: Options) -> Performance:
    """With nobody else in the loop, so that what is left behind can be told."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, JumpingLoop), "see `perform`"
    sockets = loop.watched
    performance = await perform_in_loop(scenario, options)
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    problems = [f"Tasks that were left behind: {len(left)}."] if left else []
    if loop.watched > sockets:
        problems.append(f"Connections that were left open: {loop.watched - sockets}.")
    return replace(performance, problems=(*performance.problems, *problems))


async def perform_in_loop(scenario: Scenario, options: Options | None = None) -> Performance:
    """Acts a scenario out in this loop, which may be busy with others.

    Raises:
        SettingsError: its settings can't work, or those that name the agent.
        Stuck: it can't come to its end.
    """
    options = options or Options()
    began_s = clock.machine_s()
    lines: list[log.Line] = []
    platform = _platform(scenario, options)
    with log.captured(lines.append):
        async with open_stage(scenario, options, platform.app) as stage:
            try:
                async with asyncio.timeout(LONGEST_S):
                    await platform.act_out(stage)
                    found = await _settled(stage)
            except TimeoutError:
                raise Stuck(
                    f"The call did not come to its end within {LONGEST_S / 3600:g} hours.",
                    hint="Something in this call waits for what never comes.",
                ) from None
        tape = stage.tape
    audio, sound = await _sound(platform, stage, scenario, options)
    return Performance(
        scenario=scenario,
        facts=tuple(tape.facts),
        record=found.record,
        turns=found.turns,
        rings=tuple(platform.rings),
        refusal=platform.refusal,
        problems=(*tape.problems, *found.problems, *_failures(lines)),
        real_s=clock.machine_s() - began_s,
        jumped=isinstance(asyncio.get_running_loop(), JumpingLoop),
        log=tuple(lines),
        audio=audio,
        sound=sound,
        began_s=tape.began_wall_s,
    )


def _platform(scenario: Scenario, options: Options) -> Platform:
    manners = scenario.manners
    return Platform(
        scenario,
        _over_line(options.voice, manners) or SilentVoice(manners.words_a_minute),
        callers_voice=_over_line(options.callers_voice, manners),
        ear=options.ear,
        person=options.person,
    )


def _over_line(voice: Voice | None, manners: Manners) -> Voice | None:
    """A voice with sound, as it arrives at the other end."""
    if voice is None:
        return None
    from bridge.rehearsal.audio.bad_line import over_line  # noqa: PLC0415 - it needs an extra

    return over_line(voice, manners)


# -- what is on record ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Found:
    """What the operator finds when all is over."""

    record: Mapping[str, Any] | None = None
    turns: Sequence[Mapping[str, Any]] = ()
    problems: tuple[str, ...] = field(default=(), compare=False)


async def _settled(stage: Stage) -> _Found:
    """What is on record, once nothing changes it any more."""
    looks, same, found = int(SETTLES_WITHIN_S / LOOKS_EVERY_S), 0, _Found()
    async with stage.operator() as http:
        for _ in range(looks):
            before, found = found, await _look(http)
            same = same + 1 if stage.is_quiet and found == before else 0
            if same >= STEADY_LOOKS:
                return found
            await asyncio.sleep(LOOKS_EVERY_S)
    busy = f"bridge was still at work {SETTLES_WITHIN_S:g} s after the call was over."
    return replace(found, problems=() if stage.is_quiet else (busy,))


async def _look(http: httpx.AsyncClient) -> _Found:
    """The first call on record, whole: of several the others were rung back."""
    listed = (await http.get("/calls", params={"reveal": "true"})).json()["calls"]
    if not listed:
        return _Found()
    name = listed[-1]["id"]
    record = (await http.get(f"/calls/{name}", params={"reveal": "true"})).json()
    turns = (await http.get(f"/calls/{name}/transcript")).json()["turns"]
    return _Found(record, tuple(turns))


# -- sound, and what went wrong -------------------------------------------------------------------


async def _sound(
    platform: Platform, stage: Stage, scenario: Scenario, options: Options
) -> tuple[AudioReport | None, CallSound | None]:
    """What was on the line, and how it is understood."""
    caller, agent = platform.call_audio()
    if not caller and not agent:
        return None, None
    sound = CallSound(tuple(caller), tuple(agent))
    if options.ear is None:
        return None, sound
    from bridge.rehearsal.audio.report import listen_again  # noqa: PLC0415 - it needs an extra

    return await listen_again(stage.tape.facts, sound, options.ear, scenario.language), sound


def _failures(lines: Sequence[log.Line]) -> list[str]:
    """Errors that nobody expects: each line of the log that comes with where it was raised."""
    return [
        f"bridge failed: {line['event']} ({line.get('error', 'no more is known')})."
        for line in lines
        if line.get("trace")
    ]
