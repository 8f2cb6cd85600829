-- The first schema. Times are microseconds since 1970 in UTC, 0 for none;
-- lists and structures are JSON, '' for none; severities are ranks (0 none .. 4 critical).
PRAGMA application_id = 1280590160;

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at    INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE brands (
    name TEXT PRIMARY KEY,
    yaml BLOB NOT NULL,
    hash TEXT NOT NULL,
    at   INTEGER NOT NULL
);

CREATE TABLE cursors (
    source TEXT PRIMARY KEY,
    value  TEXT NOT NULL,
    at     INTEGER NOT NULL
);

CREATE TABLE sources (
    source      TEXT PRIMARY KEY,
    type        TEXT NOT NULL,
    first_at    INTEGER NOT NULL,
    last_ok     INTEGER NOT NULL,
    last_item   INTEGER NOT NULL,
    last_error  TEXT NOT NULL,
    reason      TEXT NOT NULL,
    error_at    INTEGER NOT NULL,
    read        INTEGER NOT NULL,
    matched     INTEGER NOT NULL,
    poll        INTEGER NOT NULL,
    blind       INTEGER NOT NULL,
    blind_since INTEGER NOT NULL
);

-- conversation is '' where it is the post's own id.
CREATE TABLE seen (
    id           TEXT PRIMARY KEY,
    source       TEXT NOT NULL,
    author_key   TEXT NOT NULL,
    conversation TEXT NOT NULL,
    brands       TEXT NOT NULL,
    text_hash    INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    retracted    INTEGER NOT NULL,
    at           INTEGER NOT NULL
);
CREATE INDEX seen_author ON seen (author_key, id) WHERE author_key <> '';
CREATE INDEX seen_at ON seen (at);

CREATE TABLE watches (
    platform     TEXT NOT NULL,
    conversation TEXT NOT NULL,
    author_key   TEXT NOT NULL,
    brand        TEXT NOT NULL,
    case_id      TEXT NOT NULL,
    until        INTEGER NOT NULL,
    PRIMARY KEY (platform, conversation, author_key, brand, case_id)
) WITHOUT ROWID;
CREATE INDEX watches_case ON watches (case_id);
CREATE INDEX watches_until ON watches (until);

-- native_id is '' where id is platform:native_id.
CREATE TABLE mentions (
    n             INTEGER PRIMARY KEY,
    id            TEXT NOT NULL,
    brand         TEXT NOT NULL,
    source        TEXT NOT NULL,
    platform      TEXT NOT NULL,
    native_id     TEXT NOT NULL,
    url           TEXT NOT NULL,
    url_hash      INTEGER NOT NULL,
    kind          TEXT NOT NULL,
    author_id     TEXT NOT NULL,
    author_handle TEXT NOT NULL,
    author_name   TEXT NOT NULL,
    followers     INTEGER NOT NULL,
    verified      INTEGER NOT NULL,
    author_key    TEXT NOT NULL,
    text          TEXT NOT NULL,
    title         TEXT NOT NULL,
    lang          TEXT NOT NULL,
    rating        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    observed_at   INTEGER NOT NULL,
    parent_id     TEXT NOT NULL,
    root_id       TEXT NOT NULL,
    likes         INTEGER NOT NULL,
    reposts       INTEGER NOT NULL,
    replies       INTEGER NOT NULL,
    views         INTEGER NOT NULL,
    revision      INTEGER NOT NULL,
    retracted     INTEGER NOT NULL,
    simhash       INTEGER NOT NULL,
    case_id       TEXT NOT NULL,
    UNIQUE (id, brand)
);
CREATE INDEX mentions_url ON mentions (url_hash);
CREATE INDEX mentions_time ON mentions (brand, observed_at);
CREATE INDEX mentions_case ON mentions (case_id, observed_at) WHERE case_id <> '';
CREATE INDEX mentions_thread ON mentions (brand, (CASE WHEN root_id = '' THEN id ELSE root_id END), case_id) WHERE case_id <> '';
CREATE INDEX mentions_author ON mentions (brand, author_key, case_id) WHERE case_id <> '';

CREATE TABLE decisions (
    n           INTEGER PRIMARY KEY,
    id          TEXT NOT NULL,
    brand       TEXT NOT NULL,
    revision    INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    outcome     TEXT NOT NULL,
    severity    INTEGER NOT NULL,
    venting     REAL NOT NULL,
    priority    INTEGER NOT NULL,
    case_id     TEXT NOT NULL,
    route       TEXT NOT NULL,
    why         TEXT NOT NULL,
    brand_hash  TEXT NOT NULL,
    config_hash TEXT NOT NULL,
    threshold   REAL NOT NULL,
    terms       TEXT NOT NULL,
    excluded_by TEXT NOT NULL,
    match       TEXT NOT NULL,
    score       TEXT NOT NULL,
    layer       INTEGER NOT NULL,
    UNIQUE (id, brand, revision)
);
CREATE INDEX decisions_time ON decisions (brand, at);
CREATE INDEX decisions_alert ON decisions (brand, at) WHERE outcome = 'alert';

CREATE TABLE cases (
    id            TEXT PRIMARY KEY,
    brand         TEXT NOT NULL,
    state         TEXT NOT NULL,
    fate          TEXT NOT NULL,
    severity      INTEGER NOT NULL,
    priority      INTEGER NOT NULL,
    owner         TEXT NOT NULL,
    about         TEXT NOT NULL,
    topics        TEXT NOT NULL,
    signals       TEXT NOT NULL,
    root          TEXT NOT NULL,
    conversation  TEXT NOT NULL,
    author_key    TEXT NOT NULL,
    platform      TEXT NOT NULL,
    url           TEXT NOT NULL,
    text          TEXT NOT NULL,
    author_name   TEXT NOT NULL,
    followers     INTEGER NOT NULL,
    venting       REAL NOT NULL,
    reasons       TEXT NOT NULL,
    mentions      INTEGER NOT NULL,
    authors       INTEGER NOT NULL,
    route         TEXT NOT NULL,
    silent        INTEGER NOT NULL,
    episode       INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    simhash       INTEGER NOT NULL,
    opened_at     INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    last_post_at  INTEGER NOT NULL,
    claimed_at    INTEGER NOT NULL,
    answered_at   INTEGER NOT NULL,
    resolved_at   INTEGER NOT NULL,
    snoozed_until INTEGER NOT NULL,
    linked        TEXT NOT NULL
);
CREATE INDEX cases_state ON cases (state, severity DESC, priority DESC, opened_at, id);
CREATE INDEX cases_brand ON cases (brand, state, severity DESC, priority DESC, opened_at, id);
CREATE INDEX cases_recent ON cases (brand, updated_at);
CREATE INDEX cases_thread ON cases (brand, conversation, id);
CREATE INDEX cases_author ON cases (brand, author_key, id) WHERE author_key <> '';
CREATE INDEX cases_root ON cases (root);

CREATE TABLE events (
    case_id    TEXT NOT NULL,
    seq        INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    via        TEXT NOT NULL,
    what       TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state   TEXT NOT NULL,
    mention    TEXT NOT NULL,
    url        TEXT NOT NULL,
    detail     TEXT NOT NULL,
    PRIMARY KEY (case_id, seq)
) WITHOUT ROWID;

CREATE TABLE actions (
    key     TEXT PRIMARY KEY,
    case_id TEXT NOT NULL,
    at      INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX actions_at ON actions (at);

-- done_at is when a row became sent or dropped. doubt says that an earlier try
-- may have reached the receiver.
CREATE TABLE notices (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    key          TEXT NOT NULL UNIQUE,
    receiver     TEXT NOT NULL,
    kind         TEXT NOT NULL,
    state        TEXT NOT NULL,
    brand        TEXT NOT NULL,
    case_id      TEXT NOT NULL,
    mention      TEXT NOT NULL,
    body         TEXT NOT NULL,
    observed_at  INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    doubt        INTEGER NOT NULL,
    first_try    INTEGER NOT NULL,
    settle_until INTEGER NOT NULL,
    done_at      INTEGER NOT NULL,
    channel      TEXT NOT NULL,
    ts           TEXT NOT NULL,
    error        TEXT NOT NULL
);
CREATE INDEX notices_unsent ON notices (receiver, id) WHERE state IN ('pending', 'sending');
CREATE INDEX notices_order ON notices (case_id, receiver, id) WHERE state IN ('pending', 'sending');
CREATE INDEX notices_done ON notices (done_at) WHERE state IN ('sent', 'dropped');
CREATE INDEX notices_canary ON notices (done_at) WHERE kind = 'canary';

-- Which notices hold words of which post: what an erasure has to visit.
CREATE TABLE notice_mentions (
    mention   TEXT NOT NULL,
    notice_id INTEGER NOT NULL,
    PRIMARY KEY (mention, notice_id)
) WITHOUT ROWID;
CREATE INDEX notice_mentions_notice ON notice_mentions (notice_id);

-- The root message of a case at a receiver; it outlives the notice's row.
CREATE TABLE receipts (
    case_id  TEXT NOT NULL,
    receiver TEXT NOT NULL,
    channel  TEXT NOT NULL,
    ts       TEXT NOT NULL,
    key      TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (case_id, receiver)
) WITHOUT ROWID;

CREATE TABLE clocks (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    case_id TEXT NOT NULL,
    kind    TEXT NOT NULL,
    due_at  INTEGER NOT NULL,
    UNIQUE (case_id, kind)
);
CREATE INDEX clocks_due ON clocks (due_at);

CREATE TABLE labels (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    brand   TEXT NOT NULL,
    mention TEXT NOT NULL,
    text    TEXT NOT NULL,
    venting INTEGER NOT NULL,
    reason  TEXT NOT NULL,
    actor   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    undone  INTEGER NOT NULL
);
CREATE INDEX labels_brand ON labels (brand, id);
CREATE INDEX labels_mention ON labels (mention);

CREATE TABLE silences (
    id       TEXT PRIMARY KEY,
    brand    TEXT NOT NULL,
    author   TEXT NOT NULL,
    topic    TEXT NOT NULL,
    query    TEXT NOT NULL,
    by_whom  TEXT NOT NULL,
    reason   TEXT NOT NULL,
    from_at  INTEGER NOT NULL,
    until_at INTEGER NOT NULL
);
CREATE INDEX silences_until ON silences (until_at);

CREATE TABLE dead (
    id     TEXT PRIMARY KEY,
    stage  TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    topic  TEXT NOT NULL,
    key    TEXT NOT NULL,
    value  BLOB NOT NULL,
    at     INTEGER NOT NULL
);
CREATE INDEX dead_at ON dead (at);
CREATE INDEX dead_stage ON dead (stage);

CREATE TABLE dead_mentions (
    mention TEXT NOT NULL,
    dead_id TEXT NOT NULL,
    PRIMARY KEY (mention, dead_id)
) WITHOUT ROWID;
CREATE INDEX dead_mentions_dead ON dead_mentions (dead_id);

-- The sample of posts that matched no brand. rank is a salted hash of the id:
-- the lowest of a source and day are kept.
CREATE TABLE unmatched (
    n       INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    source  TEXT NOT NULL,
    day     INTEGER NOT NULL,
    rank    INTEGER NOT NULL,
    mention TEXT NOT NULL
);
CREATE INDEX unmatched_rank ON unmatched (source, day, rank);
CREATE INDEX unmatched_day ON unmatched (day);

-- How many posts the sample of a source and day stands for.
CREATE TABLE unmatched_days (
    source TEXT NOT NULL,
    day    INTEGER NOT NULL,
    stands REAL NOT NULL,
    PRIMARY KEY (source, day)
) WITHOUT ROWID;
