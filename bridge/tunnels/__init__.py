"""Public addresses for a local port, one file or folder per kind, named as in `tunnel.name`.

Each offers `Settings` (pydantic) and `connect(settings)`, an async context manager that yields a
`bridge.ports.tunnel.Tunnel`. Settings may ask for `folder` (where it may keep files), `public_url`
(the address that is wanted) and any field of the section `tunnel`; `bridge.wiring` fills in those
it names. Its own are those of `tunnel.providers.<name>`.
"""
