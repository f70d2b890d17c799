"""The plain profile: every request its own run, the agent's text untouched, errors as errors."""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from bridge.calls.listening import Listening
from bridge.core.reply import Call, End, Failure, Item, Words
from bridge.errors import VendorBrokePromise, VendorError
from bridge.ports.upstream import Ask, Finish, Text, ToolCall, Upstream, Working


class Plain:
    """Asks the agent without a ledger. `failed` is told every failure of the agent."""

    def __init__(self, upstream: Upstream, failed: Callable[[str, Failure], None]) -> None:
        self._upstream = upstream
        self._failed = failed

    @asynccontextmanager
    async def listen(self, ask: Ask) -> AsyncIterator[Listening]:
        """Asks; leaving stops the agent. A failure is the `End` of the items."""
        run_id = secrets.token_hex(8)
        items = self._items(ask, run_id)
        try:
            yield Listening("plain", run_id, items)
        finally:
            await items.aclose()

    async def _items(self, ask: Ask, run_id: str) -> AsyncGenerator[Sequence[Item]]:
        try:
            async with self._upstream.ask(ask) as events:
                async for event in events:
                    match event:
                        case Text(text):
                            yield (Words(text),)
                        case ToolCall(call_id, name, arguments):
                            yield (Call(call_id, name, arguments),)
                        case Working():
                            pass
                        case Finish(reason, usage):
                            counts = usage or {}
                            end = End(
                                reason,
                                counts.get("prompt_tokens", 0),
                                counts.get("completion_tokens", 0),
                            )
                            yield (end,)
                            return
            raise VendorBrokePromise(
                "The agent's reply stopped without an end.",
                vendor=self._upstream.name,
                operation="chat",
            )
        except VendorError as error:
            failure = Failure.of(error)
            self._failed(run_id, failure)
            yield (End(failure=failure),)
