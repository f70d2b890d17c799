"""What a rehearsal with sound needs, opened at once or refused with the way to get it."""

from dataclasses import dataclass

from bridge.errors import SettingsError
from bridge.rehearsal.scenario import Scenario
from bridge.rehearsal.sound import Ear, Voice


@dataclass(frozen=True, slots=True)
class Kit:
    """Two voices that can be told apart, and who understands both.

    Models are loaded when they are first needed, and stay: use one kit for all scenarios of a run.
    """

    voice: Voice
    callers_voice: Voice
    ear: Ear


def open_kit() -> Kit:
    """The voices and the ear of the extra `rehearsal`. Takes a second; nothing needs closing.

    Raises:
        SettingsError: the extra is not installed; the message says which package is missing.
    """
    try:
        # Packages of an extra: whoever rehearses without sound needs none of them.
        from bridge.rehearsal.audio.ears import WhisperEar  # noqa: PLC0415
        from bridge.rehearsal.audio.voices import DEEPER, HibariVoice  # noqa: PLC0415
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("bridge"):
            raise  # a fault of ours
        raise SettingsError(
            f"a rehearsal with sound needs the package {missing.name!r}, which is not installed",
            setting="--audio",
            hint="pip install 'bridge[rehearsal]'",
        ) from None
    return Kit(HibariVoice(), HibariVoice(DEEPER), WhisperEar())


def why_silent(scenario: Scenario) -> str:
    """Why a scenario can't be rehearsed with sound, as a sentence; empty when it can.

    The voices and the ear know English alone, so nobody may speak another language in it.
    """
    if scenario.language.partition("-")[0] != "en":
        return f"its caller speaks {scenario.language!r}, and the voices know English alone"
    switches = [
        line.number for line in scenario.lines if "language_detection" in (line.expect.acts or ())
    ]
    if switches or "language_detection" in (scenario.expect.acts or ()):
        return "its language changes in the call, and the voices know English alone"
    return ""
