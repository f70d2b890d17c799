"""What became of a conversation, asked of the fake, and of servers that are none."""

import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bridge.errors import VendorBrokePromise, VendorError, Why
from bridge.vendors.elevenlabs import conversations
from tests.fakes.elevenlabs.server import FakeElevenLabs, elevenlabs
from tests.fakes.web_server import served

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fake() -> AsyncIterator[FakeElevenLabs]:
    async with elevenlabs() as fake:
        yield fake


async def test_what_is_known_is_told_and_what_is_not_is_none(fake: FakeElevenLabs) -> None:
    call = await fake.web_chat(fake.add_agent("a"))
    call.fail("custom_llm generation failed")
    async with conversations.connect(SecretStr(fake.api_key), fake.url) as platform:
        known = await platform.conversation(call.conversation_id)
        unknown = [await platform.conversation(name) for name in ("conv_9", "a/../b?c=1", "ü")]

    assert known is not None
    assert (known.status, known.error_code) == ("failed", "1002")
    assert unknown == [None] * 3
    assert fake.complaints == []


async def test_a_wrong_key_is_said_so_and_shown_nowhere(fake: FakeElevenLabs) -> None:
    async with conversations.connect(SecretStr("sk_wrong"), fake.url) as platform:
        with pytest.raises(VendorError) as caught:
            await platform.conversation("conv_1")

    assert (caught.value.why, caught.value.status) == (Why.KEY, 401)
    assert "sk_wrong" not in str(caught.value)


async def test_nobody_there_is_unreachable() -> None:
    async with conversations.connect(SecretStr("sk_x"), "http://127.0.0.1:9") as platform:
        with pytest.raises(VendorError) as caught:
            await platform.conversation("conv_1")
    assert caught.value.why is Why.UNREACHABLE


@pytest.mark.parametrize("body", [b'["no object"]', b"<html>"])
async def test_an_answer_that_is_none_is_a_broken_promise(body: bytes) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(body)(scope, receive, send)

    async with (
        served(answer) as where,
        conversations.connect(SecretStr("k"), where.url) as platform,
    ):
        with pytest.raises(VendorBrokePromise, match="no JSON object"):
            await platform.conversation("conv_1")


def test_asking_never_imports_the_sdk() -> None:
    """It takes more than a second of work, while people are on the telephone."""
    code = "import sys, bridge.wiring.bridge; print('elevenlabs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
