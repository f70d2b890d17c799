"""Scenarios acted out from the command line: one after the other, each shown when it is over."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from bridge.cli import output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bridge.rehearsal.options import Options
    from bridge.rehearsal.performance import Fact
    from bridge.rehearsal.result import Result
    from bridge.rehearsal.scenario import AgentKind, Scenario


@dataclass(frozen=True, slots=True)
class Shown:
    """How much a person sees of each call."""

    is_json: bool
    is_quiet: bool


def options_for(agent: str | None, *, has_sound: bool) -> "Options":
    """How all of them are performed. The operator's settings are read for their agent alone."""
    from bridge.rehearsal.options import Options
    from bridge.rehearsal.scenario import AgentKind

    kind = None if agent is None else AgentKind(agent)
    settings = None
    if kind is AgentKind.CONFIGURED:
        from bridge.settings import load

        settings = load()
    if not has_sound:
        return Options(agent=kind, settings=settings)
    from bridge.rehearsal.audio.kit import open_kit

    kit = open_kit()
    return Options(
        agent=kind,
        settings=settings,
        voice=kit.voice,
        callers_voice=kit.callers_voice,
        ear=kit.ear,
    )


def rehearse(
    scenarios: "Sequence[Scenario]", options: "Options", shown: Shown, *, has_sound: bool
) -> "list[Result]":
    """Each in turn, shown as soon as it is known. Raises `UsageError` when none can be."""
    left_out = {each.name: _left_out(each, options.agent, has_sound) for each in scenarios}
    for name, why in left_out.items():
        if why:
            output.say(f"left out: {name}: {why}")
    acted_out = [each for each in scenarios if not left_out[each.name]]
    if not acted_out:
        raise click.UsageError("No scenario is left to act out.")
    results = []
    for scenario in acted_out:
        result = act_out(scenario, options)
        results.append(result)
        show(result, shown, is_single=len(scenarios) == 1)
    return results


def show(result: "Result", shown: Shown, *, is_single: bool) -> None:
    """As much of it as is wanted."""
    from bridge.cli import rehearse_view

    if shown.is_json:
        return
    if is_single and not shown.is_quiet:
        rehearse_view.show_all(result)
        return
    rehearse_view.show_line(result)
    if not shown.is_quiet and not result.passed:
        rehearse_view.show_picture(result)


def _left_out(scenario: "Scenario", agent: "AgentKind | None", has_sound: bool) -> str:
    """Why a scenario makes no sense as it is to be performed; empty when it does."""
    if agent is not None and agent not in (scenario.agent, *scenario.runs_with):
        return f"it is made for the {scenario.agent} agent"
    if not has_sound:
        return ""
    from bridge.rehearsal.audio.kit import why_silent

    return why_silent(scenario)


def talk_with_person(options: "Options", shown: Shown) -> "Result":
    """A call with the person at this machine; nothing is expected of it but what always is."""
    import asyncio

    from bridge.rehearsal.audio.talk import talk
    from bridge.rehearsal.judging import judge
    from bridge.rehearsal.result import Result

    output.say("You are ringing. Wear headphones; Ctrl-C hangs up.")
    performance = asyncio.run(talk(options))
    result = Result(performance.scenario, performance, judge(performance))
    show(result, shown, is_single=True)
    return result


def act_out(scenario: "Scenario", options: "Options") -> "Result":
    """One of them, judged. What keeps it from being acted out is in the result."""
    from dataclasses import replace

    from bridge.errors import VendorError
    from bridge.rehearsal.judging import judge
    from bridge.rehearsal.jumping_loop import Stuck
    from bridge.rehearsal.perform import perform
    from bridge.rehearsal.result import Result

    progress = _progress(scenario.name)
    try:
        performance = perform(scenario, replace(options, progress=progress))
    except (Stuck, VendorError) as error:
        return Result(scenario, trouble=error.message)
    finally:
        _clear_progress(progress)
    return Result(scenario, performance, judge(performance))


def _progress(name: str) -> "Callable[[Fact], None] | None":
    """Shows on a terminal how far a call is, on one line that goes again."""
    if not sys.stderr.isatty():
        return None

    def show(fact: "Fact") -> None:
        click.echo(f"\r{name}: {fact.at_s:.1f} s\x1b[K", err=True, nl=False)

    return show


def _clear_progress(progress: object) -> None:
    if progress is not None:
        click.echo("\r\x1b[K", err=True, nl=False)
