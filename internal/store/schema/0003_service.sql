-- What a case owes its customer by when, and what was promised: JSON of record.Service.
ALTER TABLE cases ADD COLUMN service TEXT NOT NULL DEFAULT '';
-- What was said in a conversation before its first post was decided upon.
CREATE INDEX mentions_said ON mentions (brand, root_id, created_at) WHERE root_id <> '';
-- What became of cases, by when they began.
CREATE INDEX cases_opened ON cases (opened_at);
