-- How a brand's budget is spread: JSON of record.Plan by the hour that it begins at.
CREATE TABLE plans (
    brand TEXT NOT NULL,
    at    INTEGER NOT NULL,
    plan  TEXT NOT NULL,
    PRIMARY KEY (brand, at)
) WITHOUT ROWID;
-- What budgets are planned by.
CREATE INDEX decisions_stream ON decisions (brand, at) WHERE outcome IN ('alert', 'over_budget');
