-- A notice that was added after the removal of an earlier one had the number of another: it takes the next free one.
WITH numbered AS (
  SELECT id, draw_id, position, row_number() OVER (PARTITION BY draw_id, position ORDER BY id) AS nth,
    max(position) OVER (PARTITION BY draw_id) AS highest FROM call_notice),
doubled AS (
  SELECT id, highest + row_number() OVER (PARTITION BY draw_id ORDER BY position, id) AS free FROM numbered WHERE nth > 1)
UPDATE call_notice n SET position = doubled.free FROM doubled WHERE doubled.id = n.id;
CREATE UNIQUE INDEX call_notice_position ON call_notice (draw_id, position);
DROP INDEX call_notice_draw;
