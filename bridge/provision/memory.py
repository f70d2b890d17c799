"""What provisioning remembers between two runs: a file in the state folder, for its owner only.

The ids of what was made, what was there before, and the steps of the last apply, so that they can
be taken back. It is written before each step that makes something and after each step, whole and
under another name first: whenever a run dies, the file says how far it came. Losing it loses no
object: the agent is found again by its tag, and what it refers to by the agent.
"""

import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.errors import BridgeError, SettingsError

FILE = "provision.json"
LOCK = "provision.lock"

POST_CALL_FILE = "post-call-secret"
"""Secrets of the post-call webhook, newest first, one a line: the server reads them there."""

SECRETS_KEPT = 2
"""A delivery that was signed with the former secret may still be under way."""

VERSION = 1


class Busy(BridgeError):
    """Another run is at work."""

    code = "busy"
    retryable = True


@dataclass(slots=True)
class Memory:
    """What is remembered. Changed in place; `save` writes it.

    Attributes:
        folder: the state folder.
        ids: of our objects by role: `token`, `webhook_token`, `post_call`, `agent`.
        digests: of the values that the secrets hold, by role.
        adopted: the agent was made by hand.
        before: what leads the adopted agent back to what it was before our first change, as
            `kept_changes` writes it.
        numbers: by the platform's id: whether we imported it, who had it before, and where Twilio
            sent its calls.
        enabled_webhook: id of the webhook that was switched on, with deliveries that are repeated.
        former_webhooks: ids of our webhooks that another one has taken the place of.
        making: by role, the name of what is being made at this moment: should the run die, what has
            that name is ours.
        public_url: the address that was last applied.
        last: what undoes the last apply, in the order it was done.
        is_open: the last apply did not come to its end.
    """

    folder: Path
    ids: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    adopted: bool = False
    before: list[dict[str, Any]] = field(default_factory=list)
    numbers: dict[str, dict[str, Any]] = field(default_factory=dict)
    enabled_webhook: str = ""
    former_webhooks: list[str] = field(default_factory=list)
    making: dict[str, str] = field(default_factory=dict)
    public_url: str = ""
    last: list[dict[str, Any]] = field(default_factory=list)
    is_open: bool = False

    @property
    def is_empty(self) -> bool:
        """Nothing was ever made."""
        return not (self.ids or self.numbers or self.making)

    @property
    def knows_post_call_secret(self) -> bool:
        """The webhook's secret is at hand; the platform tells it only once."""
        return bool(post_call_secrets(self.folder))

    def save(self) -> None:
        """Writes the file.

        Raises:
            SettingsError: it can't be written.
        """
        kept = {name: getattr(self, name) for name in _KEPT}
        text = json.dumps({"version": VERSION, **kept}, indent=1, ensure_ascii=False)
        _write(self.folder / FILE, text)

    def keep_post_call_secret(self, secret: str) -> None:
        """Makes a webhook's secret known to the server, before those that were."""
        former = post_call_secrets(self.folder)
        kept = [secret, *(one for one in former if one != secret)][:SECRETS_KEPT]
        _write(self.folder / POST_CALL_FILE, "\n".join(kept))

    def forget(self) -> None:
        """Removes all that was kept."""
        for name in (FILE, POST_CALL_FILE):
            with suppress(FileNotFoundError):
                (self.folder / name).unlink()


_KEPT = (
    "ids",
    "digests",
    "adopted",
    "before",
    "numbers",
    "enabled_webhook",
    "former_webhooks",
    "making",
    "public_url",
    "last",
    "is_open",
)


def load(folder: Path) -> Memory:
    """What is remembered; nothing when there is no file.

    Raises:
        SettingsError: the file is damaged, or can't be read.
    """
    path = folder / FILE
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Memory(folder)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    except ValueError:
        raise _damaged(path) from None
    memory = Memory(folder)
    if not isinstance(kept, dict) or kept.get("version") != VERSION:
        raise _damaged(path)
    for name in _KEPT:
        value = kept.get(name, getattr(memory, name))
        if not isinstance(value, type(getattr(memory, name))):
            raise _damaged(path)
        setattr(memory, name, value)
    if not _is_sound(memory):
        raise _damaged(path)
    return memory


def _is_sound(memory: Memory) -> bool:
    """Whether what was read has the shapes that we write."""
    ids = (memory.ids, memory.digests, memory.making)
    texts = [*memory.former_webhooks, *(text for one in ids for text in one.values())]
    entries = [*memory.before, *memory.last, *memory.numbers.values()]
    if not _are(str, texts) or not _are(dict, entries):
        return False
    lists = [entry.get("changes", []) for entry in memory.last]
    changes = [*memory.before, *(change for kept in lists for change in kept)]
    return _are(dict, changes) and all(_is_path(change.get("path")) for change in changes)


def _are(kind: type, values: Iterable[object]) -> bool:
    return all(isinstance(value, kind) for value in values)


def _is_path(value: object) -> bool:
    return isinstance(value, list) and bool(value) and _are(str, value)


def post_call_secrets(folder: Path) -> tuple[str, ...]:
    """The post-call webhook's secrets, newest first; none when there is no file.

    Raises:
        SettingsError: the file can't be read.
    """
    path = folder / POST_CALL_FILE
    try:
        return tuple(path.read_text(encoding="ascii").split())
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    except UnicodeDecodeError:
        raise _unusable(path, "it is not text") from None


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Holds the state folder against other runs of provisioning.

    The lock goes with the process, however it ends.

    Raises:
        Busy: another run is at work.
        SettingsError: the folder can't be used.
    """
    path = folder / LOCK
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 - Windows has none
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise Busy(
            "Another run of provisioning is at work with this state folder.",
            hint="Wait until it is done: a `bridge provision`, or a server whose address changed.",
        ) from None


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise _unusable(path, error.strerror or str(error)) from None


def _damaged(path: Path) -> SettingsError:
    return SettingsError(
        f"{str(path)!r} is damaged",
        setting="state_dir",
        hint=(
            "Move it away and run again: the agent is found by its tag. What was there before "
            "bridge came is then no longer known."
        ),
    )


def _unusable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"{str(path)!r} can't be read or written: {why}",
        setting="state_dir",
        hint="Set BRIDGE_STATE_DIR to a folder that bridge may write to.",
    )
