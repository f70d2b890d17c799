"""A delivery of sound, taken apart."""

import json

from bridge.core.sound_delivery import SHORT, cut

SOUND = "SUQz" * SHORT


def test_the_sound_is_cut_out_and_the_rest_is_json() -> None:
    body = json.dumps({"type": "post_call_audio", "data": {"full_audio": SOUND, "n": 1}}).encode()

    rest, sound = cut(body)

    assert json.loads(rest) == {"type": "post_call_audio", "data": {"full_audio": "", "n": 1}}
    assert bytes(sound) == SOUND.encode()


def test_what_has_no_sound_is_left_as_it_is() -> None:
    for body in (b"{}", b"x" * 2 * SHORT, json.dumps({"full_audio": "no!" * SHORT}).encode()):
        rest, sound = cut(body)
        assert (rest, bytes(sound)) == (body, b"")
