-- The schema of the first release: extensions, sequences, tables with constraints and indexes, append-only tables and
-- the job queue. A change of it is a new file beside this one; tests/models/test_migrations.py holds the digests.
-- No privileges are granted: the tables belong to the role that migrates, and the service connects as this role.

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The record of applied migrations, written by models/migrate.py. It has the name and the columns of Tortoise's record,
-- so that a database made before this baseline is recognised as such.
CREATE TABLE tortoise_migrations (
    id serial PRIMARY KEY,
    app varchar(255) NOT NULL,
    name varchar(255) NOT NULL,
    applied_at timestamptz NOT NULL,
    CONSTRAINT uid_tortoise_mi_app_3803a5 UNIQUE (app, name)
);

CREATE SEQUENCE attempt_number START 100001;
CREATE SEQUENCE menu_number START 70001 INCREMENT 2;
CREATE SEQUENCE application_number START 1;
CREATE SEQUENCE expert_number START 100001;

-- models/accounts.py

CREATE TABLE account (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    mobile_sealed text NOT NULL,
    mobile_hash varchar(64) NOT NULL,
    real_name varchar(50) NOT NULL,
    id_number_sealed text NOT NULL DEFAULT '',
    id_number_hash varchar(64),
    registered_at timestamptz,
    identity_verification varchar(12) NOT NULL DEFAULT '',
    identity_verified_at timestamptz,
    identity_verification_due_at timestamptz,
    mobile_changed_at timestamptz,
    password_hash varchar(200) NOT NULL DEFAULT '',
    password_set_at timestamptz,
    password_initial boolean NOT NULL DEFAULT false,
    privacy_version varchar(32) NOT NULL,
    privacy_accepted_at timestamptz,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    weak_identity_at timestamptz,
    CONSTRAINT uid_account_pool_fcc1af UNIQUE (pool, mobile_hash),
    CONSTRAINT uid_account_pool_8d04fd UNIQUE (pool, id_number_hash),
    CONSTRAINT account_registered CHECK ((registered_at IS NULL) = (id_number_hash IS NULL)),
    CONSTRAINT account_identity_verification CHECK (
        identity_verification IN ('', 'matched', 'on_file', 'waiting', 'no_record', 'differs')
        AND (identity_verification_due_at IS NOT NULL) = (identity_verification = 'waiting'))
);
COMMENT ON TABLE account IS
    'A person in one pool. Mobile and ID number are stored encrypted and found by their hashes.';
CREATE INDEX account_identity_verification_due ON account (identity_verification_due_at)
    WHERE identity_verification_due_at IS NOT NULL;

CREATE TABLE wechat_identity (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    app varchar(8) NOT NULL,
    appid varchar(64) NOT NULL,
    openid varchar(64) NOT NULL,
    unionid varchar(64),
    following boolean NOT NULL,
    blocked boolean NOT NULL,
    subscribe_credits jsonb NOT NULL,
    subscribe_refusals jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    bound_at timestamptz,
    account_id uuid REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT uid_wechat_iden_appid_6d44b7 UNIQUE (appid, openid)
);
COMMENT ON TABLE wechat_identity IS
    'An openid of the official account (``app`` oa) or the mini-program (mini); bound when ``account_id`` is set.';
CREATE INDEX idx_wechat_iden_account_6c4de8 ON wechat_identity (account_id);

CREATE TABLE role_grant (
    id uuid PRIMARY KEY,
    role varchar(20) NOT NULL,
    scope varchar(64) NOT NULL,
    granted_at timestamptz NOT NULL,
    revoked_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT uid_role_grant_account_49a4a9 UNIQUE (account_id, role, scope)
);
COMMENT ON TABLE role_grant IS
    '``role``: verifier, supervisor, venue or pool_admin; ``scope`` a region or venue code, empty for the whole pool.';

CREATE TABLE verification_code (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    mobile_hash varchar(64) NOT NULL,
    purpose varchar(20) NOT NULL,
    source varchar(80) NOT NULL DEFAULT '',
    sent boolean NOT NULL DEFAULT true,
    code_hash varchar(64) NOT NULL,
    sent_at timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    used_at timestamptz
);
COMMENT ON TABLE verification_code IS
    'An SMS code for one purpose (bind, login, register …). Only the newest unused one of a mobile counts.';
CREATE INDEX idx_verificatio_pool_b4efaf ON verification_code (pool, mobile_hash, sent_at);
CREATE INDEX idx_verificatio_pool_30267a ON verification_code (pool, sent_at);

CREATE TABLE wrong_try (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(8) NOT NULL,
    subject varchar(64) NOT NULL,
    source varchar(80) NOT NULL,
    familiar boolean NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE wrong_try IS 'A wrong code or password.';
CREATE INDEX idx_wrong_try_pool_be8e48 ON wrong_try (pool, kind, subject, at);
CREATE INDEX idx_wrong_try_at_103724 ON wrong_try (at);

CREATE TABLE known_browser (
    id uuid PRIMARY KEY,
    browser_id uuid NOT NULL,
    seen_at timestamptz NOT NULL,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    CONSTRAINT uid_known_brows_browser_575e08 UNIQUE (browser_id, account_id)
);
COMMENT ON TABLE known_browser IS 'A browser in which a person has logged in before.';
CREATE INDEX idx_known_brows_account_138954 ON known_browser (account_id, seen_at);

CREATE TABLE spent_token (
    id uuid PRIMARY KEY,
    digest varchar(64) NOT NULL UNIQUE,
    until timestamptz NOT NULL
);
COMMENT ON TABLE spent_token IS 'A single-use token that was used.';
CREATE INDEX idx_spent_token_until_97aa30 ON spent_token (until);

CREATE TABLE identity_verification_request (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    mobile_hash varchar(64) NOT NULL,
    number_hash varchar(64) NOT NULL,
    pair_hash varchar(64) NOT NULL,
    answer varchar(12) NOT NULL,
    asked_at timestamptz NOT NULL
);
COMMENT ON TABLE identity_verification_request IS
    'One query to the authority''s register of persons, with its response.';
CREATE INDEX idx_identity_ve_pool_f396eb ON identity_verification_request (pool, mobile_hash, asked_at);
CREATE INDEX idx_identity_ve_pool_5a2b90 ON identity_verification_request (pool, number_hash, asked_at);
CREATE INDEX idx_identity_ve_asked_a_52ab91 ON identity_verification_request (asked_at);

CREATE TABLE form_draft (
    id uuid PRIMARY KEY,
    name varchar(60) NOT NULL,
    values_sealed text NOT NULL,
    saved_at timestamptz NOT NULL,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    CONSTRAINT uid_form_draft_account_287222 UNIQUE (account_id, name)
);
COMMENT ON TABLE form_draft IS 'Unsaved input of a person in a form, to continue on any device; one per form.';
CREATE INDEX idx_form_draft_saved_a_bebf3e ON form_draft (saved_at);

CREATE TABLE idempotency_key (
    id uuid PRIMARY KEY,
    owner varchar(80) NOT NULL,
    key varchar(120) NOT NULL,
    fingerprint varchar(64) NOT NULL,
    answer_sealed text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    CONSTRAINT uid_idempotency_owner_f7079b UNIQUE (owner, key)
);
COMMENT ON TABLE idempotency_key IS 'The response to a request that must not be carried out twice.';
CREATE INDEX idx_idempotency_created_98dcfd ON idempotency_key (created_at);

-- models/organisations.py

CREATE TABLE organisation (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(200) NOT NULL,
    credit_code varchar(40) NOT NULL,
    assurance_level smallint NOT NULL,
    created_at timestamptz NOT NULL,
    legal_account_id uuid REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT uid_organisatio_pool_4ae34e UNIQUE (pool, credit_code)
);
COMMENT ON TABLE organisation IS
    '``assurance_level`` is the identity platform''s, 1–4; drawing needs the rulebook''s minimum.';
CREATE INDEX organisation_legal_account ON organisation (legal_account_id);

CREATE TABLE agent_link (
    id uuid PRIMARY KEY,
    valid_from timestamptz NOT NULL,
    valid_until timestamptz NOT NULL,
    accepted_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE RESTRICT,
    declined_at timestamptz,
    CONSTRAINT uid_agent_link_organis_942d75 UNIQUE (organisation_id, account_id)
);
COMMENT ON TABLE agent_link IS 'An agent of a legal entity for a period; counts once the person has accepted.';
CREATE INDEX agent_link_account ON agent_link (account_id);

-- models/accounts.py, continued

CREATE TABLE session (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    role varchar(20) NOT NULL,
    scope varchar(64) NOT NULL,
    access_hash varchar(64) NOT NULL UNIQUE,
    refresh_hash varchar(64) NOT NULL UNIQUE,
    access_until timestamptz NOT NULL,
    refresh_until timestamptz NOT NULL,
    device varchar(20) NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    revoked_at timestamptz,
    account_id uuid REFERENCES account (id) ON DELETE RESTRICT,
    identity_id uuid REFERENCES wechat_identity (id) ON DELETE RESTRICT,
    organisation_id uuid REFERENCES organisation (id) ON DELETE RESTRICT
);
COMMENT ON TABLE session IS 'A log-in of a mini-program or H5 page. Tokens are stored as SHA-256 only.';
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_identity ON session (identity_id);

-- models/audit.py

CREATE TABLE audit_entry (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid,
    actor_role varchar(20) NOT NULL,
    action varchar(60) NOT NULL,
    subject varchar(20) NOT NULL,
    subject_id uuid,
    details jsonb NOT NULL,
    number bigint,
    hash varchar(64),
    CONSTRAINT uid_audit_entry_pool_f284f9 UNIQUE (pool, number)
);
COMMENT ON TABLE audit_entry IS
    '``number`` and ``hash`` are set once, by the sealer; unsealed entries have none. All other updates are forbidden.';
CREATE INDEX idx_audit_entry_subject_dbd303 ON audit_entry (subject, subject_id);
CREATE INDEX audit_unsealed ON audit_entry (pool, at, id) WHERE number IS NULL;

-- models/failures.py

CREATE TABLE row_failure (
    id uuid PRIMARY KEY,
    work varchar(40) NOT NULL,
    subject varchar(64) NOT NULL,
    failures integer NOT NULL,
    retry_at timestamptz NOT NULL,
    error varchar(80) NOT NULL,
    CONSTRAINT uid_row_failure_work_593362 UNIQUE (work, subject),
    CONSTRAINT row_failure_counts CHECK (failures > 0)
);
COMMENT ON TABLE row_failure IS
    'Processing of one row failed ``failures`` times in a row. ``work`` names the processing step, ``subject`` '
    'is the row''s key. Times are the database''s own, never the movable clock''s.';

-- models/files.py

CREATE TABLE file_removal (
    id uuid PRIMARY KEY,
    key varchar(100) NOT NULL,
    due_at timestamptz NOT NULL
);
COMMENT ON TABLE file_removal IS
    'A file to delete, written in the transaction that dropped the last reference; the row is deleted after the file.';
CREATE INDEX idx_file_remova_due_at_92137a ON file_removal (due_at);

CREATE TABLE store_search (
    id uuid PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    next_at timestamptz NOT NULL,
    files integer NOT NULL,
    orphans integer NOT NULL,
    withheld boolean NOT NULL
);
COMMENT ON TABLE store_search IS
    'A search of the whole store for files that no row refers to. ``withheld``: so many that nothing was deleted.';
CREATE INDEX idx_store_searc_next_at_fbed4e ON store_search (next_at);

-- models/experts.py

CREATE TABLE expert (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    number varchar(32) NOT NULL,
    name varchar(50) NOT NULL,
    name_sort varchar(200) NOT NULL,
    id_number_sealed text NOT NULL,
    id_number_hash varchar(64) NOT NULL,
    mobile_sealed text NOT NULL,
    mobile_hash varchar(64) NOT NULL,
    membership_status varchar(12) NOT NULL,
    active boolean NOT NULL,
    permanent_region varchar(6) NOT NULL,
    willing_regions text[] NOT NULL,
    region_path text[] NOT NULL,
    specialties text[] NOT NULL,
    specialty_path text[] NOT NULL,
    title_level varchar(20) NOT NULL,
    qualifications text[] NOT NULL,
    department varchar(20) NOT NULL,
    recusal_keys text[] NOT NULL,
    remote_evaluation boolean NOT NULL DEFAULT false,
    emergency boolean NOT NULL DEFAULT false,
    born_on date,
    term_until timestamptz,
    term_notified_at timestamptz,
    created_at timestamptz NOT NULL,
    left_at timestamptz,
    left_reason varchar(200) NOT NULL DEFAULT '',
    account_id uuid REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT uid_expert_pool_51d9b6 UNIQUE (pool, number),
    CONSTRAINT uid_expert_pool_b002a9 UNIQUE (pool, id_number_hash),
    CONSTRAINT expert_left CHECK (left_at IS NULL OR NOT active)
);
COMMENT ON TABLE expert IS
    'A bid-evaluation expert. ``membership_status``: formal or temporary; ``active`` false while suspended.';
CREATE INDEX idx_expert_pool_9a1c19 ON expert (pool, mobile_hash);
CREATE INDEX idx_expert_account_94be90 ON expert (account_id);
CREATE INDEX expert_specialty ON expert USING gin (specialty_path) WITH (fastupdate = off);
CREATE INDEX expert_region ON expert USING gin (region_path) WITH (fastupdate = off);
CREATE INDEX expert_willing ON expert USING gin (willing_regions) WITH (fastupdate = off);
CREATE INDEX expert_recusal ON expert USING gin (recusal_keys) WITH (fastupdate = off);
CREATE INDEX expert_term ON expert (term_until) WHERE term_until IS NOT NULL AND left_at IS NULL;
-- The office's lists, in the order in which they are shown, and the few whose age is near the limit.
CREATE INDEX expert_list ON expert (pool, name_sort, id) WHERE left_at IS NULL;
CREATE INDEX expert_left ON expert (pool, name_sort, id) WHERE left_at IS NOT NULL;
CREATE INDEX expert_age ON expert (pool, born_on) WHERE left_at IS NULL;
-- Beginnings of names.
CREATE INDEX expert_name ON expert (pool, name COLLATE "C");
-- Log-in by a name's pinyin without reading every expert of the pool.
CREATE INDEX expert_pinyin ON expert (pool, (regexp_replace(name_sort, '[^a-z]', '', 'g'))) WHERE left_at IS NULL;

CREATE TABLE employment (
    id uuid PRIMARY KEY,
    unit_name varchar(200) NOT NULL,
    credit_code varchar(40) NOT NULL,
    since timestamptz,
    until timestamptz,
    unit_keys text[] NOT NULL,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT
);
COMMENT ON TABLE employment IS
    'An expert''s employment, present (``until`` None) or past; ``unit_key`` as in ``domain.draws.recusal_keys``.';
CREATE INDEX idx_employment_expert__a8d768 ON employment (expert_id);
CREATE INDEX employment_unit ON employment USING gin (unit_keys) WITH (fastupdate = off);

CREATE TABLE unavailability (
    id uuid PRIMARY KEY,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    cancelled_at timestamptz,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT,
    CONSTRAINT unavailability_order CHECK (starts_at < ends_at)
);
COMMENT ON TABLE unavailability IS 'A time in which an expert does not want to be drawn. Half-open, aware UTC.';
CREATE INDEX idx_unavailabil_expert__91e96f ON unavailability (expert_id, ends_at);

CREATE TABLE catalogue_entry (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(20) NOT NULL,
    code varchar(32) NOT NULL,
    name varchar(100) NOT NULL,
    parent varchar(32) NOT NULL,
    position integer NOT NULL,
    CONSTRAINT uid_catalogue_e_pool_4e751d UNIQUE (pool, kind, code)
);
COMMENT ON TABLE catalogue_entry IS
    '``kind``: region, specialty, title_level, qualification or department; ``pool`` empty: common to all pools.';
-- What lies below an entry of a catalogue is asked for at each level of a tree that a person opens.
CREATE INDEX catalogue_entry_parent ON catalogue_entry (pool, kind, parent);

-- models/campaigns.py

CREATE TABLE campaign (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(100) NOT NULL,
    entry_types text[] NOT NULL,
    enrol_from timestamptz NOT NULL,
    enrol_until timestamptz NOT NULL,
    review_from timestamptz,
    review_until timestamptz,
    pay_from timestamptz,
    pay_until timestamptz,
    announcement text NOT NULL,
    advice jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz,
    closed_at timestamptz,
    CONSTRAINT campaign_windows CHECK (
        enrol_from < enrol_until
        AND (review_from IS NULL OR review_until IS NULL OR review_from < review_until)
        AND (pay_from IS NULL OR pay_until IS NULL OR pay_from < pay_until))
);
COMMENT ON TABLE campaign IS 'A recruitment campaign (征集). Windows are half-open; a missing end means none.';
CREATE INDEX idx_campaign_pool_8abd80 ON campaign (pool, enrol_until);

CREATE TABLE employer (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(200) NOT NULL,
    name_sort varchar(400) NOT NULL,
    credit_code varchar(18) NOT NULL,
    region varchar(6) NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    CONSTRAINT uid_employer_pool_e24377 UNIQUE (pool, name)
);
COMMENT ON TABLE employer IS 'A unit that applicants choose as theirs (单位列表).';
CREATE INDEX employer_name ON employer USING gin (name gin_trgm_ops) WITH (fastupdate = off);
CREATE UNIQUE INDEX employer_code ON employer (pool, credit_code) WHERE credit_code <> '' AND retired_at IS NULL;

CREATE TABLE employer_request (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(200) NOT NULL,
    credit_code varchar(18) NOT NULL,
    region varchar(6) NOT NULL,
    note varchar(200) NOT NULL,
    state varchar(12) NOT NULL,
    answer varchar(200) NOT NULL,
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    employer_id uuid REFERENCES employer (id) ON DELETE RESTRICT
);
COMMENT ON TABLE employer_request IS
    'An applicant asks for a unit that the list lacks. ``state``: open, added or refused.';
CREATE INDEX idx_employer_re_pool_8f57f2 ON employer_request (pool, state, created_at);
CREATE UNIQUE INDEX employer_request_open ON employer_request (account_id, name) WHERE state = 'open';
CREATE INDEX employer_request_account ON employer_request (account_id, created_at);

CREATE TABLE employer_import (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    filename varchar(200) NOT NULL,
    lines jsonb NOT NULL,
    errors jsonb NOT NULL,
    state varchar(12) NOT NULL,
    result jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT employer_import_done CHECK ((done_at IS NOT NULL) = (state = 'done'))
);
COMMENT ON TABLE employer_import IS
    'A parsed sheet of employers. ``state``: checked, or done once the office imported it.';
CREATE INDEX idx_employer_im_created_623be8 ON employer_import (created_at);

-- models/applications.py

CREATE TABLE application (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    number varchar(32) NOT NULL,
    entry_type varchar(12) NOT NULL,
    state varchar(20) NOT NULL,
    state_since timestamptz NOT NULL,
    name varchar(50) NOT NULL,
    name_sort varchar(200) NOT NULL,
    region varchar(6) NOT NULL,
    region_path text[] NOT NULL,
    round integer NOT NULL,
    step integer NOT NULL,
    version integer NOT NULL,
    locked_version integer,
    sent_back_fields text[] NOT NULL,
    expert_number varchar(32) NOT NULL,
    submitted_at timestamptz,
    approved_at timestamptz,
    notice_from timestamptz,
    notice_until timestamptz,
    reason varchar(500) NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    campaign_id uuid REFERENCES campaign (id) ON DELETE RESTRICT,
    expert_id uuid REFERENCES expert (id) ON DELETE RESTRICT,
    CONSTRAINT uid_application_pool_cbf730 UNIQUE (pool, number),
    CONSTRAINT application_state CHECK (state IN (
        'draft', 'locked', 'reviewing', 'sent_back', 'correcting', 'notice', 'fee', 'exam',
        'entered', 'refused', 'cancelled', 'terminated')),
    CONSTRAINT application_ended
        CHECK ((ended_at IS NOT NULL) = (state IN ('entered', 'refused', 'cancelled', 'terminated')))
);
COMMENT ON TABLE application IS
    'One application. A person has at most one live application (not entered, refused or cancelled) at a time.';
CREATE INDEX idx_application_account_1cacc8 ON application (account_id);
CREATE INDEX idx_application_pool_5d09df ON application (pool, state, state_since);
CREATE INDEX idx_application_state_b44257 ON application (state, notice_until);
CREATE UNIQUE INDEX application_live ON application (account_id) WHERE ended_at IS NULL;
CREATE INDEX application_region ON application USING gin (region_path) WITH (fastupdate = off);
CREATE INDEX application_list ON application (pool, submitted_at DESC, id DESC);
CREATE INDEX application_name ON application USING gin (name gin_trgm_ops) WITH (fastupdate = off);
CREATE INDEX application_campaign ON application (campaign_id, submitted_at DESC, id DESC);
CREATE INDEX application_expert ON application (expert_id);
CREATE INDEX application_on_notice ON application (pool, state, name_sort, id) WHERE notice_until IS NOT NULL;
CREATE INDEX application_states ON application (pool, state, submitted_at DESC, id DESC) WHERE submitted_at IS NOT NULL;
CREATE INDEX application_number_words ON application USING gin (number gin_trgm_ops) WITH (fastupdate = off);

CREATE TABLE application_section (
    id uuid PRIMARY KEY,
    code varchar(40) NOT NULL,
    values_sealed text NOT NULL,
    version integer NOT NULL,
    saved_at timestamptz NOT NULL,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    CONSTRAINT uid_application_applica_85aed9 UNIQUE (application_id, code)
);
COMMENT ON TABLE application_section IS
    'One section''s values as sealed JSON (field → value). ``version`` detects writes from a device with older values.';

CREATE TABLE application_specialty (
    id uuid PRIMARY KEY,
    code varchar(32) NOT NULL,
    choice varchar(12) NOT NULL,
    position integer NOT NULL,
    state varchar(12) NOT NULL,
    admitted boolean,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    CONSTRAINT uid_application_applica_2181dc UNIQUE (application_id, code),
    CONSTRAINT application_specialty_admitted CHECK (admitted IS NULL OR choice = 'alternative')
);
COMMENT ON TABLE application_specialty IS
    'A specialty as submitted. ``choice``: preferred 首选 or alternative 备选; ``state`` as in a review task.';
CREATE INDEX idx_application_code_1f4cd4 ON application_specialty (code);

CREATE TABLE exam_sheet (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    filename varchar(200) NOT NULL,
    lines jsonb NOT NULL,
    errors jsonb NOT NULL,
    state varchar(12) NOT NULL,
    result jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT
);
COMMENT ON TABLE exam_sheet IS
    'A parsed sheet of examination results. ``state``: checked, or done once the office imported it.';
CREATE INDEX idx_exam_sheet_created_43b6dd ON exam_sheet (created_at);

CREATE TABLE printed_form (
    id uuid PRIMARY KEY,
    code varchar(24) NOT NULL UNIQUE,
    version integer NOT NULL,
    digest varchar(64) NOT NULL,
    key varchar(100) NOT NULL,
    printed_at timestamptz NOT NULL,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE
);
COMMENT ON TABLE printed_form IS 'A printed application: its version, and the code in its QR code.';
CREATE INDEX idx_printed_for_applica_d5cd44 ON printed_form (application_id, version);
CREATE INDEX printed_form_key ON printed_form (key);

-- models/reviews.py

CREATE TABLE review_assignment (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    step varchar(20) NOT NULL,
    region varchar(6) NOT NULL,
    specialty varchar(32) NOT NULL,
    exact boolean NOT NULL DEFAULT false,
    department varchar(100) NOT NULL,
    granted_at timestamptz NOT NULL,
    granted_by uuid,
    revoked_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT uid_review_assi_account_76ee80 UNIQUE (account_id, step, region, specialty)
);
COMMENT ON TABLE review_assignment IS
    'A person who reviews one step in a region (and below it); ``specialty`` narrows it to a branch of the catalogue.';
CREATE INDEX idx_review_assi_pool_9245bf ON review_assignment (pool, step);

CREATE TABLE review_task (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    round integer NOT NULL,
    step integer NOT NULL,
    step_code varchar(20) NOT NULL,
    region varchar(6) NOT NULL,
    specialty varchar(32) NOT NULL,
    state varchar(12) NOT NULL,
    opened_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    opinion varchar(500) NOT NULL,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE,
    CONSTRAINT uid_review_task_applica_bc8438 UNIQUE (application_id, round, step_code, specialty),
    CONSTRAINT review_task_decided CHECK ((decided_at IS NULL) = (state = 'open'))
);
COMMENT ON TABLE review_task IS
    'One reviewer''s decision: one step of one round, for one ``specialty`` where the step is per specialty.';
CREATE INDEX idx_review_task_pool_e89b7a ON review_task (pool, state, step_code, opened_at);
-- A step keeps its code when others are put before it.
CREATE INDEX review_task_queue ON review_task (pool, step_code, opened_at) WHERE state = 'open';
CREATE UNIQUE INDEX review_task_open ON review_task (application_id, step_code, specialty) WHERE state = 'open';
CREATE INDEX idx_review_task_pool_b29a8f ON review_task (pool, decided_by, decided_at);
CREATE INDEX review_task_waiting ON review_task (pool, opened_at, id)
    INCLUDE (step_code, region, specialty, application_id) WHERE state = 'open';

CREATE TABLE review_entry (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    event varchar(20) NOT NULL,
    who varchar(100) NOT NULL,
    step_name varchar(100) NOT NULL,
    specialty varchar(32) NOT NULL,
    opinion varchar(500) NOT NULL,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE
);
COMMENT ON TABLE review_entry IS
    'An entry of the log that the applicant reads (审核日志). ``event`` is a code, ``who`` a department, not a person.';
CREATE INDEX idx_review_entr_applica_229cf7 ON review_entry (application_id, at);

CREATE TABLE objection (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    text_sealed text NOT NULL DEFAULT '',
    state varchar(12) NOT NULL,
    answer varchar(500) NOT NULL,
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    application_id uuid NOT NULL REFERENCES application (id) ON DELETE CASCADE
);
COMMENT ON TABLE objection IS 'An objection to an entry during public notice. ``state``: open, dismissed or upheld.';
CREATE INDEX idx_objection_pool_2eddaa ON objection (pool, state, created_at);
CREATE INDEX idx_objection_applica_2ec273 ON objection (application_id);
CREATE UNIQUE INDEX objection_open ON objection (application_id, account_id) WHERE state = 'open';
CREATE INDEX objection_account ON objection (account_id);

-- models/projects.py

CREATE TABLE project (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(200) NOT NULL,
    number varchar(60) NOT NULL,
    on_site boolean NOT NULL DEFAULT false,
    category varchar(60) NOT NULL,
    region varchar(6) NOT NULL,
    funding_source varchar(60) NOT NULL,
    tender_method varchar(60) NOT NULL,
    organisation_form varchar(60) NOT NULL,
    tenderee_category varchar(60) NOT NULL,
    investment bigint NOT NULL,
    approval_number varchar(60) NOT NULL,
    investment_code varchar(60) NOT NULL,
    tenderee_name varchar(200) NOT NULL,
    tenderee_code varchar(40) NOT NULL,
    agency_name varchar(200) NOT NULL,
    agency_code varchar(40) NOT NULL,
    contact varchar(50) NOT NULL,
    contact_phone_sealed text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL,
    deleted_at timestamptz,
    agent_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE RESTRICT
);
COMMENT ON TABLE project IS
    'A tender project with the fields of the manual''s form; ``investment`` in fen. Read-only once a draw is linked.';
CREATE INDEX idx_project_pool_419196 ON project (pool, organisation_id, created_at);
CREATE INDEX project_agent_projects ON project (agent_id, created_at DESC, id DESC)
    INCLUDE (pool, organisation_id, deleted_at);
-- Projects of the same tender: without these PostgreSQL compares names by the index of their parts.
CREATE INDEX project_name ON project (pool, name);
CREATE INDEX project_number ON project (pool, number);
CREATE INDEX project_list ON project (pool, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX project_words ON project USING gin (number gin_trgm_ops, name gin_trgm_ops) WITH (fastupdate = off);

CREATE TABLE lot (
    id uuid PRIMARY KEY,
    name varchar(100) NOT NULL,
    number varchar(60) NOT NULL,
    investment bigint NOT NULL,
    position integer NOT NULL,
    project_id uuid NOT NULL REFERENCES project (id) ON DELETE RESTRICT
);
COMMENT ON TABLE lot IS 'A lot; a project without lots counts as one. ``investment`` in fen.';
CREATE INDEX idx_lot_project_d2c5cf ON lot (project_id);

-- models/draws.py

CREATE TABLE draw (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    number varchar(24) NOT NULL,
    kind varchar(12) NOT NULL,
    state varchar(20) NOT NULL,
    name varchar(200) NOT NULL,
    medium varchar(100) NOT NULL,
    opening_at timestamptz NOT NULL,
    opening_place varchar(100) NOT NULL,
    needed integer NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    on_site boolean NOT NULL,
    remark varchar(200) NOT NULL,
    operator_name varchar(50) NOT NULL,
    operator_phone_sealed text NOT NULL DEFAULT '',
    operator_id_sealed text NOT NULL,
    terminal varchar(64) NOT NULL,
    gathering_first timestamptz,
    lead_seconds integer NOT NULL,
    previews integer NOT NULL,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    ended_at timestamptz,
    unsealed_notice_at timestamptz,
    log_head varchar(64) NOT NULL,
    log_length integer NOT NULL,
    agent_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    organisation_id uuid NOT NULL REFERENCES organisation (id) ON DELETE RESTRICT,
    project_id uuid NOT NULL REFERENCES project (id) ON DELETE RESTRICT,
    digest_at timestamptz,
    digest_agreed integer NOT NULL DEFAULT 0,
    bid_closing_at timestamptz,
    original_id uuid REFERENCES draw (id) ON DELETE RESTRICT,
    staff_phone_sealed text NOT NULL DEFAULT '',
    CONSTRAINT uid_draw_pool_7691be UNIQUE (pool, number),
    CONSTRAINT draw_times CHECK (opening_at < starts_at AND starts_at < ends_at),
    CONSTRAINT draw_needed CHECK (needed > 0),
    -- Redraws and recalls follow an ended draw.
    CONSTRAINT draw_kind CHECK (kind IN ('normal', 'redraw', 'recall')),
    CONSTRAINT draw_original CHECK ((kind = 'normal') = (original_id IS NULL)),
    CONSTRAINT draw_bid_closing CHECK (bid_closing_at <= opening_at)
);
COMMENT ON TABLE draw IS '``state`` is a ``DrawState``. ``gathering_first`` is the earliest gathering of its notices.';
CREATE INDEX idx_draw_pool_a43df6 ON draw (pool, organisation_id, created_at);
CREATE INDEX idx_draw_state_ad6f63 ON draw (state);
CREATE INDEX draw_unsealing ON draw (starts_at) WHERE unsealed_notice_at IS NULL;
CREATE INDEX draw_project ON draw (project_id);
-- What verifiers, supervisors and venues see: all but drafts that were never submitted (services/draws/access.py).
CREATE INDEX draw_shown ON draw (pool, created_at DESC, id) WHERE state <> 'editing' OR terminal <> '';
CREATE INDEX draw_shown_starts ON draw (pool, starts_at DESC, id) WHERE state <> 'editing' OR terminal <> '';
CREATE INDEX draw_shown_id ON draw (id) INCLUDE (pool) WHERE state <> 'editing' OR terminal <> '';
-- An agent's draws: all of them, and the few that are in certain states.
CREATE INDEX draw_agent_states ON draw (agent_id, state, starts_at);
-- The list in the order in which it is shown, and activities that are going on, ended or began.
CREATE INDEX draw_list ON draw (pool, created_at DESC, id);
CREATE INDEX draw_running ON draw (pool, organisation_id) WHERE state IN ('drawing', 'paused', 'ending');
CREATE INDEX draw_finished ON draw (pool, finished_at);
CREATE INDEX draw_started ON draw (pool, started_at);
-- Words within names and numbers.
CREATE INDEX draw_words ON draw USING gin (number gin_trgm_ops, name gin_trgm_ops) WITH (fastupdate = off);
-- The first page of an organisation with thousands of activities: what is to be done, a month, today's gatherings.
CREATE INDEX draw_to_do ON draw (organisation_id, state, created_at DESC, id);
CREATE INDEX draw_month ON draw (organisation_id, starts_at);
CREATE INDEX draw_gathering ON draw (organisation_id, gathering_first);
CREATE INDEX draw_agent_draws ON draw (organisation_id, agent_id, created_at DESC, id) INCLUDE (pool);
CREATE INDEX draw_original_id ON draw (original_id);

CREATE TABLE draw_number (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    prefix varchar(8) NOT NULL,
    day varchar(8) NOT NULL,
    used integer NOT NULL,
    CONSTRAINT uid_draw_number_pool_35e821 UNIQUE (pool, prefix, day)
);
COMMENT ON TABLE draw_number IS 'Counter of activity numbers per pool, prefix and day.';

CREATE TABLE draw_lot (
    id uuid PRIMARY KEY,
    project_id uuid NOT NULL,
    live boolean NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    lot_id uuid REFERENCES lot (id) ON DELETE RESTRICT
);
COMMENT ON TABLE draw_lot IS
    'A lot in a draw; ``lot`` is None where the project itself is the lot. One live draw per lot (database rule).';
CREATE UNIQUE INDEX draw_lot_live ON draw_lot (lot_id) WHERE live AND lot_id IS NOT NULL;
CREATE UNIQUE INDEX draw_lot_live_project ON draw_lot (project_id) WHERE live AND lot_id IS NULL;
CREATE INDEX draw_lot_draw ON draw_lot (draw_id);
CREATE INDEX draw_lot_lot ON draw_lot (lot_id);
CREATE INDEX draw_lot_project ON draw_lot (project_id);

CREATE TABLE supervisor_entry (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(50) NOT NULL,
    department varchar(100) NOT NULL,
    mobile_sealed text NOT NULL,
    mobile_hash varchar(64) NOT NULL,
    active_from timestamptz NOT NULL,
    active_until timestamptz,
    entered_by_id uuid,
    ended_by_id uuid,
    CONSTRAINT supervisor_entry_order CHECK (active_until IS NULL OR active_from <= active_until)
);
COMMENT ON TABLE supervisor_entry IS
    'The office''s register of supervisors (监督人名册), from which agencies choose; entries are ended, never deleted.';
CREATE INDEX idx_supervisor__pool_b7fef8 ON supervisor_entry (pool, active_until);
CREATE UNIQUE INDEX supervisor_entry_active ON supervisor_entry (pool, mobile_hash) WHERE active_until IS NULL;

CREATE TABLE draw_supervisor (
    id uuid PRIMARY KEY,
    entry_id uuid CONSTRAINT draw_supervisor_entry REFERENCES supervisor_entry (id) ON DELETE RESTRICT,
    name varchar(50) NOT NULL,
    phone_sealed text NOT NULL DEFAULT '',
    department varchar(100) NOT NULL,
    mobile_hash varchar(64) NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT
);
COMMENT ON TABLE draw_supervisor IS
    'A supervising person (监督人) of a draw, copied from the register''s entry when chosen.';
-- A supervisor's draws, newest first: ids are in the order of creation. A draw names a person once.
CREATE UNIQUE INDEX draw_supervisor_draws ON draw_supervisor (mobile_hash, draw_id);
CREATE INDEX draw_supervisor_draw ON draw_supervisor (draw_id);

CREATE TABLE recusal_unit (
    id uuid PRIMARY KEY,
    name varchar(200) NOT NULL,
    credit_code varchar(40) NOT NULL,
    reason varchar(100) NOT NULL,
    evidence varchar(50) NOT NULL DEFAULT '',
    fixed boolean NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT
);
COMMENT ON TABLE recusal_unit IS
    'A unit whose employees must not be drawn. ``fixed``: tenderee or agency, can''t be deleted.';
CREATE INDEX recusal_unit_draw ON recusal_unit (draw_id);

CREATE TABLE recusal_person (
    id uuid PRIMARY KEY,
    name varchar(50) NOT NULL,
    id_number_hash varchar(64) NOT NULL,
    unit_name varchar(200) NOT NULL,
    reason varchar(100) NOT NULL,
    evidence varchar(50) NOT NULL DEFAULT '',
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT
);
COMMENT ON TABLE recusal_person IS 'A person who must not be drawn: matched by ID number hash, else by name and unit.';
CREATE INDEX recusal_person_draw ON recusal_person (draw_id);

CREATE TABLE avoided_draw (
    id uuid PRIMARY KEY,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    earlier_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    CONSTRAINT uid_avoided_dra_draw_id_733ded UNIQUE (draw_id, earlier_id)
);
COMMENT ON TABLE avoided_draw IS 'An earlier draw whose experts are recused here.';
CREATE INDEX avoided_draw_earlier ON avoided_draw (earlier_id);

CREATE TABLE recusal_commitment (
    id uuid PRIMARY KEY,
    round_number integer NOT NULL,
    root varchar(64) NOT NULL,
    opening_sealed text NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    CONSTRAINT uid_recusal_com_draw_id_960c7e UNIQUE (draw_id, round_number)
);
COMMENT ON TABLE recusal_commitment IS
    'The recusals as a round committed to them: ``root`` is published, ``opening_sealed`` holds salts and entries.';

CREATE TABLE usage_count (
    id uuid PRIMARY KEY,
    kind varchar(20) NOT NULL,
    subject_id uuid NOT NULL,
    day varchar(8) NOT NULL,
    used integer NOT NULL,
    CONSTRAINT uid_usage_count_kind_4e851f UNIQUE (kind, subject_id, day),
    CONSTRAINT usage_count_used CHECK (used >= 0)
);
COMMENT ON TABLE usage_count IS
    'Daily counter of a limited action: ``kind`` preview or draft, of a project or an organisation.';

CREATE TABLE call_notice (
    id uuid PRIMARY KEY,
    position integer NOT NULL,
    venue varchar(100) NOT NULL,
    address varchar(200) NOT NULL,
    room varchar(50) NOT NULL,
    gathering_at timestamptz NOT NULL,
    contact varchar(50) NOT NULL,
    contact_phone_sealed text NOT NULL DEFAULT '',
    remark varchar(200) NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT
);
COMMENT ON TABLE call_notice IS
    'The notice with which experts are called (语音通知): venue, address, room, gathering time, contact.';
CREATE UNIQUE INDEX call_notice_position ON call_notice (draw_id, position);

CREATE TABLE draw_condition (
    id uuid PRIMARY KEY,
    position integer NOT NULL,
    region_mode varchar(12) NOT NULL,
    regions text[] NOT NULL,
    specialty varchar(12) NOT NULL,
    alternative varchar(12) NOT NULL,
    title_level varchar(20) NOT NULL,
    qualification varchar(32) NOT NULL,
    department varchar(20) NOT NULL,
    planned integer NOT NULL,
    needed integer NOT NULL,
    open integer NOT NULL,
    accepted integer NOT NULL,
    round_number integer NOT NULL,
    tier varchar(12) NOT NULL,
    cursor integer NOT NULL,
    exhausted boolean NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    notice_id uuid NOT NULL REFERENCES call_notice (id) ON DELETE RESTRICT,
    CONSTRAINT uid_draw_condit_draw_id_1774a7 UNIQUE (draw_id, position),
    CONSTRAINT condition_counters CHECK (open >= 0 AND accepted >= 0 AND open + accepted <= needed)
);
COMMENT ON TABLE draw_condition IS
    'A draw condition (抽取条件) and its counters; ``open + accepted <= needed`` is a CHECK.';
CREATE INDEX draw_condition_notice ON draw_condition (notice_id);

CREATE TABLE draw_application (
    id uuid PRIMARY KEY,
    kind varchar(12) NOT NULL,
    reason varchar(500) NOT NULL,
    terminal varchar(64) NOT NULL,
    attachment varchar(200) NOT NULL,
    state varchar(12) NOT NULL,
    opinion varchar(500) NOT NULL,
    submitted_by_id uuid NOT NULL,
    submitted_at timestamptz NOT NULL,
    withdrawn_at timestamptz,
    decided_by_id uuid,
    decided_at timestamptz,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT
);
COMMENT ON TABLE draw_application IS
    'An agency''s request for verification (核验) of a draw; ``state`` submitted, withdrawn, approved or refused.';
CREATE INDEX idx_draw_applic_termina_89d2a9 ON draw_application (terminal, state);
CREATE UNIQUE INDEX draw_application_open ON draw_application (draw_id) WHERE state = 'submitted';
CREATE INDEX draw_application_draw ON draw_application (draw_id);
CREATE INDEX draw_application_queue ON draw_application (state, submitted_at, id);

CREATE TABLE draw_round (
    id uuid PRIMARY KEY,
    number integer NOT NULL,
    conditions text[] NOT NULL,
    secret_sealed text NOT NULL,
    commitment varchar(64) NOT NULL,
    commitments jsonb NOT NULL,
    reveals jsonb NOT NULL,
    seed varchar(64) NOT NULL,
    opened_at timestamptz NOT NULL,
    reveal_until timestamptz,
    start_by timestamptz,
    aborted_at timestamptz,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    CONSTRAINT uid_draw_round_draw_id_39ae85 UNIQUE (draw_id, number)
);
COMMENT ON TABLE draw_round IS
    'One fixing of the order. ``secret_sealed`` is the system''s secret, encrypted until the seed is fixed.';
CREATE UNIQUE INDEX draw_round_open ON draw_round (draw_id) WHERE aborted_at IS NULL AND seed = '';
CREATE INDEX draw_round_start_by ON draw_round (start_by) WHERE start_by IS NOT NULL;

CREATE TABLE candidate_list (
    id uuid PRIMARY KEY,
    draw_id uuid NOT NULL,
    condition_position integer NOT NULL,
    tier varchar(12) NOT NULL,
    count integer NOT NULL,
    root varchar(64) NOT NULL,
    blind varchar(64) NOT NULL,
    leaves bytea NOT NULL,
    experts_sealed text NOT NULL,
    salts_sealed text NOT NULL,
    walk bytea NOT NULL,
    round_id uuid NOT NULL REFERENCES draw_round (id) ON DELETE RESTRICT,
    CONSTRAINT uid_candidate_l_round_i_3562b9 UNIQUE (round_id, condition_position, tier)
);
COMMENT ON TABLE candidate_list IS
    'The frozen candidates of a condition and tier. ``salts_sealed`` holds 32 random bytes per candidate, encrypted.';

CREATE TABLE list_snapshot (
    id uuid PRIMARY KEY,
    list_id uuid NOT NULL UNIQUE CONSTRAINT list_snapshot_list REFERENCES candidate_list (id) ON DELETE RESTRICT,
    sealed bytea NOT NULL
);
COMMENT ON TABLE list_snapshot IS
    'The facts by which each candidate of a list was judged, in the order of its leaves; compressed and encrypted.';

CREATE TABLE skip_fact (
    id uuid PRIMARY KEY,
    leaf varchar(64) NOT NULL,
    sealed text NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    CONSTRAINT uid_skip_fact_draw_id_431d4f UNIQUE (draw_id, leaf)
);
COMMENT ON TABLE skip_fact IS
    'Why a candidate was skipped: the same facts at that moment, encrypted. The log shows their digest.';

CREATE TABLE draw_log (
    id uuid PRIMARY KEY,
    seq integer NOT NULL,
    at timestamptz NOT NULL,
    act varchar(30) NOT NULL,
    facts jsonb NOT NULL,
    hash varchar(64) NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    CONSTRAINT uid_draw_log_draw_id_c7691a UNIQUE (draw_id, seq)
);
COMMENT ON TABLE draw_log IS 'One line of the published record; ``facts`` is the whole entry as it was hashed.';

-- models/applications.py, continued

CREATE TABLE attachment (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    field varchar(80) NOT NULL,
    row integer NOT NULL,
    filename varchar(200) NOT NULL,
    media_type varchar(40) NOT NULL,
    size integer NOT NULL,
    sha256 varchar(64) NOT NULL,
    received integer NOT NULL,
    parts text[] NOT NULL,
    key varchar(100) NOT NULL,
    thumb_key varchar(100) NOT NULL,
    taken_from uuid,
    state varchar(12) NOT NULL,
    created_at timestamptz NOT NULL,
    ready_at timestamptz,
    removed_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    application_id uuid REFERENCES application (id) ON DELETE CASCADE,
    draw_id uuid REFERENCES draw (id) ON DELETE CASCADE
);
COMMENT ON TABLE attachment IS
    'A file of a field. ``state``: uploading, ready or removed. ``key`` is its random name in the file store.';
CREATE INDEX idx_attachment_applica_14e7aa ON attachment (application_id, field);
CREATE INDEX idx_attachment_draw_id_9c2a78 ON attachment (draw_id);
CREATE INDEX idx_attachment_state_a008a7 ON attachment (state, created_at);
CREATE INDEX attachment_key ON attachment (key);

-- models/invitations.py

CREATE TABLE invitation (
    id uuid PRIMARY KEY,
    round_number integer NOT NULL,
    tier varchar(12) NOT NULL,
    leaf varchar(64) NOT NULL,
    code varchar(6) NOT NULL,
    menu_id bigint NOT NULL UNIQUE,
    link varchar(16) NOT NULL UNIQUE,
    state varchar(12) NOT NULL,
    supplementary boolean NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    gathering_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    answer_until timestamptz NOT NULL,
    answered_at timestamptz,
    answered_by varchar(10) NOT NULL,
    closed_at timestamptz,
    reminders_sent integer NOT NULL,
    next_reminder_at timestamptz,
    condition_id uuid NOT NULL REFERENCES draw_condition (id) ON DELETE RESTRICT,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT,
    notice_id uuid NOT NULL REFERENCES call_notice (id) ON DELETE RESTRICT,
    CONSTRAINT uid_invitation_draw_id_0a9aa0 UNIQUE (draw_id, code),
    CONSTRAINT uid_invitation_draw_id_d79990 UNIQUE (draw_id, expert_id),
    CONSTRAINT invitation_order CHECK (starts_at < ends_at),
    CONSTRAINT invitation_state CHECK (state IN (
        'open', 'accepted', 'declined', 'silent', 'left', 'absent', 'recused', 'released', 'cancelled')),
    -- An expert sits in one panel at a time, across all draws.
    CONSTRAINT invitation_no_overlap EXCLUDE USING gist
        (expert_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (state IN ('open', 'accepted'))
);
COMMENT ON TABLE invitation IS
    '``state`` is a ``domain.draws.lifecycles.InvitationState``. ``code`` is the six-digit code, unique in its draw.';
CREATE INDEX idx_invitation_expert__9b2c9d ON invitation (expert_id, state);
CREATE INDEX idx_invitation_state_463638 ON invitation (state, answer_until);
CREATE INDEX invitation_reminder ON invitation (next_reminder_at) WHERE next_reminder_at IS NOT NULL;
CREATE INDEX invitation_condition ON invitation (condition_id, closed_at);
CREATE INDEX invitation_notice ON invitation (notice_id);
CREATE INDEX invitation_gathering ON invitation (gathering_at) WHERE state = 'accepted';

CREATE TABLE release_confirmation (
    id uuid PRIMARY KEY,
    words varchar(200) NOT NULL,
    recorded_by_id uuid NOT NULL,
    recorded_at timestamptz NOT NULL,
    invitation_id uuid NOT NULL UNIQUE REFERENCES invitation (id) ON DELETE RESTRICT
);
COMMENT ON TABLE release_confirmation IS
    'Record that a member of staff reached an expert whom the calls of a release (退选) had not reached.';

-- models/draws.py, continued

CREATE TABLE recalled_expert (
    id uuid PRIMARY KEY,
    called_at timestamptz,
    takes_part boolean,
    gathering_at timestamptz,
    recorded_at timestamptz,
    recorded_by_id uuid,
    condition_id uuid NOT NULL REFERENCES draw_condition (id) ON DELETE RESTRICT,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    earlier_id uuid NOT NULL REFERENCES invitation (id) ON DELETE RESTRICT,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT,
    CONSTRAINT uid_recalled_ex_draw_id_7c8d5c UNIQUE (draw_id, expert_id),
    -- Who is asked on the phone comes at a time, or doesn't come, or was not reached yet.
    CONSTRAINT recalled_expert_answer CHECK ((takes_part IS NOT DISTINCT FROM TRUE) = (gathering_at IS NOT NULL))
);
COMMENT ON TABLE recalled_expert IS
    'An expert of the original panel in a recall (通知原专家), and the result of the phone call with him.';

CREATE TABLE absence (
    id uuid PRIMARY KEY,
    kind varchar(12) NOT NULL,
    reason varchar(200) NOT NULL,
    source varchar(12) NOT NULL,
    registered_by_id uuid,
    registered_at timestamptz NOT NULL,
    handled_at timestamptz,
    condition_id uuid NOT NULL REFERENCES draw_condition (id) ON DELETE RESTRICT,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    invitation_id uuid NOT NULL REFERENCES invitation (id) ON DELETE RESTRICT
);
COMMENT ON TABLE absence IS
    'A place that must be filled again (人工请假 / 缺席 / 现场回避). ``handled_at``: when refilling began.';
CREATE UNIQUE INDEX absence_open ON absence (invitation_id) WHERE handled_at IS NULL;
CREATE INDEX absence_draw ON absence (draw_id);
CREATE INDEX absence_invitation ON absence (invitation_id);
CREATE INDEX absence_condition ON absence (condition_id);
CREATE INDEX absence_waiting ON absence (draw_id) WHERE handled_at IS NULL;

CREATE TABLE discard_request (
    id uuid PRIMARY KEY,
    kind varchar(12) NOT NULL,
    cause varchar(50) NOT NULL,
    reason varchar(200) NOT NULL,
    state varchar(12) NOT NULL,
    asked_by_id uuid NOT NULL,
    asked_role varchar(16) NOT NULL,
    asked_at timestamptz NOT NULL,
    answer_until timestamptz NOT NULL,
    decided_by_id uuid,
    decided_role varchar(16) NOT NULL,
    decided_at timestamptz,
    opinion varchar(200) NOT NULL,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    invitation_id uuid NOT NULL REFERENCES invitation (id) ON DELETE RESTRICT,
    CONSTRAINT discard_request_kind CHECK (kind IN ('leave', 'recusal')),
    CONSTRAINT discard_request_state CHECK (
        state IN ('open', 'confirmed', 'refused', 'lapsed', 'void')
        AND (decided_at IS NULL) = (state = 'open')
        AND decided_by_id IS DISTINCT FROM asked_by_id)
);
COMMENT ON TABLE discard_request IS
    'A request that an expert who has accepted give up the place; it takes effect only when confirmed.';
CREATE INDEX idx_discard_req_draw_id_849574 ON discard_request (draw_id, asked_at);
CREATE INDEX idx_discard_req_state_29273b ON discard_request (state, answer_until);
CREATE UNIQUE INDEX discard_request_open ON discard_request (invitation_id, kind) WHERE state = 'open';
CREATE INDEX discard_request_invitation ON discard_request (invitation_id);

-- models/attendance.py

CREATE TABLE attendance (
    id uuid PRIMARY KEY,
    draw_id uuid NOT NULL,
    direction varchar(3) NOT NULL,
    at timestamptz NOT NULL,
    method varchar(6) NOT NULL,
    by_id uuid,
    latitude double precision,
    longitude double precision,
    device varchar(64) NOT NULL DEFAULT '',
    invitation_id uuid NOT NULL REFERENCES invitation (id) ON DELETE RESTRICT,
    CONSTRAINT uid_attendance_invitat_c01a40 UNIQUE (invitation_id, direction)
);
COMMENT ON TABLE attendance IS
    'An entry (in) or exit (out); one of each per invitation. An entry counts as presence, whatever its source.';
-- One phone lets one person in.
CREATE UNIQUE INDEX attendance_device ON attendance (draw_id, device) WHERE direction = 'in' AND device <> '';

CREATE TABLE presence_claim (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    invitation_id uuid NOT NULL UNIQUE REFERENCES invitation (id) ON DELETE RESTRICT
);
COMMENT ON TABLE presence_claim IS 'An expert''s own claim to be present (自报到场). It counts for nothing; an entry does.';

CREATE TABLE urge (
    id uuid PRIMARY KEY,
    channel varchar(8) NOT NULL,
    at timestamptz NOT NULL,
    by_id uuid NOT NULL,
    invitation_id uuid NOT NULL REFERENCES invitation (id) ON DELETE RESTRICT
);
COMMENT ON TABLE urge IS 'An urging (催促) of an expert who has not entered. ``channel`` voice or virtual.';
CREATE INDEX urge_invitation ON urge (invitation_id);

-- models/virtual_calls.py

CREATE TABLE virtual_call (
    id uuid PRIMARY KEY,
    purpose varchar(7) NOT NULL,
    asked_by_id uuid NOT NULL,
    asked_at timestamptz NOT NULL,
    staff_phone_sealed text NOT NULL,
    out_id varchar(15) NOT NULL UNIQUE,
    call_id varchar(80) NOT NULL,
    state varchar(12) NOT NULL,
    vendor_code varchar(60) NOT NULL,
    seconds integer NOT NULL,
    check_at timestamptz,
    closed_at timestamptz,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT
);
COMMENT ON TABLE virtual_call IS
    'A virtual call (虚拟号通话): the platform rings the member of staff first, then the expert.';
CREATE INDEX idx_virtual_cal_draw_id_2eea37 ON virtual_call (draw_id, expert_id);
CREATE INDEX idx_virtual_cal_expert__4ae2d0 ON virtual_call (expert_id, asked_at);
CREATE INDEX idx_virtual_cal_check_a_50a341 ON virtual_call (check_at);

-- models/remuneration.py

CREATE TABLE remuneration (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    state varchar(12) NOT NULL,
    lines jsonb NOT NULL,
    amount bigint NOT NULL,
    computed bigint,
    reason varchar(200) NOT NULL,
    version integer NOT NULL,
    proposed_by_id uuid NOT NULL,
    proposed_at timestamptz NOT NULL,
    answer_until timestamptz,
    answered_at timestamptz,
    answered_by varchar(8) NOT NULL,
    disputes integer NOT NULL,
    dispute varchar(200) NOT NULL,
    reply varchar(200) NOT NULL,
    paid_on date,
    paid_way varchar(20) NOT NULL,
    paid_by_id uuid,
    draw_id uuid NOT NULL REFERENCES draw (id) ON DELETE RESTRICT,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT,
    invitation_id uuid NOT NULL UNIQUE REFERENCES invitation (id) ON DELETE RESTRICT,
    CHECK (state IN ('proposed', 'disputed', 'confirmed', 'assumed', 'paid')),
    CHECK (amount >= 0),
    CHECK ((state = 'proposed') = (answer_until IS NOT NULL)),
    CHECK ((state = 'paid') = (paid_on IS NOT NULL)),
    CHECK (version >= 1 AND disputes >= 0)
);
COMMENT ON TABLE remuneration IS 'What one expert is owed for one draw. ``state`` is a ``RemunerationState``.';
CREATE INDEX idx_remuneratio_draw_id_a6c111 ON remuneration (draw_id, state);
CREATE INDEX idx_remuneratio_expert__70e2db ON remuneration (expert_id, proposed_at);
CREATE INDEX idx_remuneratio_state_2a3ef7 ON remuneration (state, answer_until);

-- models/exams.py

CREATE TABLE exam_item (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    code varchar(32) NOT NULL,
    kind varchar(12) NOT NULL,
    chapter varchar(100) NOT NULL,
    difficulty smallint NOT NULL,
    position smallint NOT NULL,
    version integer NOT NULL,
    stem_hash varchar(64) NOT NULL,
    used integer NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz,
    group_id uuid REFERENCES exam_item (id) ON DELETE RESTRICT,
    CONSTRAINT uid_exam_item_pool_2d941b UNIQUE (pool, code),
    CHECK (kind IN ('single', 'multiple', 'true_false', 'short', 'case')),
    CHECK (difficulty BETWEEN 1 AND 5),
    CHECK (group_id IS NULL OR kind <> 'case')
);
COMMENT ON TABLE exam_item IS
    'An item of the bank (试题). ``kind``: single, multiple, true_false, short, or case (a text with its own items).';
CREATE INDEX idx_exam_item_pool_d2b7c1 ON exam_item (pool, chapter, kind, difficulty);
CREATE INDEX idx_exam_item_pool_3bc0f7 ON exam_item (pool, stem_hash);
CREATE INDEX idx_exam_item_group_i_736117 ON exam_item (group_id);

CREATE TABLE exam_item_version (
    id uuid PRIMARY KEY,
    number integer NOT NULL,
    stem text NOT NULL,
    options text[] NOT NULL,
    pictures jsonb NOT NULL,
    fixed_order boolean NOT NULL,
    basis varchar(300) NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    item_id uuid NOT NULL REFERENCES exam_item (id) ON DELETE CASCADE,
    CONSTRAINT uid_exam_item_v_item_id_5cf281 UNIQUE (item_id, number)
);
COMMENT ON TABLE exam_item_version IS
    'The text of an item at one time; never changed, since papers refer to it. Holds no key.';

CREATE TABLE exam_item_key (
    id uuid PRIMARY KEY,
    mask integer NOT NULL,
    answer text NOT NULL,
    explanation text NOT NULL,
    version_id uuid NOT NULL UNIQUE REFERENCES exam_item_version (id) ON DELETE CASCADE
);
COMMENT ON TABLE exam_item_key IS 'The key of a version, in a table of its own, which no query for candidates touches.';

CREATE TABLE exam_import (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    filename varchar(200) NOT NULL,
    lines_sealed text NOT NULL,
    counts jsonb NOT NULL,
    errors jsonb NOT NULL,
    state varchar(12) NOT NULL,
    result jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    done_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT
);
COMMENT ON TABLE exam_import IS 'A parsed file of items. ``state``: checked, or done once it was imported.';
CREATE INDEX idx_exam_import_created_a61a8b ON exam_import (created_at);

CREATE TABLE exam_blueprint (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(100) NOT NULL,
    cells jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
COMMENT ON TABLE exam_blueprint IS
    'Composition of papers (组卷方案). ``cells``: ``{"chapter", "kind", "difficulty", "count", "mark"}`` each.';
CREATE INDEX idx_exam_bluepr_pool_3ab8be ON exam_blueprint (pool);

CREATE TABLE exam (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(100) NOT NULL,
    purpose varchar(12) NOT NULL,
    state varchar(12) NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    rules jsonb NOT NULL,
    cells jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    published_at timestamptz,
    closed_at timestamptz,
    released_at timestamptz,
    blueprint_id uuid REFERENCES exam_blueprint (id) ON DELETE RESTRICT,
    campaign_id uuid REFERENCES campaign (id) ON DELETE RESTRICT,
    CHECK (purpose IN ('entry', 'campaign', 'single', 'mock')),
    CHECK (state IN ('draft', 'published', 'closed', 'cancelled')),
    CHECK (opens_at < closes_at),
    CHECK (state IN ('draft', 'cancelled') OR published_at IS NOT NULL)
);
COMMENT ON TABLE exam IS
    'An examination. ``purpose``: entry, campaign, single or mock. ``state``: draft, published, closed or cancelled.';
CREATE INDEX idx_exam_pool_f70bc5 ON exam (pool, state, closes_at);
CREATE INDEX idx_exam_campaig_3e1e6c ON exam (campaign_id);
CREATE INDEX idx_exam_bluepri_012a7d ON exam (blueprint_id);

CREATE TABLE exam_sitting (
    id uuid PRIMARY KEY,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    capacity integer,
    booked integer NOT NULL,
    place varchar(200) NOT NULL,
    exam_id uuid NOT NULL REFERENCES exam (id) ON DELETE CASCADE,
    CHECK (starts_at < ends_at),
    CHECK (booked >= 0 AND (capacity IS NULL OR booked <= capacity))
);
COMMENT ON TABLE exam_sitting IS
    'A time at which the examination can be taken (场次). Without booking there is only one.';
CREATE INDEX idx_exam_sittin_exam_id_e5451a ON exam_sitting (exam_id, starts_at);

CREATE TABLE exam_candidate (
    id uuid PRIMARY KEY,
    waiting_since timestamptz,
    state varchar(12) NOT NULL,
    extra_minutes smallint NOT NULL,
    extra_tries smallint NOT NULL,
    allowance_reason varchar(200) NOT NULL,
    notice_read_at timestamptz,
    face varchar(12) NOT NULL,
    face_at timestamptz,
    face_reference varchar(64) NOT NULL,
    reminders smallint NOT NULL,
    called_at timestamptz NOT NULL,
    concluded_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    application_id uuid REFERENCES application (id) ON DELETE RESTRICT,
    exam_id uuid NOT NULL REFERENCES exam (id) ON DELETE CASCADE,
    expert_id uuid REFERENCES expert (id) ON DELETE RESTRICT,
    sitting_id uuid REFERENCES exam_sitting (id) ON DELETE RESTRICT,
    waiting_id uuid REFERENCES exam_sitting (id) ON DELETE SET NULL,
    CONSTRAINT uid_exam_candid_exam_id_1afdcb UNIQUE (exam_id, account_id),
    CHECK (state IN ('called', 'passed', 'failed', 'left')),
    CHECK (extra_minutes >= 0 AND extra_tries >= 0)
);
COMMENT ON TABLE exam_candidate IS
    'A person who is called to an examination. ``state``: called, passed, failed or left.';
CREATE INDEX idx_exam_candid_account_f77989 ON exam_candidate (account_id);
CREATE INDEX idx_exam_candid_applica_4bbcd0 ON exam_candidate (application_id);
CREATE INDEX idx_exam_candid_sitting_f905a0 ON exam_candidate (sitting_id);
CREATE INDEX idx_exam_candid_waiting_183387 ON exam_candidate (waiting_id, waiting_since);
CREATE INDEX exam_candidate_expert ON exam_candidate (expert_id);

CREATE TABLE exam_attempt (
    id uuid PRIMARY KEY,
    number smallint NOT NULL,
    state varchar(12) NOT NULL,
    versions uuid[] NOT NULL,
    orders integer[] NOT NULL,
    marks integer[] NOT NULL,
    made_at timestamptz NOT NULL,
    started_at timestamptz,
    deadline timestamptz,
    grace_until timestamptz,
    device smallint NOT NULL,
    seen_at timestamptz,
    leaves smallint NOT NULL,
    hidden_seconds integer NOT NULL,
    flags text[] NOT NULL,
    submitted_at timestamptz,
    sealed_at timestamptz,
    digest varchar(64) NOT NULL,
    graded_at timestamptz,
    released_at timestamptz,
    score integer,
    total integer,
    passed boolean,
    void_reason varchar(200) NOT NULL,
    candidate_id uuid NOT NULL REFERENCES exam_candidate (id) ON DELETE CASCADE,
    exam_id uuid NOT NULL REFERENCES exam (id) ON DELETE CASCADE,
    CONSTRAINT uid_exam_attemp_candida_d44bd6 UNIQUE (candidate_id, number),
    CHECK (state IN ('ready', 'running', 'sealed', 'graded', 'released', 'void')),
    CHECK (cardinality(versions) = cardinality(orders) AND cardinality(versions) = cardinality(marks)),
    CHECK (state = 'ready' OR state = 'void'
        OR (started_at IS NOT NULL AND started_at < deadline AND deadline <= grace_until)),
    CHECK (state NOT IN ('graded', 'released') OR (score IS NOT NULL AND passed IS NOT NULL)),
    CHECK (score IS NULL OR score BETWEEN 0 AND total)
);
COMMENT ON TABLE exam_attempt IS
    'One paper of a candidate (一次作答). Slot n of the paper is element n of ``versions``, ``orders`` and ``marks``.';
CREATE INDEX idx_exam_attemp_exam_id_055862 ON exam_attempt (exam_id, state);
CREATE INDEX idx_exam_attemp_state_bfc0c6 ON exam_attempt (state, grace_until);
-- One attempt of a candidate is open at a time.
CREATE UNIQUE INDEX exam_attempt_open ON exam_attempt (candidate_id) WHERE state IN ('ready', 'running', 'sealed');
-- What the clock seals next.
CREATE INDEX exam_attempt_running ON exam_attempt (grace_until) WHERE state = 'running';

CREATE TABLE exam_marking (
    id uuid PRIMARY KEY,
    slot smallint NOT NULL,
    marker_id uuid NOT NULL,
    marks integer NOT NULL,
    note varchar(200) NOT NULL,
    marked_at timestamptz NOT NULL,
    attempt_id uuid NOT NULL REFERENCES exam_attempt (id) ON DELETE CASCADE,
    CONSTRAINT uid_exam_markin_attempt_1212b8 UNIQUE (attempt_id, slot, marker_id)
);
COMMENT ON TABLE exam_marking IS 'A marker''s marks for a short answer; two that differ require a third.';

CREATE TABLE exam_ruling (
    id uuid PRIMARY KEY,
    kind varchar(12) NOT NULL,
    mask integer NOT NULL,
    reason varchar(300) NOT NULL,
    decided_by uuid NOT NULL,
    decided_at timestamptz NOT NULL,
    exam_id uuid NOT NULL REFERENCES exam (id) ON DELETE CASCADE,
    version_id uuid NOT NULL REFERENCES exam_item_version (id) ON DELETE RESTRICT,
    CONSTRAINT uid_exam_ruling_exam_id_cc8c06 UNIQUE (exam_id, version_id)
);
COMMENT ON TABLE exam_ruling IS
    'A decision on an item found faulty after it was used. ``kind``: full_credit, also_accept or drop.';
CREATE INDEX exam_ruling_version ON exam_ruling (version_id);

CREATE TABLE exam_appeal (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    text varchar(500) NOT NULL,
    state varchar(12) NOT NULL,
    answer varchar(300) NOT NULL,
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    attempt_id uuid NOT NULL REFERENCES exam_attempt (id) ON DELETE CASCADE
);
COMMENT ON TABLE exam_appeal IS 'A candidate objects to a result (成绩复核). ``state``: open, upheld or rejected.';
CREATE INDEX idx_exam_appeal_pool_704ac4 ON exam_appeal (pool, state, created_at);
CREATE INDEX idx_exam_appeal_attempt_687ed5 ON exam_appeal (attempt_id);

CREATE TABLE exam_evidence (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    content_sealed text NOT NULL,
    explanation varchar(300) NOT NULL,
    state varchar(12) NOT NULL,
    answer varchar(300) NOT NULL,
    received_at timestamptz NOT NULL,
    decided_at timestamptz,
    decided_by uuid,
    attempt_id uuid NOT NULL REFERENCES exam_attempt (id) ON DELETE CASCADE
);
COMMENT ON TABLE exam_evidence IS
    'An answer file that a candidate uploaded after the end. ``state``: open, accepted or rejected.';
CREATE INDEX idx_exam_eviden_pool_995765 ON exam_evidence (pool, state, received_at);
CREATE INDEX idx_exam_eviden_attempt_6a7c26 ON exam_evidence (attempt_id);

-- Every answer as a device sent it. ``mask`` counts options as they were shown; ``timing``: 0 in time, 1 within the
-- grace, 2 later (evidence only). The key makes a repeated event free.
CREATE TABLE exam_answer_event (
    attempt_id uuid NOT NULL REFERENCES exam_attempt (id) ON DELETE CASCADE,
    device smallint NOT NULL,
    seq integer NOT NULL,
    slot smallint NOT NULL CHECK (slot >= 0),
    mask integer NOT NULL DEFAULT 0 CHECK (mask >= 0),
    text text CHECK (length(text) <= 4000),
    client_at timestamptz,
    received_at timestamptz NOT NULL,
    timing smallint NOT NULL DEFAULT 0 CHECK (timing BETWEEN 0 AND 2),
    PRIMARY KEY (attempt_id, device, seq)
);

-- The answers of a sealed attempt. ``mask`` counts options in canonical order; ``marks`` are tenths, NULL until marked.
CREATE TABLE exam_answer (
    attempt_id uuid NOT NULL REFERENCES exam_attempt (id) ON DELETE CASCADE,
    slot smallint NOT NULL CHECK (slot >= 0),
    version_id uuid NOT NULL,
    mask integer NOT NULL DEFAULT 0 CHECK (mask >= 0),
    text text,
    marks integer CHECK (marks >= 0),
    late boolean NOT NULL DEFAULT false,
    PRIMARY KEY (attempt_id, slot)
);
CREATE INDEX exam_answer_version ON exam_answer (version_id);

-- models/courses.py

CREATE TABLE course (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    name varchar(100) NOT NULL,
    description varchar(1000) NOT NULL,
    state varchar(12) NOT NULL,
    audience varchar(12) NOT NULL,
    campaigns uuid[] NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz NOT NULL,
    amount integer,
    required boolean NOT NULL,
    rules jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    created_by uuid,
    published_at timestamptz,
    closed_at timestamptz,
    exam_id uuid REFERENCES exam (id) ON DELETE RESTRICT,
    CHECK (state IN ('draft', 'published', 'closed', 'cancelled')),
    CHECK (audience IN ('all', 'campaigns', 'listed')),
    CHECK (opens_at < closes_at),
    CHECK (amount > 0)
);
COMMENT ON TABLE course IS 'A course (课程). ``state``: draft, published, closed or cancelled.';
CREATE INDEX idx_course_pool_ce7bf0 ON course (pool, state, closes_at);
CREATE INDEX idx_course_exam_id_856c42 ON course (exam_id);

CREATE TABLE course_item (
    id uuid PRIMARY KEY,
    position smallint NOT NULL,
    kind varchar(8) NOT NULL,
    title varchar(100) NOT NULL,
    seconds integer NOT NULL,
    credit integer,
    media_key varchar(100) NOT NULL,
    media_bytes bigint NOT NULL,
    pages jsonb NOT NULL,
    starts_at timestamptz,
    ends_at timestamptz,
    place varchar(200) NOT NULL,
    code_sealed text NOT NULL,
    created_at timestamptz NOT NULL,
    course_id uuid NOT NULL REFERENCES course (id) ON DELETE CASCADE,
    CHECK (kind IN ('video', 'pages', 'live')),
    CHECK (seconds >= 0)
);
COMMENT ON TABLE course_item IS
    'A unit of content. ``kind``: video, pages (slides or a text, page by page) or live (a lecture at a time).';
CREATE INDEX idx_course_item_course__967fdd ON course_item (course_id, position);

CREATE TABLE course_enrolment (
    id uuid PRIMARY KEY,
    state varchar(12) NOT NULL,
    opens_at timestamptz,
    closes_at timestamptz,
    progress smallint NOT NULL,
    exam_state varchar(8) NOT NULL,
    marked_at timestamptz,
    make_ups smallint NOT NULL,
    finished_at timestamptz,
    warnings smallint NOT NULL,
    overdue_at timestamptz,
    excluded_at timestamptz,
    called_at timestamptz NOT NULL,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    course_id uuid NOT NULL REFERENCES course (id) ON DELETE CASCADE,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT,
    CONSTRAINT uid_course_enro_course__388f3b UNIQUE (course_id, expert_id),
    CHECK (state IN ('called', 'learned', 'finished', 'left')),
    CHECK (exam_state IN ('', 'pending', 'passed', 'failed')),
    CHECK (progress BETWEEN 0 AND 1000),
    CHECK ((state = 'finished') = (finished_at IS NOT NULL)),
    CHECK (opens_at < closes_at)
);
COMMENT ON TABLE course_enrolment IS
    'An expert who is called to a course (学员). ``state``: called, learned, finished or left.';
CREATE INDEX idx_course_enro_account_46f02e ON course_enrolment (account_id);
CREATE INDEX idx_course_enro_expert__9280b0 ON course_enrolment (expert_id);
CREATE INDEX idx_course_enro_state_67facd ON course_enrolment (state, closes_at);
CREATE INDEX course_enrolment_excluded ON course_enrolment (expert_id) WHERE excluded_at IS NOT NULL;

CREATE TABLE course_study (
    id uuid PRIMARY KEY,
    watched jsonb NOT NULL,
    seconds integer NOT NULL,
    position integer NOT NULL,
    player smallint NOT NULL,
    beat_at timestamptz,
    asked_at timestamptz,
    next_question integer,
    missed smallint NOT NULL,
    done_at timestamptz,
    enrolment_id uuid NOT NULL REFERENCES course_enrolment (id) ON DELETE CASCADE,
    item_id uuid NOT NULL REFERENCES course_item (id) ON DELETE RESTRICT,
    CONSTRAINT uid_course_stud_enrolme_5a7e57 UNIQUE (enrolment_id, item_id)
);
COMMENT ON TABLE course_study IS 'One participant''s progress in one item.';
CREATE INDEX idx_course_stud_item_id_10a313 ON course_study (item_id);

-- models/certificates.py

CREATE TABLE certificate (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(12) NOT NULL,
    number varchar(40) NOT NULL,
    token varchar(32) NOT NULL UNIQUE,
    source_id uuid NOT NULL,
    title varchar(100) NOT NULL,
    text varchar(200) NOT NULL,
    holder varchar(50) NOT NULL,
    masked_id_number varchar(20) NOT NULL,
    issuer varchar(100) NOT NULL,
    facts jsonb NOT NULL,
    digest varchar(64) NOT NULL,
    issued_at timestamptz NOT NULL,
    valid_until timestamptz,
    state varchar(12) NOT NULL,
    ended_at timestamptz,
    ended_by uuid,
    reason varchar(200) NOT NULL,
    reminded_at timestamptz,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    expert_id uuid REFERENCES expert (id) ON DELETE RESTRICT,
    replaces_id uuid REFERENCES certificate (id) ON DELETE RESTRICT,
    CONSTRAINT uid_certificate_pool_7d7300 UNIQUE (pool, number),
    CHECK (kind IN ('exam', 'course')),
    CHECK (state IN ('valid', 'replaced', 'revoked')),
    CHECK ((state = 'valid') = (ended_at IS NULL))
);
COMMENT ON TABLE certificate IS 'A certificate (证书). ``kind``: exam or course. ``state``: valid, replaced or revoked.';
CREATE INDEX idx_certificate_account_fe3d7a ON certificate (account_id);
CREATE INDEX idx_certificate_expert__5dd1a1 ON certificate (expert_id);
CREATE INDEX idx_certificate_replace_ed24de ON certificate (replaces_id);
CREATE INDEX idx_certificate_pool_bec6ee ON certificate (pool, issued_at);
CREATE INDEX idx_certificate_state_0afb5c ON certificate (state, valid_until);
-- One valid certificate for what it proves.
CREATE UNIQUE INDEX certificate_source ON certificate (kind, source_id) WHERE state = 'valid';

CREATE TABLE certificate_serial (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    letter varchar(1) NOT NULL,
    year integer NOT NULL,
    issued integer NOT NULL,
    CONSTRAINT uid_certificate_pool_66c294 UNIQUE (pool, letter, year)
);
COMMENT ON TABLE certificate_serial IS
    'Number of serials used for a kind in a year. It grows in the issuing transaction, so there are no gaps.';

-- models/payments.py

CREATE TABLE fee (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(20) NOT NULL,
    expert_number varchar(32) NOT NULL,
    amount integer NOT NULL,
    opens_at timestamptz NOT NULL,
    closes_at timestamptz,
    state varchar(12) NOT NULL,
    notified_at timestamptz,
    paid_at timestamptz,
    created_at timestamptz NOT NULL,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT,
    application_id uuid REFERENCES application (id) ON DELETE RESTRICT,
    enrolment_id uuid REFERENCES course_enrolment (id) ON DELETE RESTRICT,
    title varchar(60) NOT NULL DEFAULT '',
    CONSTRAINT fee_amount CHECK (amount > 0),
    CONSTRAINT fee_paid CHECK ((paid_at IS NOT NULL) = (state IN ('paid', 'refunded'))),
    -- A fee belongs to an application or to an enrolment; a make-up asks for another one after the first was paid.
    CONSTRAINT fee_belongs CHECK ((application_id IS NULL) <> (enrolment_id IS NULL))
);
COMMENT ON TABLE fee IS
    'An amount that a person owes. The first paid order pays it; any other payment is surplus and is refunded.';
CREATE INDEX idx_fee_pool_7b23f7 ON fee (pool, expert_number);
CREATE INDEX idx_fee_applica_6e3415 ON fee (application_id);
CREATE INDEX fee_opening ON fee (opens_at) WHERE state = 'due' AND notified_at IS NULL;
CREATE UNIQUE INDEX fee_live ON fee (application_id, kind) WHERE state IN ('due', 'paid');
CREATE INDEX idx_fee_enrolme_9ac31f ON fee (enrolment_id);
CREATE UNIQUE INDEX fee_enrolment_due ON fee (enrolment_id) WHERE state = 'due';
CREATE INDEX fee_account ON fee (account_id, created_at);
CREATE INDEX fee_refunded ON fee (id) WHERE state = 'refunded';

CREATE TABLE pay_order (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    out_trade_no varchar(32) NOT NULL UNIQUE,
    trade varchar(8) NOT NULL,
    appid varchar(64) NOT NULL,
    openid varchar(64) NOT NULL,
    amount integer NOT NULL,
    description varchar(127) NOT NULL,
    state varchar(12) NOT NULL,
    surplus boolean NOT NULL,
    code_url varchar(500) NOT NULL,
    prepay_id varchar(128) NOT NULL,
    prepared_at timestamptz,
    expires_at timestamptz NOT NULL,
    check_at timestamptz,
    checks integer NOT NULL,
    asked_at timestamptz,
    transaction_id varchar(32) UNIQUE,
    success_at timestamptz,
    refunded integer NOT NULL,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    fee_id uuid NOT NULL REFERENCES fee (id) ON DELETE RESTRICT,
    payer_id uuid REFERENCES account (id) ON DELETE RESTRICT,
    CONSTRAINT pay_order_amount CHECK (amount > 0 AND refunded >= 0 AND refunded <= amount),
    CONSTRAINT pay_order_paid CHECK ((transaction_id IS NOT NULL) = (state IN ('paid', 'refunded')))
);
COMMENT ON TABLE pay_order IS
    'One order at the platform. ``trade``: native (QR code), jsapi (official account''s page) or mini.';
CREATE INDEX idx_pay_order_fee_id_dd9a27 ON pay_order (fee_id);
CREATE INDEX idx_pay_order_pool_bad249 ON pay_order (pool, success_at);
-- A fee counts once, whatever callbacks do: a second paid order must be surplus.
CREATE UNIQUE INDEX pay_order_counts ON pay_order (fee_id) WHERE state IN ('paid', 'refunded') AND NOT surplus;
CREATE UNIQUE INDEX pay_order_open ON pay_order (fee_id, trade, openid) WHERE state IN ('new', 'open');
CREATE INDEX pay_order_check ON pay_order (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX pay_order_list ON pay_order (pool, created_at DESC, id DESC);
CREATE INDEX pay_order_rest ON pay_order (pool, created_at DESC, id DESC) WHERE state IN ('new', 'open', 'refunded');
CREATE INDEX pay_order_surplus ON pay_order (pool, created_at DESC, id DESC) WHERE surplus;

CREATE TABLE pay_event (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(40) NOT NULL,
    subject varchar(64) NOT NULL,
    payload_sealed text NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at timestamptz,
    retry_at timestamptz,
    outcome varchar(40) NOT NULL,
    closed_at timestamptz,
    closed_by uuid,
    resolution varchar(200) NOT NULL DEFAULT '',
    CONSTRAINT pay_event_closed CHECK ((closed_at IS NOT NULL) = (resolution <> ''))
);
COMMENT ON TABLE pay_event IS
    'A verified notification as received, encrypted with our key. ``subject`` is our own number.';
CREATE INDEX idx_pay_event_kind_6289d5 ON pay_event (kind, subject);
CREATE INDEX pay_event_waiting ON pay_event (received_at) WHERE applied_at IS NULL;
CREATE INDEX pay_event_alarm ON pay_event (pool, received_at) WHERE outcome IN ('mismatch', 'unknown_order',
    'other_transaction', 'refunded_there', 'unknown_refund', 'closed_but_done');

CREATE TABLE refund (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    out_refund_no varchar(64) NOT NULL UNIQUE,
    amount integer NOT NULL,
    reason varchar(80) NOT NULL,
    state varchar(12) NOT NULL,
    refund_id varchar(64) NOT NULL,
    by uuid,
    failure varchar(100) NOT NULL,
    check_at timestamptz,
    checks integer NOT NULL,
    created_at timestamptz NOT NULL,
    accepted_at timestamptz,
    done_at timestamptz,
    after varchar(8) NOT NULL DEFAULT 'keep',
    after_at timestamptz,
    redirected_to varchar(20) NOT NULL DEFAULT '',
    redirected_at timestamptz,
    redirected_by uuid,
    order_id uuid NOT NULL REFERENCES pay_order (id) ON DELETE RESTRICT,
    CONSTRAINT refund_amount CHECK (amount > 0),
    CONSTRAINT refund_after CHECK (after IN ('keep', 'end', 'again'))
);
COMMENT ON TABLE refund IS 'A refund. ``by`` is the administrator; None: automatic, of surplus.';
CREATE INDEX idx_refund_order_i_ab8f81 ON refund (order_id);
CREATE INDEX refund_check ON refund (check_at) WHERE check_at IS NOT NULL;
-- The few among many for which somebody has to do something.
CREATE INDEX refund_trouble ON refund (order_id) WHERE state IN ('abnormal', 'closed') OR failure <> '';

CREATE TABLE invoice (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    title varchar(100) NOT NULL,
    taxpayer_id varchar(20) NOT NULL,
    email_sealed text NOT NULL,
    issued_by varchar(10) NOT NULL,
    state varchar(12) NOT NULL,
    apply_id varchar(64) NOT NULL,
    fapiao_id varchar(64) NOT NULL,
    number varchar(40) NOT NULL,
    key varchar(100) NOT NULL,
    failure varchar(100) NOT NULL,
    check_at timestamptz,
    checks integer NOT NULL,
    receipt_sent_at timestamptz,
    sent_at timestamptz,
    mailings integer NOT NULL DEFAULT 0,
    code varchar(20) NOT NULL DEFAULT '',
    red_number varchar(40) NOT NULL DEFAULT '',
    reverse_reason varchar(20) NOT NULL DEFAULT '',
    reverse_note varchar(100) NOT NULL DEFAULT '',
    reverse_by uuid,
    reverse_asked_at timestamptz,
    reversed_at timestamptz,
    reversal_sent_at timestamptz,
    created_at timestamptz NOT NULL,
    fee_id uuid NOT NULL REFERENCES fee (id) ON DELETE RESTRICT,
    CONSTRAINT invoice_reversed CHECK (reversed_at IS NULL OR state = 'reversed')
);
COMMENT ON TABLE invoice IS
    'An electronic invoice for a paid fee. ``title`` is the buyer (抬头); the e-mail address is encrypted.';
CREATE INDEX idx_invoice_fee_id_642b11 ON invoice (fee_id);
CREATE INDEX idx_invoice_apply_i_959bce ON invoice (apply_id);
CREATE INDEX invoice_check ON invoice (check_at) WHERE check_at IS NOT NULL;
CREATE UNIQUE INDEX invoice_live ON invoice (fee_id) WHERE state <> 'reversed';
CREATE INDEX invoice_key ON invoice (key);
CREATE INDEX invoice_list ON invoice (pool, created_at, id);
CREATE INDEX invoice_number ON invoice (pool, number) WHERE number <> '';
CREATE INDEX invoice_to_make ON invoice (pool, created_at, id) WHERE state IN ('failed', 'wanted');
CREATE INDEX invoice_stuck ON invoice (id) WHERE state = 'stuck';

CREATE TABLE outbound_email (
    id uuid PRIMARY KEY,
    message_id varchar(100) NOT NULL UNIQUE,
    kind varchar(10) NOT NULL,
    held_until timestamptz,
    tries integer NOT NULL,
    sent_at timestamptz,
    invoice_id uuid NOT NULL REFERENCES invoice (id) ON DELETE CASCADE
);
COMMENT ON TABLE outbound_email IS 'A mail about an invoice, stored before and after it is handed to the mail server.';
CREATE INDEX idx_outbound_e_invoice_69a070 ON outbound_email (invoice_id);

CREATE TABLE bill (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    day date NOT NULL,
    state varchar(12) NOT NULL,
    trades integer NOT NULL,
    received bigint NOT NULL,
    refunded bigint NOT NULL,
    sha1 varchar(40) NOT NULL,
    check_at timestamptz,
    compared_at timestamptz,
    failure varchar(100) NOT NULL,
    CONSTRAINT uid_bill_pool_2d86ef UNIQUE (pool, day)
);
COMMENT ON TABLE bill IS
    'A daily trade bill of a pool''s merchant, reconciled. ``state``: waiting, equal, differs or empty.';
CREATE INDEX bill_check ON bill (check_at) WHERE check_at IS NOT NULL;

CREATE TABLE bill_difference (
    id uuid PRIMARY KEY,
    kind varchar(20) NOT NULL,
    out_trade_no varchar(64) NOT NULL,
    out_refund_no varchar(64) NOT NULL,
    transaction_id varchar(64) NOT NULL,
    ours integer,
    theirs integer,
    note varchar(200) NOT NULL,
    resolved_at timestamptz,
    resolved_by uuid,
    resolution varchar(200) NOT NULL,
    bill_id uuid NOT NULL REFERENCES bill (id) ON DELETE CASCADE
);
COMMENT ON TABLE bill_difference IS
    'A difference between bill and our records. ``kind``: unknown_there (the bill lacks it), unknown_here (our '
    'records lack it), amount or state.';
CREATE INDEX idx_bill_differ_bill_id_668fb2 ON bill_difference (bill_id);
CREATE INDEX bill_difference_open ON bill_difference (bill_id) WHERE resolved_at IS NULL;

-- models/notices.py

CREATE TABLE notice (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(30) NOT NULL,
    expert_id uuid,
    mobile_sealed text NOT NULL,
    invitation_id uuid,
    params jsonb NOT NULL,
    secret_sealed text NOT NULL,
    dedupe_key varchar(120) NOT NULL,
    state varchar(10) NOT NULL,
    step integer NOT NULL,
    next_at timestamptz,
    created_at timestamptz NOT NULL,
    closed_at timestamptz,
    account_id uuid REFERENCES account (id) ON DELETE RESTRICT,
    bulk boolean NOT NULL DEFAULT false,
    CONSTRAINT uid_notice_pool_ab34a5 UNIQUE (pool, dedupe_key)
);
COMMENT ON TABLE notice IS 'A notice to one person. ``state``: active, done, failed or stopped.';
CREATE INDEX idx_notice_invitat_936b5e ON notice (invitation_id);
CREATE INDEX idx_notice_account_b1b48e ON notice (account_id, created_at);
-- Notices to one person overtake those to thousands.
CREATE INDEX notice_due ON notice (bulk, next_at) WHERE state = 'active' AND next_at IS NOT NULL;

CREATE TABLE attempt (
    id uuid PRIMARY KEY,
    channel varchar(10) NOT NULL,
    step integer NOT NULL,
    number bigint NOT NULL UNIQUE,
    out_id varchar(15) NOT NULL DEFAULT '',
    state varchar(10) NOT NULL,
    vendor_id varchar(80) NOT NULL,
    vendor_code varchar(60) NOT NULL,
    keys varchar(20) NOT NULL,
    cost integer NOT NULL,
    created_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    wait integer NOT NULL,
    sent_at timestamptz,
    check_at timestamptz,
    checks integer NOT NULL,
    tries integer NOT NULL,
    closed_at timestamptz,
    notice_id uuid NOT NULL REFERENCES notice (id) ON DELETE RESTRICT,
    bulk boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE attempt IS
    'One try on one channel. ``state`` is a ``AttemptState``; ``out_id`` our id for vendors, which can''t be '
    'guessed; ``number`` the order of the ledger.';
CREATE INDEX idx_attempt_notice__223b0d ON attempt (notice_id);
CREATE INDEX idx_attempt_vendor__b0bc49 ON attempt (vendor_id);
CREATE INDEX attempt_check ON attempt (check_at) WHERE check_at IS NOT NULL;
CREATE UNIQUE INDEX attempt_out_id ON attempt (out_id) WHERE out_id <> '';
CREATE INDEX attempt_due ON attempt (bulk, due_at) WHERE state = 'pending';

CREATE TABLE delivery_report (
    id uuid PRIMARY KEY,
    vendor varchar(12) NOT NULL,
    key varchar(120) NOT NULL,
    body jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    applied_at timestamptz,
    CONSTRAINT uid_delivery_r_vendor_a0b71e UNIQUE (vendor, key)
);
COMMENT ON TABLE delivery_report IS
    'A vendor''s report, stored as received before processing; ``key`` is the same for repetitions.';
CREATE INDEX delivery_report_waiting ON delivery_report (received_at) WHERE applied_at IS NULL;

-- models/helpdesk.py

CREATE TABLE feedback (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    text_sealed text NOT NULL DEFAULT '',
    state varchar(12) NOT NULL,
    answer varchar(1000) NOT NULL,
    created_at timestamptz NOT NULL,
    answered_at timestamptz,
    answered_by uuid,
    account_id uuid NOT NULL REFERENCES account (id) ON DELETE RESTRICT
);
COMMENT ON TABLE feedback IS 'An opinion or question (意见反馈). ``state``: open or answered.';
CREATE INDEX idx_feedback_pool_2d80d4 ON feedback (pool, state, created_at);
CREATE INDEX idx_feedback_account_2097cf ON feedback (account_id);

-- models/materials.py

CREATE TABLE material (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    title varchar(100) NOT NULL,
    category varchar(40) NOT NULL,
    note varchar(200) NOT NULL,
    audience varchar(12) NOT NULL,
    position integer NOT NULL,
    shown_from timestamptz NOT NULL,
    shown_until timestamptz,
    filename varchar(200) NOT NULL,
    media_type varchar(100) NOT NULL,
    size integer NOT NULL,
    sha256 varchar(64) NOT NULL,
    key varchar(100) NOT NULL,
    created_at timestamptz NOT NULL,
    changed_at timestamptz NOT NULL,
    CONSTRAINT material_audience CHECK (audience IN ('everybody', 'applicants')),
    CONSTRAINT material_shown CHECK (shown_until IS NULL OR shown_from < shown_until)
);
COMMENT ON TABLE material IS 'A file that the office offers. ``audience``: everybody, or logged-in applicants.';
CREATE INDEX idx_material_pool_e5a714 ON material (pool, category);
CREATE UNIQUE INDEX material_key ON material (key);

-- Append-only tables

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END $$;
CREATE TRIGGER draw_log_append_only BEFORE UPDATE OR DELETE ON draw_log
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_append_only BEFORE DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE FUNCTION seal_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.number IS NOT NULL OR NEW.number IS NULL OR NEW.hash IS NULL
        OR (to_jsonb(NEW) - 'number' - 'hash') <> (to_jsonb(OLD) - 'number' - 'hash') THEN
        RAISE EXCEPTION 'audit_entry may only be sealed, once';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_seal_only BEFORE UPDATE ON audit_entry FOR EACH ROW EXECUTE FUNCTION seal_only();

-- The job queue: the schema of procrastinate 3.10 as its package has it, and an index. When the package is upgraded, its
-- own migrations come as a new file.

-- Procrastinate Schema

DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
EXCEPTION
    WHEN OTHERS THEN
        -- On managed PostgreSQL services (e.g. Azure Database for PostgreSQL, Amazon RDS,
        -- Google Cloud SQL), CREATE EXTENSION may fail with various error codes:
        -- insufficient_privilege, feature_not_supported, or provider-specific errors.
        -- Before ignoring, verify the extension actually exists — if it does not exist
        -- and cannot be created, re-raise so the failure is explicit.
        IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'plpgsql') THEN
            RAISE NOTICE 'plpgsql extension already exists, skipping creation.';
        ELSE
            RAISE;
        END IF;
END;
$$;

-- Enums

CREATE TYPE procrastinate_job_status AS ENUM (
    'todo',  -- The job is queued
    'doing',  -- The job has been fetched by a worker
    'succeeded',  -- The job ended successfully
    'failed',  -- The job ended with an error
    'cancelled', -- The job was cancelled
    'aborting',  -- legacy, not used anymore since v3.0.0
    'aborted'  -- The job was aborted
);

CREATE TYPE procrastinate_job_event_type AS ENUM (
    'deferred',  -- Job created, in todo
    'started',  -- todo -> doing
    'deferred_for_retry',  -- doing -> todo
    'failed',  -- doing -> failed
    'succeeded',  -- doing -> succeeded
    'cancelled', -- todo -> cancelled
    'abort_requested', -- not a state transition, but set in a separate field
    'aborted', -- doing -> aborted (only allowed when abort_requested field is set)
    'scheduled', -- not a state transition, but recording when a task is scheduled for
    'retried' -- Manually retried failed job
);

-- Composite Types

CREATE TYPE procrastinate_job_to_defer_v1 AS (
    queue_name character varying,
    task_name character varying,
    priority integer,
    lock text,
    queueing_lock text,
    args jsonb,
    scheduled_at timestamp with time zone
);

-- Tables

CREATE TABLE procrastinate_workers(
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    last_heartbeat timestamp with time zone NOT NULL DEFAULT NOW()
);

CREATE TABLE procrastinate_jobs (
    id bigserial PRIMARY KEY,
    queue_name character varying(128) NOT NULL,
    task_name character varying(128) NOT NULL,
    priority integer DEFAULT 0 NOT NULL,
    lock text,
    queueing_lock text,
    args jsonb DEFAULT '{}' NOT NULL,
    status procrastinate_job_status DEFAULT 'todo'::procrastinate_job_status NOT NULL,
    scheduled_at timestamp with time zone NULL,
    attempts integer DEFAULT 0 NOT NULL,
    abort_requested boolean DEFAULT false NOT NULL,
    worker_id bigint REFERENCES procrastinate_workers(id) ON DELETE SET NULL,
    CONSTRAINT check_not_todo_abort_requested CHECK (NOT (status = 'todo' AND abort_requested = true))
);

CREATE TABLE procrastinate_periodic_defers (
    id bigserial PRIMARY KEY,
    task_name character varying(128) NOT NULL,
    defer_timestamp bigint,
    job_id bigint REFERENCES procrastinate_jobs(id) NULL,
    periodic_id character varying(128) NOT NULL DEFAULT '',
    CONSTRAINT procrastinate_periodic_defers_unique UNIQUE (task_name, periodic_id, defer_timestamp)
);

CREATE TABLE procrastinate_events (
    id bigserial PRIMARY KEY,
    job_id bigint NOT NULL REFERENCES procrastinate_jobs ON DELETE CASCADE,
    type procrastinate_job_event_type,
    at timestamp with time zone DEFAULT NOW() NULL
);

-- Constraints & Indices

-- this prevents from having several jobs with the same queueing lock in the "todo" state
CREATE UNIQUE INDEX procrastinate_jobs_queueing_lock_idx_v1 ON procrastinate_jobs (queueing_lock) WHERE status = 'todo';
-- this prevents from having several jobs with the same lock in the "doing" state
CREATE UNIQUE INDEX procrastinate_jobs_lock_idx_v1 ON procrastinate_jobs (lock) WHERE status = 'doing';

-- Index for select_stalled_jobs_by_heartbeat query
CREATE INDEX idx_procrastinate_jobs_worker_not_null ON procrastinate_jobs(worker_id) WHERE worker_id IS NOT NULL AND status = 'doing'::procrastinate_job_status;

CREATE INDEX procrastinate_jobs_queue_name_idx_v1 ON procrastinate_jobs(queue_name);
CREATE INDEX procrastinate_jobs_id_lock_idx_v1 ON procrastinate_jobs (id, lock) WHERE status = ANY (ARRAY['todo'::procrastinate_job_status, 'doing'::procrastinate_job_status]);
CREATE INDEX procrastinate_jobs_priority_idx_v1 ON procrastinate_jobs(priority desc, id asc) WHERE (status = 'todo'::procrastinate_job_status);

CREATE INDEX procrastinate_events_job_id_fkey_v1 ON procrastinate_events(job_id);

CREATE INDEX procrastinate_periodic_defers_job_id_fkey_v1 ON procrastinate_periodic_defers(job_id);

CREATE INDEX idx_procrastinate_workers_last_heartbeat ON procrastinate_workers(last_heartbeat);

-- Functions
CREATE FUNCTION procrastinate_defer_jobs_v1(
    jobs procrastinate_job_to_defer_v1[]
)
    RETURNS bigint[]
    LANGUAGE plpgsql
AS $$
DECLARE
    job_ids bigint[];
BEGIN
    WITH inserted_jobs AS (
        INSERT INTO procrastinate_jobs (queue_name, task_name, priority, lock, queueing_lock, args, scheduled_at)
        SELECT (job).queue_name,
               (job).task_name,
               (job).priority,
               (job).lock,
               (job).queueing_lock,
               (job).args,
               (job).scheduled_at
        FROM unnest(jobs) AS job
        RETURNING id
    )
    SELECT array_agg(id) FROM inserted_jobs INTO job_ids;

    RETURN job_ids;
END;
$$;

CREATE FUNCTION procrastinate_defer_periodic_job_v2(
    _queue_name character varying,
    _lock character varying,
    _queueing_lock character varying,
    _task_name character varying,
    _priority integer,
    _periodic_id character varying,
    _defer_timestamp bigint,
    _args jsonb
)
    RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
	_job_id bigint;
	_defer_id bigint;
BEGIN
    INSERT
        INTO procrastinate_periodic_defers (task_name, periodic_id, defer_timestamp)
        VALUES (_task_name, _periodic_id, _defer_timestamp)
        ON CONFLICT DO NOTHING
        RETURNING id into _defer_id;

    IF _defer_id IS NULL THEN
        RETURN NULL;
    END IF;

    UPDATE procrastinate_periodic_defers
        SET job_id = (
            SELECT COALESCE((
                SELECT unnest(procrastinate_defer_jobs_v1(
                    ARRAY[
                        ROW(
                            _queue_name,
                            _task_name,
                            _priority,
                            _lock,
                            _queueing_lock,
                            _args,
                            NULL::timestamptz
                        )
                    ]::procrastinate_job_to_defer_v1[]
                ))
            ), NULL)
        )
        WHERE id = _defer_id
        RETURNING job_id INTO _job_id;

    DELETE
        FROM procrastinate_periodic_defers
        USING (
            SELECT id
            FROM procrastinate_periodic_defers
            WHERE procrastinate_periodic_defers.task_name = _task_name
            AND procrastinate_periodic_defers.periodic_id = _periodic_id
            AND procrastinate_periodic_defers.defer_timestamp < _defer_timestamp
            ORDER BY id
            FOR UPDATE
        ) to_delete
        WHERE procrastinate_periodic_defers.id = to_delete.id;

    RETURN _job_id;
END;
$$;

CREATE FUNCTION procrastinate_fetch_job_v2(
    target_queue_names character varying[],
    p_worker_id bigint
)
    RETURNS procrastinate_jobs
    LANGUAGE plpgsql
AS $$
DECLARE
	found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.*
            FROM procrastinate_jobs AS jobs
            WHERE
                -- reject the job if its lock has earlier or higher priority jobs
                NOT EXISTS (
                    SELECT 1
                        FROM procrastinate_jobs AS other_jobs
                        WHERE
                            jobs.lock IS NOT NULL
                            AND other_jobs.lock = jobs.lock
                            AND (
                                -- job with same lock is already running
                                other_jobs.status = 'doing'
                                OR
                                -- job with same lock is waiting and has higher priority (or same priority but was queued first)
                                (
                                    other_jobs.status = 'todo'
                                    AND (
                                        other_jobs.priority > jobs.priority
                                        OR (
                                        other_jobs.priority = jobs.priority
                                        AND other_jobs.id < jobs.id
                                        )
                                    )
                                )
                            )
                )
                AND jobs.status = 'todo'
                AND (target_queue_names IS NULL OR jobs.queue_name = ANY( target_queue_names ))
                AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs
        SET status = 'doing', worker_id = p_worker_id
        FROM candidate
        WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;

 RETURN found_jobs;
END;
$$;

CREATE FUNCTION procrastinate_finish_job_v1(job_id bigint, end_status procrastinate_job_status, delete_job boolean)
    RETURNS void
    LANGUAGE plpgsql
AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF end_status NOT IN ('succeeded', 'failed', 'aborted') THEN
        RAISE 'End status should be either "succeeded", "failed" or "aborted" (job id: %)', job_id;
    END IF;
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = end_status,
            abort_requested = false,
            attempts = CASE status
                WHEN 'doing' THEN attempts + 1 ELSE attempts
            END
        WHERE id = job_id AND status IN ('todo', 'doing')
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" or "todo" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION procrastinate_cancel_job_v1(job_id bigint, abort boolean, delete_job boolean)
    RETURNS bigint
    LANGUAGE plpgsql
AS $$
DECLARE
    _job_id bigint;
BEGIN
    IF delete_job THEN
        DELETE FROM procrastinate_jobs
        WHERE id = job_id AND status = 'todo'
        RETURNING id INTO _job_id;
    END IF;
    IF _job_id IS NULL THEN
        IF abort THEN
            UPDATE procrastinate_jobs
            SET abort_requested = true,
                status = CASE status
                    WHEN 'todo' THEN 'cancelled'::procrastinate_job_status ELSE status
                END
            WHERE id = job_id AND status IN ('todo', 'doing')
            RETURNING id INTO _job_id;
        ELSE
            UPDATE procrastinate_jobs
            SET status = 'cancelled'::procrastinate_job_status
            WHERE id = job_id AND status = 'todo'
            RETURNING id INTO _job_id;
        END IF;
    END IF;
    RETURN _job_id;
END;
$$;

CREATE FUNCTION procrastinate_retry_job_v1(
    job_id bigint,
    retry_at timestamp with time zone,
    new_priority integer,
    new_queue_name character varying,
    new_lock character varying
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
BEGIN
    SELECT abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status = 'doing'
    FOR UPDATE
    INTO _abort_requested;
    IF _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or not in "doing" status (job id: %)', job_id;
    END IF;
END;
$$;

CREATE FUNCTION procrastinate_retry_job_v2(
    job_id bigint,
    retry_at timestamp with time zone,
    new_priority integer,
    new_queue_name character varying,
    new_lock character varying
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    _job_id bigint;
    _abort_requested boolean;
    _current_status procrastinate_job_status;
BEGIN
    SELECT status, abort_requested FROM procrastinate_jobs
    WHERE id = job_id AND status IN ('doing', 'failed')
    FOR UPDATE
    INTO _current_status, _abort_requested;
    IF _current_status = 'doing' AND _abort_requested THEN
        UPDATE procrastinate_jobs
        SET status = 'failed'::procrastinate_job_status
        WHERE id = job_id AND status = 'doing'
        RETURNING id INTO _job_id;
    ELSE
        UPDATE procrastinate_jobs
        SET status = 'todo'::procrastinate_job_status,
            attempts = attempts + 1,
            scheduled_at = retry_at,
            priority = COALESCE(new_priority, priority),
            queue_name = COALESCE(new_queue_name, queue_name),
            lock = COALESCE(new_lock, lock)
        WHERE id = job_id AND status IN ('doing', 'failed')
        RETURNING id INTO _job_id;
    END IF;

    IF _job_id IS NULL THEN
        RAISE 'Job was not found or has an invalid status to retry (job id: %)', job_id;
    END IF;

END;
$$;

CREATE FUNCTION procrastinate_notify_queue_job_inserted_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'job_inserted', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION procrastinate_notify_queue_abort_job_v1()
RETURNS trigger
    LANGUAGE plpgsql
AS $$
DECLARE
    payload TEXT;
BEGIN
    SELECT json_build_object('type', 'abort_job_requested', 'job_id', NEW.id)::text INTO payload;
	PERFORM pg_notify('procrastinate_queue_v1#' || NEW.queue_name, payload);
	PERFORM pg_notify('procrastinate_any_queue_v1', payload);
	RETURN NEW;
END;
$$;

CREATE FUNCTION procrastinate_trigger_function_status_events_insert_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'deferred'::procrastinate_job_event_type);
	RETURN NEW;
END;
$$;

CREATE FUNCTION procrastinate_trigger_function_status_events_update_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    WITH t AS (
        SELECT CASE
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND NEW.status = 'doing'::procrastinate_job_status
                THEN 'started'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'deferred_for_retry'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'failed'::procrastinate_job_status
                THEN 'failed'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'succeeded'::procrastinate_job_status
                THEN 'succeeded'::procrastinate_job_event_type
            WHEN OLD.status = 'todo'::procrastinate_job_status
                AND (
                    NEW.status = 'cancelled'::procrastinate_job_status
                    OR NEW.status = 'failed'::procrastinate_job_status
                    OR NEW.status = 'succeeded'::procrastinate_job_status
                )
                THEN 'cancelled'::procrastinate_job_event_type
            WHEN OLD.status = 'doing'::procrastinate_job_status
                AND NEW.status = 'aborted'::procrastinate_job_status
                THEN 'aborted'::procrastinate_job_event_type
            WHEN OLD.status = 'failed'::procrastinate_job_status
                AND NEW.status = 'todo'::procrastinate_job_status
                THEN 'retried'::procrastinate_job_event_type
            ELSE NULL
        END as event_type
    )
    INSERT INTO procrastinate_events(job_id, type)
        SELECT NEW.id, t.event_type
        FROM t
        WHERE t.event_type IS NOT NULL;
	RETURN NEW;
END;
$$;

CREATE FUNCTION procrastinate_trigger_function_scheduled_events_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type, at)
        VALUES (NEW.id, 'scheduled'::procrastinate_job_event_type, NEW.scheduled_at);

	RETURN NEW;
END;
$$;

CREATE FUNCTION procrastinate_trigger_abort_requested_events_procedure_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO procrastinate_events(job_id, type)
        VALUES (NEW.id, 'abort_requested'::procrastinate_job_event_type);
    RETURN NEW;
END;
$$;

CREATE FUNCTION procrastinate_unlink_periodic_defers_v1()
    RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE procrastinate_periodic_defers
    SET job_id = NULL
    WHERE job_id = OLD.id;
    RETURN OLD;
END;
$$;

CREATE FUNCTION procrastinate_register_worker_v1()
    RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN QUERY
    INSERT INTO procrastinate_workers DEFAULT VALUES
    RETURNING procrastinate_workers.id;
END;
$$;

CREATE FUNCTION procrastinate_unregister_worker_v1(worker_id bigint)
    RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM procrastinate_workers
    WHERE id = worker_id;
END;
$$;

CREATE FUNCTION procrastinate_update_heartbeat_v1(worker_id bigint)
    RETURNS void
    LANGUAGE plpgsql
AS $$
BEGIN
    UPDATE procrastinate_workers
    SET last_heartbeat = NOW()
    WHERE id = worker_id;
END;
$$;

CREATE FUNCTION procrastinate_prune_stalled_workers_v1(seconds_since_heartbeat float)
    RETURNS TABLE(worker_id bigint)
    LANGUAGE plpgsql
AS $$
BEGIN
    RETURN QUERY
    DELETE FROM procrastinate_workers
    WHERE last_heartbeat < NOW() - (seconds_since_heartbeat || 'SECOND')::INTERVAL
    RETURNING procrastinate_workers.id;
END;
$$;

-- Triggers

CREATE TRIGGER procrastinate_jobs_notify_queue_job_inserted_v1
    AFTER INSERT ON procrastinate_jobs
    FOR EACH ROW WHEN ((new.status = 'todo'::procrastinate_job_status))
    EXECUTE PROCEDURE procrastinate_notify_queue_job_inserted_v1();

CREATE TRIGGER procrastinate_jobs_notify_queue_job_aborted_v1
    AFTER UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW WHEN ((old.abort_requested = false AND new.abort_requested = true AND new.status = 'doing'::procrastinate_job_status))
    EXECUTE PROCEDURE procrastinate_notify_queue_abort_job_v1();

CREATE TRIGGER procrastinate_trigger_status_events_update_v1
    AFTER UPDATE OF status ON procrastinate_jobs
    FOR EACH ROW
    EXECUTE PROCEDURE procrastinate_trigger_function_status_events_update_v1();

CREATE TRIGGER procrastinate_trigger_status_events_insert_v1
    AFTER INSERT ON procrastinate_jobs
    FOR EACH ROW WHEN ((new.status = 'todo'::procrastinate_job_status))
    EXECUTE PROCEDURE procrastinate_trigger_function_status_events_insert_v1();

CREATE TRIGGER procrastinate_trigger_scheduled_events_v1
    AFTER UPDATE OR INSERT ON procrastinate_jobs
    FOR EACH ROW WHEN ((new.scheduled_at IS NOT NULL AND new.status = 'todo'::procrastinate_job_status))
    EXECUTE PROCEDURE procrastinate_trigger_function_scheduled_events_v1();

CREATE TRIGGER procrastinate_trigger_abort_requested_events_v1
    AFTER UPDATE OF abort_requested ON procrastinate_jobs
    FOR EACH ROW WHEN ((new.abort_requested = true))
    EXECUTE PROCEDURE procrastinate_trigger_abort_requested_events_procedure_v1();

CREATE TRIGGER procrastinate_trigger_delete_jobs_v1
    BEFORE DELETE ON procrastinate_jobs
    FOR EACH ROW EXECUTE PROCEDURE procrastinate_unlink_periodic_defers_v1();

-- A worker takes the oldest waiting job of a queue, however many wait in others; see jobs/fair_queues.py.
CREATE INDEX job_waiting ON procrastinate_jobs (queue_name, attempts, id) WHERE status = 'todo';
