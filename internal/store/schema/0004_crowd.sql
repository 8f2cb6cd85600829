-- What a case knows about the many who tell of it: JSON of record.Crowd.
ALTER TABLE cases ADD COLUMN crowd TEXT NOT NULL DEFAULT '';
CREATE INDEX cases_incident ON cases (brand, updated_at) WHERE crowd LIKE '%"incident":%';

-- The posts that asked for a card: the same fault told by many, and spikes. words
-- and topics are separated by spaces.
CREATE TABLE complaints (
    n       INTEGER PRIMARY KEY,
    brand   TEXT NOT NULL,
    mention TEXT NOT NULL,
    at      INTEGER NOT NULL,
    author  INTEGER NOT NULL,
    topics  TEXT NOT NULL,
    outage  INTEGER NOT NULL,
    words   TEXT NOT NULL,
    about   TEXT NOT NULL,
    copy    INTEGER NOT NULL,
    reach   INTEGER NOT NULL,
    case_id TEXT NOT NULL,
    UNIQUE (brand, mention)
);
CREATE INDEX complaints_time ON complaints (brand, at, n);
