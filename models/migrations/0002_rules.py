"""Rules that stand in the database: counters, exclusions, append-only tables, and indexes that Tortoise can't spell."""

from tortoise import migrations
from tortoise.migrations import operations as ops

SQL = """
CREATE EXTENSION IF NOT EXISTS btree_gist;

CREATE SEQUENCE attempt_number START 100001;
CREATE SEQUENCE menu_number START 70001 INCREMENT 2;

ALTER TABLE draw_condition ADD CONSTRAINT condition_counters
    CHECK (open >= 0 AND accepted >= 0 AND open + accepted <= needed);
ALTER TABLE draw ADD CONSTRAINT draw_times CHECK (opening_at < starts_at AND starts_at < ends_at);
ALTER TABLE draw ADD CONSTRAINT draw_needed CHECK (needed > 0);
ALTER TABLE unavailability ADD CONSTRAINT unavailability_order CHECK (starts_at < ends_at);
ALTER TABLE invitation ADD CONSTRAINT invitation_order CHECK (starts_at < ends_at);
ALTER TABLE invitation ADD CONSTRAINT invitation_state CHECK (state IN
    ('open', 'accepted', 'declined', 'silent', 'left', 'absent', 'recused', 'released', 'cancelled'));
ALTER TABLE invitation ADD CONSTRAINT invitation_no_overlap EXCLUDE USING gist
    (expert_id WITH =, tstzrange(starts_at, ends_at) WITH &&) WHERE (state IN ('open', 'accepted'));

CREATE UNIQUE INDEX draw_lot_live ON draw_lot (lot_id) WHERE live AND lot_id IS NOT NULL;
CREATE UNIQUE INDEX draw_lot_live_project ON draw_lot (project_id) WHERE live AND lot_id IS NULL;
CREATE UNIQUE INDEX draw_application_open ON draw_application (draw_id) WHERE state = 'submitted';
CREATE UNIQUE INDEX draw_round_open ON draw_round (draw_id) WHERE aborted_at IS NULL AND seed = '';
CREATE UNIQUE INDEX absence_open ON absence (invitation_id) WHERE handled_at IS NULL;

CREATE INDEX expert_specialty ON expert USING gin (specialty_path) WITH (fastupdate = off);
CREATE INDEX expert_region ON expert USING gin (region_path) WITH (fastupdate = off);
CREATE INDEX expert_willing ON expert USING gin (willing_regions) WITH (fastupdate = off);
CREATE INDEX expert_recusal ON expert USING gin (recusal_keys) WITH (fastupdate = off);
CREATE INDEX employment_unit ON employment USING gin (unit_keys) WITH (fastupdate = off);

CREATE INDEX notice_due ON notice (next_at) WHERE state = 'active' AND next_at IS NOT NULL;
CREATE INDEX attempt_due ON attempt (due_at) WHERE state = 'pending';
CREATE INDEX attempt_check ON attempt (check_at) WHERE check_at IS NOT NULL;
CREATE INDEX invitation_reminder ON invitation (next_reminder_at) WHERE next_reminder_at IS NOT NULL;
CREATE INDEX draw_unsealing ON draw (starts_at) WHERE unsealed_notice_at IS NULL;
CREATE INDEX draw_supervisor_mobile ON draw_supervisor (mobile_hash);
CREATE INDEX audit_unsealed ON audit_entry (pool, at, id) WHERE number IS NULL;
CREATE INDEX receipt_waiting ON receipt (received_at) WHERE applied_at IS NULL;

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
"""


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunSQL(SQL)]
