"""The program's own log, written where a test can read it."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Literal

from bridge import log


@contextmanager
def logging_to(stream: StringIO, form: Literal["json", "text"]) -> Iterator[None]:
    """The program's log at debug level, there; afterwards logging is as it was."""
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, (log.LOGGER_NAME, *log.THIRD_PARTY))]
    before = [(one, one.level, one.handlers[:], one.propagate) for one in loggers]
    log.configure("debug", form, stream)
    try:
        yield
    finally:
        for one, level, handlers, propagates in before:
            one.setLevel(level)
            one.handlers[:] = handlers
            one.propagate = propagates
