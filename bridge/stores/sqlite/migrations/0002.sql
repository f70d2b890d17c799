-- Calls at times, and whether all of them rest.

CREATE TABLE schedules (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    "to" TEXT NOT NULL,
    zone TEXT NOT NULL,
    made_s REAL NOT NULL,
    line TEXT NOT NULL,
    at TEXT NOT NULL,
    mode TEXT NOT NULL,
    message TEXT NOT NULL,
    brief TEXT NOT NULL,
    language TEXT NOT NULL,
    session TEXT,
    owner TEXT NOT NULL,
    paused INTEGER NOT NULL,
    settled_s REAL,
    tries INTEGER NOT NULL,
    retry_s REAL,
    version INTEGER NOT NULL,
    call TEXT NOT NULL,
    done_s REAL,
    notes TEXT NOT NULL -- JSON
) STRICT;

CREATE INDEX schedules_made ON schedules (made_s, seq);

CREATE TABLE schedules_paused (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    at_s REAL NOT NULL
) STRICT;
