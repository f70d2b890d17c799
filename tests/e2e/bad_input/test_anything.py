"""Whatever is sent, the answer is fair: a reply, or a status in OpenAI's shape, never a 500.

Our own promises: design 6 and 15.
"""

import copy
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.chat_request import CALL, body, error_of, function, post, raw
from tests.fakes.program import Program
from tests.fakes.web_server import until

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
RICH = body(
    messages=[
        {"role": "system", "content": "[bridge conversation=c1] Be kind."},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
        {"role": "assistant", "content": "One moment... ", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        {"role": "assistant", "content": "It rains."},
        {"role": "user", "content": "Thanks. Bye"},
    ],
    tools=[
        function(
            name="end_call",
            description="Ends it.",
            parameters={
                "type": "object",
                "properties": {"reason": {"type": "string", "enum": ["bye"]}},
                "required": ["reason"],
            },
        )
    ],
    stream=True,
    stream_options={"include_usage": True},
    temperature=0.5,
    n=1,
    user_id="u1",
    tool_choice="auto",
    elevenlabs_extra_body={"a": 1},
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, child in inner:
        found.append((*path, key))
        if isinstance(child, dict | list):
            found += _places(child, (*path, key))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A good request in which up to three values were replaced, removed or doubled."""
    whole = copy.deepcopy(RICH)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from(_places(whole)))
        holder: Any = whole
        for key in way:
            holder = holder[key]
        act = draw(st.sampled_from(["replace", "remove", "double"]))
        if act == "replace":
            holder[last] = draw(JSON)
        elif act == "remove":
            del holder[last]
        else:
            holder[last] = [holder[last], copy.deepcopy(holder[last])]
    return whole


FAIR = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


async def _answers_fairly(
    client: httpx.AsyncClient, sent: bytes, *headers: tuple[str, bytes]
) -> None:
    response = await post(client, sent, *headers)
    if response.status_code == 200:
        return
    error = error_of(response)
    # What the agent itself found wrong (a result of a call that nobody made) is a 502 by rights.
    is_agents = (response.status_code, error["code"]) == (502, "upstream_rejected")
    assert response.status_code in (400, 413, 415, 422) or is_agents, (response.text, sent)


@FAIR
@given(value=JSON)
async def test_any_json_gets_a_fair_answer(client: httpx.AsyncClient, value: Any) -> None:
    await _answers_fairly(client, raw(value))


@FAIR
@given(value=mutated(), profile=st.sampled_from([b"voice", b"plain"]))
async def test_any_change_of_a_good_request_gets_a_fair_answer(
    client: httpx.AsyncClient, value: Any, profile: bytes
) -> None:
    await _answers_fairly(client, raw(value), ("x-bridge-profile", profile))


async def test_nothing_is_left_of_all_this(bridge: Program) -> None:
    await until(lambda: bridge.bridge.turns.live_runs == 0)
    await until(lambda: not bridge.served.server.server_state.tasks)
