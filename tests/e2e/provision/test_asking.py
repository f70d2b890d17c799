"""Whom `bridge provision` asks, and what becomes of the answer. Our own promise: design 7."""

import asyncio

import pytest

from tests.e2e.provision.office import Office
from tests.fakes.typist import BARGE_IN, typist


@pytest.mark.parametrize("arguments", [(), ("--json",), ("--undo",), ("--destroy",)])
async def test_where_nobody_sits_it_wants_a_yes(office: Office, arguments: tuple[str, ...]) -> None:
    said = await office.types("provision", *arguments)

    assert (said.code, said.out) == (2, "")
    assert "say --yes, or --dry-run first" in said.err
    assert office.platform.requests == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--undo", "--destroy"), "Choose one of --undo and --destroy."),
        (("--undo", "--agent", "agent_1"), "--agent goes with applying alone."),
        (("--destroy", "--agent", ""), "--agent goes with applying alone."),
        (("--agent", ""), "'' is no agent's id"),
        (("--agent", "../secrets"), "'../secrets' is no agent's id"),
    ],
)
async def test_what_does_not_go_together_is_a_usage_error(
    office: Office, arguments: tuple[str, ...], why: str
) -> None:
    said = await office.types("provision", "--yes", *arguments)
    told = await office.types("provision", "--yes", "--json", *arguments)

    assert said.code == told.code == 2
    assert why in said.err
    assert why in told.error["message"]
    assert office.platform.requests == []


@pytest.mark.parametrize(
    ("keys", "code", "last"),
    [
        ("n\n", 0, "Nothing was changed."),
        ("\n", 0, "Nothing was changed."),
        ("perhaps\nno\n", 0, "Nothing was changed."),
        ("\x04", 130, ""),
    ],
)
async def test_whoever_does_not_say_yes_changes_nothing(
    office: Office, keys: str, code: int, last: str
) -> None:
    async with typist("provision", settings=office.settings) as person:
        seen = await person.sees("Do these 6 steps? [y/N]")
        person.types(keys)
        if last:
            seen += await person.sees(last)
        ended = await person.ended()

    office.check(seen)
    assert ended == code
    assert office.platform.writes == []


async def test_ctrl_c_at_the_question_ends_it_at_once(office: Office) -> None:
    """Pressed once: an event loop takes the first for a wish, and waits for the answer."""
    async with typist("provision", settings=office.settings) as person:
        await person.sees("[y/N]")
        person.types(BARGE_IN)
        async with asyncio.timeout(5):
            code = await person.ended()

    assert code == 130
    assert office.platform.writes == []


async def test_whoever_says_yes_gets_every_step(office: Office) -> None:
    settings = office.settings
    async with typist("provision", "--skip-self-test", settings=settings) as person:
        seen = await person.sees("[y/N]")
        person.types("y\n")
        seen += await person.sees("6/6 import number +1555•••0999: done")
        code = await person.ended()

    office.check(seen)
    assert code == 0
    assert office.agent["name"] == "bridge"
