"""No tunnel."""

import pytest

from bridge.tunnels import none

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("public_url", "yielded"), [(None, ""), ("https://here.test", "https://here.test")]
)
async def test_the_address_is_what_was_set(public_url: str | None, yielded: str) -> None:
    used = none.Settings(public_url=public_url)
    async with none.connect(used) as tunnel, tunnel.open(8787) as opened:
        assert opened.url == yielded
