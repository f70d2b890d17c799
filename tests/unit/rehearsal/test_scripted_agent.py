"""An agent that says what a scenario tells it to, at its pace, and fails when it is told to."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bridge import clock
from bridge.rehearsal.scenario import Fault, Reply
from bridge.rehearsal.scripted_agent import AWAY_S, TOKEN, Beat, ScriptedAgent, beats
from tests.fakes.rehearsing import rehearse

Chunk = dict[str, Any]


@asynccontextmanager
async def asking(agent: ScriptedAgent) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        agent.working(),
        httpx.AsyncClient(
            base_url=agent.url,
            headers={"authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=300.0,
        ) as http,
    ):
        yield http


def body(utterance: str) -> Chunk:
    return {
        "model": "scripted",
        "stream": True,
        "messages": [{"role": "user", "content": utterance}],
    }


async def chunks(http: httpx.AsyncClient, utterance: str) -> list[tuple[float, Chunk]]:
    """Each chunk of a reply, with the seconds it took to come."""
    began_s = clock.now_s()
    async with http.stream("POST", "/chat/completions", json=body(utterance)) as response:
        assert response.status_code == 200
        return [
            (round(clock.now_s() - began_s, 6), json.loads(line[6:]))
            async for line in response.aiter_lines()
            if line.startswith("data: {")
        ]


def deltas(found: list[tuple[float, Chunk]]) -> list[tuple[float, Chunk]]:
    return [(at_s, chunk["choices"][0]["delta"]) for at_s, chunk in found]


async def words(http: httpx.AsyncClient, utterance: str) -> str:
    return "".join(delta.get("content", "") for _, delta in deltas(await chunks(http, utterance)))


def test_words_are_cut_into_chunks_and_at_pauses() -> None:
    reply = Reply(says="One two three", after_s=1.0, chunk_s=0.1, chunk_chars=6, pauses=((4, 2.0),))

    assert list(beats(reply)) == [
        Beat(1.0, "One "),
        Beat(2.1, "tw"),
        Beat(0.1, "o thre"),
        Beat(0.1, "e"),
    ]


def test_a_reply_without_words_takes_its_time_all_the_same() -> None:
    assert list(beats(Reply(after_s=3.0))) == [Beat(3.0, "")]


def test_it_says_its_words_at_their_pace_after_what_it_works_with() -> None:
    reply = Reply(says="Nine to five", after_s=1.5, chunk_s=0.5, chunk_chars=5, working="calendar")

    async def ask() -> list[tuple[float, Chunk]]:
        async with asking(ScriptedAgent([reply])) as http:
            return deltas(await chunks(http, "When?"))

    assert rehearse(ask) == [
        (0.0, {"role": "assistant", "content": ""}),
        (0.0, {"tool_progress": {"label": "calendar"}}),
        (1.5, {"content": "Nine "}),
        (2.0, {"content": "to fi"}),
        (2.5, {"content": "ve"}),
        (2.5, {}),
    ]


def test_the_first_reply_that_fits_is_given_as_often_as_it_may_be() -> None:
    replies = [
        Reply(to="BOOK", says="Booked.", times=1),
        Reply(to="book", says="Booked already."),
        Reply(to="bye", says="Goodbye."),
    ]

    async def ask() -> list[str]:
        async with asking(ScriptedAgent(replies)) as http:
            said = ["Book it", "Book it", "Bye", "Well"]
            return [await words(http, utterance) for utterance in said]

    assert rehearse(ask) == ["Booked.", "Booked already.", "Goodbye.", "You said: Well"]


def test_its_own_tool_calls_come_after_its_words() -> None:
    reply = Reply(says="Bye.", calls=({"name": "end_call", "arguments": {"reason": "done"}},))

    async def ask() -> list[Chunk]:
        async with asking(ScriptedAgent([reply])) as http:
            return [chunk["choices"][0] for _, chunk in await chunks(http, "Bye")]

    *_, spoken, call, last = rehearse(ask)
    assert spoken["delta"] == {"content": "Bye."}
    made = call["delta"]["tool_calls"][0]
    assert (made["function"]["name"], json.loads(made["function"]["arguments"])) == (
        "end_call",
        {"reason": "done"},
    )
    assert last["finish_reason"] == "tool_calls"


def test_it_fails_with_a_status() -> None:
    async def ask() -> int:
        async with asking(ScriptedAgent([Reply(fault=Fault.STATUS, status=429)])) as http:
            return (await http.post("/chat/completions", json=body("Hi"))).status_code

    assert rehearse(ask) == 429


def test_it_drops_the_connection_after_what_it_said() -> None:
    heard = io.StringIO()

    async def ask(http: httpx.AsyncClient) -> None:
        async with http.stream("POST", "/chat/completions", json=body("Hi")) as response:
            async for piece in response.aiter_text():
                heard.write(piece)

    async def ask_and_be_dropped() -> None:
        async with asking(ScriptedAgent([Reply(says="Half a", fault=Fault.DROP)])) as http:
            with pytest.raises(httpx.HTTPError):
                await ask(http)

    rehearse(ask_and_be_dropped)

    assert "Half a" in heard.getvalue()


def test_it_hangs_until_it_is_left_which_it_sees_at_once() -> None:
    agent = ScriptedAgent([Reply(says="Wait", fault=Fault.HANG)])

    async def ask() -> tuple[int, int, int]:
        async with asking(agent) as http:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(60.0):
                    await chunks(http, "Hi")
            await asyncio.sleep(0.001)
            return agent.asked, agent.left, agent.under_way

    assert rehearse(ask) == (1, 1, 0)


@pytest.mark.parametrize(
    ("fault", "said"),
    [(Fault.ERROR_EVENT, ["error"]), (Fault.EMPTY, ["choices"])],
)
def test_its_stream_holds_an_error_or_nothing(fault: Fault, said: list[str]) -> None:
    async def ask() -> list[Chunk]:
        async with asking(
            ScriptedAgent([Reply(says="" if fault is Fault.ERROR_EVENT else "x", fault=fault)])
        ) as http:
            return [chunk for _, chunk in await chunks(http, "Hi")]

    first, *others = rehearse(ask)
    assert first["choices"][0]["delta"]["role"] == "assistant"
    assert [sorted(chunk.keys() & {"error", "choices"}) for chunk in others] == [said]


def test_where_it_is_to_refuse_nothing_listens_and_then_it_does_again() -> None:
    agent = ScriptedAgent([Reply(to="first", fault=Fault.REFUSE), Reply(says="Here.")])

    async def ask() -> tuple[str, int, str]:
        async with asking(agent) as http:
            before = await words(http, "Anybody?")  # its connection is kept
            await agent.expects("The first thing")
            with pytest.raises(httpx.ConnectError):
                await words(http, "The first thing")
            await agent.is_free()
            await agent.expects("The next thing")
            return before, agent.asked, await words(http, "The next thing")

    assert rehearse(ask) == ("Here.", 1, "Here.")


def test_when_it_restarts_every_connection_is_dropped_and_none_taken_for_a_while() -> None:
    agent = ScriptedAgent([Reply(says="Here.", after_s=5.0)])

    async def ask() -> tuple[int, str]:
        async with asking(agent) as http:
            under_way = asyncio.ensure_future(words(http, "Hi"))
            await asyncio.sleep(1.0)
            await agent.restart()
            with pytest.raises(httpx.RemoteProtocolError):
                await under_way
            await agent.is_free()  # of no effect while it is away
            with pytest.raises(httpx.ConnectError):
                await words(http, "Hi")
            await asyncio.sleep(AWAY_S)
            return agent.left, await words(http, "Hi")

    assert rehearse(ask) == (1, "Here.")


def test_who_has_not_its_token_is_refused() -> None:
    async def ask() -> int:
        async with asking(ScriptedAgent([])) as http:
            answer = await http.get("/models", headers={"authorization": "Bearer other"})
            return answer.status_code

    assert rehearse(ask) == 401


@pytest.mark.parametrize(("poses_as", "first"), [("openai", "scripted"), ("openclaw", "openclaw")])
def test_it_lists_what_the_agent_it_passes_for_would(poses_as: str, first: str) -> None:
    async def ask() -> str:
        async with asking(ScriptedAgent([], poses_as)) as http:
            return str((await http.get("/models")).json()["data"][0]["id"])

    assert rehearse(ask) == first


def test_a_request_may_come_in_pieces_and_the_next_on_its_heels() -> None:
    async def ask() -> bytes:
        agent = ScriptedAgent([])
        async with agent.working():
            host, port = agent.url.removeprefix("http://").removesuffix("/v1").split(":")
            reader, writer = await asyncio.open_connection(host, port)
            text = b"GET /v1/models HTTP/1.1\r\nauthorization: Bearer %b\r\n\r\n" % TOKEN.encode()
            for piece in (text[:20], text[20:-2], text[-2:] + text):
                writer.write(piece)
                await asyncio.sleep(0.01)
            answer = b""
            async with asyncio.timeout(5.0):
                while answer.count(b"}]}") < 2:
                    answer += await reader.read(1000)
            writer.close()
            await writer.wait_closed()
            return answer

    assert rehearse(ask).count(b"HTTP/1.1 200 OK") == 2


def test_there_is_nothing_else() -> None:
    async def ask() -> int:
        async with asking(ScriptedAgent([])) as http:
            return (await http.get("/other")).status_code

    assert rehearse(ask) == 404
