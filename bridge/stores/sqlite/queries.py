"""What is asked of the database. Values never stand in the SQL."""

import base64
import binascii
import json
import re
from dataclasses import dataclass

from bridge.core.record import LIVE
from bridge.errors import BadRequest
from bridge.ports.records import Filter
from bridge.stores.sqlite.rows import CALL_COLUMNS, TURN_COLUMNS, writable

TRIGRAM = 3
"""Characters of the shortest word that the index finds; shorter ones are looked for in the text."""

MAX_WORDS = 20
"""Words of a search that count. Nobody remembers more."""

_WORD = re.compile(r"[^\W_](?:\S*[^\W_])?")
_LIVE = ", ".join(f"'{state}'" for state in sorted(LIVE))


@dataclass(frozen=True, slots=True)
class Query:
    """SQL and its values."""

    sql: str
    values: tuple[object, ...]


def list_calls(wanted: Filter, limit: int, cursor: str) -> Query:
    """One more than `limit`, so that whoever asks sees whether there is another page.

    Raises:
        BadRequest: the cursor is none of ours.
    """
    where: list[str] = []
    values: list[object] = []
    for clause, value in (
        ("direction = ?", wanted.direction),
        ("outcome = ?", wanted.outcome),
        ("placed_s >= ?", wanted.since_s),
        ("placed_s < ?", wanted.until_s),
        ("remote = ?", wanted.remote),
        ("owner = ?", wanted.owner),
    ):
        if value is not None:
            where.append(clause)
            values.append(value)
    if wanted.live:
        where.append(f"state <> 'ended' AND state IN ({_LIVE})")
    if cursor:
        where.append("(placed_s, id) < (?, ?)")
        values += _read_cursor(cursor)
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    return Query(
        f"SELECT {CALL_COLUMNS} FROM calls{condition}"  # noqa: S608 - clauses of our own
        " ORDER BY placed_s DESC, id DESC LIMIT ?",
        (*values, limit + 1),
    )


def cursor_after(placed_s: float, call_id: str) -> str:
    """Where a page ended."""
    return base64.urlsafe_b64encode(json.dumps([placed_s, call_id]).encode()).decode("ascii")


def _read_cursor(cursor: str) -> tuple[float, str]:
    try:
        placed_s, call_id = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii", "replace")))
        return float(placed_s), str(call_id)
    except (ValueError, TypeError, binascii.Error):
        raise BadRequest("The cursor is not one of ours.", param="cursor") from None


def search(text: str, limit: int) -> Query | None:
    """Turns with every word; `None` when there is none to look for."""
    words = [found[0] for found in _WORD.finditer(writable(text).replace("\0", " "))][:MAX_WORDS]
    if not words:
        return None
    indexed = [word for word in words if len(word) >= TRIGRAM]
    where: list[str] = []
    values: list[object] = []
    if indexed:
        where.append("words MATCH ?")
        values.append(" AND ".join('"' + word.replace('"', '""') + '"' for word in indexed))
    for word in words:
        if len(word) < TRIGRAM:
            where.append("(turns.utterance || ' ' || turns.sent || ' ' || turns.ours) LIKE ?")
            values.append(f"%{word.replace('%', '').replace('_', '')}%")
    source = "words JOIN turns ON turns.seq = words.rowid" if indexed else "turns"
    latest = "words.rowid" if indexed else "turns.seq"
    return Query(
        f"SELECT {CALL_COLUMNS}, {TURN_COLUMNS} FROM {source}"  # noqa: S608 - as above
        " JOIN calls ON calls.seq = turns.call_seq"
        f" WHERE {' AND '.join(where)} ORDER BY {latest} DESC LIMIT ?",
        (*values, limit),
    )


LIVE_CALLS = (
    f"SELECT {CALL_COLUMNS} FROM calls WHERE state <> 'ended' AND touched_s < ?"  # noqa: S608
    " ORDER BY touched_s LIMIT ?"
)

STAGES = "SELECT stages_s FROM turns WHERE outcome <> 'here' ORDER BY seq DESC LIMIT ?"

PLACED = (
    "SELECT count(*) FROM calls WHERE direction = 'outbound' AND placed_s >= ?"
    " AND state <> 'promised' AND (outcome IS NULL OR outcome NOT IN ('refused', 'not_placed'))"
)

SPENT = (
    "SELECT currency, sum(cost) FROM calls WHERE direction = 'outbound' AND placed_s >= ?"
    " AND cost IS NOT NULL GROUP BY currency"
)

PURGEABLE = (
    "SELECT seq, recording FROM calls WHERE placed_s < ? AND state = 'ended'"
    " ORDER BY placed_s LIMIT ?"
)
