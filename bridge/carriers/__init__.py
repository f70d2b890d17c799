"""Who dials, one adapter a file; each keeps the promises of `bridge.ports.dialer`."""
