#!/usr/bin/env python3
"""Write an offline, loopback-only `openclaw.json` for tests of the real gateway.

    write_config.py STATE_DIR --port 18901 --token secret --provider-url http://127.0.0.1:19100/v1

Channels, update checks, telemetry, model catalogs, the browser page, heartbeats and cron are off;
the chat-completions, responses and (with a token) hooks endpoints are on; the only model is the
stub provider's. Further settings are merged in with `--set a.b.c=JSON`, e.g.

    --set 'gateway.auth.rateLimit={"maxAttempts":3,"exemptLoopback":false}'

Standard library only.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Config = dict[str, Any]
"""`openclaw.json`, as it will be written."""

PRIVATE_MODE = 0o600
"""The file holds a token; the gateway warns about anything wider."""


def build(
    state_dir: Path,
    *,
    port: int,
    token: str,
    provider_url: str,
    agents: Sequence[str] = ("main",),
    hooks_token: str = "",
    has_full_tools: bool = False,
    settings: Mapping[str, object] | None = None,
) -> Config:
    """The configuration of a gateway that talks to nobody but the stub provider.

    Args:
        state_dir: where the gateway keeps everything, as an absolute path.
        port: on 127.0.0.1.
        token: `gateway.auth.token`.
        provider_url: the stub's base, ending in `/v1`.
        agents: their ids. With more than one there is no default agent.
        hooks_token: turns the hooks endpoint on.
        has_full_tools: offers the agent's own tools to the model; else the minimal profile.
        settings: dotted path to value, put over the rest.
    """
    config: Config = {
        "gateway": _gateway(port, token),
        "models": _models(provider_url),
        "agents": {
            "defaults": {
                "model": {"primary": "stub/stub-1"},
                "workspace": str(state_dir / "workspace"),
                "skipBootstrap": True,
                "heartbeat": {"every": "0m"},
            },
        },
        "logging": {"file": str(state_dir / "gateway.log")},
        "plugins": {"enabled": False},
        "cron": {"enabled": False},
        "update": {"checkOnStart": False},
        "telemetry": {"enabled": False},
        "discovery": {"mdns": {"mode": "off"}},
    }
    if tuple(agents) != ("main",):
        config["agents"]["entries"] = {agent: {} for agent in agents}
    if not has_full_tools:
        config["tools"] = {"profile": "minimal"}
    if hooks_token:
        config["hooks"] = _hooks(hooks_token)
    for dotted, value in (settings or {}).items():
        put(config, dotted, value)
    return config


def _gateway(port: int, token: str) -> Config:
    return {
        "mode": "local",
        "port": port,
        "bind": "loopback",
        "auth": {"mode": "token", "token": token},
        "controlUi": {"enabled": False},
        "terminal": {"enabled": False},
        "cliAgents": {"enabled": False},
        "http": {
            "endpoints": {"chatCompletions": {"enabled": True}, "responses": {"enabled": True}}
        },
    }


def _models(provider_url: str) -> Config:
    free = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0}
    model = {
        "reasoning": False,
        "input": ["text", "image"],
        "cost": free,
        "contextWindow": 128000,
        "maxTokens": 8192,
    }
    return {
        "mode": "replace",
        "catalogRefresh": {"enabled": False},
        "providers": {
            "stub": {
                "baseUrl": provider_url,
                "apiKey": "stub-key",
                "api": "openai-completions",
                "models": [{"id": name, "name": name, **model} for name in ("stub-1", "stub-2")],
            }
        },
    }


def _hooks(token: str) -> Config:
    return {
        "enabled": True,
        "token": token,
        "path": "/hooks",
        "allowRequestSessionKey": True,
        "allowedSessionKeyPrefixes": ["agent:", "hook:"],
    }


def put(config: Config, dotted: str, value: object) -> None:
    """Set `a.b.c` in place, making the objects on the way."""
    *path, last = dotted.split(".")
    for key in path:
        config = config.setdefault(key, {})
    config[last] = value


def write(state_dir: Path, config: Config) -> Path:
    """Write the file, readable by its owner only, and the folders the gateway expects."""
    (state_dir / "workspace").mkdir(parents=True, exist_ok=True)
    path = state_dir / "openclaw.json"
    path.touch(mode=PRIVATE_MODE)
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return path


def main() -> None:
    """The same from a shell."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("state_dir", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--provider-url", required=True)
    parser.add_argument("--hooks-token", default="")
    parser.add_argument("--agents", default="main", help="ids, separated by commas")
    parser.add_argument("--full-tools", action="store_true", help="offer the agent's own tools")
    parser.add_argument("--set", action="append", default=[], metavar="A.B.C=JSON")
    args = parser.parse_args()
    state_dir = args.state_dir.resolve()
    split = (item.partition("=") for item in args.set)
    config = build(
        state_dir,
        port=args.port,
        token=args.token,
        provider_url=args.provider_url,
        agents=args.agents.split(","),
        hooks_token=args.hooks_token,
        has_full_tools=args.full_tools,
        settings={dotted: json.loads(value) for dotted, _, value in split},
    )
    print(write(state_dir, config))


if __name__ == "__main__":
    main()
