"""The secrets that bridge makes for itself: once, in the state folder, for its owner's eyes only.

Each is a file of its own, written whole under another name and then linked into place: of two
processes that start at one moment, one makes the secret and both use it, and a crash leaves no
half of one. What the operator set is never written, and what is stored is never replaced.
"""

import base64
import hashlib
import hmac
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from bridge.core.public_url import is_public
from bridge.errors import SettingsError
from bridge.provision import memory
from bridge.settings.faults import place
from bridge.settings.model import Settings
from bridge.settings.table import SETTINGS

MADE = "made on first start"
"""The origin of a token that bridge made."""

TOKENS = {"server.token": "platform-token", "server.operator_token": "operator-token"}
"""The settings that are made when nobody set them, and the files that keep them."""

AGENT_TOKEN, AGENT_TOKEN_FILE = "server.agent_token", "agent-token"
"""The setting of an agent's token, and the file that keeps the one that was made. Removing the file
closes the agent's door at once."""

STORED = {**TOKENS, AGENT_TOKEN: AGENT_TOKEN_FILE}
"""Every token that may have been made before. An agent's is only made when that is asked for."""

INSTALL_SECRET_FILE = "install-secret"  # noqa: S105 - a file's name
"""Keeps what telephone numbers are digested with. Losing it gives every caller a new session."""


SECRET_BYTES = 32
"""Entropy of what is made: 256 bits, as a keyed digest over SHA-256 can use."""

LEAST_TOKEN_CHARS = 8
"""Shortest token on a public address: of 8 random characters (48 bits) half would take two
centuries to try, at 20,000 guesses a second."""

ADVISED_TOKEN_CHARS = 24
"""What we tell people who choose one themselves: theirs are less random than they think."""

LEAST_STORED_CHARS = 16
"""A stored secret that is shorter was cut: those that we make have 43."""

FOLDER_MODE = 0o700
"""The state folder is its owner's, when we make it. One that is there keeps its mode."""


def ensure_tokens(settings: Settings, *, for_bind: bool = True) -> Settings:
    """The settings with both tokens in them, made and stored where there were none.

    Args:
        settings: as loaded.
        for_bind: also refuse what may not be bound. Without it (`config show --reveal`),
            tokens are made whatever the address, because their owner is about to read them.

    Raises:
        SettingsError: the address is public and a token was neither set nor stored, or is
            too short; an agent's is one of the others; or the state folder can't be used.
    """
    known = stored_tokens(settings)
    _refuse_shared(known)
    missing = [name for name in TOKENS if known.value(name) is None]
    if for_bind:
        _refuse_public(known, missing)
    made = {name: _made_once(known.state_dir, TOKENS[name]) for name in missing}
    return known.changed({name: SecretStr(text) for name, text in made.items()}, origin=MADE)


def stored_tokens(settings: Settings) -> Settings:
    """The settings with the tokens that were made before. Nothing is written.

    Raises:
        SettingsError: a stored token can't be read.
    """
    found = {
        name: _stored(settings.state_dir / file)
        for name, file in STORED.items()
        if settings.value(name) is None
    }
    tokens = {name: SecretStr(text) for name, text in found.items() if text is not None}
    return settings.changed(tokens, origin=MADE)


def agent_token(settings: Settings) -> SecretStr | None:
    """The token of an agent that places calls; `None` while nobody made one.

    The stored one is read each time, so that making or removing it while the server runs needs
    no restart.

    Raises:
        SettingsError: the stored one can't be read.
    """
    own = settings.server.agent_token
    if own is not None and settings.origin(AGENT_TOKEN) != MADE:
        return own
    text = _stored(settings.state_dir / AGENT_TOKEN_FILE)
    return None if text is None else SecretStr(text)


def ensure_agent_token(settings: Settings) -> Settings:
    """The settings with an agent's token in them, made and stored where there was none.

    Making it is how the operator lets agents place calls: see `policy.outbound.agents`.

    Raises:
        SettingsError: the state folder can't be used.
    """
    if agent_token(settings) is None:
        _made_once(settings.state_dir, AGENT_TOKEN_FILE)
    return stored_tokens(settings)


def install_secret(settings: Settings) -> bytes:
    """The key of every digest of a telephone number: 256 random bits as text, the same for ever.

    Raises:
        SettingsError: the state folder can't be used.
    """
    text = _made_once(settings.state_dir, INSTALL_SECRET_FILE)
    return text.encode("ascii")


def webhook_token(settings: Settings) -> str:
    """What the platform proves itself with when a call rings: 43 URL-safe characters.

    Made from the platform token, so that whoever has that, on whichever machine, knows this one.
    It doesn't tell the platform token, and a new platform token makes a new one.

    Args:
        settings: with both tokens in them; see `ensure_tokens`.
    """
    assert settings.server.token is not None, "the tokens are made first"
    key = settings.server.token.get_secret_value().encode()
    digest = hmac.new(key, b"bridge inbound webhook", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def post_call_secrets(settings: Settings) -> tuple[str, ...]:
    """The secrets that may sign post-call deliveries; empty when none is known.

    Read each time, so that provisioning while the server runs needs no restart.

    """
    if (own := settings.elevenlabs.webhook_secret) is not None:
        return (own.get_secret_value(),)
    return memory.post_call_secrets(settings.state_dir)


def _refuse_public(settings: Settings, missing: list[str]) -> None:
    bind_is_public = is_public(settings.server.host)
    if bind_is_public and missing:
        names = " and ".join(missing)
        raise SettingsError(
            f"{names} must be set before bridge listens on the public address "
            f"{settings.server.host!r} (server.host, {place(settings.origin('server.host'))})",
            setting=missing[0],
            hint=(
                f"Set {' and '.join(SETTINGS[name].variable for name in missing)} to "
                f"{ADVISED_TOKEN_CHARS} random characters or more, or let "
                "`bridge config show --reveal` make, store and print them."
            ),
        )
    if bind_is_public or settings.tunnel.name != "none":
        refuse_short(settings)


def refuse_short(settings: Settings) -> None:
    """Returns when the tokens are fit for a public address, however we come to have one.

    Raises:
        SettingsError: one is too short.
    """
    for name in STORED:
        _refuse_short(settings, name)


def _refuse_shared(settings: Settings) -> None:
    """An agent that holds another's token would be taken for its owner."""
    own = settings.server.agent_token
    for name in TOKENS:
        if own is not None and settings.value(name) == own:
            raise SettingsError(
                f"{AGENT_TOKEN} must not be the same as {name} "
                f"({place(settings.origin(AGENT_TOKEN))})",
                setting=AGENT_TOKEN,
                hint=f"Leave {SETTINGS[AGENT_TOKEN].variable} out, and `bridge skill install` "
                "makes one.",
            )


def _refuse_short(settings: Settings, name: str) -> None:
    token = settings.value(name)
    if isinstance(token, SecretStr) and len(token.get_secret_value()) < LEAST_TOKEN_CHARS:
        raise SettingsError(
            f"{name} must be {LEAST_TOKEN_CHARS} characters or more on a public address "
            f"({place(settings.origin(name))})",
            setting=name,
            hint="A random one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
        )


def _made_once(folder: Path, name: str) -> str:
    """What the file holds; made first when there is none."""
    path = folder / name
    if (kept := _stored(path)) is not None:
        return kept
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        _write_unless_there(path, secrets.token_urlsafe(SECRET_BYTES))
    except OSError as error:
        raise _unusable(path, error) from None
    kept = _stored(path)
    assert kept is not None, "written a moment ago"
    return kept


def _write_unless_there(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A link, not a rename: it fails when another process was first, and theirs stays.
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _stored(path: Path) -> str | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from None
    if len(text) < LEAST_STORED_CHARS:
        raise SettingsError(
            f"the stored secret {str(path)!r} is damaged",
            setting="state_dir",
            hint="Remove the file, and bridge makes a new one; whoever used the old one needs it.",
        )
    return text


def _unusable(path: Path, error: Exception) -> SettingsError:
    why = error.strerror if isinstance(error, OSError) else "it is not text"
    return SettingsError(
        f"{str(path)!r} can't be read or written: {why}",
        setting="state_dir",
        hint=f"Set {SETTINGS['state_dir'].variable} to a folder that bridge may write to.",
    )
