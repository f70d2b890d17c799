"""The sound of calls, as files beside the database, for their owner's eyes and ears only."""

import asyncio
import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bridge.errors import BadRequest, VendorUnavailable

FOLDER = "recordings"
FOLDER_MODE, FILE_MODE = 0o700, 0o600

PIECE = 262_144
"""Characters decoded at a time, a multiple of four: so the sound is in memory once, as it came."""


class Recordings:
    """The folder.

    Args:
        state_dir: where it is made when the first sound comes.
    """

    def __init__(self, state_dir: Path) -> None:
        self.folder = state_dir / FOLDER

    async def keep(self, conversation: str, sound: memoryview) -> str:
        """Writes a call's sound, whole or not at all; the file's name.

        Args:
            conversation: its digest is the name, so that what is delivered twice is one file.
            sound: as base64.

        Raises:
            BadRequest: it is no base64.
            VendorUnavailable: it can't be written.
        """
        name = f"{hashlib.sha256(conversation.encode()).hexdigest()[:32]}.mp3"
        try:
            await asyncio.to_thread(self._write, name, sound)
        except binascii.Error:
            raise BadRequest("The sound is not base64.", param="data.full_audio") from None
        except OSError as error:
            raise VendorUnavailable(
                f"The sound of a call can't be written: {error.strerror}.",
                vendor="recordings",
                operation="write",
                hint=f"Look at the folder {FOLDER!r} in the state folder.",
            ) from None
        return name

    def discard(self, names: Sequence[str]) -> None:
        """Deletes files. Those that aren't there are gone already."""
        for name in names:
            with suppress(OSError):
                (self.folder / Path(name).name).unlink()

    def _write(self, name: str, sound: memoryview) -> None:
        self.folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        draft = self.folder / f".{name}.{secrets.token_hex(4)}"
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        try:
            with os.fdopen(handle, "wb") as file:
                for start in range(0, len(sound), PIECE):
                    file.write(base64.b64decode(sound[start : start + PIECE], validate=True))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.folder / name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
