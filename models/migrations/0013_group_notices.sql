-- Notices of the office to a group of persons (群发通知), and who gets them.

CREATE TABLE group_notice (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    title varchar(20) NOT NULL,
    text varchar(1000) NOT NULL,
    audience varchar(200) NOT NULL,
    state varchar(8) NOT NULL,
    persons integer NOT NULL,
    sent integer NOT NULL,
    skipped integer NOT NULL,
    next_at timestamptz,
    created_at timestamptz NOT NULL,
    created_by uuid NOT NULL,
    tried_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    CONSTRAINT group_notice_state CHECK (state IN ('draft', 'sending', 'stopped', 'done', 'dropped')
        AND (state = 'sending') = (next_at IS NOT NULL))
);
COMMENT ON TABLE group_notice IS
    'A notice of the office to many (群发通知). ``state``: draft, sending, stopped, done or dropped.';
CREATE INDEX group_notice_newest ON group_notice (pool, created_at);
CREATE INDEX group_notice_due ON group_notice (next_at) WHERE next_at IS NOT NULL;

CREATE TABLE group_notice_person (
    id uuid PRIMARY KEY,
    sent_at timestamptz,
    group_notice_id uuid NOT NULL REFERENCES group_notice (id) ON DELETE CASCADE,
    account_id uuid REFERENCES account (id) ON DELETE CASCADE,
    expert_id uuid REFERENCES expert (id) ON DELETE CASCADE,
    CONSTRAINT group_notice_person_who CHECK (num_nonnulls(account_id, expert_id) > 0)
);
COMMENT ON TABLE group_notice_person IS
    'A person of a group notice; ``sent_at`` when the notice was written, or the person was passed over.';
CREATE INDEX group_notice_person_group ON group_notice_person (group_notice_id);
CREATE INDEX group_notice_person_waiting ON group_notice_person (group_notice_id, id) WHERE sent_at IS NULL;
CREATE INDEX group_notice_person_account ON group_notice_person (account_id);
CREATE INDEX group_notice_person_expert ON group_notice_person (expert_id);
