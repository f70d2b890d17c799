"""The platform behind the interface: it answers the telephone, and tells what became of a call.

`ring` does what happens when somebody dials a number: Twilio passes the call on, the initiation
webhook is asked while it rings, variables and overrides are settled, and the call begins or fails
with a reason. `web_chat` is a conversation without a telephone. `post_call` delivers the signed
webhook afterwards, once: retries are off by default.

Source: elevenlabs.io/docs, personalization by Twilio, dynamic variables, post-call webhooks (2026-11).
"""

import asyncio
import copy
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any

import httpx
from typing_extensions import override

from tests.fakes.elevenlabs.call import VARIABLE, Call
from tests.fakes.elevenlabs.merge import overridden
from tests.fakes.elevenlabs.numbers import VOICE_URL, new_call_sid
from tests.fakes.elevenlabs.rules import Json, not_permitted
from tests.fakes.elevenlabs.schema import named, problems, strangers
from tests.fakes.elevenlabs.state import Number, Workspace

INTRODUCTION = "conversation_initiation_client_data"
CLIENT_DATA = named("ConversationInitiationClientDataRequest-Input")
NOT_SENT = "authorization"
"""A request header that an agent may be given, and that is never sent."""

PHONE_ONLY = ("system__caller_id", "system__called_number", "system__call_sid")


class _Stopped(Exception):
    """The call does not begin, and why."""


class Platform(Workspace):
    """The workspace with a telephone and a line to the world.

    Attributes:
        ways: public base URLs, and where they really lead: `{"https://phone.example": server.url}`.
        within_s: how long a webhook or a turn may take, in seconds.
        ringing: calls that were placed and that nobody has picked up yet, by conversation.
    """

    client: httpx.AsyncClient

    def __init__(self, **switches: Any) -> None:
        super().__init__(**switches)
        self.ways: dict[str, str] = {}
        self.within_s = 5.0
        self.ringing: dict[str, Call] = {}

    def reach(self, url: str) -> str:
        """Where a public URL really leads."""
        for public, real in self.ways.items():
            if url.startswith(public):
                return real + url.removeprefix(public)
        return url

    # -- conversations ---------------------------------------------------------------------------

    async def ring(self, caller: str, called: str) -> Call:
        """Somebody dials a number. The call is up, or says in `failed` why it is not."""
        sid = new_call_sid(self)
        try:
            number = self._number_of(called)
        except _Stopped as stopped:
            return self._call("", failed=str(stopped))
        assert number.agent_id is not None
        call = self._call(number.agent_id)
        call.phone_call = {
            "type": "twilio",
            "direction": "inbound",
            "phone_number_id": number.id,
            "agent_number": called,
            "external_number": caller,
            "call_sid": sid,
            "stream_sid": sid.replace("CA", "MZ"),
        }
        about = {
            "caller_id": caller,
            "agent_id": number.agent_id,
            "called_number": called,
            "call_sid": sid,
            "conversation_id": call.conversation_id,
        }
        system = dict(zip(PHONE_ONLY, (caller, called, sid), strict=True))
        try:
            overrides = call.agent["platform_settings"]["overrides"]
            if overrides["enable_conversation_initiation_client_data_from_webhook"]:
                call.introduced = await self._introduction(call.agent, about)
            self._begin(call, system)
        except _Stopped as stopped:
            call.fail(str(stopped))
        return call

    @override
    def dialled(self, order: Json) -> None:
        """See `Workspace.dialled`. It is a conversation from the start, as the real one lists it."""
        conversation, line = order["conversation_id"], self.numbers[order["agent_phone_number_id"]]
        call = self._call(order["agent_id"], conversation_id=conversation)
        call.introduced = order.get("conversation_initiation_client_data") or {}
        call.rings = True
        call.phone_call = {
            "type": "twilio",
            "direction": "outbound",
            "phone_number_id": line.id,
            "agent_number": line.phone_number,
            "external_number": order["to_number"],
            "call_sid": order["call_sid"],
            "stream_sid": order["call_sid"].replace("CA", "MZ"),
        }
        self.ringing[conversation] = call
        call.keep(call)

    def answer(self, conversation: str) -> Call:
        """Somebody picks up a call that was placed. It is up, or says in `failed` why it is not."""
        call = self.ringing.pop(conversation)
        call.rings = False
        assert call.phone_call is not None
        about = call.phone_call
        sides = (about["agent_number"], about["external_number"], about["call_sid"])
        try:
            self._begin(call, dict(zip(PHONE_ONLY, sides, strict=True)))
        except _Stopped as stopped:
            call.fail(str(stopped))
        else:
            call.keep(call)
        return call

    def no_answer(self, conversation: str, result: str = "no_answer") -> Call:
        """Nobody picks it up; or the line is `busy`, or a machine answers: `voicemail`."""
        call = self.ringing.pop(conversation)
        assert call.phone_call is not None
        call.phone_call["call_result"] = result
        call.fail(result)
        return call

    async def web_chat(
        self, agent_id: str, variables: Mapping[str, Any] | None = None, *, is_signed: bool = False
    ) -> Call:
        """Somebody talks to the agent without a telephone: no webhook is asked.

        Args:
            variables: what the page gives.
            is_signed: whether they come with a signed URL, which an agent with auth on wants.
        """
        call = self._call(agent_id)
        if variables:
            call.introduced = {"dynamic_variables": dict(variables)}
        if call.agent["platform_settings"]["auth"]["enable_auth"] and not is_signed:
            call.fail("The agent requires authentication")
            return call
        try:
            self._begin(call, {})
        except _Stopped as stopped:
            call.fail(str(stopped))
        return call

    def _call(self, agent_id: str, failed: str = "", conversation_id: str = "") -> Call:
        def keep(call: Call) -> None:
            self.conversations[call.conversation_id] = call.record()

        agent = copy.deepcopy(self.agents.get(agent_id, {}))
        return Call(
            client=self.client,
            conversation_id=conversation_id or self.new_id("conv"),
            agent=agent,
            version_id=agent.get("version_id"),
            reach=self.reach,
            keep=keep,
            complain=self.complaints.append,
            failed=failed,
            within_s=self.within_s,
        )

    def _number_of(self, called: str) -> Number:
        found = [n for n in self.numbers.values() if n.phone_number == called]
        line = self.twilio.line(called) if self.twilio is not None else None
        if line is not None and (
            line["voice_url"] != VOICE_URL or line["voice_application_sid"] or line["trunk_sid"]
        ):
            raise _Stopped("Twilio sends this number's calls elsewhere")
        if not found or found[0].is_verified_caller_id:
            raise _Stopped("no such number")
        if found[0].agent_id not in self.agents:
            raise _Stopped("no agent is assigned to the number")
        return found[0]

    # -- how a call begins -------------------------------------------------------------------------

    async def _introduction(self, agent: Json, about: Json) -> Json:
        """What the initiation webhook says, checked."""
        key = "conversation_initiation_client_data_webhook"
        webhook = agent["platform_settings"]["workspace_overrides"][key] or self.settings[key]
        if webhook is None:
            raise _Stopped("no initiation webhook is configured")
        headers = {k: self._value(v, {}) for k, v in webhook["request_headers"].items()}
        try:
            async with asyncio.timeout(self.within_s):
                answer = await self.client.post(
                    self.reach(webhook["url"]), json=about, headers=headers
                )
        except (httpx.HTTPError, TimeoutError) as error:
            raise _Stopped(f"the initiation webhook: {type(error).__name__}") from None
        if answer.status_code != 200:
            raise _Stopped(f"the initiation webhook answered {answer.status_code}")
        try:
            said = answer.json()
        except ValueError:
            raise _Stopped("the initiation webhook did not answer JSON") from None
        if not isinstance(said, dict) or said.pop("type", "") != INTRODUCTION:
            raise _Stopped("the initiation webhook answered another type")
        found = problems(CLIENT_DATA, said)
        if found:
            raise _Stopped(f"the initiation webhook's answer is wrong at {found[0]['loc']}")
        odd = strangers(CLIENT_DATA, said)
        if odd:
            self.complaints.append(f"the initiation webhook said what nobody knows: {odd}")
        return said

    def _begin(self, call: Call, system: Mapping[str, str]) -> None:
        """Settles overrides, variables and headers, and greets. May stop the call."""
        may = call.agent["platform_settings"]["overrides"]
        changes = call.introduced.get("conversation_config_override") or {}
        refused = not_permitted(changes, may["conversation_config_override"])
        if call.introduced.get("custom_llm_extra_body") and not may["custom_llm_extra_body"]:
            refused.append("custom_llm_extra_body")
        if refused:
            raise _Stopped(f"Override not allowed by config: {', '.join(refused)}")
        config = overridden(call.agent["conversation_config"], changes)
        call.agent["conversation_config"] = config
        call.variables = self._variables(call, system)
        _check_variables(call)
        own = call.prompt["custom_llm"]
        if own is not None:
            call.headers = self._headers(own, call.variables)
        call.greet()

    def _variables(self, call: Call, system: Mapping[str, str]) -> dict[str, Any]:
        talk = call.agent["conversation_config"]["agent"]
        given = call.introduced.get("dynamic_variables") or {}
        wrong = [
            name
            for name, value in given.items()
            if name.startswith("system__") or not isinstance(value, str | int | float | bool)
        ]
        if wrong:
            raise _Stopped(f"Invalid dynamic variables: {', '.join(sorted(wrong))}")
        agent_id = call.agent["agent_id"]
        return {
            **talk["dynamic_variables"]["dynamic_variable_placeholders"],
            **given,
            "system__conversation_id": call.conversation_id,
            "system__agent_id": agent_id,
            "system__current_agent_id": agent_id,
            "system__agent_turns": 0,
            "system__call_duration_secs": 0,
            "system__time_utc": "2026-11-21T12:00:00+00:00",
            "system__timezone": call.prompt["timezone"] or "UTC",
            "system__is_text_only": False,
            **system,
        }

    def _headers(self, own: Json, variables: Mapping[str, Any]) -> dict[str, str]:
        sent = {
            name: self._value(value, variables)
            for name, value in own["request_headers"].items()
            if name.lower() != NOT_SENT
        }
        if own["api_key"] is not None:
            sent["authorization"] = f"Bearer {self._value(own['api_key'], variables)}"
        return sent

    def _value(self, source: Any, variables: Mapping[str, Any]) -> str:
        """What a header's value is: a text, a secret's, or a variable's."""
        if isinstance(source, str):
            return source
        if "variable_name" in source:
            return str(variables[source["variable_name"]])
        secret = self.secrets.get(source.get("secret_id", ""))
        if secret is None:
            raise _Stopped("a header names a secret that is not there")
        return secret.value

    # -- after a call ------------------------------------------------------------------------------

    async def post_call(self, call: Call | str) -> httpx.Response | None:
        """Delivers `post_call_transcription`, signed, once. None when nobody asked for it.

        Args:
            call: the call, or a conversation's id. Deliver it twice for a repeat.
        """
        one = self.conversations[call if isinstance(call, str) else call.conversation_id]
        told = self.agents[one["agent_id"]]["platform_settings"]["workspace_overrides"]["webhooks"]
        if told["post_call_webhook_id"] is None:
            told = self.settings["webhooks"]
        webhook = self.webhooks.get(told["post_call_webhook_id"] or "")
        if webhook is None or webhook.is_disabled:
            return None
        if told["events"] and "transcript" not in told["events"]:
            return None
        now_s = int(time.time())
        event = {"type": "post_call_transcription", "event_timestamp": now_s, "data": one}
        raw = json.dumps(event, separators=(",", ":")).encode()
        headers = {
            **(webhook.request_headers or {}),
            "content-type": "application/json",
            "elevenlabs-signature": signature(webhook.secret, raw, now_s),
        }
        return await self.client.post(self.reach(webhook.url), content=raw, headers=headers)


def signature(secret: str, raw: bytes, at_s: int) -> str:
    """What `ElevenLabs-Signature` says of a body. `at_s` is in Unix seconds."""
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={at_s},v0={digest}"


def _check_variables(call: Call) -> None:
    """Stops a call that refers to a variable without a value."""
    prompt, talk = call.prompt, call.agent["conversation_config"]["agent"]
    wanted = set(VARIABLE.findall(prompt["prompt"])) | set(VARIABLE.findall(talk["first_message"]))
    sources = (prompt["custom_llm"] or {}).get("request_headers", {}).values()
    wanted |= {v["variable_name"] for v in sources if isinstance(v, dict) and "variable_name" in v}
    missing = sorted(wanted - call.variables.keys())
    if missing:
        raise _Stopped(f"Missing required dynamic variables: {', '.join(missing)}")
