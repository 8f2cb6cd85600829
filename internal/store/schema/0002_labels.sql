-- Labels with where they came from, and what was learned from them. undone is 0, 1
-- for one that was taken back, 2 for one that a later word on its case replaced.
ALTER TABLE labels ADD COLUMN lang TEXT NOT NULL DEFAULT '';
ALTER TABLE labels ADD COLUMN url TEXT NOT NULL DEFAULT '';
ALTER TABLE labels ADD COLUMN via TEXT NOT NULL DEFAULT '';
ALTER TABLE labels ADD COLUMN source TEXT NOT NULL DEFAULT 'case';
ALTER TABLE labels ADD COLUMN case_id TEXT NOT NULL DEFAULT '';
ALTER TABLE labels ADD COLUMN base REAL NOT NULL DEFAULT 0;
ALTER TABLE labels ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE labels ADD COLUMN alerted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE labels ADD COLUMN undone_by TEXT NOT NULL DEFAULT '';
ALTER TABLE labels ADD COLUMN undone_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE labels ADD COLUMN layer INTEGER NOT NULL DEFAULT 0;

CREATE TABLE layers (
    brand       TEXT NOT NULL,
    version     INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    state       TEXT NOT NULL,
    weights     BLOB NOT NULL,
    labels      TEXT NOT NULL,
    shared      INTEGER NOT NULL,
    seen        INTEGER NOT NULL,
    seen_all    INTEGER NOT NULL,
    model       TEXT NOT NULL,
    brand_hash  TEXT NOT NULL,
    effect      TEXT NOT NULL,
    refused_for TEXT NOT NULL,
    refused     TEXT NOT NULL,
    PRIMARY KEY (brand, version)
);
CREATE INDEX layers_state ON layers (state, brand, version);
