"""`bridge call` as a person types it, on a terminal: asked before anybody is rung.

Our own promise: design 7, whatever rings or spends shows what it will do and asks.
"""

import pytest

from tests.e2e.outbound.calling_out import ALLOWED, CALLEE, dials, rang
from tests.e2e.provision.office import Office
from tests.fakes.typist import typist

QUESTION = "Ring there now? [y/N]: "
CALL = ("call", CALLEE, "--message", "The zeppelin is delayed.", "--mode", "notify")


def settings(office: Office, **more: str) -> dict[str, str]:
    """The office's, where no server runs: the command places the call itself."""
    return {**office.settings, **ALLOWED, "SERVER__PORT": "1", **more}


async def test_who_says_yes_is_told_what_it_may_cost_before_it_rings(office: Office) -> None:
    async with typist(*CALL, settings=settings(office)) as person:
        shown = await person.sees(QUESTION)
        assert dials(office) == []
        person.types("y\n")
        await person.sees("call_")
        code = await person.ended()

    assert f"To call: {CALLEE}, notify. Reckoned at $" in shown
    assert (code, len(rang(office))) == (0, 1)


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"], ids=["no", "enter", "ctrl-d"])
async def test_whoever_says_anything_else_rings_nobody(office: Office, answer: str) -> None:
    async with typist(*CALL, settings=settings(office)) as person:
        await person.sees(QUESTION)
        person.types(answer)
        code = await person.ended()

    assert code != 0
    assert dials(office) == []


async def test_what_would_be_refused_is_refused_without_asking(office: Office) -> None:
    stopped = settings(office, POLICY__OUTBOUND__ENABLED="false")
    async with typist(*CALL, settings=stopped) as person:
        shown = await person.sees("'enabled'")
        code = await person.ended()

    assert QUESTION not in shown
    assert (code, dials(office)) == (6, [])
