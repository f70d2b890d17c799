"""What an agent may ask of the telephone: place a call, end it, ask how it is.

Each action answers with a sentence or two for a model and the same as JSON. A refusal is an answer
that names its rule and says what to do, or not to do, next; nothing here raises for it.

What this road can't do is refused with its reason: the voice platform lets us speak in reply to a
turn and at no other time, so nobody speaks or presses keys from outside.
"""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import anyio

from bridge.agent_tool.line import Answer, Json, Line
from bridge.agent_tool.wishes import EndCall, GetStatus, InitiateCall, SendDtmf, Speak
from bridge.core.record import Mode, Outcome, State

LOOK_EVERY_S = 1.0
"""How often a call that is waited for is looked at: nobody misses a second of a call's end."""

LATEST = 20
"""Calls in a list: what a model can look through."""

ALTERNATIVE = (
    "In a call with mode conversation the agent on the telephone gets each turn itself: it speaks "
    "by replying, and presses keys or hangs up by writing [[press 12#]] or [[hang up]] on a line "
    "of its own. Say in `brief` what it should do, before the call; afterwards, place another call."
)

Heard = Callable[[float, str], Awaitable[None]]
"""Told while somebody waits: for how many seconds so far, and how the call is."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an agent is told.

    Attributes:
        text: for a model to read.
        facts: the same, as JSON.
        is_error: it wasn't done.
    """

    text: str = field(repr=False)
    facts: Json = field(repr=False)
    is_error: bool = False


class Telephone:
    """The actions, by a line to the running bridge."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def initiate_call(self, wish: InitiateCall, heard: Heard) -> Told:
        """Places a call, or says what the rules say of it. Waits for its end if that is wished."""
        if wish.mode is Mode.NOTIFY and not wish.message:
            return refusal("A call with mode notify needs a message.", "invalid_request")
        # Without a key of theirs one of ours: asking twice must not ring twice.
        key = wish.idempotency_key or secrets.token_urlsafe(16)
        has = "allowed" if wish.dry_run else "id"
        body = wish.model_dump(mode="json", include=_ORDERED)
        answer = await self._line.ask("POST", "/calls", has=has, body=body, key=key)
        if answer.is_lost and not wish.dry_run:
            answer = await self._line.ask("POST", "/calls", has=has, body=body, key=key)
        if answer.error is not None:
            return _not_done(answer)
        if wish.dry_run:
            return _verdict(answer.body)
        call_id = str(answer.body["id"])
        if not wish.wait_s or answer.body["state"] == State.ENDED:
            return _placed(answer)
        return await self._follow(call_id, wish.wait_s, heard)

    async def get_status(self, wish: GetStatus) -> Told:
        """How a call is, and what was said in it; without an id, the latest calls."""
        if wish.call_id is not None:
            return await self._status(wish.call_id)
        answer = await self._line.ask("GET", f"/calls?limit={LATEST}", has="calls")
        if answer.error is not None:
            return _not_done(answer)
        calls = [_facts(call) for call in answer.body["calls"]]
        lines = [_line(call) for call in calls] or ["You have placed no call yet."]
        return Told("\n".join(lines), {"calls": calls})

    async def end_call(self, wish: EndCall) -> Told:
        """Has a call ended."""
        answer = await self._line.ask("DELETE", f"/calls/{wish.call_id}", has="note")
        if answer.error is not None:
            return _not_done(answer)
        note = str(answer.body["note"])
        return Told(f"{wish.call_id}: {note}", {**_facts(answer.body), "note": note})

    async def _status(self, call_id: str) -> Told:
        answer = await self._line.ask("GET", f"/calls/{call_id}", has="id")
        if answer.error is not None:
            return _not_done(answer)
        turns = await self._line.ask("GET", f"/calls/{call_id}/transcript", has="turns")
        if turns.error is not None:
            return _not_done(turns)
        said = _transcript(turns.body["turns"])
        facts = {**_facts(answer.body), "message": answer.body["message"], "transcript": said}
        lines = [_line(facts), *(f"{one['who']}: {one['text']}" for one in said)]
        return Told("\n".join(lines), facts)

    async def _follow(self, call_id: str, wait_s: int, heard: Heard) -> Told:
        """The call once it has ended, or as it is when the wait is over."""
        told, waited_s = Told("", {}), 0.0
        with anyio.move_on_after(wait_s):
            while True:
                told = await self._status(call_id)
                if told.is_error or told.facts["state"] == State.ENDED:
                    return told
                await heard(waited_s, str(told.facts["state"]))
                await anyio.sleep(LOOK_EVERY_S)
                waited_s += LOOK_EVERY_S
        if not told.facts:
            return await self._status(call_id)
        return Told(f"{told.text}\nIt goes on: ask get_status later.", told.facts)


_ORDERED = {"to", "message", "mode", "brief", "language", "dry_run"}
"""What of a wish goes to the server; the rest is ours."""


def impossible(wish: Speak | SendDtmf) -> Told:
    """Nothing is said, and no key pressed, in a call that is under way."""
    act = "press keys" if isinstance(wish, SendDtmf) else "speak"
    text = (
        f"Nobody can {act} from outside in a call on this line: its voice platform only lets bridge"
        f" speak in reply to the callee. {ALTERNATIVE}"
    )
    return refusal(text, "not_possible")


def refusal(text: str, code: str) -> Told:
    """Something that is not done, and why."""
    return Told(text, {"error": {"code": code, "message": text}}, is_error=True)


def _not_done(answer: Answer) -> Told:
    error = answer.error or {}
    code, message = str(error.get("code")), str(error.get("message"))
    facts = {"code": code, "message": message}
    if answer.status == _NOT_FOUND:
        message = facts["message"] = "You have placed no call with this id."
    rule = error.get("rule")
    if isinstance(rule, str):
        facts["rule"] = rule
        message += (
            " This is a rule of the person who runs the line. Don't try to get around it: tell "
            "them, and let them decide."
        )
    call = error.get("call")
    shown = {"error": facts, "call": _facts(call)} if isinstance(call, dict) else {"error": facts}
    return Told(message, shown, is_error=True)


_NOT_FOUND = 404


def _verdict(body: Json) -> Told:
    cost = body["estimate"]
    reckoned = f" It is reckoned at ${cost['usd']:.2f}." if cost else ""
    if body["allowed"]:
        return Told(f"The rules let this call out.{reckoned} Nobody was called.", body)
    failed = [f"{rule['rule']}: {rule['why']}" for rule in body["rules"] if not rule["passed"]]
    return Told(f"The rules refuse this call. {'; '.join(failed)}. Nobody was called.", body)


def _placed(answer: Answer) -> Told:
    facts = {**_facts(answer.body), "is_new": answer.body["is_new"]}
    call_id = facts["call_id"]
    if not facts["is_new"]:
        text = "It was asked for before under this key, and does not ring again."
    elif answer.status == _ACCEPTED:
        text = "It is not known yet whether it rings. Do not place it again."
    else:
        text = "It is placed, and rings."
    if facts["outcome"] is None:
        text += f" Ask get_status with {call_id} for its outcome and what was said."
    return Told(f"{text}\n{_line(facts)}", facts)


_ACCEPTED = 202

_SHOWN = (
    "direction",
    "state",
    "outcome",
    "fault",
    "cause",
    "mode",
    "placed_s",
    "answered_s",
    "ended_s",
    "duration_s",
)


def _facts(call: Json) -> Json:
    """What a model needs of a call's record."""
    return {
        "call_id": call["id"],
        "to": call["remote"],
        **{name: call[name] for name in _SHOWN},
    }


def _line(call: Json) -> str:
    if call["outcome"] is None:
        return f"{call['call_id']} to {call['to']}: {call['state']}."
    good = call["outcome"] == Outcome.COMPLETED
    fault = "" if good and call["fault"] == "nobody" else f" (fault: {call['fault']})"
    cause = f" {call['cause']}" if call["cause"] else ""
    return f"{call['call_id']} to {call['to']}: ended, {call['outcome']}{fault}.{cause}"


def _transcript(turns: list[Json]) -> list[dict[str, str]]:
    """What was said, in order: by the callee, and what the callee heard of the agent or bridge."""
    said = []
    for turn in turns:
        heard = turn["sent"] if turn["heard"] is None else turn["heard"]
        words = {"callee": turn["utterance"], "agent": heard, "bridge": turn["ours"]}
        for who, text in words.items():
            if plain := " ".join(text.split()):
                said.append({"who": who, "text": plain})
    return said
