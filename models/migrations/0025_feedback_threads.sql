-- Feedback and complaints become threads: messages both ways, a subject, who has it, and until when an answer is due.
-- And when an expert reminded the agency of a remuneration that has not arrived.

CREATE SEQUENCE feedback_number START 1001;

CREATE TABLE feedback_message (
    id uuid PRIMARY KEY,
    feedback_id uuid NOT NULL REFERENCES feedback (id) ON DELETE RESTRICT,
    at timestamptz NOT NULL,
    office_id uuid,
    text varchar(1000) NOT NULL,
    text_sealed text NOT NULL
);
COMMENT ON TABLE feedback_message IS
    'A message of a thread with the office: the person''s in ``text_sealed``, that of ``office_id`` in ``text``.';
CREATE INDEX feedback_message_thread ON feedback_message (feedback_id, at);

INSERT INTO feedback_message (id, feedback_id, at, text, text_sealed)
    SELECT gen_random_uuid(), id, created_at, '', text_sealed FROM feedback;
INSERT INTO feedback_message (id, feedback_id, at, office_id, text, text_sealed)
    SELECT gen_random_uuid(), id, coalesce(answered_at, created_at), coalesce(answered_by, account_id), answer, ''
      FROM feedback WHERE answer <> '';

ALTER TABLE feedback
    ADD COLUMN number bigint,
    ADD COLUMN subject varchar(12) NOT NULL DEFAULT 'advice',
    ADD COLUMN holder_id uuid,
    ADD COLUMN due_at timestamptz,
    ADD COLUMN closes_at timestamptz,
    ADD COLUMN closed_at timestamptz,
    ADD COLUMN closed_by varchar(8) NOT NULL DEFAULT '';
ALTER TABLE feedback ALTER COLUMN subject DROP DEFAULT, ALTER COLUMN closed_by DROP DEFAULT;
UPDATE feedback f SET number = ordered.number
    FROM (SELECT id, nextval('feedback_number') AS number FROM (SELECT id FROM feedback ORDER BY created_at, id) o) ordered
    WHERE ordered.id = f.id;
UPDATE feedback SET holder_id = answered_by,
    due_at = CASE WHEN state = 'open' THEN created_at + interval '7 days' END,
    closes_at = CASE WHEN state = 'answered' THEN coalesce(answered_at, created_at) + interval '15 days' END;

DROP INDEX idx_feedback_pool_2d80d4;
DROP INDEX idx_feedback_account_2097cf;
ALTER TABLE feedback
    DROP COLUMN text_sealed,
    DROP COLUMN answer,
    DROP COLUMN answered_at,
    DROP COLUMN answered_by,
    ALTER COLUMN number SET NOT NULL,
    ADD CONSTRAINT feedback_number_once UNIQUE (number),
    ADD CONSTRAINT feedback_states CHECK (state IN ('open', 'answered', 'closed')),
    ADD CONSTRAINT feedback_due CHECK ((state = 'open') = (due_at IS NOT NULL)),
    ADD CONSTRAINT feedback_closes CHECK ((state = 'answered') = (closes_at IS NOT NULL)),
    ADD CONSTRAINT feedback_closed CHECK ((state = 'closed') = (closed_at IS NOT NULL));
COMMENT ON TABLE feedback IS 'A thread between a person and the office (投诉, 意见反馈).';
CREATE INDEX feedback_listed ON feedback (pool, state, due_at);
CREATE INDEX feedback_own ON feedback (account_id, created_at);
CREATE INDEX feedback_closing ON feedback (state, closes_at);

ALTER TABLE remuneration ADD COLUMN reminded_at timestamptz;
