"""How well the sound of a call was understood: each stretch of speech, heard once more as it was.

What is compared is the sound on the line, from the first to the last moment in which somebody
spoke, with the words that were said: the caller's as the scenario has them, the agent's as bridge
sent them.
"""

from collections.abc import Sequence

from bridge.rehearsal.audio.frames import byte_at, framed, laid_out
from bridge.rehearsal.audio.words import compare
from bridge.rehearsal.performance import Fact, Spoke
from bridge.rehearsal.sound import AudioReport, CallSound, Compared, Ear


async def listen_again(
    facts: Sequence[Fact], sound: CallSound, ear: Ear, language: str
) -> AudioReport:
    """What the ear makes of everything that was spoken in a call, in the order of the facts."""
    tracks = {"caller": laid_out(sound.caller), "agent": laid_out(sound.agent)}
    compared = []
    for fact in facts:
        if not isinstance(fact, Spoke) or fact.is_keys:
            continue
        heard = tracks[fact.party][byte_at(fact.at_s) : byte_at(fact.until_s)]
        understood = await ear.hear(framed(heard), language)
        compared.append(_compared(fact, understood))
    return AudioReport(tuple(compared))


def _compared(fact: Spoke, understood: str) -> Compared:
    words, errors = compare(fact.text, understood)
    return Compared(
        at_s=fact.at_s,
        party=fact.party,
        line=fact.line,
        said=fact.text,
        understood=understood,
        words=words,
        errors=errors,
        is_cut=bool(fact.unheard),
    )
