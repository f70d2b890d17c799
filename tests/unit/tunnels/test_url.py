"""An own domain."""

import pytest
from pydantic import ValidationError

from bridge.tunnels import url

pytestmark = pytest.mark.anyio


async def test_the_address_is_what_was_set() -> None:
    used = url.Settings(public_url="https://bridge.example.com/")
    async with url.connect(used) as tunnel, tunnel.open(8787) as opened:
        assert opened.url == "https://bridge.example.com"


@pytest.mark.parametrize(
    ("unfit", "why"),
    [
        ("http://bridge.example.com", "is not https"),
        ("https://localhost", "only this machine"),
        ("https://bridge.local", "only this machine"),
        ("https://192.168.1.4", "private network"),
    ],
)
def test_an_address_that_no_platform_can_use_is_refused(unfit: str, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        url.Settings(public_url=unfit)
