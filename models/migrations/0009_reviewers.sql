-- What reviewers need: the region that an expert leaves, the places that a return points at, tasks handed to a colleague,
-- and substitutes for an absence.

ALTER TABLE application ADD COLUMN moves_from varchar(6) NOT NULL DEFAULT '';

ALTER TABLE review_task
    ADD COLUMN former_region boolean NOT NULL DEFAULT false,
    ADD COLUMN returned jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN decided_for uuid,
    ADD COLUMN handed_to uuid,
    ADD COLUMN handed_by uuid,
    ADD COLUMN handed_note varchar(200) NOT NULL DEFAULT '',
    DROP CONSTRAINT uid_review_task_applica_bc8438,
    ADD CONSTRAINT review_task_once UNIQUE (application_id, round, step_code, specialty, former_region),
    ADD CONSTRAINT review_task_handed CHECK ((handed_to IS NULL) = (handed_by IS NULL));
DROP INDEX review_task_open;
CREATE UNIQUE INDEX review_task_open ON review_task (application_id, step_code, specialty, former_region)
    WHERE state = 'open';

CREATE TABLE review_substitution (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason varchar(200) NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    ended_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    substitute_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT review_substitution_lasts CHECK (starts_at < ends_at),
    CONSTRAINT review_substitution_another CHECK (account_id <> substitute_id),
    -- One person stands in for a reviewer at a time.
    CONSTRAINT review_substitution_one EXCLUDE USING gist
        (account_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (ended_at IS NULL)
);
COMMENT ON TABLE review_substitution IS
    'A colleague who decides the tasks of an absent reviewer, in the half-open time; ended early with ``ended_at``.';
CREATE INDEX review_substitution_account ON review_substitution (account_id);
CREATE INDEX review_substitution_substitute ON review_substitution (substitute_id);
