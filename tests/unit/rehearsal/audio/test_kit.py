"""What a rehearsal with sound needs, or how to get it."""

import sys
from pathlib import Path

import pytest

from bridge.errors import SettingsError
from bridge.rehearsal.audio.kit import open_kit, why_silent
from bridge.rehearsal.audio.voices import require
from bridge.rehearsal.scenario import Expectation, Line, LineExpectation, Scenario

HELLO = Line(1, says="Hello.")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "bridge.rehearsal.audio.ears", raising=False)
    monkeypatch.setitem(sys.modules, "faster_whisper", None)

    with pytest.raises(SettingsError, match="'faster_whisper', which is not installed") as refused:
        open_kit()

    assert refused.value.hint == "pip install 'bridge[rehearsal]'"


def test_a_package_that_has_lost_its_model_says_so_instead_of_fetching_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="'hibari-tts' has come without"):
        require(tmp_path / "hibari.onnx", "hibari-tts")


@pytest.mark.parametrize("language", ["en", "en-GB"])
def test_english_calls_have_sound(language: str) -> None:
    assert why_silent(Scenario("a", "A.", (HELLO,), language=language)) == ""


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario("a", "A.", (HELLO,), language="de"),
        Scenario("a", "A.", (HELLO,), expect=Expectation(acts=("language_detection",))),
        Scenario(
            "a",
            "A.",
            (Line(1, says="Hallo", expect=LineExpectation(acts=("language_detection",))),),
        ),
    ],
)
def test_calls_in_which_another_language_is_spoken_have_none(scenario: Scenario) -> None:
    assert "English alone" in why_silent(scenario)
