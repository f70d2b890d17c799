"""Public addresses for a local port, one file per kind: the file's name is `server.tunnel`.

Each file offers `Settings` (pydantic) and `connect(settings)`, an async context manager that
yields a `bridge.ports.tunnel.Tunnel`. Settings may ask for `authtoken`, `folder` (where it may
keep files) and `public_url` (the address that is wanted); `bridge.wiring` fills in those it names.
"""
