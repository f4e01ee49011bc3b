-- What the office does about one application: takes up again what had ended, gives one person more time, notes and
-- messages. Files that it puts into an expert's file; and sheets by which it extends the terms of many experts.

ALTER TABLE application
    ADD COLUMN own_until timestamptz,
    ADD COLUMN own_pay_until timestamptz;

CREATE TABLE application_act (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    kind varchar(16) NOT NULL,
    state varchar(12) NOT NULL,
    text_sealed text NOT NULL,
    deadline varchar(8) NOT NULL DEFAULT '',
    until timestamptz,
    former_until timestamptz,
    second_person boolean NOT NULL DEFAULT FALSE,
    begun_by uuid,
    begun_at timestamptz NOT NULL,
    ended_by uuid,
    ended_at timestamptz,
    refusal varchar(200) NOT NULL DEFAULT '',
    CONSTRAINT application_act_end CHECK ((state = 'waiting') = (ended_at IS NULL)),
    -- Nobody confirms an own proposal.
    CONSTRAINT application_act_second CHECK (NOT second_person OR state <> 'done' OR ended_by <> begun_by)
);
COMMENT ON TABLE application_act IS
    'What the office did about one application. ``kind`` and ``state``: ``domain.applications.office_acts``.';
CREATE INDEX application_act_of ON application_act (application_id, begun_at);
CREATE UNIQUE INDEX application_act_waiting ON application_act (application_id) WHERE state = 'waiting';
CREATE INDEX application_act_waits ON application_act (pool, begun_at) WHERE state = 'waiting';

ALTER TABLE attachment ADD COLUMN expert_id uuid REFERENCES expert (id) ON DELETE RESTRICT;

CREATE TABLE term_sheet (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    account_id uuid NOT NULL,
    filename varchar(200) NOT NULL,
    reason varchar(200) NOT NULL,
    targets jsonb NOT NULL,
    errors jsonb NOT NULL,
    state varchar(12) NOT NULL,
    done integer NOT NULL,
    failures jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_by uuid,
    progress_at timestamptz NOT NULL,
    finished_at timestamptz
);
COMMENT ON TABLE term_sheet IS 'Longer terms of many experts (聘期). ``state``: checked, working, done or dropped.';
CREATE INDEX term_sheet_newest ON term_sheet (pool, created_at);
