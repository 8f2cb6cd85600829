-- What happened to the daemon itself and its rules: blind windows of sources, generations of
-- the config, shadows and where they differed. JSON of internal/record, bounded by kind and key.
CREATE TABLE journal (
    n    INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key  TEXT NOT NULL,
    at   INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX journal_kind ON journal (kind, key, n);
