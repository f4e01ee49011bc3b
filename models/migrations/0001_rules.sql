-- Rules that stand in the database: counters, exclusions, append-only tables, and indexes that Tortoise can't spell.
-- Part of 0001_initial.

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE SEQUENCE attempt_number START 100001;
CREATE SEQUENCE menu_number START 70001 INCREMENT 2;
CREATE SEQUENCE application_number START 1;
CREATE SEQUENCE expert_number START 100001;

-- accounts and experts
ALTER TABLE account ADD CONSTRAINT account_registered CHECK ((registered_at IS NULL) = (id_number_hash IS NULL));
ALTER TABLE account ADD CONSTRAINT account_person_check
    CHECK (person_check IN ('', 'matched', 'on_file', 'waiting', 'no_record', 'differs')
        AND (person_check_at IS NOT NULL) = (person_check = 'waiting'));
CREATE INDEX account_person_check ON account (person_check_at) WHERE person_check_at IS NOT NULL;
ALTER TABLE expert ADD CONSTRAINT expert_left CHECK (left_at IS NULL OR NOT active);
CREATE INDEX expert_specialty ON expert USING gin (specialty_path) WITH (fastupdate = off);
CREATE INDEX expert_region ON expert USING gin (region_path) WITH (fastupdate = off);
CREATE INDEX expert_willing ON expert USING gin (willing_regions) WITH (fastupdate = off);
CREATE INDEX expert_recusal ON expert USING gin (recusal_keys) WITH (fastupdate = off);
CREATE INDEX expert_term ON expert (term_until) WHERE term_until IS NOT NULL AND left_at IS NULL;
CREATE INDEX employment_unit ON employment USING gin (unit_keys) WITH (fastupdate = off);
ALTER TABLE unavailability ADD CONSTRAINT unavailability_order CHECK (starts_at < ends_at);

-- draws
ALTER TABLE draw ADD CONSTRAINT draw_times CHECK (opening_at < starts_at AND starts_at < ends_at);
ALTER TABLE draw ADD CONSTRAINT draw_needed CHECK (needed > 0);
CREATE INDEX draw_unsealing ON draw (starts_at) WHERE unsealed_notice_at IS NULL;
ALTER TABLE draw_condition ADD CONSTRAINT condition_counters
    CHECK (open >= 0 AND accepted >= 0 AND open + accepted <= needed);
CREATE UNIQUE INDEX draw_lot_live ON draw_lot (lot_id) WHERE live AND lot_id IS NOT NULL;
CREATE UNIQUE INDEX draw_lot_live_project ON draw_lot (project_id) WHERE live AND lot_id IS NULL;
CREATE UNIQUE INDEX draw_application_open ON draw_application (draw_id) WHERE state = 'submitted';
CREATE UNIQUE INDEX draw_round_open ON draw_round (draw_id) WHERE aborted_at IS NULL AND seed = '';
CREATE INDEX draw_round_start_by ON draw_round (start_by) WHERE start_by IS NOT NULL;
CREATE INDEX draw_supervisor_mobile ON draw_supervisor (mobile_hash);
ALTER TABLE draw_supervisor ADD CONSTRAINT draw_supervisor_entry
    FOREIGN KEY (entry_id) REFERENCES supervisor_entry (id) ON DELETE RESTRICT;
CREATE UNIQUE INDEX supervisor_entry_active ON supervisor_entry (pool, mobile_hash) WHERE active_until IS NULL;
ALTER TABLE supervisor_entry ADD CONSTRAINT supervisor_entry_order
    CHECK (active_until IS NULL OR active_from <= active_until);
ALTER TABLE list_snapshot ADD CONSTRAINT list_snapshot_list
    FOREIGN KEY (list_id) REFERENCES candidate_list (id) ON DELETE RESTRICT;
ALTER TABLE usage_count ADD CONSTRAINT usage_count_used CHECK (used >= 0);

-- invitations; the exclusion keeps an expert from two panels at a time
ALTER TABLE invitation ADD CONSTRAINT invitation_order CHECK (starts_at < ends_at);
ALTER TABLE invitation ADD CONSTRAINT invitation_state CHECK (state IN
    ('open', 'accepted', 'declined', 'silent', 'left', 'absent', 'recused', 'released', 'cancelled'));
ALTER TABLE invitation ADD CONSTRAINT invitation_no_overlap EXCLUDE USING gist
    (expert_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (state IN ('open', 'accepted'));
CREATE INDEX invitation_reminder ON invitation (next_reminder_at) WHERE next_reminder_at IS NOT NULL;
CREATE UNIQUE INDEX absence_open ON absence (invitation_id) WHERE handled_at IS NULL;
ALTER TABLE discard_request ADD CONSTRAINT discard_request_kind CHECK (kind IN ('leave', 'recusal'));
ALTER TABLE discard_request ADD CONSTRAINT discard_request_state
    CHECK (state IN ('open', 'confirmed', 'refused', 'lapsed', 'void')
        AND (decided_at IS NULL) = (state = 'open') AND decided_by_id IS DISTINCT FROM asked_by_id);
CREATE UNIQUE INDEX discard_request_open ON discard_request (invitation_id, kind) WHERE state = 'open';
-- one phone lets one person in
CREATE UNIQUE INDEX attendance_device ON attendance (draw_id, device) WHERE direction = 'in' AND device <> '';

-- notices and delivery reports
CREATE INDEX notice_due ON notice (next_at) WHERE state = 'active' AND next_at IS NOT NULL;
CREATE INDEX attempt_due ON attempt (due_at) WHERE state = 'pending';
CREATE INDEX attempt_check ON attempt (check_at) WHERE check_at IS NOT NULL;
CREATE UNIQUE INDEX attempt_out_id ON attempt (out_id) WHERE out_id <> '';
CREATE INDEX receipt_waiting ON receipt (received_at) WHERE applied_at IS NULL;
ALTER TABLE row_failure ADD CONSTRAINT row_failure_counts CHECK (failures > 0);

-- applications, campaigns, units
CREATE UNIQUE INDEX application_live ON application (account_id) WHERE ended_at IS NULL;
CREATE INDEX application_region ON application USING gin (region_path) WITH (fastupdate = off);
CREATE INDEX application_list ON application (pool, submitted_at DESC, id DESC);
CREATE INDEX application_name ON application USING gin (name gin_trgm_ops) WITH (fastupdate = off);
ALTER TABLE application ADD CONSTRAINT application_state CHECK (state IN ('draft', 'locked', 'reviewing', 'sent_back',
    'correcting', 'notice', 'fee', 'exam', 'entered', 'refused', 'cancelled', 'terminated'));
ALTER TABLE application ADD CONSTRAINT application_ended
    CHECK ((ended_at IS NOT NULL) = (state IN ('entered', 'refused', 'cancelled', 'terminated')));
ALTER TABLE application_specialty ADD CONSTRAINT application_specialty_admitted
    CHECK (admitted IS NULL OR choice = 'alternative');
CREATE INDEX employer_name ON employer USING gin (name gin_trgm_ops) WITH (fastupdate = off);
CREATE UNIQUE INDEX employer_code ON employer (pool, credit_code) WHERE credit_code <> '' AND retired_at IS NULL;
CREATE UNIQUE INDEX employer_request_open ON employer_request (account_id, name) WHERE state = 'open';
ALTER TABLE employer_import ADD CONSTRAINT employer_import_done CHECK ((done_at IS NOT NULL) = (state = 'done'));
ALTER TABLE campaign ADD CONSTRAINT campaign_windows CHECK (enrol_from < enrol_until
    AND (review_from IS NULL OR review_until IS NULL OR review_from < review_until)
    AND (pay_from IS NULL OR pay_until IS NULL OR pay_from < pay_until));

-- reviews; a step keeps its code when others are put before it
CREATE INDEX review_task_queue ON review_task (pool, step_code, opened_at) WHERE state = 'open';
CREATE UNIQUE INDEX review_task_open ON review_task (application_id, step_code, specialty) WHERE state = 'open';
ALTER TABLE review_task ADD CONSTRAINT review_task_decided
    CHECK ((decided_at IS NULL) = (state = 'open'));
CREATE UNIQUE INDEX objection_open ON objection (application_id, account_id) WHERE state = 'open';

-- money; pay_order_counts makes a fee count once, whatever callbacks do: a second paid order must be surplus
ALTER TABLE fee ADD CONSTRAINT fee_amount CHECK (amount > 0);
ALTER TABLE fee ADD CONSTRAINT fee_paid CHECK ((paid_at IS NOT NULL) = (state IN ('paid', 'refunded')));
CREATE INDEX fee_opening ON fee (opens_at) WHERE state = 'due' AND told_at IS NULL;
CREATE UNIQUE INDEX fee_live ON fee (application_id, kind) WHERE state IN ('due', 'paid');
ALTER TABLE pay_order ADD CONSTRAINT pay_order_amount CHECK (amount > 0 AND refunded >= 0 AND refunded <= amount);
ALTER TABLE pay_order ADD CONSTRAINT pay_order_paid
    CHECK ((transaction_id IS NOT NULL) = (state IN ('paid', 'refunded')));
CREATE UNIQUE INDEX pay_order_counts ON pay_order (fee_id) WHERE state IN ('paid', 'refunded') AND NOT surplus;
CREATE UNIQUE INDEX pay_order_open ON pay_order (fee_id, trade, openid) WHERE state IN ('new', 'open');
CREATE INDEX pay_order_check ON pay_order (check_at) WHERE check_at IS NOT NULL;
ALTER TABLE refund ADD CONSTRAINT refund_amount CHECK (amount > 0);
ALTER TABLE refund ADD CONSTRAINT refund_after CHECK (after IN ('keep', 'end', 'again'));
CREATE INDEX refund_check ON refund (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX invoice_check ON invoice (check_at) WHERE check_at IS NOT NULL;
CREATE UNIQUE INDEX invoice_live ON invoice (fee_id) WHERE state <> 'reversed';
ALTER TABLE invoice ADD CONSTRAINT invoice_reversed CHECK (reversed_at IS NULL OR state = 'reversed');
CREATE INDEX bill_check ON bill (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX pay_event_waiting ON pay_event (received_at) WHERE applied_at IS NULL;
CREATE INDEX pay_event_alarm ON pay_event (pool, received_at) WHERE outcome IN ('mismatch', 'unknown_order',
    'other_transaction', 'refunded_there', 'unknown_refund', 'closed_but_done');
ALTER TABLE pay_event ADD CONSTRAINT pay_event_closed CHECK ((closed_at IS NOT NULL) = (resolution <> ''));

-- files are looked up by their name in the store: before one is deleted, and to find those that no row names
CREATE INDEX attachment_key ON attachment (key);
CREATE INDEX printed_form_key ON printed_form (key);
CREATE INDEX invoice_key ON invoice (key);
CREATE UNIQUE INDEX material_key ON material (key);
ALTER TABLE material ADD CONSTRAINT material_audience CHECK (audience IN ('everybody', 'applicants'));
ALTER TABLE material ADD CONSTRAINT material_shown CHECK (shown_until IS NULL OR shown_from < shown_until);

-- append-only tables
CREATE INDEX audit_unsealed ON audit_entry (pool, at, id) WHERE number IS NULL;
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
