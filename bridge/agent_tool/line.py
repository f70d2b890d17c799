"""Asks the running bridge over HTTP, with an agent's token: one answer for each question.

What goes wrong on the way is an answer too, in words for whoever asked: nobody answers, the token
is refused, something else than a bridge is there. The token goes into one header and nowhere else.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import SecretStr

Json = dict[str, Any]

CONNECT_S = 3.0
"""How long the server may take to pick up."""

ANSWER_S = 60.0
"""How long it may take to answer: the platform asks the carrier before it says that a call is
placed."""

UNREACHABLE, REFUSED, STRANGE = "unreachable", "invalid_api_key", "not_a_bridge"
"""Codes of what goes wrong on the way."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered.

    Attributes:
        status: of HTTP; 0 when nothing answered.
        body: the JSON object, or `{"error": {"code", "message"}}`.
    """

    status: int
    body: Json = field(repr=False)

    @property
    def error(self) -> Json | None:
        """What went wrong: `code`, `message`, and `rule` where one refused."""
        found = self.body.get("error")
        return found if isinstance(found, dict) else None

    @property
    def is_lost(self) -> bool:
        """Whether nobody knows if the question arrived."""
        return self.status == 0


class Line:
    """A way to the running bridge. Made by `connect`."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(
        self, method: str, path: str, *, has: str, body: Json | None = None, key: str = ""
    ) -> Answer:
        """Asks once. Never raises for what the other side does.

        Args:
            has: a field that a bridge's answer has, by which it is known for one.
            key: an idempotency key, or empty.
        """
        headers = {"idempotency-key": key} if key else {}
        try:
            response = await self._http.request(method, path, json=body, headers=headers)
        except httpx.HTTPError:
            said = (
                f"No bridge server answers at {self._root}. Ask the person who runs it to start "
                "`bridge serve`; you can't start it yourself."
            )
            return _fault(0, UNREACHABLE, said)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            said = (
                f"The server at {self._root} refuses the agent's token. The person who runs it must"
                " set BRIDGE_SERVER__AGENT_TOKEN here to the one of that server."
            )
            return _fault(response.status_code, REFUSED, said)
        return _read(response, has, self._root)

    @property
    def _root(self) -> str:
        return str(self._http.base_url).rstrip("/")


@asynccontextmanager
async def connect(
    root: str, token: SecretStr, *, trusts_proxies: bool = False
) -> AsyncIterator[Line]:
    """A line to the server at `root`. Nothing is asked until somebody asks.

    Args:
        root: the server's address, without a path.
        token: an agent's.
        trusts_proxies: whether the environment's proxies lead there: not on this machine.
    """
    async with httpx.AsyncClient(
        base_url=root,
        headers={"authorization": f"Bearer {token.get_secret_value()}"},
        timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
        trust_env=trusts_proxies,
    ) as http:
        yield Line(http)


def _read(response: httpx.Response, has: str, root: str) -> Answer:
    try:
        body = response.json()
    except ValueError:
        body = None
    is_ours = isinstance(body, Mapping) and (has if response.is_success else "error") in body
    if not is_ours:
        said = f"What answers at {root} is not a bridge (HTTP {response.status_code})."
        return _fault(response.status_code, STRANGE, said)
    return Answer(response.status_code, dict(body))


def _fault(status: int, code: str, message: str) -> Answer:
    return Answer(status, {"error": {"code": code, "message": message}})
