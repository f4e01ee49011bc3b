ALTER TABLE certificate
    ADD CHECK (kind IN ('exam', 'course')),
    ADD CHECK (state IN ('valid', 'replaced', 'revoked')),
    ADD CHECK ((state = 'valid') = (ended_at IS NULL));
-- One valid certificate for what it proves.
CREATE UNIQUE INDEX certificate_source ON certificate (kind, source_id) WHERE state = 'valid';
