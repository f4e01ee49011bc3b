-- Sheets by which the office suspends, warns, resumes or removes many experts: checked first, then done row by row.

CREATE TABLE sanction_sheet (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    account_id uuid NOT NULL,
    filename varchar(200) NOT NULL,
    act varchar(12) NOT NULL,
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
    finished_at timestamptz
);
COMMENT ON TABLE sanction_sheet IS 'Acts against many experts (批量处理). ``state``: checked, working, done or dropped.';
CREATE INDEX sanction_sheet_newest ON sanction_sheet (pool, created_at);
CREATE INDEX sanction_sheet_waiting ON sanction_sheet (pool) WHERE state = 'checked' AND second_person;
