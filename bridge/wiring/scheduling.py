"""What places calls at times, and what orders them, for a server or for a command without one."""

from collections.abc import Callable

from bridge import clock
from bridge.calls.firing import Firing, Rules
from bridge.calls.outbound import Outbound
from bridge.calls.scheduler import Scheduler
from bridge.calls.timetable import Timetable
from bridge.settings import Settings
from bridge.wiring import dialling
from bridge.wiring.bookkeeping import Bookkeeping


def scheduler(
    settings: Settings,
    keeps: Bookkeeping,
    outbound: Outbound,
    is_stopping: Callable[[], bool],
) -> Scheduler:
    """What places calls at times. It is not at work yet: that is the server's alone."""
    firing = Firing(
        keeps.schedules,
        outbound,
        keeps.records,
        keeps.feed,
        Rules(settings.schedule.late_s, settings.schedule.again),
        line=lambda: dialling.line(settings),
        today=clock.wall_s,
    )
    return Scheduler(keeps.schedules, firing, today=clock.wall_s, is_stopping=is_stopping)


def timetable(
    settings: Settings,
    keeps: Bookkeeping,
    outbound: Outbound,
    woken: Callable[[], None] = lambda: None,
) -> Timetable:
    """What orders calls at times. `woken` is told of each change."""
    return Timetable(
        keeps.schedules,
        outbound,
        line=lambda: dialling.line(settings),
        today=clock.wall_s,
        woken=woken,
    )
