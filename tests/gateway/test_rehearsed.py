"""The scenarios that come with bridge, with the real gateway in the agent's place.

The same calls, the same platform, the same expectations: only that bridge asks a gateway, and the
gateway asks a model, which says what the scenario's own agent would. The clock stands still for
nobody else while the gateway works, so what it takes counts.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest

from bridge.rehearsal.choosing import choose, shipped_names
from bridge.rehearsal.judging import judge
from bridge.rehearsal.options import Options
from bridge.rehearsal.perform import perform
from bridge.rehearsal.performance import AgentAsked, Performance
from bridge.rehearsal.picture import Paper, render_picture
from bridge.rehearsal.scenario import AgentKind, Line, LineExpectation, Scenario
from bridge.settings import Settings, load
from tests.gateway.kit.real_gateway import RealGateway
from tests.gateway.kit.stub_model import Seen
from tests.gateway.playing import plays, utterance
from tests.gateway.serving import PHRASES

pytestmark = pytest.mark.gateway

ELSEWHERE = {
    "agent-breaks-off": "the gateway asks a model that breaks off again, for a minute",
    "agent-down": "see the test with nobody at the address",
    "agent-error-event": "the gateway asks again, for a minute",
    "agent-fails": "the gateway asks again, for a minute",
    "agent-hangs": "20 s of a clock that goes as fast as the machine's",
    "agent-overloaded": "the gateway asks again, for a minute",
    "agent-refuses-key": "see the test with a wrong token",
    "agent-restarts": "test_bridge_trouble_on_openclaw.py restarts it",
    "agent-says-nothing": "the gateway has words of its own for an empty reply",
    "agent-says-nothing-aloud": "the gateway has words of its own for an empty reply",
    "agent-starting": "test_bridge_trouble_on_openclaw.py drains it",
    "pauses": "the stub model doesn't pause",
    "tool-call": "test_bridge_on_openclaw.py has the model call the platform's tools",
    "working": "the stub model uses no tool of its own",
}
"""Scenarios that can't hold with a gateway, and why."""

BRISK = 3.0
"""How much faster than usual voice and model talk: while a reply streams, time passes for us too."""

STOPPED = ("barge-in", "hang-up-early", "hang-up-in-reply")
"""Scenarios in which a reply is not wanted to its end."""

NOBODY = "http://127.0.0.1:1/v1"
"""Where nobody listens: a port of the system's that nothing has used for decades."""

GONE = "client disconnected"

_numbers = count(1)


def settings_toward(gateway: RealGateway, **upstream: object) -> Settings:
    """An operator's, who has that gateway."""
    usual = {"name": "openclaw", "url": gateway.url, "token": gateway.token, "warm_up": False}
    named = {**usual, **upstream}
    return load({f"upstream.{name}": value for name, value in named.items()}, environ={})


def of_its_own(scenario: Scenario) -> Scenario:
    """The same call in a session that no other test has, with everybody talking fast."""
    manners = scenario.manners
    template = f"rehearsed:{next(_numbers)}:{os.getpid()}"
    own = {"session.scope": "template", "session.template": template}
    return replace(
        scenario,
        settings={**scenario.settings, **own},
        manners=replace(manners, words_a_minute=BRISK * manners.words_a_minute),
        replies=tuple(replace(r, chunk_s=r.chunk_s / BRISK) for r in scenario.replies),
    )


def acted_out(scenario: Scenario, gateway: RealGateway, settings: Settings) -> Performance:
    gateway.provider.reply_otherwise(plays(scenario))
    return perform(scenario, Options(agent=AgentKind.CONFIGURED, settings=settings))


def failures(performance: Performance) -> list[str]:
    return [
        f"{verdict.place}: {verdict.what}: {verdict.why}"
        for verdict in judge(performance)
        if not verdict.passed
    ]


@pytest.mark.parametrize("name", [n for n in shipped_names() if n not in ELSEWHERE])
def test_a_shipped_scenario_goes_with_the_real_gateway_as_it_expects(
    gateway: RealGateway, name: str
) -> None:
    scenario = of_its_own(choose([name])[0])

    performance = acted_out(scenario, gateway, settings_toward(gateway))

    assert failures(performance) == [], render_picture(performance, Paper(120))
    check_askings(scenario, performance, gateway.provider.seen())
    if name in STOPPED:
        gateway.provider.wait_for(lambda seen: GONE in [one.outcome for one in seen])
    if name == "barge-in":
        note, words = gateway.provider.seen()[-1].newest.splitlines()[-2:]
        assert words == "Please stop."
        assert "He counted every" in note  # what was heard, and what was not


def check_askings(scenario: Scenario, performance: Performance, seen: Sequence[Seen]) -> None:
    """The model is asked what the gateway is asked, and no utterance more often than it may be."""
    asked = Counter(one.utterance for one in performance.facts if isinstance(one, AgentAsked))
    met = Counter(utterance(one.newest) for one in seen)
    most = scenario.expect.runs_per_utterance
    lines = Counter(line.says for line in scenario.lines if line.says)

    assert met <= asked
    assert {said: met[said] for said in lines if met[said] > most * lines[said]} == {}


@pytest.mark.parametrize(
    ("upstream", "sentence"),
    [
        ({"url": NOBODY}, PHRASES["unreachable"]),
        ({"token": "not-the-token"}, PHRASES["misconfigured"]),
    ],
)
def test_a_gateway_that_is_gone_or_refuses_us_is_told_of_and_the_call_goes_on(
    gateway: RealGateway, upstream: dict[str, str], sentence: str
) -> None:
    heard = LineExpectation(heard=(sentence,), first_sound_by_s=5.0, agent_asked=1)
    lines = (Line(1, says="Are you there?", expect=heard), Line(2, says="And now?", expect=heard))
    scenario = Scenario("gone", "The gateway can't be asked.", (*lines, Line(3, hangs_up=True)))

    performance = acted_out(of_its_own(scenario), gateway, settings_toward(gateway, **upstream))

    assert failures(performance) == []
    assert gateway.provider.seen() == []
