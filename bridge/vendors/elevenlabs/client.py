"""One thin client of ElevenLabs' API, over its own SDK.

Plain dictionaries go out, because the SDK's models are renamed between minor versions; replies are
handed on as they came over the wire, because its models drop and guess. It never retries: its own
retries send a POST that failed three times, and what creates or rings must happen once.

Source: elevenlabs 2.78.0, tried; elevenlabs.io/docs/api-reference (2026-11).
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import httpx
from pydantic import SecretStr

from bridge.errors import VendorBrokePromise
from bridge.vendors.elevenlabs import faults, outbound

WITHIN_S = 30.0
"""How long one answer may take. Creating an agent takes a second or two; importing a number asks
Twilio first."""

PAGE = 100
"""Entries asked for at a time: the most that its lists give."""

PAGES = 100
"""Most pages read: ten thousand agents. A list without an end must not hold a command up."""

_ONCE: Final = {"max_retries": 0}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """How to reach a workspace."""

    api_key: SecretStr
    base_url: str


@asynccontextmanager
async def connect(account: Account) -> AsyncIterator["ElevenLabs"]:
    """A client of the workspace. Asks nothing by itself."""
    make = await asyncio.to_thread(_sdk)
    kept = _LastAnswer()
    async with httpx.AsyncClient(
        timeout=WITHIN_S, follow_redirects=False, event_hooks={"response": [kept]}
    ) as http:
        sdk = make(
            base_url=account.base_url,
            api_key=account.api_key.get_secret_value(),
            timeout=WITHIN_S,  # it has one of its own, of 240 s, that counts for more than `http`'s
            httpx_client=http,
        )
        yield ElevenLabs(sdk, kept, hide=(account.api_key.get_secret_value(),))


def _sdk() -> Callable[..., Any]:
    """The SDK's client. It takes more than a second to import, and nobody may wait for that."""
    for part in ("conversational_ai", "webhooks"):
        importlib.import_module(f"elevenlabs.{part}.client")  # else at its first use
    from elevenlabs.client import AsyncElevenLabs  # noqa: PLC0415 - see above

    return AsyncElevenLabs


class _LastAnswer:
    """Keeps the newest answer as it came, for the one task that asks."""

    def __init__(self) -> None:
        self.response: httpx.Response | None = None

    async def __call__(self, response: httpx.Response) -> None:
        await response.aread()
        self.response = response


class ElevenLabs:
    """The workspace. Every method raises `VendorError`, with the vendor's reason and a cure.

    One task at a time: answers aren't told apart.
    """

    def __init__(self, sdk: Any, kept: _LastAnswer, hide: tuple[str, ...]) -> None:  # noqa: ANN401 - a package that is imported late
        self._sdk = sdk
        self._convai = sdk.conversational_ai
        self._kept = kept
        self._hide = hide

    async def secrets(self) -> list[Json]:
        """Every secret of the workspace: `secret_id`, `name`, `used_by`. Values are never told."""
        return await self._pages("list secrets", "secrets", self._convai.secrets.list)

    async def create_secret(self, name: str, value: str) -> str:
        """Makes one; its id."""
        answer = await self._ask(
            "create secret",
            lambda: self._convai.secrets.create(name=name, value=value, request_options=_ONCE),
            hide=(value,),
        )
        return _text(answer, "secret_id", "create secret")

    async def update_secret(self, secret_id: str, name: str, value: str) -> None:
        """Gives it another value; whoever refers to it has the new one at once."""
        await self._ask(
            "update secret",
            lambda: self._convai.secrets.update(
                secret_id, name=name, value=value, request_options=_ONCE
            ),
            hide=(value,),
        )

    async def delete_secret(self, secret_id: str) -> None:
        """Removes it; refused while something refers to it."""
        await self._ask(
            "delete secret",
            lambda: self._convai.secrets.delete(secret_id, request_options=_ONCE),
        )

    async def agents(self, search: str) -> list[Json]:
        """Agents whose name is like `search`: `agent_id`, `name`, `tags`."""
        return await self._pages(
            "list agents",
            "agents",
            lambda **page: self._convai.agents.list(search=search, **page),
        )

    async def agent(self, agent_id: str) -> Json:
        """The whole agent, with every default filled in."""
        answer: Json = await self._ask(
            "read agent", lambda: self._convai.agents.get(agent_id, request_options=_ONCE)
        )
        _text(answer, "agent_id", "read agent")
        return answer

    async def create_agent(self, body: Mapping[str, Any]) -> str:
        """Makes one of `conversation_config`, `platform_settings`, `name` and `tags`; its id."""
        answer = await self._ask(
            "create agent",
            lambda: self._convai.agents.create(**body, request_options=_ONCE),
        )
        return _text(answer, "agent_id", "create agent")

    async def update_agent(self, agent_id: str, body: Mapping[str, Any]) -> None:
        """Changes what `body` names, key by key; lists are replaced whole."""
        await self._ask(
            "update agent",
            lambda: self._convai.agents.update(agent_id, **body, request_options=_ONCE),
        )

    async def delete_agent(self, agent_id: str) -> None:
        """Removes it with its conversations."""
        await self._ask(
            "delete agent", lambda: self._convai.agents.delete(agent_id, request_options=_ONCE)
        )

    async def numbers(self) -> list[Json]:
        """Every telephone number of the workspace, with its `assigned_agent` or `None`."""
        answer = await self._ask(
            "list numbers", lambda: self._convai.phone_numbers.list(request_options=_ONCE)
        )
        return _entries(answer, "list numbers")

    async def import_number(self, body: Mapping[str, Any]) -> str:
        """Imports a number of Twilio's, which rewrites its voice URL there; its id here."""
        answer = await self._ask(
            "import number",
            lambda: self._convai.phone_numbers.create(request=body, request_options=_ONCE),
            hide=tuple(str(body[key]) for key in ("token",) if body.get(key)),
        )
        return _text(answer, "phone_number_id", "import number")

    async def link_number(self, number_id: str, agent_id: str | None) -> None:
        """Has an agent answer the number; `None`: nobody."""
        await self._ask(
            "link number",
            lambda: self._convai.phone_numbers.update(
                number_id, agent_id=agent_id, request_options=_ONCE
            ),
        )

    async def delete_number(self, number_id: str) -> None:
        """Forgets a number. What Twilio was told stays as it is."""
        await self._ask(
            "delete number",
            lambda: self._convai.phone_numbers.delete(number_id, request_options=_ONCE),
        )

    async def webhooks(self) -> list[Json]:
        """Every webhook of the workspace: `webhook_id`, `name`, `webhook_url`, `is_disabled`."""
        answer = await self._ask(
            "list webhooks", lambda: self._sdk.webhooks.list(request_options=_ONCE)
        )
        return _entries(_part(answer, "webhooks"), "list webhooks")

    async def create_webhook(self, name: str, url: str) -> tuple[str, str]:
        """Makes one that is signed; its id and its secret, which is told this once."""
        settings = {"auth_type": "hmac", "name": name, "webhook_url": url}
        answer = await self._ask(
            "create webhook",
            lambda: self._sdk.webhooks.create(settings=settings, request_options=_ONCE),
        )
        return (
            _text(answer, "webhook_id", "create webhook"),
            _text(answer, "webhook_secret", "create webhook"),
        )

    async def enable_webhook(self, webhook_id: str, name: str) -> None:
        """Switches it on, and its deliveries are tried again when we don't answer."""
        await self._ask(
            "update webhook",
            lambda: self._sdk.webhooks.update(
                webhook_id,
                is_disabled=False,
                name=name,
                retry_enabled=True,
                request_options=_ONCE,
            ),
        )

    async def delete_webhook(self, webhook_id: str) -> None:
        """Removes it."""
        await self._ask(
            "delete webhook",
            lambda: self._sdk.webhooks.delete(webhook_id, request_options=_ONCE),
        )

    async def call(self, body: Mapping[str, Any]) -> tuple[str, str | None]:
        """Places a call; see `outbound.call`. `VendorError.asked`: whether it may ring."""
        return await outbound.call(self._convai, self._ask, body, _ONCE)

    async def find_call(self, user: str) -> tuple[str, str | None] | None:
        """The conversation of a call that was placed for that user, and the carrier's id."""
        return await outbound.find(self._convai, self._ask, user, _ONCE)

    async def _pages(
        self, operation: str, key: str, ask: Callable[..., Awaitable[object]]
    ) -> list[Json]:
        found: list[Json] = []
        more: dict[str, object] = {}
        for _ in range(PAGES):
            query = {"page_size": PAGE, "request_options": _ONCE, **more}
            answer = await self._ask(operation, lambda query=query: ask(**query))  # type: ignore[misc]
            found += _entries(_part(answer, key), operation)
            cursor = _part(answer, "next_cursor")
            if not cursor or _part(answer, "has_more") is False:
                return found
            more = {"cursor": cursor}
        raise _broken(operation, f"its list has more than {PAGES} pages")

    async def _ask(
        self,
        operation: str,
        call: Callable[[], Awaitable[object]],
        hide: tuple[str, ...] = (),
    ) -> Any:  # noqa: ANN401 - any JSON
        """The answer's JSON; `{}` when there was none."""
        self._kept.response = None
        try:
            await call()
        except Exception as error:
            fault = faults.of(error, operation, hide=(*self._hide, *hide))
            if fault is None and self._kept.response is not None:
                fault = _broken(operation, "its SDK can't read the answer")
            if fault is None:
                raise
            raise fault from None
        response = self._kept.response
        if response is not None and not response.is_success:
            # The SDK takes an empty answer for a good one in places, whatever its status.
            raise faults.answered(response.status_code, faults.Reason(), operation)
        if response is None or not response.content:
            return {}
        try:
            return response.json()
        except ValueError:  # where no answer is awaited, the SDK doesn't look at it
            raise faults.answered(response.status_code, faults.Reason(), operation) from None


def _part(answer: object, key: str) -> Any:  # noqa: ANN401 - any JSON
    return answer.get(key) if isinstance(answer, dict) else None


def _text(answer: object, key: str, operation: str) -> str:
    value = _part(answer, key)
    if not isinstance(value, str) or not value:
        raise _broken(operation, f"its answer has no {key!r}")
    return value


def _entries(value: object, operation: str) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise _broken(operation, "its answer holds no list")
    return value


def _broken(operation: str, what: str) -> VendorBrokePromise:
    return VendorBrokePromise(
        f"ElevenLabs answered {operation!r} in a way that bridge doesn't know: {what}.",
        vendor=faults.VENDOR,
        operation=operation,
        hint=faults.LATER,
    )
