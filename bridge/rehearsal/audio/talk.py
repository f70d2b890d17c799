"""A call with you in it: the microphone speaks instead of a scenario's lines, in real time."""

from dataclasses import replace

from bridge.rehearsal.audio.handset import open_handset
from bridge.rehearsal.audio.person import HandsetPerson
from bridge.rehearsal.audio.utterances import Silero, Utterances
from bridge.rehearsal.options import Options
from bridge.rehearsal.perform import perform_in_loop
from bridge.rehearsal.performance import Performance
from bridge.rehearsal.scenario import Scenario

YOU = Scenario("mic", "You, at the microphone.", lines=())
"""You ring in, and say what you like. Ctrl-C hangs up."""


async def talk(options: Options) -> Performance:
    """Lets you talk until you hang up, or the agent or the platform does.

    Args:
        options: with a voice and an ear.

    Raises:
        SettingsError: there is no microphone, or something that it needs is missing.
    """
    pause_s = YOU.manners.endpointing_s
    async with open_handset() as handset:
        person = HandsetPerson(handset, Utterances(Silero(), pause_s))
        return await perform_in_loop(YOU, replace(options, jumps=False, person=person))
