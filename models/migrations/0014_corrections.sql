-- What the office corrects of a person, from the evidence until it took effect.

CREATE TABLE correction (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(12) NOT NULL,
    state varchar(12) NOT NULL,
    account_id uuid,
    expert_id uuid,
    values_sealed text NOT NULL,
    mobile_hash varchar(64) NOT NULL DEFAULT '',
    reason varchar(200) NOT NULL,
    evidence_key varchar(100) NOT NULL DEFAULT '',
    evidence_name varchar(200) NOT NULL DEFAULT '',
    evidence_type varchar(40) NOT NULL DEFAULT '',
    begun_by uuid,
    begun_at timestamptz NOT NULL,
    until timestamptz,
    ended_by uuid,
    ended_at timestamptz,
    note varchar(200) NOT NULL DEFAULT '',
    CONSTRAINT correction_subject CHECK (account_id IS NOT NULL OR expert_id IS NOT NULL),
    CONSTRAINT correction_end CHECK ((state = 'waiting') = (ended_at IS NULL)),
    -- Nobody confirms an own correction of name or number.
    CONSTRAINT correction_second CHECK (kind NOT IN ('identity', 'merge') OR state <> 'done' OR ended_by <> begun_by)
);
COMMENT ON TABLE correction IS
    'What the office corrected of a person (更正). ``kind`` and ``state``: ``domain.experts.corrections``.';
CREATE INDEX correction_account ON correction (account_id, begun_at);
CREATE INDEX correction_expert ON correction (expert_id, begun_at);
CREATE INDEX correction_waiting ON correction (pool, begun_at) WHERE state = 'waiting';
CREATE INDEX correction_mobile ON correction (pool, mobile_hash) WHERE state = 'waiting';
-- Persons are looked up by name, too; an account that was deleted or merged has none.
CREATE INDEX account_name ON account (pool, real_name) WHERE real_name <> '';
CREATE INDEX correction_evidence ON correction (evidence_key) WHERE evidence_key <> '';
