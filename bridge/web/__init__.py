"""Doors over HTTP: who may enter, what is asked, how failures are told.

Here: routes, the guard in front of them, faults as HTTP answers, health and metrics. Not here:
what a turn is (`bridge/calls`, `bridge/core`), or the name of any adapter. A new route is added
to the table in `app.py` and to `doors.DOORS`: a path that no door names does not exist.
"""
