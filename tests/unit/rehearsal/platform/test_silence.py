"""What the platform makes of silence."""

import pytest

from bridge.rehearsal.platform.silence import Silence, next_silence


@pytest.mark.parametrize(
    ("quiet_s", "caller_s", "asks_s", "ends_s", "silence"),
    [
        (None, 5.0, 7.0, 180.0, None),
        (10.0, 5.0, 7.0, 180.0, Silence(17.0, ends=False)),
        (180.0, 5.0, 7.0, 180.0, Silence(185.0, ends=True)),
        (200.0, 5.0, 7.0, 180.0, Silence(200.0, ends=True)),
        (10.0, 5.0, -1.0, 180.0, Silence(185.0, ends=True)),
        (10.0, 5.0, 7.0, -1.0, Silence(17.0, ends=False)),
        (10.0, 5.0, -1.0, -1.0, None),
        (10.0, 5.0, 7.0, 12.0, Silence(17.0, ends=True)),
    ],
)
def test_it_asks_first_and_hangs_up_in_the_end(
    quiet_s: float | None, caller_s: float, asks_s: float, ends_s: float, silence: Silence | None
) -> None:
    assert next_silence(quiet_s, caller_s, asks_s, ends_s) == silence
