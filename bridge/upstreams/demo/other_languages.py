"""German and Spanish: hello, the time, goodbye. Enough to hear the voice change."""

import re
from datetime import datetime

from bridge.upstreams.demo.steps import Say, Scene, Step
from bridge.upstreams.demo.zones import find_place, local_time

_GERMAN_INTRO = (
    "Hier ist der eingebaute Demo-Agent von bridge; es ist noch kein Sprachmodell angeschlossen."
)
_SPANISH_INTRO = (
    "Soy el agente de demostración de bridge; todavía no hay ningún modelo de lenguaje conectado."
)

_PATTERNS = {
    "de": {
        "bye": r"\b(?:tschüss|tschüs|auf wieder(?:hören|sehen)|leg auf)\b",
        "time": r"\b(?:wie spät|wie viel uhr|wieviel uhr|uhrzeit)\b",
        "hello": r"^(?:hallo|guten (?:tag|morgen|abend)|grüß gott|servus)\b|\bauf deutsch\b",
    },
    "es": {
        "bye": r"\b(?:adiós|adios|hasta (?:luego|pronto|la vista)|cuelga)\b",
        "time": r"\b(?:qué|que) hora es\b|\bla hora\b",
        "hello": r"^¿?¡?(?:hola|buen[oa]s? (?:días|dias|tardes|noches))\b|\bhablas español\b",
    },
}
_COMPILED = {
    (language, kind): re.compile(pattern, re.IGNORECASE)
    for language, kinds in _PATTERNS.items()
    for kind, pattern in kinds.items()
}
_SOMEWHERE = re.compile(r"\b(?:in|en) \w+\W*$", re.IGNORECASE)
_UNKNOWN_PLACE = {
    "de": "Den Ort kenne ich nicht. Ich kenne einige große Städte, zum Beispiel Berlin.",
    "es": "No conozco ese lugar. Conozco algunas ciudades grandes, por ejemplo Madrid.",
}
_SAID = {
    ("de", "bye"): "Auf Wiederhören.",
    ("de", "hello"): "Hallo! Auf Deutsch kann ich grüßen, die Uhrzeit sagen und auflegen.",
    ("es", "bye"): "Hasta luego.",
    ("es", "hello"): "¡Hola! En español sé saludar, decir la hora y colgar.",
}


def reply(scene: Scene) -> tuple[str, tuple[Step, ...]] | None:
    """An introduction and a reply in the caller's language; `None` when it is neither of ours."""
    for (language, kind), pattern in _COMPILED.items():
        if pattern.search(scene.utterance):
            intro = _GERMAN_INTRO if language == "de" else _SPANISH_INTRO
            return intro, (Say(_words(language, kind, scene)),)
    return None


def _words(language: str, kind: str, scene: Scene) -> str:
    if kind == "time":
        found = find_place(scene.utterance)
        if found is None and _SOMEWHERE.search(scene.utterance):
            return _UNKNOWN_PLACE[language]
        place, zone = found or (scene.zone, scene.zone)
        return _time(language, place, local_time(scene.wall_s, zone))
    said = _SAID[language, kind]
    return f"{said}\n[[hang up]]" if kind == "bye" and scene.may("hang up") else said


def _time(language: str, place: str, there: datetime | None) -> str:
    if there is None:
        return "Diese Zone kenne ich nicht." if language == "de" else "No conozco esa zona."
    if language == "de":
        return f"In {place} ist es {there.hour} Uhr {there.minute or ''}".rstrip() + "."
    verb = "Es la" if there.hour == 1 else "Son las"
    return f"{verb} {there.hour}:{there.minute:02} en {place}."
