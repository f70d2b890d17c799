"""Whole calls with sound: real voices, a telephone line, a real ear, and bridge's real server.

The words that bridge is sent are those that the ear made of the caller's sound; the sound of every
reply is understood once more and held against its text.
"""

import asyncio
import json
import os
import signal
import sys
import wave
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.rehearsal.audio.frames import laid_out
from bridge.rehearsal.audio.kit import Kit
from bridge.rehearsal.audio.person import HandsetPerson
from bridge.rehearsal.audio.talk import talk
from bridge.rehearsal.audio.utterances import Silero, Utterances
from bridge.rehearsal.judging import judge
from bridge.rehearsal.options import Options
from bridge.rehearsal.perform import perform
from bridge.rehearsal.performance import (
    Fact,
    Over,
    Performance,
    PickedUp,
    Requested,
    Spoke,
    Why,
)
from bridge.rehearsal.reading import shipped
from bridge.rehearsal.scenario import AgentKind, Line, Manners, Reply, Scenario
from tests.fakes.command import run
from tests.fakes.devices import Devices
from tests.fakes.handset import FakeHandset
from tests.fakes.sound_kit import sound_kit

ONE_WORD_IN_TEN = 0.1
"""May be wrong: the ear is a small one, and takes a word for another that sounds the same."""

SHIPPED = {scenario.name: scenario for scenario in shipped()}

STORY = Scenario(
    "story",
    "A caller cuts in on a story.",
    agent=AgentKind.SCRIPTED,
    replies=(
        Reply(to="stop", says="I have stopped."),
        Reply(
            says="Once upon a time there was a lighthouse keeper who counted every ship that"
            " passed, wrote its name in a book, and never once asked where it was going."
        ),
    ),
    lines=(
        Line(1, says="Tell me a story."),
        Line(2, says="Please stop.", cuts_in_after_words=8),
        Line(3, hangs_up=True),
    ),
)


@pytest.fixture(scope="module")
def kit() -> Kit:
    """Two real voices, and a real ear."""
    return sound_kit()


def rehearsed(scenario: Scenario, kit: Kit) -> Performance:
    """The call, with sound."""
    return perform(scenario, Options(voice=kit.voice, callers_voice=kit.callers_voice, ear=kit.ear))


@pytest.mark.parametrize("name", ["greeting", "markdown", "pin"])
def test_a_call_goes_as_expected_and_is_understood_both_ways(kit: Kit, name: str) -> None:
    performance = rehearsed(SHIPPED[name], kit)

    assert [verdict for verdict in judge(performance) if not verdict.passed] == []
    assert performance.problems == ()
    assert performance.audio is not None
    assert {each.party for each in performance.audio.compared} == {"caller", "agent"}
    assert performance.audio.word_error_rate("caller") <= ONE_WORD_IN_TEN
    assert performance.audio.word_error_rate("agent") <= ONE_WORD_IN_TEN


def test_bridge_is_sent_what_the_ear_understood(kit: Kit) -> None:
    """The ear writes numbers in digits, the scenario doesn't."""
    scenario = Scenario(
        "digits",
        "A number.",
        lines=(Line(1, says="Book a table for fifteen people."), Line(2, hangs_up=True)),
        agent=AgentKind.SCRIPTED,
        replies=(Reply(says="It is booked."),),
    )

    asked = [fact for fact in rehearsed(scenario, kit).facts if isinstance(fact, Requested)]

    assert [fact.utterance for fact in asked] == ["Book a table for 15 people."]


def test_what_is_cut_off_is_heard_up_to_the_cut_and_counted(kit: Kit) -> None:
    performance = rehearsed(STORY, kit)

    [cut] = [fact for fact in performance.facts if isinstance(fact, Spoke) and fact.unheard]
    assert performance.audio is not None
    [compared] = [each for each in performance.audio.compared if each.is_cut]
    assert performance.sound is not None
    assert cut.text.startswith("Once upon a time")
    assert compared.understood.startswith("Once upon a time")
    assert "book" not in compared.understood
    assert [verdict for verdict in judge(performance) if not verdict.passed] == []


def test_the_same_call_sounds_the_same_each_time(kit: Kit) -> None:
    one, other = (rehearsed(SHIPPED["outbound-conversation"], kit) for _ in range(2))

    assert one.facts == other.facts
    assert one.sound == other.sound
    assert one.audio == other.audio


def test_a_bad_line_is_understood_worse_and_says_so(kit: Kit) -> None:
    lines = (Line(1, says="Tell me about the history of the telephone."), Line(2, hangs_up=True))
    clean = Scenario(
        "line", "A line.", lines, agent=AgentKind.SCRIPTED, replies=(Reply(says="Certainly not."),)
    )
    noisy = replace(clean, manners=Manners(noise_db=-3.0))

    rates = [
        report.word_error_rate()
        for report in (rehearsed(each, kit).audio for each in (clean, noisy))
        if report is not None
    ]

    assert rates[0] == 0
    assert rates[1] > 0


def test_without_voices_there_is_no_sound() -> None:
    performance = perform(SHIPPED["greeting"])

    assert performance.sound is None
    assert performance.audio is None


async def test_somebody_real_talks_cuts_in_and_hangs_up(kit: Kit) -> None:
    """As `--mic` does it, with a handset that says what a voice said into it."""
    first = await kit.callers_voice.speak("Tell me a story.", "en")
    second = await kit.callers_voice.speak("Please stop.", "en")
    handset = FakeHandset((150, first.frames), (150, second.frames), silent_after=200)
    scenario = replace(STORY, lines=())
    person = HandsetPerson(handset, Utterances(Silero(), 0.5))
    options = Options(voice=kit.voice, ear=kit.ear, person=person)

    performance = await asyncio.to_thread(perform, scenario, options)

    spoken = [fact for fact in performance.facts if isinstance(fact, Spoke)]
    assert [(fact.line, fact.text) for fact in spoken if fact.party == "caller"] == [
        (1, "Tell me a story."),
        (2, "Please stop."),
    ]
    [cut] = [fact for fact in spoken if fact.unheard]
    assert cut.text.startswith("Once upon a time")
    assert handset.stopped == 1
    heard = laid_out([(0.0, handset.played)])
    greeting = await kit.voice.speak("Hello, how can I help?", "en")
    assert b"".join(greeting.frames[5:20]) in heard
    assert b"".join((await kit.voice.speak("I have stopped.", "en")).frames[5:20]) in heard
    asked = [fact for fact in performance.facts if isinstance(fact, Requested)]
    assert [fact.utterance for fact in asked if fact.why is Why.UTTERANCE] == [
        "Tell me a story.",
        "Please stop.",
    ]
    [over] = [fact for fact in performance.facts if isinstance(fact, Over)]
    assert over.by == "caller"


async def test_who_talks_at_the_microphone_hangs_up_with_ctrl_c(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", Devices())

    def hang_up_at_once(fact: Fact) -> None:
        if isinstance(fact, PickedUp):
            os.kill(os.getpid(), signal.SIGINT)

    performance = await talk(Options(voice=kit.voice, ear=kit.ear, progress=hang_up_at_once))

    [over] = [fact for fact in performance.facts if isinstance(fact, Over)]
    assert over.by == "caller"
    assert performance.jumped is False
    assert performance.record is not None


async def test_the_command_saves_the_sound_of_a_call_and_tells_how_it_was_understood(
    kit: Kit, tmp_path: Path
) -> None:
    file = tmp_path / "call.wav"

    said = await run("rehearse", "markdown", "--audio", "--save", str(file), "--json")

    assert said.code == 0, said.err
    [told] = json.loads(said.out)["scenarios"]
    assert told["audio"]["word_error_rate"]["agent"] <= ONE_WORD_IN_TEN
    with wave.open(str(file), "rb") as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (2, 2, 8000)
        ends_s = max(fact["until_s"] for fact in told["facts"] if fact["fact"] == "spoke")
        assert wav.getnframes() / 8000 == pytest.approx(ends_s, abs=0.1)
