-- How many cards a receiver was owed lately: its budget.
CREATE INDEX notices_cards ON notices (receiver, created_at) WHERE kind = 'card';
