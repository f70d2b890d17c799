"""Conversations that were: listed and read.

Source: elevenlabs.io/docs, API reference: conversations (2026-11).
"""

from tests.fakes.elevenlabs.routes import Ask, Operation
from tests.fakes.elevenlabs.rules import Json, refused
from tests.fakes.elevenlabs.state import Workspace, page_of


def _list(space: Workspace, ask: Ask) -> Json:
    agent_id, user_id = ask.query.get("agent_id"), ask.query.get("user_id")
    after_s = int(ask.query.get("call_start_after_unix", "0"))
    found = [
        one
        for one in reversed(space.conversations.values())
        if agent_id in (None, one["agent_id"])
        and user_id in (None, one["user_id"])
        and one["metadata"]["start_time_unix_secs"] >= after_s
    ]
    rows, cursor = page_of(found, ask.query, 30)
    return {
        "conversations": [_summary(one) for one in rows],
        "next_cursor": cursor,
        "has_more": cursor is not None,
    }


def _summary(one: Json) -> Json:
    return {
        "agent_id": one["agent_id"],
        "agent_name": one["agent_name"],
        "conversation_id": one["conversation_id"],
        "start_time_unix_secs": one["metadata"]["start_time_unix_secs"],
        "call_duration_secs": one["metadata"]["call_duration_secs"],
        "message_count": len(one["transcript"]),
        "status": one["status"],
        "termination_reason": one["metadata"]["termination_reason"],
        "call_successful": "unknown" if one["status"] != "failed" else "failure",
        "direction": (one["metadata"]["phone_call"] or {}).get("direction"),
        "tag_ids": [],
    }


def _get(space: Workspace, ask: Ask) -> Json:
    found = space.conversations.get(ask.params["conversation_id"])
    if found is None:
        raise refused(404, "conversation_not_found", "Conversation not found")
    return found


def _delete(space: Workspace, ask: Ask) -> Json:
    _get(space, ask)
    del space.conversations[ask.params["conversation_id"]]
    return {}


_ALL, _ONE = "/v1/convai/conversations", "/v1/convai/conversations/{conversation_id}"

OPERATIONS = (
    Operation("GET", _ALL, "convai_read", _list),
    Operation("GET", _ONE, "convai_read", _get),
    Operation("DELETE", _ONE, "convai_write", _delete),
)
