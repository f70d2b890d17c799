"""The chat-completions wire: requests read, chunks and errors written.

Reads exactly what is relied on and carries the rest through untouched, because platforms add
fields and upstreams want them. A field of the wrong kind is a `BadRequest` that names it.

Source: platform.openai.com/docs/api-reference/chat (2026-11); what ElevenLabs adds
(`user_id`, `elevenlabs_extra_body`, text parts, null content):
elevenlabs.io/docs, Custom LLM (2026-11).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from bridge.core.chat_params import check_params
from bridge.errors import BadRequest

ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})

MAX_MESSAGES = 4096
"""More than a day of talking; beyond it a request is a mistake or an attack."""

MAX_TOOLS = 256
"""OpenAI takes 128; a platform's own system tools may come on top."""

_OURS = frozenset({"messages", "tools", "stream", "stream_options", "model"})
_NOT_FORWARDED = _OURS | {"elevenlabs_extra_body", "user_id"}


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the dialogue.

    Attributes:
        role: one of `ROLES`.
        text: its text: the string, or its text parts joined by a line break; `""` for null.
        call_ids: ids of the tool calls it makes (assistant) or the one it answers (tool).
        wire: the message as it came (or as it would be sent), to be passed on unchanged.
    """

    role: str
    text: str
    call_ids: tuple[str, ...] = ()
    wire: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, role: str, text: str) -> "Message":
        """A plain text message of our own making."""
        return cls(role, text, (), {"role": role, "content": text})

    def with_text(self, text: str) -> "Message":
        """The same message with other words; everything else on the wire stays."""
        return Message(self.role, text, self.call_ids, {**self.wire, "content": text})


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat-completions request.

    Attributes:
        model: as asked for, to be echoed; `""` when missing.
        messages: the dialogue, oldest first; never empty.
        stream: whether chunks are wanted.
        include_usage: `stream_options.include_usage`.
        tools: function tools offered, as they came.
        params: every other field, as it came, with `user_id` renamed to `user`. The vendor's
            own `elevenlabs_extra_body` is not among them: it is never forwarded.
    """

    model: str
    messages: tuple[Message, ...]
    stream: bool = False
    include_usage: bool = False
    tools: tuple[Mapping[str, Any], ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)


def parse_request(body: object) -> ChatRequest:
    """A decoded JSON body to a request.

    Raises:
        BadRequest: a field is missing or of the wrong kind; `param` names it.
    """
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    model = _optional(body, "model", str, "a string") or ""
    stream = _optional(body, "stream", bool, "true or false") or False
    options = _optional(body, "stream_options", dict, "an object") or {}
    usage = _optional(options, "include_usage", bool, "true or false", "stream_options.") or False
    check_params(body)
    params = {k: v for k, v in body.items() if k not in _NOT_FORWARDED}
    user_id = _optional(body, "user_id", str, "a string")
    if user_id and "user" not in params:
        params["user"] = user_id
    return ChatRequest(
        model=model,
        messages=_parse_messages(body),
        stream=stream,
        include_usage=usage,
        tools=_parse_tools(body),
        params=params,
    )


def _optional(
    holder: Mapping[str, Any], name: str, kind: type, is_what: str, path: str = ""
) -> Any:  # noqa: ANN401 - JSON values; the kind was checked
    value = holder.get(name)
    if value is None or isinstance(value, kind):
        return value
    raise BadRequest(f"{path + name!r} must be {is_what}.", param=path + name)


def _parse_messages(body: Mapping[str, Any]) -> tuple[Message, ...]:
    messages = body.get("messages")
    if not isinstance(messages, list):
        said = "is required" if messages is None else "must be a list"
        raise BadRequest(f"'messages' {said}.", param="messages")
    if not messages:
        raise BadRequest("'messages' must hold at least one message.", param="messages")
    if len(messages) > MAX_MESSAGES:
        raise BadRequest(f"'messages' holds more than {MAX_MESSAGES}.", param="messages")
    return tuple(_parse_message(m, f"messages[{i}]") for i, m in enumerate(messages))


def _parse_message(message: object, path: str) -> Message:
    if not isinstance(message, dict):
        raise BadRequest(f"'{path}' must be an object.", param=path)
    role = message.get("role")
    if not isinstance(role, str) or role not in ROLES:
        known = ", ".join(sorted(ROLES))
        raise BadRequest(f"'{path}.role' must be one of {known}.", param=f"{path}.role")
    text = _text_of(message.get("content"), f"{path}.content")
    ids = _call_ids(message, role, path)
    return Message(role, text, ids, MappingProxyType(message))


def _text_of(content: object, path: str) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise BadRequest(f"'{path}' must be a string, null or a list of parts.", param=path)
    texts = []
    for i, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise BadRequest(f"'{path}[{i}]' must be a part with a type.", param=f"{path}[{i}]")
        if part["type"] in ("text", "input_text", "refusal"):
            text = part.get("text", part.get("refusal"))
            if not isinstance(text, str):
                name = f"{path}[{i}].text"
                raise BadRequest(f"'{name}' must be a string.", param=name)
            texts.append(text)
    return "\n".join(texts)


def _call_ids(message: Mapping[str, Any], role: str, path: str) -> tuple[str, ...]:
    if role == "tool":
        answered = message.get("tool_call_id")
        if not isinstance(answered, str):
            name = f"{path}.tool_call_id"
            raise BadRequest(f"'{name}' must be a string.", param=name)
        return (answered,)
    calls = message.get("tool_calls")
    if calls is None:
        return ()
    if not isinstance(calls, list):
        raise BadRequest(f"'{path}.tool_calls' must be a list.", param=f"{path}.tool_calls")
    for i, call in enumerate(calls):
        name = f"{path}.tool_calls[{i}]"
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise BadRequest(f"'{name}' must be a function call with a name.", param=name)
        if not isinstance(call.get("id"), str):
            raise BadRequest(f"'{name}.id' must be a string.", param=f"{name}.id")
    return tuple(call["id"] for call in calls)


def _parse_tools(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    tools = _optional(body, "tools", list, "a list") or []
    if len(tools) > MAX_TOOLS:
        raise BadRequest(f"'tools' holds more than {MAX_TOOLS}.", param="tools")
    for i, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) else None
        named = function.get("name") if isinstance(function, dict) else None
        if not isinstance(function, dict) or not isinstance(named, str) or not named:
            name = f"tools[{i}].function.name"
            raise BadRequest(f"'{name}' must be a string, and not empty.", param=name)
        parameters = function.get("parameters")
        if parameters is not None and not isinstance(parameters, dict):
            name = f"tools[{i}].function.parameters"
            raise BadRequest(f"'{name}' must be an object.", param=name)
    return tuple(tools)


def dump(value: object) -> str:
    """JSON as the wire wants it: compact, unicode kept."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_escape = json.encoder.encode_basestring
"""The C string escaper of the standard library: one call a chunk instead of a whole dump."""


class ChunkWriter:
    """Writes one reply's chunks as server-sent events.

    The part that never changes is written once; a text chunk costs one escape and two joins.
    With `has_usage` every chunk but the one that holds the counts says `"usage":null`, as OpenAI's
    do when `stream_options.include_usage` is asked for.
    Half a character (a lone surrogate, from an agent that cut its own JSON) becomes `?`.
    """

    def __init__(self, reply_id: str, created: int, model: str, *, has_usage: bool = False) -> None:
        fixed = dump(
            {
                "id": reply_id,
                "object": "chat.completion.chunk",
                "created": created,
                "model": model,
            }
        )[:-1]
        self._head = f'data: {fixed},"choices":[{{"index":0,"delta":'
        self._tail = ',"usage":null}\n\n' if has_usage else "}\n\n"
        self._bare = f'data: {fixed},"choices":[],"usage":'

    def role(self) -> bytes:
        """The first chunk: opens the stream, says nothing."""
        return self._chunk('{"role":"assistant","content":""}')

    def text(self, text: str) -> bytes:
        """Words."""
        return self._chunk('{"content":' + _escape(text) + "}")

    def tool_call(self, index: int, call_id: str, name: str, arguments: str) -> bytes:
        """One whole tool call: fragments are handled unevenly by platforms."""
        call = {
            "index": index,
            "id": call_id,
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }
        return self._chunk(dump({"tool_calls": [call]}))

    def finish(self, reason: str) -> bytes:
        """The last chunk of the reply."""
        return self._chunk("{}", _escape(reason))

    def usage(self, usage: Mapping[str, int]) -> bytes:
        """What `stream_options.include_usage` asks for, after the last chunk."""
        return f"{self._bare}{dump(dict(usage))}}}\n\n".encode(errors="replace")

    def _chunk(self, delta: str, reason: str = "null") -> bytes:
        chunk = f'{self._head}{delta},"finish_reason":{reason}}}]{self._tail}'
        return chunk.encode(errors="replace")


DONE = b"data: [DONE]\n\n"

NO_USAGE = MappingProxyType({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0})


def render_completion(
    *,
    reply_id: str,
    created: int,
    model: str,
    text: str,
    calls: Sequence[tuple[str, str, str]] = (),
    reason: str = "stop",
    usage: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """A whole reply as one `chat.completion` object. `calls` are (id, name, arguments).

    Half characters become `?`, as in `ChunkWriter`.
    """
    content = _whole_characters(text) or (None if calls else "")
    message: dict[str, Any] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [
            {
                "id": call_id,
                "type": "function",
                "function": {"name": name, "arguments": _whole_characters(arguments)},
            }
            for call_id, name, arguments in calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": reason}
    return {
        "id": reply_id,
        "object": "chat.completion",
        "created": created,
        "model": _whole_characters(model),
        "choices": [choice],
        "usage": dict(usage or NO_USAGE),
    }


def _whole_characters(text: str) -> str:
    return text.encode(errors="replace").decode()


def render_error(
    message: str, kind: str, *, code: str | None = None, param: str | None = None
) -> dict[str, Any]:
    """An error in OpenAI's shape, which its clients map to their own exceptions."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
