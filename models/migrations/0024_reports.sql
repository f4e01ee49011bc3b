-- Sealed reports (举报), which supervision alone reads: what happened and who says so are encrypted, and an anonymous one
-- says of nobody that he wrote it. The question after an evaluation, with answers that name nobody.

CREATE TABLE report (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    number varchar(20) NOT NULL,
    code_hash varchar(64) NOT NULL,
    content_sealed text NOT NULL,
    reporter_sealed text NOT NULL,
    reporter_hash varchar(64),
    state varchar(10) NOT NULL,
    received_at timestamptz NOT NULL,
    closed_at timestamptz,
    outcome_sealed text NOT NULL,
    CONSTRAINT report_number UNIQUE (pool, number),
    CONSTRAINT report_code UNIQUE (code_hash),
    CONSTRAINT report_states CHECK (state IN ('received', 'examined', 'closed')),
    CONSTRAINT report_closed CHECK ((state = 'closed') = (closed_at IS NOT NULL)),
    CONSTRAINT report_anonymous CHECK (reporter_sealed <> '' OR reporter_hash IS NULL)
);
COMMENT ON TABLE report IS
    'A report (举报) that supervision alone reads. An anonymous one has neither reporter_sealed nor reporter_hash.';
CREATE INDEX report_listed ON report (pool, state, received_at);
CREATE INDEX report_own ON report (reporter_hash) WHERE reporter_hash IS NOT NULL;
CREATE INDEX report_obsolete ON report (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE report_message (
    id uuid PRIMARY KEY,
    text_sealed text NOT NULL,
    at timestamptz NOT NULL,
    author_id uuid,
    sent_hash varchar(64) NOT NULL,
    report_id uuid NOT NULL REFERENCES report (id) ON DELETE CASCADE,
    CONSTRAINT report_message_once UNIQUE (sent_hash)
);
COMMENT ON TABLE report_message IS 'What supervision asks a reporter, or the reporter adds (author_id null).';
CREATE INDEX report_message_listed ON report_message (report_id, at);

CREATE TABLE report_file (
    id uuid PRIMARY KEY,
    key varchar(100) NOT NULL,
    name_sealed text NOT NULL,
    media_type varchar(100) NOT NULL,
    at timestamptz NOT NULL,
    report_id uuid NOT NULL REFERENCES report (id) ON DELETE CASCADE
);
COMMENT ON TABLE report_file IS 'A file of a reporter, encrypted in the file store.';
CREATE INDEX report_file_listed ON report_file (report_id, at);
CREATE INDEX report_file_key ON report_file (key);

CREATE TABLE contact_question (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    due_at timestamptz NOT NULL,
    asked_at timestamptz,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    CONSTRAINT contact_question_draw UNIQUE (draw_id)
);
COMMENT ON TABLE contact_question IS
    'After an evaluation its experts are asked whether anybody contacted them about it.';
CREATE INDEX contact_question_due ON contact_question (due_at) WHERE asked_at IS NULL;
CREATE INDEX contact_question_asked ON contact_question (pool, asked_at) WHERE asked_at IS NOT NULL;

CREATE TABLE contact_answer (
    id uuid PRIMARY KEY,
    asked_hash varchar(64) NOT NULL,
    answer_sealed text NOT NULL,
    question_id uuid NOT NULL REFERENCES contact_question (id) ON DELETE CASCADE,
    CONSTRAINT contact_answer_once UNIQUE (asked_hash)
);
COMMENT ON TABLE contact_answer IS
    'An answer: asked_hash is a keyed hash, so that each expert answers once and no row names him.';
CREATE INDEX contact_answer_counted ON contact_answer (question_id);
