"""The person's AI agent, one file per kind: the file's name is `upstream.name`.

Each file offers `Settings` (pydantic) and `connect(settings, …)`, an async context manager
that yields a `bridge.ports.upstream.Upstream`. See `docs/how-to/add-an-upstream.md`.
"""
