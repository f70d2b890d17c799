"""Keeps us reachable: the public address is opened, proven from outside, and restored.

    opened ──▶ asked from outside ──▶ proven ── lost, or no longer proven ──▶ opened again
                     ▲     │                                                      │
                     └─────┘ not yet                                              ▼
                                                        with pauses that grow, for ever

`steps` decides, `outside` asks, `keeper` does. Knows the port `bridge.ports.tunnel` and no
adapter; ends nothing: what it can't restore it tells of, and tries again.
"""
