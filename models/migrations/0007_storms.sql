-- A worker takes the oldest waiting job of a queue, however many wait in others; see jobs/fair_queues.py.
CREATE INDEX job_waiting ON procrastinate_jobs (queue_name, attempts, id) WHERE status = 'todo';
UPDATE procrastinate_jobs SET queue_name = CASE task_name
    WHEN 'chat.late' THEN 'chat'
    WHEN 'receipts.apply' THEN 'receipts'
    WHEN 'payments.picture' THEN 'pictures'
    WHEN 'deadlines.run' THEN 'deadlines'
    ELSE 'draws' END
WHERE queue_name = 'default';
-- What is due is found by the tick.
DELETE FROM procrastinate_jobs WHERE task_name = 'notices.deliver' AND status = 'todo';

-- Notices to one person overtake those to thousands.
DROP INDEX notice_due;
CREATE INDEX notice_due ON notice (bulk, next_at) WHERE state = 'active' AND next_at IS NOT NULL;
DROP INDEX attempt_due;
CREATE INDEX attempt_due ON attempt (bulk, due_at) WHERE state = 'pending';
