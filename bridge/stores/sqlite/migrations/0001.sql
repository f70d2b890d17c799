-- Calls, their turns, and what was said in them.

CREATE TABLE calls (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    direction TEXT NOT NULL,
    source TEXT NOT NULL,
    state TEXT NOT NULL,
    placed_s REAL NOT NULL,
    touched_s REAL NOT NULL,
    outcome TEXT,
    fault TEXT,
    cause TEXT NOT NULL,
    conversation TEXT UNIQUE,
    carrier_call TEXT,
    remote TEXT,
    line TEXT,
    session_key TEXT,
    mode TEXT,
    message TEXT NOT NULL,
    brief TEXT NOT NULL,
    language TEXT NOT NULL,
    owner TEXT NOT NULL,
    idempotency_key TEXT UNIQUE,
    answered_s REAL,
    ended_s REAL,
    duration_s REAL,
    cost REAL,
    currency TEXT NOT NULL,
    recording TEXT NOT NULL,
    reported TEXT NOT NULL, -- JSON
    details TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX calls_placed ON calls (placed_s, id);
CREATE INDEX calls_outcome ON calls (outcome, placed_s, id);
CREATE INDEX calls_direction ON calls (direction, placed_s, id);
CREATE INDEX calls_owner ON calls (owner, placed_s, id);
CREATE INDEX calls_remote ON calls (remote, placed_s, id) WHERE remote IS NOT NULL;
CREATE INDEX calls_carrier ON calls (carrier_call, placed_s) WHERE carrier_call IS NOT NULL;
CREATE INDEX calls_live ON calls (touched_s) WHERE state <> 'ended';

CREATE TABLE turns (
    seq INTEGER PRIMARY KEY,
    call_seq INTEGER NOT NULL REFERENCES calls (seq) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    run_id TEXT NOT NULL,
    at_s REAL NOT NULL,
    utterance TEXT NOT NULL,
    sent TEXT NOT NULL,
    ours TEXT NOT NULL,
    heard TEXT,
    fillers TEXT NOT NULL, -- JSON
    acts TEXT NOT NULL, -- JSON
    stages_s TEXT NOT NULL, -- JSON
    outcome TEXT NOT NULL,
    failure TEXT NOT NULL,
    UNIQUE (call_seq, number),
    UNIQUE (call_seq, run_id)
) STRICT;

CREATE INDEX turns_asked ON turns (seq) WHERE outcome <> 'here';

-- By trigrams, so that a part of a word is found, and words of scripts without blanks. What was
-- heard is the beginning of what was sent, so it needs no place of its own here.
CREATE VIRTUAL TABLE words USING fts5 (
    utterance, sent, ours,
    content = 'turns', content_rowid = 'seq', tokenize = 'trigram'
);

CREATE TRIGGER turns_added AFTER INSERT ON turns BEGIN
    INSERT INTO words (rowid, utterance, sent, ours)
    VALUES (new.seq, new.utterance, new.sent, new.ours);
END;

CREATE TRIGGER turns_deleted AFTER DELETE ON turns BEGIN
    INSERT INTO words (words, rowid, utterance, sent, ours)
    VALUES ('delete', old.seq, old.utterance, old.sent, old.ours);
END;
