"""Who places a call for a command: the server that runs here, or the command by itself.

Both decide by the same guard and write into the same records. Both answer the JSON of
`bridge/web/orders.py`, so that what is printed doesn't depend on it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from pydantic_core import from_json
from starlette.responses import Response

from bridge import clock
from bridge.calls.aftermath import Aftermath, Patience
from bridge.calls.feed import Feed
from bridge.cli.call_source import FromServer
from bridge.cli.running import (
    AGENT_TOKEN,
    OPERATOR_TOKEN,
    Server,
    agents,
    check,
    json_object,
    no_answer,
    not_a_bridge,
    server_at,
    shown,
)
from bridge.core.call_export import render_call, render_turn, render_words
from bridge.core.record import Source, State
from bridge.errors import BadRequest, BridgeError, NotAllowed, SettingsError
from bridge.ports.records import Records
from bridge.settings import Settings
from bridge.web.orders import KEY_HEADER, CallOrder, answer, render_verdict
from bridge.wiring import dialling
from bridge.wiring.adapters import open_records
from bridge.wiring.bookkeeping import open_bookkeeping
from bridge.wiring.calling import Calling, aftermath, calling

Json = dict[str, Any]

DIAL_S = 60.0
"""How long a server may take to place a call: the platform asks the carrier first."""

LOOK_EVERY_S = 0.5
"""How often a call that is followed is looked at."""

PATIENCE = Patience(quiet_s=3.0, every_s=2.0)
"""A person waits: the platform is asked more often than a server would."""

TAKEN = (200, 201, 202)

Saw = Callable[[Json], None]
"""Told of a call whenever it is in another state than before."""


class CallFailed(BridgeError):
    """The platform refused the call: nothing rings."""

    code = "call_failed"

    def __init__(self, message: str, call: Json, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.call = call


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an order. `is_known`: whether it rings is known."""

    call: Json
    is_known: bool


class OrderSource(Protocol):
    """Places calls. Errors as in `bridge.errors`, and `CallFailed`."""

    def decide(self, order: CallOrder) -> Json:
        """What every rule says."""

    def place(self, order: CallOrder, key: str) -> Told:
        """Places it."""

    def follow(self, call_id: str, saw: Saw) -> Json:
        """Waits until it has ended; the call with its turns."""

    def stop(self) -> Json:
        """Turns the kill switch on."""

    def resume(self) -> Json:
        """Turns it off."""


def as_agent(settings: Settings, url: str | None) -> OrderSource:
    """The server, asked with the agent's token: nothing that an agent wants goes past it."""
    return ThroughServer(server_at(url, settings), agents(settings), AGENT_TOKEN)


def order_source(settings: Settings, url: str | None, *, ask_server: bool = True) -> OrderSource:
    """The server where the settings or `--url` say, if one answers; else the command itself."""
    if not ask_server or (url is None and settings.server.port == 0):
        return Here(settings)
    server = server_at(url, settings)
    if url is None and not server.answers():
        return Here(settings)
    return ThroughServer(server, settings)


# -- through a server ------------------------------------------------------------------------------


class ThroughServer:
    """Asks a server for it.

    Args:
        token: the setting in `server.` that holds the token to be sent.
    """

    def __init__(self, server: Server, settings: Settings, token: str = OPERATOR_TOKEN) -> None:
        self._server = server
        self._settings = settings
        self._token = token

    def decide(self, order: CallOrder) -> Json:
        """See `OrderSource.decide`."""
        body = {**_body(order), "dry_run": True}
        return dict(json_object(self._asked("POST", "/calls", body)))

    def place(self, order: CallOrder, key: str) -> Told:
        """See `OrderSource.place`. Asked once more when no answer came: the key makes it safe."""
        headers = {KEY_HEADER: key}
        try:
            response = self._ask("POST", "/calls", _body(order), headers)
        except httpx.HTTPError:
            try:
                response = self._ask("POST", "/calls", _body(order), headers)
            except httpx.HTTPError as error:
                raise no_answer(self._server, "/calls", error) from None
        return Told(dict(json_object(response)), response.status_code != httpx.codes.ACCEPTED)

    def follow(self, call_id: str, saw: Saw) -> Json:
        """See `OrderSource.follow`."""
        source, seen = FromServer(self._server, self._settings, self._token), ""
        while True:
            call = source.one(call_id, reveal=False)
            if call["state"] != seen:
                seen = call["state"]
                saw(call)
            if seen == State.ENDED:
                return call
            asyncio.run(asyncio.sleep(LOOK_EVERY_S))

    def stop(self) -> Json:
        """See `OrderSource.stop`."""
        return dict(json_object(self._asked("POST", "/stop")))

    def resume(self) -> Json:
        """See `OrderSource.resume`."""
        return dict(json_object(self._asked("DELETE", "/stop")))

    def _asked(self, method: str, path: str, body: Json | None = None) -> httpx.Response:
        try:
            return self._ask(method, path, body)
        except httpx.HTTPError as error:
            raise no_answer(self._server, path, error) from None

    def _ask(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        return ask(self._server, self._settings, method, path, body, headers, token=self._token)


def ask(
    server: Server,
    settings: Settings,
    method: str,
    path: str,
    body: Json | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    token: str = OPERATOR_TOKEN,
) -> httpx.Response:
    """What a route of a running server answers, when that is no error.

    Args:
        token: the setting in `server.` that holds the token to be sent.

    Raises:
        BridgeError: as `raise_for`, or as `bridge.cli.running.check`.
        httpx.HTTPError: no answer.
    """
    with server.client(getattr(settings.server, token)) as http:
        response = http.request(method, path, json=body, headers=headers, timeout=DIAL_S)
    raise_for(response.status_code, json_object(response))
    check(server, path, response, token=token)
    if not json_object(response):
        raise not_a_bridge(server, path)
    return response


def raise_for(status: int, told: Mapping[str, Any]) -> None:
    """Returns when an answer to an order is no error of ours.

    Raises:
        NotAllowed: the guard refuses.
        CallFailed: the platform refuses.
        BadRequest, SettingsError: as they say.
    """
    error = told.get("error")
    if status in TAKEN or not isinstance(error, dict):
        return
    said = shown(str(error.get("message")))
    if error.get("code") == NotAllowed.code:
        raise NotAllowed(said, rule=str(error.get("rule", "")))
    if isinstance(error.get("call"), dict):
        raise CallFailed(said, error["call"])
    if error.get("code") == SettingsError.code:
        raise SettingsError(said)
    is_missing = status == httpx.codes.NOT_FOUND and error.get("code") == BadRequest.code
    if status in (400, 409, 422) or is_missing:
        raise BadRequest(said, param=error.get("param"), status=status)


def _body(order: CallOrder) -> Json:
    return order.model_dump(mode="json", by_alias=True, exclude={"dry_run"}, exclude_defaults=True)


# -- by itself -------------------------------------------------------------------------------------


class Here:
    """Places calls in this process, where no server runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def decide(self, order: CallOrder) -> Json:
        """See `OrderSource.decide`."""

        async def decided() -> Json:
            async with self._opened() as (outgoing, _records, _aftermath):
                asked = order.as_order(dialling.line(self._settings), None, Source.COMMAND)
                return render_verdict(await outgoing.outbound.decide(asked))

        return asyncio.run(decided())

    def place(self, order: CallOrder, key: str) -> Told:
        """See `OrderSource.place`."""

        async def placed() -> Response:
            async with self._opened() as (outgoing, _records, aftermath):
                asked = order.as_order(dialling.line(self._settings), key, Source.COMMAND)
                done = await outgoing.outbound.place(asked)
                if done.error is not None and done.error.asked:
                    await aftermath.look()  # perhaps the platform tells now
                return answer(done)

        response = asyncio.run(placed())
        told = dict(from_json(bytes(response.body)))
        raise_for(response.status_code, told)
        return Told(told, response.status_code != httpx.codes.ACCEPTED)

    def follow(self, call_id: str, saw: Saw) -> Json:
        """See `OrderSource.follow`."""

        async def followed() -> Json:
            async with self._opened() as (_outgoing, records, aftermath), aftermath.working():
                return await _until_ended(records, call_id, saw)

        return asyncio.run(followed())

    def stop(self) -> Json:
        """See `OrderSource.stop`."""

        async def stopped(outgoing: Calling) -> Json:
            return {"stopped": True, "under_way": await outgoing.outbound.stop()}

        # First of all, whatever state the records are in.
        asyncio.run(dialling.desk(self._settings).stop(clock.wall_s()))
        return self._with(stopped)

    def resume(self) -> Json:
        """See `OrderSource.resume`."""

        async def resumed(outgoing: Calling) -> Json:
            await outgoing.outbound.resume()
            return {"stopped": False}

        return self._with(resumed)

    def _with(self, act: Callable[[Calling], Awaitable[Json]]) -> Json:
        async def done() -> Json:
            async with open_records(self._settings) as records:
                return await act(calling(self._settings, records, Feed()))

        return asyncio.run(done())

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[tuple[Calling, Records, Aftermath]]:
        async with open_bookkeeping(self._settings) as keeps:
            out = calling(self._settings, keeps.records, keeps.feed)
            yield out, keeps.records, aftermath(out, keeps, PATIENCE)


async def _until_ended(records: Records, call_id: str, saw: Saw) -> Json:
    seen: State | None = None
    while True:
        call = await records.call(call_id)
        if call is None:
            raise BadRequest("There is no call of that id.", param="id")
        if call.state is not seen:
            seen = call.state
            saw(render_call(call))
        if seen is State.ENDED:
            turns = [render_turn(turn) for turn in await records.turns(call.id)]
            return {**render_call(call), **render_words(call), "turns": turns}
        await asyncio.sleep(LOOK_EVERY_S)
