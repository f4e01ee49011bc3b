-- Every answer as a device sent it. ``mask`` counts options as they were shown; ``timing``: 0 in time, 1 within the
-- grace, 2 later (evidence only). The key makes a repeated event free.
CREATE TABLE exam_answer_event (
    attempt_id UUID NOT NULL REFERENCES exam_attempt (id) ON DELETE CASCADE,
    device SMALLINT NOT NULL,
    seq INT NOT NULL,
    slot SMALLINT NOT NULL CHECK (slot >= 0),
    mask INT NOT NULL DEFAULT 0 CHECK (mask >= 0),
    text TEXT CHECK (length(text) <= 4000),
    client_at TIMESTAMPTZ,
    received_at TIMESTAMPTZ NOT NULL,
    timing SMALLINT NOT NULL DEFAULT 0 CHECK (timing BETWEEN 0 AND 2),
    PRIMARY KEY (attempt_id, device, seq)
);

-- The answers of a sealed attempt. ``mask`` counts options in canonical order; ``marks`` are tenths, NULL until marked.
CREATE TABLE exam_answer (
    attempt_id UUID NOT NULL REFERENCES exam_attempt (id) ON DELETE CASCADE,
    slot SMALLINT NOT NULL CHECK (slot >= 0),
    version_id UUID NOT NULL,
    mask INT NOT NULL DEFAULT 0 CHECK (mask >= 0),
    text TEXT,
    marks INT CHECK (marks >= 0),
    late BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (attempt_id, slot)
);
CREATE INDEX exam_answer_version ON exam_answer (version_id);

ALTER TABLE exam_item
    ADD CHECK (kind IN ('single', 'multiple', 'true_false', 'short', 'case')),
    ADD CHECK (difficulty BETWEEN 1 AND 5),
    ADD CHECK (group_id IS NULL OR kind <> 'case');
ALTER TABLE exam
    ADD CHECK (purpose IN ('entry', 'campaign', 'single', 'mock')),
    ADD CHECK (state IN ('draft', 'published', 'closed', 'cancelled')),
    ADD CHECK (opens_at < closes_at),
    ADD CHECK (state IN ('draft', 'cancelled') OR published_at IS NOT NULL);
ALTER TABLE exam_sitting
    ADD CHECK (starts_at < ends_at),
    ADD CHECK (booked >= 0 AND (capacity IS NULL OR booked <= capacity));
ALTER TABLE exam_candidate
    ADD CHECK (state IN ('called', 'passed', 'failed', 'left')),
    ADD CHECK (extra_minutes >= 0 AND extra_tries >= 0);
ALTER TABLE exam_attempt
    ADD CHECK (state IN ('ready', 'running', 'sealed', 'graded', 'released', 'void')),
    ADD CHECK (cardinality(versions) = cardinality(orders) AND cardinality(versions) = cardinality(marks)),
    ADD CHECK (state = 'ready' OR state = 'void' OR (started_at IS NOT NULL AND started_at < deadline AND deadline <= grace_until)),
    ADD CHECK (state NOT IN ('graded', 'released') OR (score IS NOT NULL AND passed IS NOT NULL)),
    ADD CHECK (score IS NULL OR score BETWEEN 0 AND total);
-- One attempt of a candidate is open at a time.
CREATE UNIQUE INDEX exam_attempt_open ON exam_attempt (candidate_id) WHERE state IN ('ready', 'running', 'sealed');
-- What the clock seals next.
CREATE INDEX exam_attempt_running ON exam_attempt (grace_until) WHERE state = 'running';
