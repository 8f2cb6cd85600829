-- Random samples of decided posts, which people label: how many posts there were in a
-- stratum of a brand and time, and which of them were drawn.
CREATE TABLE draws (
    brand   TEXT NOT NULL,
    to_at   INTEGER NOT NULL,
    stratum TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    posts   INTEGER NOT NULL,
    drawn   INTEGER NOT NULL,
    PRIMARY KEY (brand, to_at, stratum)
) WITHOUT ROWID;

CREATE TABLE samples (
    brand   TEXT NOT NULL,
    to_at   INTEGER NOT NULL,
    mention TEXT NOT NULL,
    stratum TEXT NOT NULL,
    outcome TEXT NOT NULL,
    venting REAL NOT NULL,
    PRIMARY KEY (brand, to_at, mention)
) WITHOUT ROWID;
