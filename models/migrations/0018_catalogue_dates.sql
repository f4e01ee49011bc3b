-- Since when, and until when, an entry of a catalogue is offered; and how files that hold an ended code get its
-- successors.

ALTER TABLE catalogue_entry
    ADD COLUMN starts_on date,
    ADD COLUMN ends_on date,
    ADD CONSTRAINT catalogue_entry_lasts CHECK (starts_on < ends_on);

CREATE TABLE catalogue_mapping (
    id uuid PRIMARY KEY,
    pool varchar(32) NOT NULL,
    kind varchar(20) NOT NULL,
    code varchar(32) NOT NULL,
    successors text[] NOT NULL,
    reason varchar(200) NOT NULL,
    at timestamptz NOT NULL,
    actor_id uuid NOT NULL,
    reached uuid,
    files int NOT NULL,
    done_at timestamptz,
    CONSTRAINT catalogue_mapping_somewhere CHECK (cardinality(successors) > 0 AND NOT code = ANY (successors))
);
COMMENT ON TABLE catalogue_mapping IS
    'An ended code''s successors, written into the files that hold it: ``files`` so far, up to the expert ``reached``.';
CREATE INDEX catalogue_mapping_code ON catalogue_mapping (pool, kind, code);
