-- A review of a result (成绩复核) may mark a short answer again, and compares the score with that of which was complained.

ALTER TABLE exam_marking ADD COLUMN on_appeal boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN exam_marking.on_appeal IS
  'Given by who reviewed the result. It replaces what the markers gave.';
ALTER TABLE exam_appeal ADD COLUMN score int, ADD COLUMN total int;
COMMENT ON COLUMN exam_appeal.score IS
  'The score, in tenths, when the review was asked for; null where that was before this column.';
COMMENT ON COLUMN exam_appeal.total IS 'What could be had then, in tenths.';
UPDATE exam_appeal p SET score = t.score, total = t.total FROM exam_attempt t WHERE t.id = p.attempt_id AND p.state = 'open';
