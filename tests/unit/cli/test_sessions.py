"""`bridge sessions`: who talks in which session of a running server."""

import json
from pathlib import Path

import pytest

from bridge.cli.sessions import row
from tests.fakes.agent import FakeAgent
from tests.fakes.program import program
from tests.fakes.terminal import bridge, point_at

pytestmark = pytest.mark.anyio


async def test_callers_are_listed_masked(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with program(settings={"POLICY__INBOUND": "open"}) as running:
        point_at(running.served.url, monkeypatch)
        for conversation in ("conv_1", "conv_2"):
            headers = {
                "x_bridge_conversation": conversation,
                "x_bridge_caller": "+15550100999",
            }
            async with running.openai(**headers) as client:
                await client.chat.completions.create(
                    model="bridge", messages=[{"role": "user", "content": "spell cat"}]
                )
        assert await bridge("sessions") == 0
        assert await bridge("sessions", "--json") == 0

    header, line, *rest = capsys.readouterr().out.splitlines()
    (found,) = json.loads("\n".join(rest))
    assert header.split() == ["session", "caller", "conversation", "turns", "first", "last"]
    assert line.split()[:4] == [found["session"], found["caller"], "conv_2", "2"]
    assert "+15550100999" not in line + json.dumps(found)
    assert found["session"].startswith("phone:")


async def test_nobody_yet_is_an_empty_list(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with program() as running:
        point_at(running.served.url, monkeypatch)
        assert await bridge("sessions", "--json") == 0

    assert json.loads(capsys.readouterr().out) == []


async def test_another_program_at_the_address_is_remote(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeAgent(token="not-a-bridge-at-all") as other:
        monkeypatch.setenv("BRIDGE_SERVER__OPERATOR_TOKEN", other.token)
        code = await bridge("sessions", "--url", other.url)

    assert code == 5
    assert capsys.readouterr().err.startswith("bridge: ")


def test_what_is_withheld_is_a_dash() -> None:
    session = {
        "session": "phone:call:conv_1",
        "caller": "",
        "conversation": "",
        "turns": 3,
        "first_at_s": 0,
        "last_at_s": 1,
    }

    assert row(session)[:4] == ("phone:call:conv_1", "-", "-", "3")
