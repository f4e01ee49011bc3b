"""SQL of ``benchmarks.storm``: makes rows of the filled database due, and counts those not done yet."""

from __future__ import annotations

LET_EXPIRE = """
WITH picked AS (
    SELECT d.id FROM draw d WHERE d.state = 'ended' ORDER BY d.starts_at
    LIMIT 1 + $1 / (SELECT GREATEST(1, count(*) / GREATEST(1, count(DISTINCT draw_id))) FROM invitation)),
calls AS (
    UPDATE invitation i SET state = 'open', closed_at = NULL, answered_at = NULL, answered_by = '', answer_until = $2,
        starts_at = starts_at + interval '900 days', ends_at = ends_at + interval '900 days',
        gathering_at = gathering_at + interval '900 days'
    FROM picked WHERE i.draw_id = picked.id RETURNING i.id, i.draw_id, i.expert_id),
terms AS (UPDATE expert e SET term_until = NULL FROM calls WHERE e.id = calls.expert_id RETURNING e.id),
counted AS (SELECT draw_id, count(*)::int AS open FROM calls GROUP BY draw_id),
places AS (
    UPDATE draw_condition c SET open = n.open, accepted = 0, needed = n.open, planned = n.open
    FROM counted n WHERE c.draw_id = n.draw_id RETURNING c.id),
notices AS (
    UPDATE call_notice k SET gathering_at = gathering_at + interval '900 days'
    FROM counted n WHERE k.draw_id = n.draw_id RETURNING k.id),
draws AS (
    UPDATE draw d SET state = 'drawing', ended_at = NULL, finished_at = NULL, unsealed_notice_at = NULL,
        starts_at = starts_at + interval '900 days', ends_at = ends_at + interval '900 days',
        gathering_first = gathering_first + interval '900 days'
    FROM counted n WHERE d.id = n.draw_id RETURNING d.id)
SELECT id FROM calls
"""
"""Draws of two years ago call again, years ahead: ``$1`` invitations or a few more have until ``$2`` to be answered."""

LET_FEES_OPEN = """
WITH due AS (
    UPDATE fee SET notified_at = NULL, opens_at = $2 WHERE state = 'due' RETURNING id),
more AS (
    SELECT a.id, a.pool, a.account_id, a.number FROM application a WHERE a.state IN ('reviewing', 'notice')
    ORDER BY a.id LIMIT GREATEST($1 - (SELECT count(*) FROM fee WHERE state = 'due'), 0)),
passed AS (
    UPDATE application a SET state = 'fee', step = -1, approved_at = now(), expert_number = 'B' || right(a.number, 7)
    FROM more WHERE a.id = more.id RETURNING a.id),
dropped AS (
    UPDATE review_task t SET state = 'void', decided_at = now() FROM more
    WHERE t.application_id = more.id AND t.state = 'open' RETURNING t.id),
made AS (
    INSERT INTO fee (id, pool, kind, application_id, account_id, expert_number, amount, opens_at, state, created_at)
    SELECT gen_random_uuid(), pool, 'training', id, account_id, 'B' || right(number, 7), 100, $2, 'due', now() FROM more
    RETURNING id)
SELECT id FROM due UNION ALL SELECT id FROM made
"""
"""All fees that are due open at ``$2``, and new ones of applicants who have just passed, ``$1`` together."""

START = "UPDATE draw_round SET start_by = $2 WHERE draw_id = ANY($1::uuid[])"
SOMEBODY = """
SELECT a.id FROM account a JOIN expert e ON e.account_id = a.id WHERE a.pool = 'demo' AND e.number LIKE 'S%'
ORDER BY a.id LIMIT $1
"""
LEFT = {
    "expiries": "SELECT count(*) FROM invitation WHERE id = ANY($1::uuid[]) AND state = 'open'",
    "fees opened": "SELECT count(*) FROM fee WHERE id = ANY($1::uuid[]) AND notified_at IS NULL",
    "draws called": """
        SELECT count(*) FROM draw d WHERE d.id = ANY($1::uuid[]) AND (d.state = 'committing' OR EXISTS (
            SELECT 1 FROM draw_condition c WHERE c.draw_id = d.id AND c.open + c.accepted <> c.needed))""",
    "notices sent": """
        SELECT cardinality($1::uuid[]) - count(*) FROM notice n WHERE n.account_id = ANY($1::uuid[])
        AND n.dedupe_key LIKE 'storm:%' AND EXISTS (
            SELECT 1 FROM attempt t WHERE t.notice_id = n.id AND t.state IN ('sent', 'delivered'))""",
}
"""How many of these rows still wait, by kind."""
CALLED = """
SELECT extract(epoch FROM created_at - $2)::float AS late FROM invitation WHERE draw_id = ANY($1::uuid[])
"""
NOT_FULL = "SELECT count(*) FROM draw WHERE id = ANY($1::uuid[]) AND finished_at IS NULL"
ENDED = """
SELECT d.state, count(i.id)::int AS called, (count(i.id) FILTER (WHERE i.state = 'accepted'))::int AS accepted,
    (SELECT max(GREATEST(n.agreed - c.needed, 0)) FROM draw_condition c CROSS JOIN LATERAL (
        SELECT count(*) AS agreed FROM invitation a WHERE a.condition_id = c.id AND a.state IN ('open', 'accepted')) n
        WHERE c.draw_id = d.id)::int AS surplus,
    extract(epoch FROM coalesce(d.finished_at, now()) - $2)::float AS took
FROM draw d LEFT JOIN invitation i ON i.draw_id = d.id WHERE d.id = ANY($1::uuid[]) GROUP BY d.id ORDER BY d.number
"""
"""How the draws ``$1`` ended that were started at ``$2``; ``surplus``: so many hold a place beyond what is needed."""
NEXT_CALLS = """
WITH freed AS (
    SELECT draw_id, closed_at, row_number() OVER (PARTITION BY draw_id ORDER BY closed_at) AS place
    FROM invitation WHERE draw_id = ANY($2::uuid[]) AND closed_at >= $1),
called AS (
    SELECT draw_id, created_at, row_number() OVER (PARTITION BY draw_id ORDER BY created_at) AS place
    FROM invitation WHERE draw_id = ANY($2::uuid[]) AND created_at >= $1)
SELECT extract(epoch FROM coalesce(c.created_at, now()) - f.closed_at)::float AS late
FROM freed f LEFT JOIN called c ON c.draw_id = f.draw_id AND c.place = f.place
"""
"""In the draws ``$2``, the nth place that became free since ``$1`` is taken by the nth call since then."""
GIVE_TIME = "UPDATE invitation SET answer_until = now() + interval '1 hour' WHERE draw_id = ANY($1::uuid[])"
PUT_OFF = """
WITH calls AS (
    UPDATE invitation SET answer_until = answer_until + interval '900 days' WHERE id = ANY($1::uuid[]) RETURNING id)
UPDATE fee SET opens_at = opens_at + interval '900 days' WHERE id = ANY($2::uuid[]) AND notified_at IS NULL
"""
"""Postpones the rows that a storm left, so that the next one starts without them."""
