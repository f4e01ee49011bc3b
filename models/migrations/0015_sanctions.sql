-- What the office imposes on an expert: a suspension or a warning from one moment to another, a removal; with its proposal,
-- its end and the expert's appeal. The only source of whether the office has suspended somebody.

CREATE TABLE sanction (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(12) NOT NULL,
    state varchar(12) NOT NULL,
    reason varchar(500) NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    withdraws_calls boolean NOT NULL,
    files jsonb NOT NULL,
    proposed_at timestamptz NOT NULL,
    proposed_by uuid,
    decided_at timestamptz,
    decided_by uuid,
    refusal varchar(500) NOT NULL,
    lifted_at timestamptz,
    lifted_by uuid,
    lift_reason varchar(500) NOT NULL,
    end_told_at timestamptz,
    appeal_sealed text NOT NULL,
    appealed_at timestamptz,
    answer varchar(500) NOT NULL,
    answered_at timestamptz,
    answered_by uuid,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT,
    CONSTRAINT sanction_lasts CHECK (starts_at < ends_at),
    CONSTRAINT sanction_decided CHECK
        (state NOT IN ('imposed', 'lifted') OR starts_at IS NOT NULL AND decided_at IS NOT NULL),
    CONSTRAINT sanction_answered CHECK (answered_at IS NULL OR appealed_at IS NOT NULL),
    -- An expert is suspended once at a time.
    CONSTRAINT sanction_suspended_once EXCLUDE USING gist
        (expert_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (kind = 'suspension' AND state = 'imposed')
);
COMMENT ON TABLE sanction IS 'An act of the office against an expert (处理). ``kind``: suspension, warning or removal.';
CREATE INDEX sanction_expert ON sanction (expert_id, proposed_at);
CREATE INDEX sanction_newest ON sanction (pool, proposed_at);
-- One proposal of a kind waits for the second person.
CREATE UNIQUE INDEX sanction_proposed ON sanction (expert_id, kind) WHERE state = 'proposed';
CREATE INDEX sanction_waiting ON sanction (pool) WHERE state = 'proposed' OR appealed_at IS NOT NULL AND answered_at IS NULL;
CREATE INDEX sanction_ending ON sanction (ends_at) WHERE state = 'imposed' AND end_told_at IS NULL;

INSERT INTO sanction (id, pool, kind, state, reason, starts_at, withdraws_calls, files, proposed_at, decided_at, refusal,
    lift_reason, appeal_sealed, answer, expert_id)
SELECT gen_random_uuid(), pool, 'suspension', 'imposed', '启用处理记录前已暂停抽取，原因可向管理机构了解', now(), false, '[]',
    now(), now(), '', '', '', '', id
  FROM expert WHERE NOT active AND left_at IS NULL;

-- ``expert.active`` is no longer used; the next release drops it (docs/how-to/upgrade.md).
ALTER TABLE expert ALTER COLUMN active SET DEFAULT true, DROP CONSTRAINT expert_left;
COMMENT ON TABLE expert IS 'A bid-evaluation expert. ``membership_status``: formal or temporary.';
