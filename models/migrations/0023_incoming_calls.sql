-- Calls of experts to the numbers from which their pools call.

CREATE TABLE incoming_call (
    id uuid PRIMARY KEY,
    call_id varchar(80) NOT NULL,
    called varchar(20) NOT NULL,
    caller_hash varchar(64) NOT NULL,
    began_at timestamptz NOT NULL,
    heard_at timestamptz NOT NULL,
    ended_at timestamptz,
    turn int NOT NULL,
    text text NOT NULL,
    keys int NOT NULL,
    wrong int NOT NULL,
    state jsonb NOT NULL,
    CONSTRAINT incoming_call_once UNIQUE (call_id)
);
COMMENT ON TABLE incoming_call IS
    'A call to a pool''s number: its newest prompt, and where the caller is in the menu. The number is stored as a hash.';
CREATE INDEX incoming_call_caller ON incoming_call (caller_hash, began_at);
CREATE INDEX incoming_call_obsolete ON incoming_call (heard_at);
