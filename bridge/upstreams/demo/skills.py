"""What the demo agent can do: one function a skill. Each says only what is true."""

import re

from bridge.upstreams.demo.numerals import parse_keys, parse_whole, render_count
from bridge.upstreams.demo.steps import Say, Scene, Step, Steps, Think, Use
from bridge.upstreams.demo.sums import solve as solve_sum
from bridge.upstreams.demo.zones import find_place, local_time

MAX_THINK_S = 60
"""Longest wait on request, seconds: below the default deadline of a turn (90 s)."""

MAX_BEHIND_S = 99
"""The same where the caller may be rung back, seconds: above that deadline, so that they are."""

DEFAULT_THINK_S = 7
"""Seconds. Long enough to hear two fillers."""

TOOL_S = 4.0
"""How long the pretended tool takes, seconds: long enough for a filler that names it."""

MAX_COUNT = 20
"""Counted with a pause each, this takes as long as anyone will listen."""

COUNT_PAUSE_S = 0.6
"""Between two numbers, seconds."""

MAX_SPELT = 40
"""Letters. Longer is a sentence, not a word."""

_NOON = 12

ABILITIES = (
    "tell the time in a city, do a sum, spell a word, take a note and read it back, repeat what "
    "you say, count, think slowly, use a pretended calendar, answer in markdown, press keys, "
    "transfer you, change the language, call you back, and hang up"
)
LANGUAGES = {
    "english": "en", "german": "de", "deutsch": "de", "spanish": "es", "español": "es",
    "french": "fr", "italian": "it", "portuguese": "pt", "dutch": "nl", "polish": "pl",
    "turkish": "tr", "russian": "ru", "japanese": "ja", "chinese": "zh", "mandarin": "zh",
    "korean": "ko", "arabic": "ar", "hindi": "hi",
}  # fmt: skip

MARKDOWN = """\
# What markdown sounds like

This is **bold**, this is *leaning*, and `this` is code. 🎉

- First, a list.
- Second, [a link](https://example.com/page) in it.

| day | open |
| --- | --- |
| Monday | nine to five |
| Tuesday | closed |

```python
print("nobody should hear this")
```

> And that was a quotation.
"""
"""A reply full of markup, so that it can be heard how bridge speaks it."""

SHOW_MARKDOWN: Steps = (Say(MARKDOWN),)
HELLO: Steps = (Say("Hello. Ask me for the time in Tokyo, or ask what I can do."),)
HELP: Steps = (Say(f"I'm the demo agent, made of a few rules. I can {ABILITIES}."),)
NO_RULE: Steps = (Say(f"I have no rule for that. I can {ABILITIES}."),)
WELCOME: Steps = (Say("You're welcome."),)
USE_TOOL: Steps = (
    Use("calendar"),
    Think(TOOL_S),
    Say("I only pretended to look into a calendar: there is none behind this demo."),
)

_NOTE = re.compile(
    r"(?:take a note|make a note|note|write down|remember)\b(?: down)?(?: that| of)?[:,]? *(.*)",
    re.IGNORECASE,
)
_DROPPED = re.compile(r"\b(?:delete|forget|erase|clear)\b.*\bnotes?\b", re.IGNORECASE)
_INTRODUCTION = re.compile(r"^This is bridge's [^.]*\. *")
_MARK = re.compile(r"\s*\[\[[^\]]*\]\]\s*")


def time(scene: Scene) -> Steps:
    """The time in a city, a zone, or where the operator says we are."""
    place, zone = find_place(scene.utterance) or (scene.zone.replace("_", " "), scene.zone)
    asked = re.search(r"\btime\b.*\b(?:in|at|for) (.+?)[?.!]*$", scene.utterance, re.IGNORECASE)
    if asked and not find_place(scene.utterance):
        return (Say("I don't know that place. I know some sixty big cities, such as Berlin."),)
    there = local_time(scene.wall_s, zone)
    if there is None:
        return (Say("This machine doesn't know that time zone."),)
    half = "AM" if there.hour < _NOON else "PM"
    return (Say(f"It is {there.hour % _NOON or _NOON}:{there:%M} {half} in {place}."),)


def date(scene: Scene) -> Steps:
    """The day and date there."""
    place, zone = find_place(scene.utterance) or (scene.zone.replace("_", " "), scene.zone)
    there = local_time(scene.wall_s, zone)
    if there is None:
        return (Say("This machine doesn't know that time zone."),)
    return (Say(f"It is {there:%A}, {there:%B} {there.day}, {there.year} in {place}."),)


def solve(scene: Scene) -> Steps | None:
    """A sum; nothing when it is none after all."""
    said = solve_sum(scene.utterance)
    return (Say(said),) if said else None


def spell(scene: Scene) -> Steps:
    """A word, letter by letter."""
    word = scene.rest.strip(" .?!\"'").removesuffix(" please").rstrip(" ,")
    letters = [c.upper() for c in word if c.isalnum()]
    if not letters:
        return (Say("Which word shall I spell?"),)
    if len(letters) > MAX_SPELT:
        return (Say("That is too long to spell. Give me one word."),)
    return (Say(f"{word} is spelled {', '.join(letters)}."),)


def take_note(scene: Scene) -> Steps:
    """Takes a note. It is kept in the dialogue, and so for as long as this call."""
    if scene.rest.endswith("?"):
        return read_notes(scene)
    note = _note_in(scene.utterance)
    if not note:
        return (Say("What shall I note? Say: take a note, and then the note."),)
    return (Say(f"I noted: {note}. I keep it for this call."),)


def read_notes(scene: Scene) -> Steps:
    """Reads back what this call's notes are."""
    notes = _notes(scene)
    if not notes:
        return (Say("There is no note from this call."),)
    if len(notes) == 1:
        return (Say(f"Your note: {notes[0]}."),)
    counted = " ".join(f"Note {render_count(i)}: {note}." for i, note in enumerate(notes, 1))
    return (Say(f"You have {render_count(len(notes))} notes. {counted}"),)


def drop_notes(scene: Scene) -> Steps:
    """Forgets the notes so far."""
    return (Say("I have forgotten your notes." if _notes(scene) else "There was no note."),)


def _notes(scene: Scene) -> list[str]:
    notes: list[str] = []
    for utterance in scene.before:
        if _DROPPED.search(utterance):
            notes.clear()
        elif note := _note_in(utterance):
            notes.append(note)
    return notes[-99:]


def _note_in(utterance: str) -> str:
    found = _NOTE.search(utterance)
    if not found or utterance.rstrip().endswith("?"):
        return ""
    return " ".join(found[1].split()).rstrip(" .!")


def echo(scene: Scene) -> Steps:
    """Says what it was asked to say. Never a control mark: only the agent may hang up."""
    return (Say(_MARK.sub(" ", scene.rest).strip() or "Say something for me to repeat."),)


def repeat(scene: Scene) -> Steps:
    """Says the last reply again."""
    last = scene.replies[-1] if scene.replies else ""
    last = _MARK.sub(" ", _INTRODUCTION.sub("", last)).strip()
    return (Say(last or "I haven't said anything yet."),)


def count(scene: Scene) -> Steps:
    """Counts slowly."""
    to = parse_whole(scene.rest)
    if to is None or to < 1:
        return (Say("I can count up to twenty. To which number?"),)
    numbers = [render_count(i).capitalize() for i in range(1, min(to, MAX_COUNT) + 1)]
    steps: list[Step] = [Say(f"{numbers[0]}. ")]
    for number in numbers[1:]:
        steps += (Think(COUNT_PAUSE_S), Say(f"{number}. "))
    return (*steps, Say("That is as far as I count.")) if to > MAX_COUNT else tuple(steps)


def think(scene: Scene) -> Steps:
    """Says nothing for a while, so that fillers are heard."""
    asked = parse_whole(scene.rest) if scene.rest else DEFAULT_THINK_S
    if asked is None:
        return (Say("For how many seconds shall I think?"),)
    seconds = min(asked, MAX_BEHIND_S if scene.may_ring_back else MAX_THINK_S)
    limit = " That is my limit." if asked > seconds else ""
    unit = "second" if seconds == 1 else "seconds"
    return (Think(seconds), Say(f"I thought for {render_count(seconds)} {unit}.{limit}"))


def ring_back(scene: Scene) -> Steps:
    """Thinks for longer than a turn may last, so that bridge promises a call and keeps it."""
    if not scene.may_ring_back:
        return (Say("I can't call you back from this line. Please call me again instead."),)
    thought = f"I thought for {render_count(MAX_BEHIND_S)} seconds, as long as I can."
    return (Say("I'll think about that. "), Think(MAX_BEHIND_S), Say(thought))


def hang_up(scene: Scene) -> Steps:
    """Last words, then the line goes down."""
    if not scene.may("hang up"):
        return (Say("Goodbye. I can't hang up from here, so please hang up yourself."),)
    return (Say("Thanks for trying bridge. Goodbye.\n[[hang up]]"),)


def transfer(scene: Scene) -> Steps:
    """Puts the caller through to a number."""
    number = parse_keys(scene.rest)
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}", number):
        return (Say("To which number? Say it with plus and the country code."),)
    if not scene.may("transfer"):
        return (Say("This line doesn't let me transfer calls."),)
    return (Say(f"I'm putting you through.\n[[transfer {number}]]"),)


def press(scene: Scene) -> Steps:
    """Presses keys."""
    keys = parse_keys(scene.rest).replace("+", "")
    if not keys:
        return (Say("Which keys shall I press?"),)
    if not scene.may("press"):
        return (Say("This line doesn't let me press keys."),)
    return (Say(f"Pressing.\n[[press {keys}]]"),)


def language(scene: Scene) -> Steps | None:
    """Changes the language of the voice."""
    name = scene.rest.lower()
    code = LANGUAGES.get(name)
    if code is None:
        return None
    if not scene.may("language"):
        return (Say("This line doesn't let me change the language."),)
    mine = {"en": "", "de": " Sag Hallo.", "es": " Di hola."}
    rest = mine.get(code, " My rules know only English, and a little German and Spanish.")
    return (Say(f"Changing the language to {name.capitalize()}.{rest}\n[[language {code}]]"),)


def wait(scene: Scene) -> Steps:
    """Says nothing and listens on, where that can be asked for."""
    return (Say("\n[[wait]]" if scene.may("wait") else "Take your time."),)
