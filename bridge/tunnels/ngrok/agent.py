"""The agent: ngrok's program, started and stopped through pyngrok.

It has a configuration file of our own that holds the authtoken: given as an argument it would
stand in the list of processes. pyngrok blocks, so everything of it runs in a thread; a thread that
waits for a silent agent is freed by ending the agent.

Source: pyngrok 9.1 (`conf.py`, `process.py`, `ngrok.py`), read 2026-11.
"""

import asyncio
import contextlib
import json
import logging
import os
import secrets
import shutil
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from anyio import CancelScope, to_thread
from pydantic import SecretStr
from pyngrok import conf, exception, ngrok, process
from pyngrok.log import NgrokLog

from bridge import log
from bridge.errors import SettingsError, VendorTooSlow, VendorUnavailable, Why
from bridge.tunnels.ngrok import local_api
from bridge.tunnels.ngrok.faults import VENDOR, code_in, fault

OPEN_WITHIN_S = 20.0
"""How long the agent may take from its start to the tunnel. Three seconds are usual; pyngrok gives
it 15 s, but waits for ever for one that prints nothing."""

DOWNLOAD_WITHIN_S = 600.0
"""How long the download may take: 10 MB on a line of 0.2 Mbit/s."""

FREED_WITHIN_S = 5.0
"""How long a thread may take to notice that its agent was ended. One that downloads may take
longer; it then starts nothing."""

LOOK_EVERY_S = 0.05
"""How often it is looked whether the thread is free."""

AGENT_LOG = "pyngrok.process.ngrok"
"""The logger by which pyngrok repeats what the agent logs, word for word."""

TROUBLE = frozenset({"WARNING", "ERROR", "CRITICAL"})
"""Levels of the agent's own log that are told of."""

INTERRUPTED = "session closed"
"""What the agent says when its line to ngrok is cut; it then tries to restore it by itself."""

CONFIG_FILE = "ngrok.yml"

NO_ENDPOINTS = 404
"""How an agent answers that is too old for `/api/endpoints`."""

_T = TypeVar("_T")


def program_path() -> str:
    """Where the program is, or would be downloaded to."""
    config = conf.PyngrokConfig()
    if config.ngrok_path == conf.DEFAULT_NGROK_PATH:
        return shutil.which("ngrok") or config.ngrok_path
    return config.ngrok_path


def is_installed() -> bool:
    """Whether the program is there."""
    return Path(program_path()).exists()


def has_own_config() -> bool:
    """Whether the person has configured ngrok on this machine, as `ngrok config` does."""
    return Path(conf.DEFAULT_NGROK_CONFIG_PATH).is_file()


class Agent:
    """One agent: opened once, stopped once.

    Args:
        authtoken: of the account; `None`: the one in ngrok's own configuration.
        folder: where our configuration file for it is kept.
        may_download: whether the program may be downloaded when there is none.
    """

    def __init__(
        self, authtoken: SecretStr | None, folder: Path, *, may_download: bool = False
    ) -> None:
        self._may_download = may_download
        self._process: process.NgrokProcess | None = None
        self._is_stopped = False
        self._was_interrupted = False
        self._freed = threading.Event()
        self._freed.set()
        self._config = self._made_config(authtoken, folder)
        self.api = ""

    def _made_config(self, authtoken: SecretStr | None, folder: Path) -> conf.PyngrokConfig:
        path = None
        if authtoken is not None:
            path = folder / CONFIG_FILE
            _write_private(path, authtoken)
        config = conf.PyngrokConfig(
            ngrok_path=program_path(),
            config_path=None if path is None else str(path),
            start_new_session=True,
            log_event_callback=self._tell,
        )
        # It has read NGROK_AUTHTOKEN from the environment and would put it on the command line.
        config.auth_token = None
        # A wrong authtoken is quoted in the agent's log.
        logging.getLogger(AGENT_LOG).disabled = True
        return config

    async def open(self, port: int, wanted: str | None) -> str:
        """Starts the agent, after fetching it if need be and allowed, and opens the tunnel.

        Returns:
            The public address, without a slash at its end.

        Raises:
            VendorError: the agent or ngrok failed, or took too long.
        """
        if not is_installed():
            assert self._may_download, "the adapter has looked"
            reason = "no ngrok program was found"
            log.warning(
                "tunnel.download", vendor=VENDOR, path=self._config.ngrok_path, reason=reason
            )
            await self._in_thread(self._install, DOWNLOAD_WITHIN_S)
        return await self._in_thread(lambda: self._connect(port, wanted), OPEN_WITHIN_S)

    async def _in_thread(self, work: Callable[[], _T], within_s: float) -> _T:
        self._freed.clear()

        def run() -> _T:
            try:
                return work()
            finally:
                self._freed.set()

        try:
            async with asyncio.timeout(within_s):
                return await to_thread.run_sync(run, abandon_on_cancel=True)
        except TimeoutError:
            raise VendorTooSlow(
                f"ngrok opened no tunnel within {within_s:g} s.",
                vendor=VENDOR,
                operation="tunnel",
                why=Why.LATE,
                hint="Try `ngrok diagnose`, and look at https://status.ngrok.com",
            ) from None
        except exception.PyngrokError as error:
            raise fault(error) from None
        except OSError as error:
            raise VendorUnavailable(
                f"The ngrok program can't be run: {error.strerror}.",
                vendor=VENDOR,
                operation="tunnel",
                why=Why.UNREACHABLE,
                hint=f"Look at {self._config.ngrok_path!r}.",
            ) from None

    def _install(self) -> None:
        # It draws its progress on standard output, which is for data.
        with contextlib.redirect_stdout(sys.stderr):
            ngrok.install_ngrok(self._config)

    def _connect(self, port: int, wanted: str | None) -> str:
        target = f"http://127.0.0.1:{port}"
        if self._is_stopped:
            raise exception.PyngrokNgrokError("stopped meanwhile")
        options = {"url": wanted} if wanted else {}
        try:
            tunnel = ngrok.connect(target, pyngrok_config=self._config, **options)
        except exception.PyngrokNgrokHTTPError as error:
            if error.status_code != NO_ENDPOINTS:
                raise
            self._config.config_version = "2"
            options = {"domain": urlsplit(wanted).netloc} if wanted else {}
            tunnel = ngrok.connect(target, pyngrok_config=self._config, **options)
        self._process = process.get_process(self._config)
        self.api = self._process.api_url or ""
        assert tunnel.public_url is not None, "pyngrok has checked it"
        return str(tunnel.public_url).rstrip("/")

    def ended(self) -> str:
        """That the program is over, in a few words; empty while it runs."""
        assert self._process is not None, "it was opened"
        code = self._process.proc.poll()
        return "" if code is None else f"the ngrok program ended (exit code {code})"

    def was_interrupted(self) -> bool:
        """Whether its line to ngrok was cut since this was last asked."""
        was, self._was_interrupted = self._was_interrupted, False
        return was

    async def stop(self) -> None:
        """Ends the agent and waits until it is gone; does nothing when none was started."""
        self._is_stopped = True
        with CancelScope(shield=True):
            await to_thread.run_sync(self._stop)

    def _stop(self) -> None:
        path = self._config.ngrok_path
        # pyngrok's lock is held by the thread that waits for the agent: it is ended first.
        for _ in range(int(FREED_WITHIN_S / LOOK_EVERY_S)):
            started = self._started()
            if started is not None:
                started.proc.kill()
            if self._freed.wait(LOOK_EVERY_S):
                break
        started = self._started()
        if started is None or not self._freed.is_set():
            return
        process.kill_process(path)
        started.proc.kill()
        started.proc.wait()
        reader = started._monitor_thread  # noqa: SLF001 - nothing else tells when it is done
        if reader is not None:
            reader.join(FREED_WITHIN_S)
        if started.proc.stdout is not None:
            started.proc.stdout.close()

    def _started(self) -> process.NgrokProcess | None:
        """The agent, also one that pyngrok is still waiting for."""
        path = self._config.ngrok_path
        return self._process or process._current_processes.get(path)  # noqa: SLF001 - see _stop

    def _tell(self, line: NgrokLog) -> None:
        """Tells of trouble in the agent's log by its code, and repeats nothing of its words."""
        said = line.msg or ""
        if line.addr and "starting web service" in said:
            self.api = f"http://{line.addr}"
        elif "client session established" in said and not local_api.knows_endpoints(self.api):
            # pyngrok would wait for ever for a list that this agent doesn't have.
            self._config.config_version = "2"
        if INTERRUPTED in said:
            self._was_interrupted = True
        if line.lvl in TROUBLE:
            log.warning("tunnel.trouble", vendor=VENDOR, code=code_in(line.line) or None)


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
