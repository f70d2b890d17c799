"""What recording leaves where: words in the database and nowhere else, codes and cards nowhere.

Our own promises: design 11, 13 and 15.
"""

import json
from io import StringIO
from pathlib import Path

import pytest

from tests.e2e.provision.office import Office
from tests.e2e.records.test_calls_on_record import (
    SECRET,
    deliver,
    open_for_calls,
    shown,
    told,
)
from tests.fakes.agent import FakeAgent
from tests.fakes.log_lines import logging_to
from tests.fakes.program import OPERATOR_TOKEN

NUMBER = "+15550001234"
CODE = "471183"
CARD = "4111 1111 1111 1111"
SAID = "The zeppelin to Umbrellaville leaves on Thursday."
ASKED = "Does aunt Wilhelmina have the gout?"
PRIVATE = ("Wilhelmina", "zeppelin", NUMBER[1:], NUMBER[2:], CODE, CARD, CARD.replace(" ", ""))


async def an_evening(office: Office, **settings: str) -> str:
    """Calls, reports and looks at them, with the log at its most talkative; all of the log."""
    written = StringIO()
    with logging_to(written, "json"):
        async with (
            FakeAgent() as agent,
            open_for_calls(office, agent, **SECRET, POLICY__PIN=CODE, **settings) as bridge,
        ):
            agent.reply(f"{SAID} Your card is {CARD}, your code {CODE}.")
            headers = {"x_bridge_conversation": "conv_1", "x_bridge_caller": NUMBER}
            async with bridge.http(**headers) as client:
                history = [
                    {"role": "user", "content": CODE},
                    {"role": "assistant", "content": "Thank you."},
                    {"role": "user", "content": f"{ASKED} My code is {CODE}, my card is {CARD}."},
                ]
                for end in (1, 3):
                    body = {"stream": True, "messages": history[:end]}
                    assert (await client.post("/v1/chat/completions", json=body)).status_code == 200
            report = told(
                "post_call_transcription",
                status="done",
                transcript=[
                    {"role": "user", "message": f"My code is {CODE}."},
                    {"role": "agent", "message": f"Wilhelmina said {CODE}, {CARD}."},
                ],
                metadata={
                    "termination_reason": f"{ASKED} {CARD}",
                    "phone_call": {"direction": "inbound", "external_number": NUMBER},
                },
            )
            assert (await deliver(bridge, report)).status_code == 200
            async with bridge.http(OPERATOR_TOKEN) as operator:
                await operator.get(f"/calls?remote=%2B{NUMBER[1:]}")
                await operator.get("/calls/search?q=Wilhelmina")
                for path in ("/metrics", "/sessions", "/latency"):
                    written.write((await operator.get(path)).text)
    return written.getvalue()


def on_disk(state: Path) -> bytes:
    return b"".join(file.read_bytes() for file in state.rglob("*") if file.is_file())


async def test_words_and_numbers_are_in_no_log_and_codes_and_cards_nowhere(office: Office) -> None:
    written = await an_evening(office)

    assert "turn.finished" in written
    assert [part for part in PRIVATE if part in written] == []
    (call,) = await shown(office)
    whole = await shown(office, call["id"])
    (turn,) = whole["turns"]
    assert turn["sent"] == f"{SAID} Your card is [card number], your code [code]."
    assert turn["utterance"] == f"{ASKED} My code is [code], my card is [card number]."
    assert whole["details"]["said_otherwise"] == ["Wilhelmina said [card number]."]
    kept = on_disk(office.state)
    assert b"zeppelin" in kept
    assert CODE.encode() not in kept
    assert b"4111" not in kept


async def test_without_words_nothing_that_was_said_is_on_disk(office: Office) -> None:
    await an_evening(office, RECORDS__WORDS="false")

    kept = on_disk(office.state)
    assert [word for word in (b"zeppelin", b"Wilhelmina", b"gout") if word in kept] == []
    (call,) = await shown(office)
    (turn,) = (await shown(office, call["id"]))["turns"]
    assert (call["outcome"], turn["outcome"], turn["sent"]) == ("completed", "done", "")


async def test_without_redaction_everything_is_kept(office: Office) -> None:
    await an_evening(office, RECORDS__REDACT="false")

    assert CARD.encode() in on_disk(office.state)


@pytest.mark.parametrize("arguments", [(), ("--json",)])
async def test_a_list_shows_no_number_whole(office: Office, arguments: tuple[str, ...]) -> None:
    await an_evening(office)

    printed = await office.types("calls", *arguments)
    assert "+1555•••1234" in printed.out or "+1555\\u2022" in json.dumps(printed.out)
    assert NUMBER not in printed.out
