"""Adapter of `Desk`: two files in the state folder, for all processes of one machine.

`outbound.lock` is held while an order is decided; `outbound.json` is the kill switch, written whole
under another name first.
"""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio

from bridge.errors import VendorUnavailable, Why
from bridge.ports.desk import Switch

LOCK = "outbound.lock"
FILE = "outbound.json"

WITHIN_S = 10.0
"""How long another process's order is waited for: deciding takes some tens of milliseconds."""

LOOK_EVERY_S = 0.01

FOLDER_MODE, FILE_MODE = 0o700, 0o600


class FolderDesk:
    """See the module.

    Args:
        folder: the state folder; made when something is to be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """See `Desk.alone`."""
        async with self._turn:
            handle = self._open()
            try:
                await _locked(handle)
                yield
            finally:
                os.close(handle)

    def switch(self) -> Switch:
        """See `Desk.switch`."""
        try:
            kept = json.loads((self._folder / FILE).read_text(encoding="utf-8"))
            is_on, stopped_s = kept["is_on"], kept["stopped_s"]
        except FileNotFoundError:
            return Switch()
        except (OSError, ValueError, KeyError, TypeError):
            return Switch(is_on=None)
        is_sound = isinstance(is_on, bool) and isinstance(stopped_s, int | float | None)
        return Switch(is_on, stopped_s) if is_sound else Switch(is_on=None)

    async def stop(self, at_s: float) -> None:
        """See `Desk.stop`."""
        self._write(Switch(is_on=True, stopped_s=at_s))

    async def resume(self) -> None:
        """See `Desk.resume`. A switch that couldn't be read is made anew."""
        self._write(Switch(is_on=False, stopped_s=self.switch().stopped_s))

    def _open(self) -> int:
        try:
            self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            return os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT, FILE_MODE)
        except OSError as error:
            raise _fault("lock", error) from None

    def _write(self, switch: Switch) -> None:
        draft = self._folder / f".{FILE}.{secrets.token_hex(4)}"
        text = json.dumps({"is_on": switch.is_on, "stopped_s": switch.stopped_s})
        try:
            self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._folder / FILE)
            _sync(self._folder)
        except OSError as error:
            with suppress(OSError):
                draft.unlink()
            raise _fault("kill switch", error) from None


async def _locked(handle: int) -> None:
    """Holds the file. It is let go when the file is closed, and with the process."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    with anyio.move_on_after(WITHIN_S):
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await anyio.sleep(LOOK_EVERY_S)
            except OSError as error:
                raise _fault("lock", error) from None
            else:
                return
    raise VendorUnavailable(
        "Another process takes too long over an order of its own.",
        vendor="desk",
        operation="lock",
        why=Why.LATE,
        asked=False,
    )


def _sync(folder: Path) -> None:
    """The new name is on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _fault(operation: str, error: OSError) -> VendorUnavailable:
    return VendorUnavailable(
        f"The state folder can't be written: {error.strerror}.",
        vendor="desk",
        operation=operation,
        asked=False,
        hint="Set BRIDGE_STATE_DIR to a folder that bridge may write to.",
    )
