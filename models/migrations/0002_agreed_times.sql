-- A time that was moved after an expert agreed is only proposed to him: what he agreed to stays his until he agrees to
-- another (services/draws/attendance/time_changes.py).

ALTER TABLE invitation
    ADD COLUMN proposed_gathering_at timestamptz,
    ADD COLUMN proposed_start_at timestamptz,
    ADD COLUMN proposed_since timestamptz,
    ADD CONSTRAINT invitation_proposal CHECK
        ((proposed_since IS NULL) = (proposed_gathering_at IS NULL AND proposed_start_at IS NULL)),
    ADD CONSTRAINT invitation_proposes_another CHECK (proposed_gathering_at <> gathering_at);
