"""A public address from ngrok: its agent program, run through pyngrok.

An agent that already serves our port is used and left alone. Otherwise one is started, with a
configuration file of our own that holds the authtoken: given as an argument it would stand in the
list of processes. The program is `PYNGROK_NGROK_PATH`, else `ngrok` on the path, else what pyngrok
downloads, which is said before.

Source: pyngrok 9.1, ngrok.com/docs/agent/api, ngrok.com/docs/errors (2026-11).
"""

import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from anyio import CancelScope, to_thread
from pydantic import BaseModel, ConfigDict, SecretStr
from pyngrok import conf, exception, ngrok, process
from pyngrok.log import NgrokLog

from bridge import log
from bridge.errors import BridgeError, SettingsError, VendorRejected, VendorUnavailable, Why
from bridge.ports.tunnel import Tunnel

VENDOR = "ngrok"

AGENT_API = "http://127.0.0.1:4040"
"""Where a running agent tells what it serves. Source: ngrok.com/docs/agent/api (2026-11)."""

AGENT_WITHIN_S = 2.0
"""How long an agent on this machine may take to tell. It takes milliseconds."""

AGENT_LOG = "pyngrok.process.ngrok"
"""The logger by which pyngrok repeats what the agent logs, word for word."""

TROUBLE = frozenset({"WARNING", "ERROR", "CRITICAL"})
"""Levels of the agent's own log that are told of."""

CONFIG_FILE = "ngrok.yml"

BAD_TOKEN = frozenset({"ERR_NGROK_105", "ERR_NGROK_106", "ERR_NGROK_107"})
"""The authtoken is not one, is not known any more, or was reset."""

NO_TOKEN = frozenset({"ERR_NGROK_4018"})
"""The agent was given none."""

CURE = (
    "Copy your account's from https://dashboard.ngrok.com/get-started/your-authtoken "
    "into NGROK_AUTHTOKEN."
)
"""What to do about a missing or wrong authtoken."""

HINTS: Mapping[str, str] = {
    "ERR_NGROK_108": "The account's agents run elsewhere: stop one, or use another account.",
    "ERR_NGROK_121": "The ngrok program is too old: run `ngrok update`.",
    "ERR_NGROK_334": "The address is in use by another agent: stop that one, or choose another.",
}
"""What to do about the errors that people meet."""

_CODE = re.compile(r"ERR_NGROK_\d+")

NO_ENDPOINTS = 404
"""How an agent answers that is too old for `/api/endpoints`."""


class Settings(BaseModel):
    """What an operator may set.

    Attributes:
        authtoken: of the ngrok account.
        folder: where the agent's configuration file is kept, readable for its owner only.
        public_url: an address of the account that is wanted; `None`: any.
        agent_api: where an agent that is already running tells what it serves.
    """

    model_config = ConfigDict(frozen=True)

    authtoken: SecretStr | None = None
    folder: Path
    public_url: str | None = None
    agent_api: str = AGENT_API


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[Tunnel]:
    """The tunnel. Starts nothing until it is opened."""
    yield Ngrok(settings)


class Ngrok:
    """The adapter; see `bridge.ports.tunnel.Tunnel`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[str]:
        """Opens a tunnel to a port of this machine, or uses the one that is there."""
        found = await self._running(port)
        if found:
            log.event("tunnel.reused", vendor=VENDOR, address=found, port=port)
            yield found
            return
        if self._settings.authtoken is None:
            raise SettingsError(
                "tunnel.ngrok_authtoken must be set for a tunnel by ngrok",
                setting="tunnel.ngrok_authtoken",
                hint=CURE,
            )
        config = _agent_config(self._settings.folder, self._settings.authtoken)
        try:
            # A thread that is under way can't be left: waiting for it keeps its agent ours.
            yield await to_thread.run_sync(self._open, config, port)
        finally:
            with CancelScope(shield=True):
                await to_thread.run_sync(_stop, config)

    async def _running(self, port: int) -> str:
        """The https address by which a running agent serves the port; empty when none does."""
        async with httpx.AsyncClient(
            base_url=self._settings.agent_api, timeout=AGENT_WITHIN_S, trust_env=False
        ) as http:
            for kind in ("endpoints", "tunnels"):
                with suppress(httpx.HTTPError, ValueError):
                    response = await http.get(f"/api/{kind}")
                    for address in _addresses(response.json(), kind, port):
                        if self._settings.public_url in (None, address):
                            return address
        return ""

    def _open(self, config: conf.PyngrokConfig, port: int) -> str:
        """Blocks: starts the agent, after fetching it if need be, and opens the tunnel."""
        try:
            return _connect(config, port, self._settings.public_url)
        except exception.PyngrokError as error:
            raise _fault(error) from None
        except OSError as error:
            raise VendorUnavailable(
                f"The ngrok program can't be run: {error.strerror}.",
                vendor=VENDOR,
                operation="tunnel",
                why=Why.UNREACHABLE,
                hint=f"Look at {config.ngrok_path!r}.",
            ) from None


def _addresses(answer: object, kind: str, port: int) -> Iterator[str]:
    """Public https addresses in an agent's list that lead to the port."""
    served = answer.get(kind) if isinstance(answer, dict) else None
    for one in served if isinstance(served, list) else []:
        target = _text(one, "upstream", "url") or _text(one, "config", "addr")
        address = (_text(one, "public_url") or _text(one, "url")).rstrip("/")
        if address.startswith("https://") and _leads_to(target, port):
            yield address


def _text(value: object, *path: str) -> str:
    """The text at that place of a JSON value; empty when there is none."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def _leads_to(target: str, port: int) -> bool:
    parts = urlsplit(target if "//" in target else f"//{target}")
    return parts.hostname in ("localhost", "127.0.0.1", "::1") and parts.port == port


def _connect(config: conf.PyngrokConfig, port: int, wanted: str | None) -> str:
    if not Path(config.ngrok_path).exists():
        log.warning("tunnel.download", vendor=VENDOR, reason="no ngrok program was found")
    target = f"http://127.0.0.1:{port}"
    try:
        options = {"url": wanted} if wanted else {}
        tunnel = ngrok.connect(target, pyngrok_config=config, **options)
    except exception.PyngrokNgrokHTTPError as error:
        if error.status_code != NO_ENDPOINTS:
            raise
        config.config_version = "2"
        options = {"domain": urlsplit(wanted).netloc} if wanted else {}
        tunnel = ngrok.connect(target, pyngrok_config=config, **options)
    assert tunnel.public_url is not None, "pyngrok has checked it"
    return str(tunnel.public_url).rstrip("/")


def _stop(config: conf.PyngrokConfig) -> None:
    """Ends the agent, waits until it is gone, and closes the pipe that pyngrok leaves open."""
    if not process.is_process_running(config.ngrok_path):
        return
    agent = process.get_process(config)
    process.kill_process(config.ngrok_path)
    reader = getattr(agent, "_monitor_thread", None)
    if reader is not None:
        reader.join()
    if agent.proc.stdout is not None:
        agent.proc.stdout.close()


def _agent_config(folder: Path, authtoken: SecretStr) -> conf.PyngrokConfig:
    path = folder / CONFIG_FILE
    _write_private(path, authtoken)
    config = conf.PyngrokConfig(config_path=str(path), start_new_session=True)
    # It has read NGROK_AUTHTOKEN from the environment and would put it on the command line.
    config.auth_token = None
    # A wrong authtoken is quoted in the agent's log.
    logging.getLogger(AGENT_LOG).disabled = True
    config.log_event_callback = _tell
    if config.ngrok_path == conf.DEFAULT_NGROK_PATH:
        config.ngrok_path = shutil.which("ngrok") or config.ngrok_path
    return config


def _tell(line: NgrokLog) -> None:
    """Tells of trouble in the agent's log by its code, and repeats nothing of its words."""
    if line.lvl in TROUBLE:
        log.warning("tunnel.trouble", vendor=VENDOR, code=_code_in(line.line) or None)


def _write_private(path: Path, authtoken: SecretStr) -> None:
    """The agent's configuration, whole and for its owner only.

    Version 2 of the format, which every agent of today reads; JSON is YAML.
    """
    text = json.dumps({"version": "2", "authtoken": authtoken.get_secret_value()})
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text + "\n")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise SettingsError(
            f"{str(path)!r} can't be written: {error.strerror}",
            setting="state_dir",
            hint="Set BRIDGE_STATE_DIR to a folder that bridge may write to.",
        ) from None


def _fault(error: exception.PyngrokError) -> BridgeError:
    """What pyngrok raised, in our words: the agent's own may hold the token."""
    code = _code(error)
    if code in BAD_TOKEN | NO_TOKEN:
        said = "refuses the authtoken" if code in BAD_TOKEN else "was given no authtoken"
        return VendorRejected(
            f"ngrok {said} ({code}).", vendor=VENDOR, operation="tunnel", why=Why.KEY, hint=CURE
        )
    if isinstance(error, exception.PyngrokNgrokInstallError):
        return VendorUnavailable(
            "The ngrok program is not installed and can't be downloaded.",
            vendor=VENDOR,
            operation="download",
            why=Why.UNREACHABLE,
            hint="Install it from https://ngrok.com/download, or set PYNGROK_NGROK_PATH to it.",
        )
    hint = HINTS.get(code, f"See https://ngrok.com/docs/errors/{code.lower()}" if code else "")
    message = f"ngrok opened no tunnel ({code})." if code else "ngrok opened no tunnel."
    return VendorUnavailable(
        message,
        vendor=VENDOR,
        operation="tunnel",
        hint=hint or "Try `ngrok diagnose`, and look at https://status.ngrok.com",
    )


def _code(error: exception.PyngrokError) -> str:
    """The code that ngrok gives an error, `ERR_NGROK_…`; empty when it has none."""
    if not isinstance(error, exception.PyngrokNgrokError):
        return ""
    body = error.body if isinstance(error, exception.PyngrokNgrokHTTPError) else ""
    texts = (error.ngrok_error_code or "", str(body))
    return next(filter(None, map(_code_in, texts)), "")


def _code_in(text: str) -> str:
    found = _CODE.search(text)
    return found[0] if found else ""
