"""The adapters that the settings name, opened by `plugins`: agent, tunnel, records, platform."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import cast

from pydantic import BaseModel

from bridge import plugins
from bridge.ports.platform import Platform
from bridge.ports.records import Records
from bridge.ports.store import Store
from bridge.ports.tunnel import Tunnel
from bridge.ports.upstream import Upstream
from bridge.settings import Settings
from bridge.settings.adapters import adapter_settings
from bridge.settings.faults import place
from bridge.settings.records import database_path
from bridge.vendors.elevenlabs import conversations


@asynccontextmanager
async def open_upstream(settings: Settings) -> AsyncIterator[Upstream]:
    """The agent that the settings name.

    Raises:
        SettingsError: there is no such kind of agent, or it can't work with its settings.
    """
    chosen = settings.upstream
    where = place(settings.origin("upstream.name"))
    module = plugins.adapter("upstreams", chosen.name, setting="upstream.name", where=where)
    common = {
        "url": chosen.url,
        "token": chosen.token,
        "model": chosen.model,
        "agent": chosen.agent,
        "timeout_s": chosen.timeout_s,
        "platform_prompt": chosen.platform_prompt,
        "calls_tools": chosen.calls_tools,
    }
    theirs = adapter_settings(
        cast(type[BaseModel], module.Settings),
        common,
        chosen.providers.get(chosen.name, {}),
        names={field: f"upstream.{field}" for field in common},
        own_name=f"upstream.providers.{chosen.name}",
        settings=settings,
    )
    async with module.connect(theirs) as upstream:
        yield cast(Upstream, upstream)


@asynccontextmanager
async def connect_tunnel(settings: Settings) -> AsyncIterator[Tunnel]:
    """The tunnel that the settings name. Nothing is opened yet.

    Raises:
        SettingsError: there is no such tunnel, or it can't work with its settings.
    """
    chosen = settings.tunnel
    where = place(settings.origin("tunnel.name"))
    module = plugins.adapter("tunnels", chosen.name, setting="tunnel.name", where=where)
    fields = type(chosen).model_fields
    common = {
        **{field: getattr(chosen, field) for field in fields},
        "folder": settings.state_dir,
        "public_url": settings.server.public_url,
    }
    names = {
        **{field: f"tunnel.{field}" for field in fields},
        "folder": "state_dir",
        "public_url": "server.public_url",
    }
    theirs = adapter_settings(
        cast(type[BaseModel], module.Settings),
        common,
        chosen.providers.get(chosen.name, {}),
        names=names,
        own_name=f"tunnel.providers.{chosen.name}",
        settings=settings,
    )
    async with module.connect(theirs) as tunnel:
        yield cast(Tunnel, tunnel)


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """The records of calls and the schedules, where `store.url` says.

    Raises:
        SettingsError: the file can't be used.
        VendorUnavailable: another process holds it.
    """
    path = database_path(settings.store.url)
    async with plugins.adapter("stores", "sqlite").connect_store(path) as store:
        yield cast(Store, store)


@asynccontextmanager
async def open_records(settings: Settings) -> AsyncIterator[Records]:
    """The records of calls, where `store.url` says.

    Raises:
        SettingsError: the file can't be used.
        VendorUnavailable: another process holds it.
    """
    async with open_store(settings) as store:
        yield store.records


def platform_opener(
    settings: Settings,
) -> Callable[[], AbstractAsyncContextManager[Platform]] | None:
    """A way to ask the platform; `None` without an account."""
    account = settings.elevenlabs
    key = account.api_key
    if key is None:
        return None

    def opened() -> AbstractAsyncContextManager[Platform]:
        return conversations.connect(key, account.base_url)

    return opened
