"""Agents: made, listed, read, changed in depth, taken away.

Source: elevenlabs.io/docs, API reference: agents (2026-11).
"""

import copy
from typing import Any

from tests.fakes.elevenlabs.merge import merged, without
from tests.fakes.elevenlabs.numbers import number_row
from tests.fakes.elevenlabs.routes import Ask, Operation
from tests.fakes.elevenlabs.rules import (
    Json,
    check_placeholders,
    check_prompt,
    check_whole,
    invalid,
    refused,
)
from tests.fakes.elevenlabs.schema import filled, problems, request_schema
from tests.fakes.elevenlabs.state import AGENT, Workspace, page_of

CREATE = request_schema("POST", "/v1/convai/agents/create") or {}
ACCESS: Json = {
    "is_creator": True,
    "creator_name": "Ada",
    "creator_email": "ada@example.com",
    "role": "admin",
    "anonymous_access_level_override": None,
    "access_source": "creator",
}


def _agent(space: Workspace, ask: Ask) -> Json:
    agent = space.agents.get(ask.params["agent_id"])
    if agent is None:
        raise refused(404, "agent_not_found", "Agent not found")
    return agent


def _shown(space: Workspace, agent: Json) -> Json:
    numbers = [n for n in space.numbers.values() if n.agent_id == agent["agent_id"]]
    shown = copy.deepcopy(agent)
    shown["phone_numbers"] = [number_row(space, number) for number in numbers]
    shown["access_info"] = ACCESS
    return shown


def _inner(body: Any, *steps: str) -> Json:
    for step in steps:
        body = body.get(step) if isinstance(body, dict) else None
    return body if isinstance(body, dict) else {}


def _check(space: Workspace, sent: Json, whole: Json, *, is_new: bool) -> None:
    """Refuses a write whose outcome may not be."""
    prompt = ("conversation_config", "agent", "prompt")
    names = _inner(sent, *prompt[:2], "dynamic_variables", "dynamic_variable_placeholders")
    check_placeholders(names)
    check_prompt(_inner(sent, *prompt), _inner(whole, *prompt), is_new=is_new)
    check_whole(whole, space.cloned_voices)
    space.check_references(sent)
    kept = {key: whole[key] for key in ("conversation_config", "platform_settings", "name", "tags")}
    found = problems(CREATE, kept)
    if found:
        raise invalid(found)


def _kept(space: Workspace, body: Json) -> Json:
    for path in space.forgotten:
        body = without(body, path)
    return body


def _create(space: Workspace, ask: Ask) -> Json:
    body = _kept(space, ask.body)
    parts = body.get("conversation_config"), body.get("platform_settings") or {}
    agent_id = space.add_agent(body.get("name") or "", *parts, body.get("tags") or ())
    try:
        _check(space, ask.body, space.agents[agent_id], is_new=True)
    except Exception:
        del space.agents[agent_id]
        raise
    return {"agent_id": agent_id}


def _list(space: Workspace, ask: Ask) -> Json:
    name, tags = ask.query.get("search", "").lower(), set(ask.query.getlist("tags"))
    archived = ask.query.get("archived", "false").lower() == "true"
    found = [
        agent
        for agent in space.agents.values()
        if name in agent["name"].lower()
        and (not tags or tags & set(agent["tags"]))
        and agent["platform_settings"]["archived"] == archived
    ]
    is_upward = ask.query.get("sort_direction", "desc") == "asc"
    rows, cursor = page_of(found if is_upward else found[::-1], ask.query, 30)
    summaries = [
        {
            "agent_id": agent["agent_id"],
            "name": agent["name"],
            "voice_id": agent["conversation_config"]["tts"]["voice_id"],
            "tags": agent["tags"],
            "created_at_unix_secs": agent["metadata"]["created_at_unix_secs"],
            "access_info": ACCESS,
            "last_call_time_unix_secs": None,
            "archived": agent["platform_settings"]["archived"],
        }
        for agent in rows
    ]
    return {"agents": summaries, "next_cursor": cursor, "has_more": cursor is not None}


def _get(space: Workspace, ask: Ask) -> Json:
    return _shown(space, _agent(space, ask))


def _update(space: Workspace, ask: Ask) -> Json:
    agent = _agent(space, ask)
    body = _kept(space, {k: v for k, v in ask.body.items() if k != "version_description"})
    sent = {key: part for key, part in body.items() if part is not None}
    whole = filled(AGENT, merged(AGENT, agent, sent, maps=space.maps))
    _check(space, ask.body, whole, is_new=False)
    space.edit_agent(agent["agent_id"], sent)
    return _shown(space, space.agents[agent["agent_id"]])


def _delete(space: Workspace, ask: Ask) -> None:
    agent = _agent(space, ask)
    for number in space.numbers.values():
        if number.agent_id == agent["agent_id"]:
            number.agent_id = None
    del space.agents[agent["agent_id"]]


_ALL, _ONE = "/v1/convai/agents", "/v1/convai/agents/{agent_id}"

OPERATIONS = (
    Operation("POST", f"{_ALL}/create", "convai_write", _create),
    Operation("GET", _ALL, "convai_read", _list),
    Operation("GET", _ONE, "convai_read", _get),
    Operation("PATCH", _ONE, "convai_write", _update),
    Operation("DELETE", _ONE, "convai_write", _delete),
)
