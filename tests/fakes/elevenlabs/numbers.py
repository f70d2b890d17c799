"""Telephone numbers: imported from Twilio, joined to an agent, let go.

An import takes the number away from whatever answered it: the voice URL at Twilio is ours from then
on. Nothing gives it back, not even letting the number go.

Source: elevenlabs.io/docs, API reference: phone numbers (2026-11).
"""

from tests.fakes.elevenlabs.routes import Ask, Operation
from tests.fakes.elevenlabs.rules import Json, refused
from tests.fakes.elevenlabs.state import Number, Workspace

VOICE_URL = "https://api.elevenlabs.io/twilio/inbound_call"
STATUS_URL = "https://api.elevenlabs.io/twilio/status-callback"
"""Where an import points a number. The second one's path is not documented."""


def number_row(space: Workspace, number: Number) -> Json:
    """A number as every answer shows it."""
    assigned: Json | None = None
    if number.agent_id is not None:
        agent = space.agents.get(number.agent_id, {})
        assigned = {
            "agent_id": number.agent_id,
            "agent_name": agent.get("name", ""),
            "environment": number.environment,
            "branch_id": number.branch_id,
        }
    return {
        "provider": "twilio",
        "phone_number": number.phone_number,
        "label": number.label,
        "supports_inbound": not number.is_verified_caller_id,
        "supports_outbound": True,
        "phone_number_id": number.id,
        "assigned_agent": assigned,
    }


def _number(space: Workspace, ask: Ask) -> Number:
    number = space.numbers.get(ask.params["phone_number_id"])
    if number is None:
        raise refused(404, "phone_number_not_found", "Phone number not found")
    return number


def _check_agent(space: Workspace, agent_id: str | None) -> None:
    if agent_id is not None and agent_id not in space.agents:
        raise refused(404, "agent_not_found", f"Agent {agent_id} not found")


def _create(space: Workspace, ask: Ask) -> Json:
    body = ask.body
    if body["provider"] != "twilio":
        raise refused(400, "unsupported_provider", "The fake imports from Twilio only")
    if any(n.phone_number == body["phone_number"] for n in space.numbers.values()):
        raise refused(400, "phone_number_already_exists", "Phone number is already imported")
    _check_agent(space, body.get("agent_id"))
    is_verified = False
    if body["sid"].startswith("SK") and not body.get("account_auth_token"):
        raise refused(400, "account_auth_token_required", "API keys need account_auth_token")
    if space.twilio is not None:
        if not space.twilio.accepts(body["sid"], body["token"]):
            raise refused(400, "invalid_twilio_credentials", "Twilio refused these credentials")
        is_verified = body["phone_number"] in space.twilio.verified_caller_ids
        line = space.twilio.line(body["phone_number"])
        if line is None and not is_verified:
            raise refused(400, "phone_number_not_found_in_twilio", "Twilio does not know it")
        if is_verified and body.get("agent_id") is not None:
            raise _only_outbound()
        if line is not None:
            line["voice_url"], line["voice_method"] = VOICE_URL, "POST"
            line["status_callback"], line["status_callback_method"] = STATUS_URL, "POST"
    number_id = space.add_number(body["phone_number"], body["label"], body.get("agent_id"))
    number = space.numbers[number_id]
    number.sid, number.token = body["sid"], body["token"]
    number.is_verified_caller_id = is_verified
    return {"phone_number_id": number_id}


def _only_outbound() -> Exception:
    why = "Verified caller ids can only be used for outbound calls"
    return refused(400, "verified_caller_id_not_assignable", why)


def _list(space: Workspace, ask: Ask) -> list[Json]:
    agent_id, provider = ask.query.get("agent_id"), ask.query.get("provider", "twilio")
    return [
        number_row(space, number)
        for number in space.numbers.values()
        if provider == "twilio" and agent_id in (None, number.agent_id)
    ]


def _get(space: Workspace, ask: Ask) -> Json:
    return number_row(space, _number(space, ask))


def _update(space: Workspace, ask: Ask) -> Json:
    number = _number(space, ask)
    if "agent_id" in ask.body:
        _check_agent(space, ask.body["agent_id"])
        if number.is_verified_caller_id and ask.body["agent_id"] is not None:
            raise _only_outbound()
        number.agent_id = ask.body["agent_id"]
    if ask.body.get("label") is not None:
        number.label = ask.body["label"]
    number.environment = ask.body.get("environment", number.environment)
    number.branch_id = ask.body.get("branch_id", number.branch_id)
    return number_row(space, number)


def _delete(space: Workspace, ask: Ask) -> Json:
    del space.numbers[_number(space, ask).id]
    return {}


# -- calls out ---------------------------------------------------------------------------------


def _call_out(space: Workspace, ask: Ask) -> Json:
    _check_agent(space, ask.body["agent_id"])
    if ask.body["agent_phone_number_id"] not in space.numbers:
        raise refused(404, "phone_number_not_found", "Phone number not found")
    if space.refuses_calls:
        why = space.refuses_calls
        return {"success": False, "message": why, "conversation_id": None, "callSid": None}
    conversation_id, sid = space.new_id("conv"), new_call_sid(space)
    space.outbound.append({**ask.body, "conversation_id": conversation_id, "call_sid": sid})
    space.dialled(space.outbound[-1])
    message = "Success"
    return {
        "success": True,
        "message": message,
        "conversation_id": conversation_id,
        "callSid": sid,
    }


def new_call_sid(space: Workspace) -> str:
    """The next call's name at Twilio: `CA` and 32 digits."""
    return f"CA{int(space.new_id('call').rpartition('_')[2]):032x}"


_ALL, _ONE = "/v1/convai/phone-numbers", "/v1/convai/phone-numbers/{phone_number_id}"

OPERATIONS = (
    Operation("POST", _ALL, "convai_write", _create),
    Operation("GET", _ALL, "convai_read", _list),
    Operation("GET", _ONE, "convai_read", _get),
    Operation("PATCH", _ONE, "convai_write", _update),
    Operation("DELETE", _ONE, "convai_write", _delete),
    Operation("POST", "/v1/convai/twilio/outbound-call", "convai_write", _call_out),
)
