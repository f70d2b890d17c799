"""A first run makes everything, a second one nothing; back again is exactly as it was."""

from pathlib import Path

import pytest

from tests.unit.provision.workbench import workbench

pytestmark = pytest.mark.anyio

FIRST = [
    "create secret token",
    "create secret webhook_token",
    "create webhook post_call",
    "update webhook post_call",
    "create agent agent",
    "import number number",
]


async def test_the_first_run_makes_each_object_once_and_the_second_writes_nothing(
    tmp_path: Path,
) -> None:
    async with workbench(tmp_path) as bench:
        done = await bench.apply()
        asked = len(bench.fake.writes)
        again = await bench.apply()

        assert (done, again) == (FIRST, [])
        assert (asked, len(bench.fake.writes)) == (len(FIRST), len(FIRST))
        assert await bench.not_kept() == []
        assert bench.knows_webhook_secret()


@pytest.mark.parametrize("how", ["undo", "destroy"])
async def test_back_is_exactly_as_it_was(tmp_path: Path, how: str) -> None:
    async with workbench(tmp_path) as bench:
        before = bench.there()
        await bench.apply()

        await bench.back(how)

        assert bench.there() == before
        assert not bench.memory_file.exists()
