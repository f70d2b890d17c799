"""What keeps records and schedules, for a server or for a command where none runs."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bridge import clock
from bridge.calls.feed import Feed
from bridge.calls.recorder import Recorder
from bridge.calls.upkeep import Upkeep
from bridge.core.platform_call import PlatformCall
from bridge.core.sound_delivery import AUDIO
from bridge.ports.records import Records
from bridge.ports.schedules import Schedules
from bridge.settings import Settings
from bridge.stores.sqlite.recordings import Recordings
from bridge.wiring.adapters import open_store, platform_opener
from bridge.wiring.rules import keeping


@dataclass(frozen=True, slots=True)
class Bookkeeping:
    """The records and who writes them, and the schedules beside them.

    Attributes:
        feed: is told what happens in calls, for those who watch.
        upkeep: settles calls with the platform's truth.
    """

    records: Records
    schedules: Schedules
    recordings: Recordings
    feed: Feed
    recorder: Recorder
    upkeep: Upkeep

    async def keep_sound(self, conversation: str, sound: memoryview) -> None:
        """Keeps the sound of a call as a file, and its name with the call."""
        file = await self.recordings.keep(conversation, sound)
        await self.recorder.reported(AUDIO, PlatformCall(conversation), file=file)


def recordings(settings: Settings) -> Recordings:
    """Where the sound of calls is kept."""
    return Recordings(settings.state_dir)


@asynccontextmanager
async def open_bookkeeping(settings: Settings) -> AsyncIterator[Bookkeeping]:
    """The records where `store.url` says, and their writer at work. `upkeep` is not.

    Raises:
        SettingsError: the file can't be used.
        VendorUnavailable: another process holds it.
    """
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        records = store.records
        sound = recordings(settings)
        feed = Feed()
        recorder = Recorder(records, feed, keeping(settings), now=clock.now_s, today=clock.wall_s)
        await stack.enter_async_context(recorder.working())
        upkeep = Upkeep(
            records,
            recorder,
            platform_opener(settings),
            sound.discard,
            keep_days=settings.records.keep_days,
            today=clock.wall_s,
        )
        yield Bookkeeping(records, store.schedules, sound, feed, recorder, upkeep)
