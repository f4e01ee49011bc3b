-- One table for the sheets by which the office acts on many experts, in place of one for each act. Sheets that were
-- uploaded go on where they are, and a worker takes up those that were confirmed.

CREATE TABLE office_sheet (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    account_id uuid NOT NULL,
    kind varchar(12) NOT NULL,
    filename varchar(200) NOT NULL,
    terms jsonb NOT NULL,
    second_person boolean NOT NULL,
    targets jsonb NOT NULL,
    errors jsonb NOT NULL,
    state varchar(12) NOT NULL,
    done integer NOT NULL,
    failures jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    confirmed_by uuid,
    progress_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- Nobody confirms an own proposal.
    CONSTRAINT office_sheet_second CHECK (NOT second_person OR confirmed_by IS NULL OR confirmed_by <> account_id)
);
COMMENT ON TABLE office_sheet IS
    'Acts on many experts by a sheet. ``kind``: terms or sanctions; ``state``: checked, working, done or dropped.';
CREATE INDEX office_sheet_newest ON office_sheet (pool, kind, created_at);
CREATE INDEX office_sheet_waiting ON office_sheet (pool) WHERE state = 'checked' AND second_person;

INSERT INTO office_sheet (id, pool, account_id, kind, filename, terms, second_person, targets, errors, state, done,
    failures, created_at, confirmed_by, progress_at, finished_at)
SELECT id, pool, account_id, 'sanctions', filename, terms - 'kind' || jsonb_build_object('act', act), second_person,
    targets, errors, state, done, failures, created_at, confirmed_by, progress_at, finished_at
FROM sanction_sheet
UNION ALL
SELECT id, pool, account_id, 'terms', filename, jsonb_build_object('reason', reason), FALSE,
    targets, errors, state, done, failures, created_at, confirmed_by, progress_at, finished_at
FROM term_sheet;

UPDATE procrastinate_jobs SET task_name = 'office_sheets.work'
 WHERE task_name IN ('sanctions.sheet', 'experts.terms') AND status IN ('todo', 'doing');

DROP TABLE sanction_sheet;
DROP TABLE term_sheet;
