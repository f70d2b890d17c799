"""`bridge latency`: the waterfall of a running server."""

import json
from pathlib import Path

import pytest

from bridge.cli.latency import rows
from tests.fakes.program import Program, program
from tests.fakes.terminal import bridge, point_at

pytestmark = pytest.mark.anyio

STAGES = ["classify", "settle", "think", "shape", "speak", "total"]


async def take_a_turn(running: Program) -> None:
    async with running.openai(x_bridge_conversation="conv_1") as client:
        await client.chat.completions.create(
            model="bridge", messages=[{"role": "user", "content": "spell cat"}]
        )


async def test_each_stage_is_a_row_in_milliseconds(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with program() as running:
        point_at(running.served.url, monkeypatch)
        await take_a_turn(running)
        assert await bridge("latency") == 0

    shown = capsys.readouterr()
    header, *lines = shown.out.splitlines()
    assert header.split() == ["stage", "p50", "p90", "p99"]
    assert [line.split()[0] for line in lines] == STAGES
    assert shown.err == "In milliseconds, over 1 turn.\n"


async def test_json_is_what_the_server_says(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with program() as running:
        point_at(running.served.url, monkeypatch)
        await take_a_turn(running)
        assert await bridge("latency", "--json", "--url", running.url) == 0

    figures = json.loads(capsys.readouterr().out)
    assert figures["turns"] == 1
    assert list(figures["stages_s"]) == STAGES


async def test_before_the_first_turn_there_is_only_the_header(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with program() as running:
        point_at(running.served.url, monkeypatch)
        assert await bridge("latency") == 0

    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (
        "stage  p50  p90  p99\n",
        "In milliseconds, over 0 turns.\n",
    )


async def test_no_server_is_remote_and_says_how_to_start_one(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRIDGE_SERVER__PORT", "1")

    assert await bridge("latency") == 5
    assert capsys.readouterr().err.splitlines() == [
        "bridge: No server answers at http://127.0.0.1:1.",
        "  Start it with `bridge serve`, or name another with --url.",
    ]


async def test_the_platforms_token_does_not_open_it(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with program() as running:
        point_at(running.served.url, monkeypatch)
        monkeypatch.setenv("BRIDGE_SERVER__OPERATOR_TOKEN", "not-the-operators-token")
        assert await bridge("latency") == 4

    assert "BRIDGE_SERVER__OPERATOR_TOKEN" in capsys.readouterr().err


def test_numbers_stand_to_the_right() -> None:
    assert rows({"think": {"p50": 1.5, "p90": 0.002, "p99": 12}}) == [
        ("think", " 1,500.0", "     2.0", "12,000.0")
    ]
