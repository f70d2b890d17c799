"""What the platform says was spoken, against what we sent."""

from bridge.core.as_heard import MAX_OTHERWISE, AsHeard, compare
from bridge.core.platform_call import Said
from tests.fakes.calls_on_record import turn


def agent(*texts: str) -> list[Said]:
    return [Said(by_caller=False, text=text) for text in texts]


FIRST = turn("r1", sent="She does, I am afraid. It is her toe.")
SECOND = turn("r2", sent="On Thursday.")


def test_what_was_heard_is_found_turn_by_turn() -> None:
    transcript = [
        *agent("Hello, who is there?"),
        Said(by_caller=True, text="Does aunt Wilhelmina have the gout?"),
        *agent("She does, I am"),
        Said(by_caller=True, text="When?"),
        *agent("On Thursday."),
    ]

    assert compare(transcript, [FIRST, SECOND]) == AsHeard(
        {"r1": "She does, I am", "r2": "On Thursday."}, 1, ("Hello, who is there?",)
    )


def test_what_the_record_says_already_is_not_said_again() -> None:
    known = turn("r2", sent="On Thursday.", heard="On Thursday.")

    assert compare(agent("On Thursday."), [known]).heard == {}


def test_fillers_are_not_words_of_the_reply() -> None:
    slow = turn("r1", sent="On Thursday.", fillers=("One moment... ",))

    found = compare(agent("One moment... On Thurs"), [slow])
    assert (found.heard, found.cut, found.otherwise) == ({"r1": "On Thurs"}, 1, ())


def test_a_caller_who_heard_a_filler_only_heard_nothing_of_the_reply() -> None:
    slow = turn("r1", sent="On Thursday.", fillers=("One moment... ",))

    assert compare(agent("One moment..."), [slow]).heard == {"r1": ""}


def test_what_bridge_said_is_no_words_of_the_agents() -> None:
    failed = turn("r1", sent="", ours="Sorry, that went wrong.")

    found = compare(agent("Sorry, that went wrong."), [failed, SECOND])
    assert (found.heard, found.otherwise) == ({}, ())


def test_a_turn_that_was_never_spoken_is_passed_over() -> None:
    unheard = turn("r1", sent="Nobody heard this.")

    found = compare(agent("On Thursday."), [unheard, turn("r0", sent=""), SECOND])
    assert found.heard == {"r2": "On Thursday."}


def test_of_what_is_not_ours_a_bounded_part_is_kept() -> None:
    assert len(compare(agent(*["Other words."] * 99), [SECOND]).otherwise) == MAX_OTHERWISE
