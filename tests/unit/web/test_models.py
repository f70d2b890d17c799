"""What can be asked for, as OpenAI's clients read it."""

import httpx
import httpx2
import openai
import pytest
from starlette.applications import Starlette

from bridge.web import models
from bridge.web.faults import EXCEPTION_HANDLERS, Faults

APP = Faults(
    Starlette(
        routes=models.routes(("bridge", "openclaw/main"), created=1_700_000_000),
        exception_handlers=EXCEPTION_HANDLERS,
    )
)


def client() -> openai.AsyncOpenAI:
    http = openai.DefaultAsyncHttpxClient(transport=httpx2.ASGITransport(APP))
    return openai.AsyncOpenAI(
        base_url="http://bridge/v1", api_key="k", max_retries=0, http_client=http
    )


async def get(path: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(APP)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as http:
        return await http.request(method, path)


async def test_models_are_listed_the_default_first() -> None:
    assert (await get("/v1/models")).json() == {
        "object": "list",
        "data": [
            {"id": model, "object": "model", "created": 1_700_000_000, "owned_by": "bridge"}
            for model in ("bridge", "openclaw/main")
        ],
    }


async def test_the_official_client_reads_the_list_and_one_model() -> None:
    async with client() as openai_client:
        listed = [model.id async for model in openai_client.models.list()]
        one = await openai_client.models.retrieve("openclaw/main")
    assert (listed, one.id) == (["bridge", "openclaw/main"], "openclaw/main")


async def test_an_unknown_model_is_not_found() -> None:
    async with client() as openai_client:
        with pytest.raises(openai.NotFoundError) as caught:
            await openai_client.models.retrieve("gpt-9")
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


async def test_models_can_only_be_read() -> None:
    response = await get("/v1/models", "POST")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
