-- The expert's file: every change of it that took effect. What experts and employments hold follows from these.

CREATE TABLE expert_file_change (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    source varchar(12) NOT NULL,
    source_id uuid,
    actor_id uuid,
    values_sealed text NOT NULL,
    expert_id uuid NOT NULL REFERENCES expert (id) ON DELETE RESTRICT
);
COMMENT ON TABLE expert_file_change IS
    'A change of an expert''s file that took effect; never edited. ``domain.experts.file`` adds them up.';
CREATE INDEX expert_file_change_expert ON expert_file_change (expert_id, at, id);
CREATE TRIGGER expert_file_append_only BEFORE UPDATE OR DELETE ON expert_file_change
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
