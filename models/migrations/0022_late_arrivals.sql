-- What an expert says himself of a late arrival (晚到): how many minutes after the gathering to which he agreed.

CREATE TABLE late_arrival (
    id uuid PRIMARY KEY,
    gathering_at timestamptz NOT NULL,
    minutes int NOT NULL,
    reason varchar(60) NOT NULL,
    stated_at timestamptz NOT NULL,
    channel varchar(10) NOT NULL,
    ended_at timestamptz,
    ending varchar(10) NOT NULL,
    invitation_id uuid NOT NULL REFERENCES invitation (id) ON DELETE RESTRICT,
    CONSTRAINT late_arrival_minutes CHECK (minutes > 0),
    CONSTRAINT late_arrival_ends CHECK (ending IN ('', 'replaced', 'withdrawn')),
    CONSTRAINT late_arrival_ended CHECK ((ended_at IS NULL) = (ending = ''))
);
COMMENT ON TABLE late_arrival IS
    'An expert''s own statement that he comes late (晚到). It counts while it is not ended and its gathering is the agreed one.';
CREATE INDEX late_arrival_history ON late_arrival (invitation_id, stated_at);
CREATE UNIQUE INDEX late_arrival_standing ON late_arrival (invitation_id) WHERE ended_at IS NULL;
