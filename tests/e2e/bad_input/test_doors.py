"""Where a request is sent, how it is wrapped and who sends it: the answer is the fitting status.

404, 405, 415 and 401 in OpenAI's shape. Our own promises: design 6 and 15.
"""

import gzip
from collections.abc import Mapping

import httpx
import pytest

from tests.fakes.agent import FakeAgent
from tests.fakes.chat_request import CHAT, body, error_of, raw
from tests.fakes.program import OPERATOR_TOKEN, PLATFORM_TOKEN, Program

# -- how it is sent --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/chat/completions",
        "/v1/chat/completions/chat/completions",
        "/v1/v1/chat/completions",
        "/v1/chat/completions?source=elevenlabs",
        "/v1/chat/completions/",
        "/v1//chat/completions",
        "//v1/chat/completions//",
        "/v1/v1//chat/completions/",
    ],
)
async def test_the_addresses_a_platform_may_build_all_work(
    client: httpx.AsyncClient, path: str
) -> None:
    response = await client.post(path, json=body())

    assert response.json()["choices"][0]["message"]["content"] == "You said: Hi"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/completions",
        "/v1/chat/completions/x",
        "/v2/chat/completions",
        "/favicon.ico",
        "/.env",
        "/healthz/x",
        "/metrics/x",
        "//evil.example/",
        "/v1/%2e%2e/sessions",
    ],
)
async def test_any_other_address_is_a_404_and_never_a_redirect(
    client: httpx.AsyncClient, path: str
) -> None:
    """A redirect would be built from the client's `Host` and take the token with it."""
    response = await client.post(path, json=body(), headers={"host": "evil.example"})

    assert (response.status_code, error_of(response)["code"]) == (404, "not_found")
    assert "location" not in response.headers
    assert "evil.example" not in response.text


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
async def test_a_wrong_method_is_a_405_that_says_which(
    client: httpx.AsyncClient, method: str
) -> None:
    response = await client.request(method, CHAT)

    allow = response.headers.get("allow")
    if method == "BREW":  # the parser knows no such method
        assert (response.status_code, allow) == (400, None)
    else:
        assert (response.status_code, allow) == (405, "POST")
    if method != "HEAD":
        assert error_of(response)["code"] in ("method_not_allowed", "invalid_http")


async def test_models_are_read_only(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/models", json={})

    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")
    assert error_of(response)["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "", "x"],
)
async def test_a_body_of_another_kind_is_a_415(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.post(CHAT, content=raw(body()), headers={"content-type": kind})

    assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_media_type")


async def test_a_packed_body_is_a_415_and_not_unpacked(client: httpx.AsyncClient) -> None:
    packed = gzip.compress(raw(body()))
    response = await client.post(CHAT, content=packed, headers={"content-encoding": "gzip"})
    as_it_is = await client.post(CHAT, json=body(), headers={"content-encoding": "identity"})

    assert (response.status_code, error_of(response)["code"]) == (415, "unsupported_media_type")
    assert as_it_is.status_code == 200


async def test_json_may_say_its_charset_or_nothing(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    said = await client.post(CHAT, content=raw(body()), headers=headers)
    unsaid = await client.post(CHAT, content=raw(body()))

    assert (said.status_code, unsaid.status_code) == (200, 200)


# -- who sends it ----------------------------------------------------------------------------------

BEARERS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "empty": ("",),
    "only the scheme": ("Bearer",),
    "wrong": ("Bearer wrong",),
    "a beginning of it": (f"Bearer {PLATFORM_TOKEN[:-1]}",),
    "more than it": (f"Bearer {PLATFORM_TOKEN}x",),
    "in capitals": (f"Bearer {PLATFORM_TOKEN.upper()}",),
    "twice in one": (f"Bearer {PLATFORM_TOKEN} {PLATFORM_TOKEN}",),
    "twice": (f"Bearer {PLATFORM_TOKEN}", f"Bearer {PLATFORM_TOKEN}"),
    "right after wrong": ("Bearer wrong", f"Bearer {PLATFORM_TOKEN}"),
    "another scheme": (f"Basic {PLATFORM_TOKEN}",),
    "no scheme": (PLATFORM_TOKEN,),
    "the operator's": (f"Bearer {OPERATOR_TOKEN}",),
    "not ASCII": ("Bearer t\xf6ken",),
    "very long": (f"Bearer {'x' * 20_000}",),
}


@pytest.mark.parametrize("name", BEARERS)
async def test_nobody_comes_in_without_the_one_right_token(
    stranger: httpx.AsyncClient, agent: FakeAgent, name: str
) -> None:
    before = len(agent.requests)
    headers = [(b"authorization", value.encode("latin-1")) for value in BEARERS[name]]
    response = await stranger.post(CHAT, json=body(), headers=headers)

    assert (response.status_code, error_of(response)["code"]) == (401, "invalid_api_key")
    assert response.headers["www-authenticate"] == "Bearer"
    assert len(agent.requests) == before
    assert PLATFORM_TOKEN not in response.text
    assert OPERATOR_TOKEN not in response.text


@pytest.mark.parametrize("path", ["/sessions", "/latency"])
async def test_the_platforms_token_opens_nothing_of_the_operators(
    bridge: Program, path: str
) -> None:
    async with bridge.http() as platform, bridge.http(OPERATOR_TOKEN) as operator:
        refused, let_in = await platform.get(path), await operator.get(path)

    assert (refused.status_code, error_of(refused)["code"]) == (401, "invalid_api_key")
    assert let_in.status_code == 200


async def test_a_token_in_the_address_is_no_token(stranger: httpx.AsyncClient) -> None:
    response = await stranger.post(f"{CHAT}?api_key={PLATFORM_TOKEN}", json=body())

    assert response.status_code == 401
