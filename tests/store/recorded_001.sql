-- `.dump` of a database that schema 001 and the release of 2026-11-21 wrote.
BEGIN TRANSACTION;
CREATE TABLE alias (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    transaction_id TEXT NOT NULL UNIQUE,
    number     INTEGER
);
INSERT INTO "alias" VALUES(1,'8a0e',4711);
CREATE TABLE boot (
    number     INTEGER PRIMARY KEY,
    machine    TEXT NOT NULL,             -- the kernel's boot id: a restart of the process keeps its number
    utc_offset REAL                       -- utc - CLOCK_MONOTONIC, once it is known
);
INSERT INTO "boot" VALUES(1,'recorded',1700000000.0);
CREATE TABLE dead_letter (
    id       INTEGER PRIMARY KEY,
    json     TEXT NOT NULL,
    version  TEXT,
    frames   TEXT,
    why      TEXT NOT NULL
);
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
INSERT INTO "report" VALUES(1,'{"is":"ConnectorReport","at":{"is":"Instant","mono":100.5,"utc":1800000000.0,"boot":1},"evse":1,"operative":true,"plugged":true}',1,1,0,NULL,NULL,0,0);
INSERT INTO "report" VALUES(2,'{"is":"TransactionReport","at":{"is":"Instant","mono":100.5,"utc":1800000000.0,"boot":1},"transaction":"8a0e","evse":1,"seq":0,"kind":"Started","trigger":"Authorized","charging_state":"EVConnected","offline":true,"token":{"is":"Token","id":"04AABBCC"},"meter_wh":1200.0}',0,NULL,0,'1.6','[["3f","StartTransaction","[2,\"3f\",\"StartTransaction\",{\"connectorId\":1}]"]]',0,0);
CREATE TABLE state (
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
INSERT INTO "state" VALUES('variable','TxCtrlr.EVConnectionTimeOut','"60"');
CREATE INDEX report_free ON report (id) WHERE free = 1;
CREATE INDEX report_status ON report (status, id) WHERE status IS NOT NULL;
CREATE INDEX report_thin ON report (id) WHERE thin = 1;
COMMIT;
