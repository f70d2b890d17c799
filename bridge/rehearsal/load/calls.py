"""Many calls at once: as many platforms, each with one call, against one server.

    server's process ◀── calls, each as any rehearsed one, begun one after the other ──▶ figures
            ╰── what is on record of them, once all are over ──────────────────────────────╯

Nothing jumps here: seconds are the machine's own.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx

from bridge import clock
from bridge.rehearsal import stage_settings
from bridge.rehearsal.load.figures import CallFigures, Figures, of_call, sum_up
from bridge.rehearsal.load.server import serving
from bridge.rehearsal.options import Options
from bridge.rehearsal.platform import Platform
from bridge.rehearsal.scenario import AgentKind, Event, Fault, Scenario
from bridge.rehearsal.scripted_agent import ScriptedAgent
from bridge.rehearsal.servers import HOST, NO_TLS
from bridge.rehearsal.silent import SilentVoice
from bridge.rehearsal.stage import PUBLIC_URLS
from bridge.rehearsal.tape import Tape
from bridge.settings import Settings
from bridge.settings.tokens import webhook_token

MOST_AT_ONCE = 400
"""Most calls at one moment. Each has up to two connections open, here and at the server, and most
systems let a process have 1,024 files open."""

MOST_CALLS = 10_000
"""Most calls in all: hours, and as many fictitious numbers as one office code has."""

BEGINS_EVERY_S = 0.025
"""Between the beginnings of two calls: 200 have begun after 5 s. Calls that begin at one moment say
everything at one moment, which no callers do: the figures would be of that."""

LONGEST_S = 900.0
"""How long one call may take: longer than the platform lets any last."""

LOOKS_EVERY_S = 0.05
"""How often it is looked whether the calls' own clock is late."""

SETTLES_WITHIN_S = 20.0
"""How long records may take to be complete once the last call is over."""

PAGE = 500
"""Calls that are read at a time."""

NOWHERE = f"http://{HOST}:9"
"""In place of the platform's API, which no call of a load needs: the port of RFC 863's discard, at
which nothing has listened for decades."""

Tell = Callable[[int, int], None]
"""Is told how many calls are over, and how many are under way."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be done.

    Attributes:
        scenarios: the calls, taken in turns.
        calls: how many in all.
        at_once: how many at one moment, at most.
    """

    scenarios: Sequence[Scenario]
    calls: int
    at_once: int


def why_not(scenario: Scenario, kind: AgentKind) -> str:
    """Why a scenario can't be one of many; empty when it can."""
    if kind not in (scenario.agent, *scenario.runs_with):
        return f"it is made for the {scenario.agent} agent"
    if scenario.outbound is not None or any(line.picks_up for line in scenario.lines):
        return "bridge places a call in it"
    if any(line.event is not None for line in scenario.lines):
        return "something befalls the server in it"
    counts = any(
        reply.times is not None or reply.fault is Fault.REFUSE for reply in scenario.replies
    )
    if kind is AgentKind.SCRIPTED and counts:
        return "its agent counts who asks"
    return ""


def mixes(scenario: Scenario, kind: AgentKind) -> bool:
    """Whether a scenario can be one of several kinds: one server has one set of settings."""
    return not (why_not(scenario, kind) or scenario.settings or kind is AgentKind.SCRIPTED)


async def perform_load(load: Load, options: Options, tell: Tell) -> Figures:
    """Has all calls acted out, and sums them up.

    Args:
        options: whose agent; the rest of them is for one call.
        tell: told many times a second.

    Raises:
        SettingsError: the settings can't work.
        VendorUnavailable: the server did not start.
    """
    async with _opened(load.scenarios[0], options) as ground:
        crowd = _Crowd(load, ground, tell)
        began_s = clock.now_s()
        await crowd.call()
        took_s = clock.now_s() - began_s
        turns = await _on_record(ground)
    return sum_up(
        crowd.over,
        turns,
        at_once=min(load.at_once, load.calls),
        took_s=took_s,
        late_s=crowd.late_s,
    )


@dataclass(frozen=True, slots=True)
class _Ground:
    """The server, and what its calls must know."""

    url: str
    settings: Settings
    voice_agent: Mapping[str, Any]


@asynccontextmanager
async def _opened(scenario: Scenario, options: Options) -> AsyncIterator[_Ground]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bridge-load-")))
        agent_url = ""
        if stage_settings.agent_kind(scenario, options) is AgentKind.SCRIPTED:
            agent = ScriptedAgent(scenario.replies, stage_settings.poses_as(scenario))
            agent_url = (await stack.enter_async_context(agent.working())).url
        settings = stage_settings.stage_settings(
            scenario, options, folder, api_url=NOWHERE, agent_url=agent_url
        )
        # One token asks for all: what keeps strangers away would be all that is measured.
        off = dict.fromkeys(("limits.concurrent", "limits.per_minute"), 0)
        settings = settings.changed(
            {name: value for name, value in off.items() if name not in scenario.settings},
            origin=stage_settings.ORIGIN,
        )
        stage_settings.furnish(folder, PUBLIC_URLS[0])
        url = await stack.enter_async_context(serving(settings))
        yield _Ground(url, settings, stage_settings.voice_agent(settings, PUBLIC_URLS[0]))


@dataclass
class _Line:
    """What the platform of one call needs of a stage."""

    ground: _Ground
    tape: Tape = field(default_factory=Tape)

    public_url = PUBLIC_URLS[0]
    platform_token = stage_settings.PLATFORM_TOKEN
    operator_token = stage_settings.OPERATOR_TOKEN
    post_call_secret = stage_settings.POST_CALL_SECRET

    @property
    def voice_agent(self) -> Mapping[str, Any]:
        """The agent at the platform."""
        return self.ground.voice_agent

    @property
    def webhook_token(self) -> str:
        """What the platform proves itself with when a call rings."""
        return webhook_token(self.ground.settings)

    def reach(self, url: str) -> str:
        """Where a public URL really leads."""
        return self.ground.url + url.removeprefix(self.public_url)

    async def befall(self, event: Event) -> None:
        """Nothing does: see `why_not`."""
        raise AssertionError(event)


class _Crowd:
    """Everybody who calls.

    Attributes:
        over: the calls that are over.
        late_s: by how much the clock was late, each time it was looked at.
    """

    def __init__(self, load: Load, ground: _Ground, tell: Tell) -> None:
        self.over: list[CallFigures] = []
        self.late_s: list[float] = []
        self._load = load
        self._ground = ground
        self._tell = tell
        self._under_way = 0
        self._waiting = _callers(load)

    async def call(self) -> None:
        """Every call, from first to last."""
        lines = min(self._load.at_once, self._load.calls)
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(self._watch())
            async with asyncio.TaskGroup() as calling:
                for number in range(lines):
                    calling.create_task(self._call_in_turn(BEGINS_EVERY_S * number))
            watching.cancel()

    async def _call_in_turn(self, after_s: float) -> None:
        """One line, on which one call follows the other until nobody waits any more."""
        await asyncio.sleep(after_s)
        for scenario in self._waiting:
            self._under_way += 1
            call = await self._one(scenario)
            self._under_way -= 1
            self.over.append(call)

    async def _one(self, scenario: Scenario) -> CallFigures:
        platform = Platform(scenario, SilentVoice(scenario.manners.words_a_minute))
        line, failed = _Line(self._ground), ""
        try:
            async with asyncio.timeout(LONGEST_S):
                await platform.act_out(line)
        except TimeoutError:
            failed = f"the call took longer than {LONGEST_S:g} s"
        except Exception as error:  # noqa: BLE001 - one call of many: it is counted, and the others go on
            failed = f"the call broke off: {type(_first(error)).__name__}"
        conversation = f"conv_{scenario.name}_1"
        return of_call(conversation, line.tape.facts, line.tape.problems, failed=failed)

    async def _watch(self) -> None:
        while True:
            due_s = clock.now_s() + LOOKS_EVERY_S
            await asyncio.sleep(LOOKS_EVERY_S)
            self.late_s.append(max(0.0, clock.now_s() - due_s))
            self._tell(len(self.over), self._under_way)


def _callers(load: Load) -> Iterator[Scenario]:
    """Each call with a name and a number of its own."""
    for number, scenario in enumerate(islice(cycle(load.scenarios), load.calls)):
        yield replace(scenario, name=f"{scenario.name}-{number}", caller=f"+1555010{number:04}")


def _first(error: BaseException) -> BaseException:
    """An error out of the groups around it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _on_record(ground: _Ground) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The turns of every call, by the conversation's id, once no call is live any more."""
    async with httpx.AsyncClient(
        base_url=ground.url,
        headers={"authorization": f"Bearer {stage_settings.OPERATOR_TOKEN}"},
        timeout=30.0,
        trust_env=False,
        verify=NO_TLS,
    ) as http:
        for _ in range(int(SETTLES_WITHIN_S / 0.5)):
            live = (await http.get("/calls", params={"live": "true", "limit": "1"})).json()
            if not live["calls"]:
                break
            await asyncio.sleep(0.5)
        return {call["conversation"]: await _turns(http, call["id"]) async for call in _all(http)}


async def _all(http: httpx.AsyncClient) -> AsyncIterator[Mapping[str, Any]]:
    cursor = ""
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = (await http.get("/calls", params={"limit": str(PAGE), **more})).json()
        for call in page["calls"]:
            yield call
        if not (cursor := page["next"] or ""):
            return


async def _turns(http: httpx.AsyncClient, call_id: str) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = (await http.get(f"/calls/{call_id}/transcript")).json()[
        "turns"
    ]
    return found
