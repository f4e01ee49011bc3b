-- Sheets of experts that the office uploads, checks and imports on a page.

CREATE TABLE expert_sheet (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    account_id uuid NOT NULL,
    filename varchar(200) NOT NULL,
    form varchar(4) NOT NULL,
    key varchar(100) NOT NULL,
    state varchar(12) NOT NULL,
    stage varchar(8) NOT NULL,
    done integer NOT NULL,
    total integer NOT NULL,
    created integer NOT NULL,
    updated integer NOT NULL,
    errors jsonb NOT NULL,
    more_errors boolean NOT NULL,
    failure varchar(200) NOT NULL,
    created_at timestamptz NOT NULL,
    progress_at timestamptz NOT NULL,
    finished_at timestamptz
);
COMMENT ON TABLE expert_sheet IS
    'A sheet of experts that the office uploaded (批量导入). ``state``: checking, checked, importing, done, refused or';
CREATE INDEX expert_sheet_newest ON expert_sheet (pool, created_at);
