-- When each earlier device of an attempt was replaced, and the take-overs that the office permits in addition.
ALTER TABLE exam_attempt ADD COLUMN replaced_at timestamptz[] NOT NULL DEFAULT '{}';
ALTER TABLE exam_attempt ALTER COLUMN replaced_at DROP DEFAULT;
ALTER TABLE exam_candidate ADD COLUMN extra_devices smallint NOT NULL DEFAULT 0;
ALTER TABLE exam_candidate ALTER COLUMN extra_devices DROP DEFAULT;
-- The code of a lecture changes while it is shown, and is computed.
ALTER TABLE course_item DROP COLUMN code_sealed;
-- Published examinations and courses keep a copy of their rules, which gets the keys of this release.
UPDATE exam SET rules = rules || '{"devices_max": 10, "partial_share": 25}' WHERE rules ? 'length';
UPDATE course SET rules = rules || '{"lecture_code_valid": "1m"}' WHERE rules ? 'offered';
