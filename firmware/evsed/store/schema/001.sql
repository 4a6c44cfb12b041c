-- The first database of evsed. Times are seconds; json is what model/codec.py writes.

-- What the core keeps: transactions, profiles, variables, tokens, availability ...
CREATE TABLE state (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

-- Reports that the central system has not yet taken, in the order they were made.
CREATE TABLE report (
    id       INTEGER PRIMARY KEY,
    json     TEXT NOT NULL,
    free     INTEGER NOT NULL,            -- 1: belongs to no transaction's order and may overtake
    status   INTEGER,                     -- EVSE of a connector report: only the last of each is worth sending late
    thin     INTEGER NOT NULL,            -- 1: meter values only, may be dropped when the queue is too long
    version  TEXT,                        -- OCPP version that `frames` are spelt in; NULL before the first sending
    frames   TEXT,                        -- [[message id, action, text], ...]
    answered INTEGER NOT NULL DEFAULT 0,  -- so many frames are answered
    attempts INTEGER NOT NULL DEFAULT 0   -- failed transmissions of the present frame
);
CREATE INDEX report_free ON report (id) WHERE free = 1;
CREATE INDEX report_status ON report (status, id) WHERE status IS NOT NULL;
CREATE INDEX report_thin ON report (id) WHERE thin = 1;

-- Reports that were given up, with the reason.
CREATE TABLE dead_letter (
    id       INTEGER PRIMARY KEY,
    json     TEXT NOT NULL,
    version  TEXT,
    frames   TEXT,
    why      TEXT NOT NULL
);

-- OCPP 1.6: the central system's number of our transaction; NULL: given up, -1 goes out.
CREATE TABLE alias (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id TEXT NOT NULL UNIQUE,
    number     INTEGER
);

-- One row for each start of the machine, so that what was recorded before the clock was found can be stamped later.
CREATE TABLE boot (
    number     INTEGER PRIMARY KEY,
    machine    TEXT NOT NULL,             -- the kernel's boot id: a restart of the process keeps its number
    utc_offset REAL                       -- utc - CLOCK_MONOTONIC, once it is known
);
