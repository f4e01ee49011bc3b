"""Statements on events. Their times are the database's own, never the movable clock's."""

from __future__ import annotations

from datetime import timedelta

EVENT_TTL = timedelta(days=30)
"""How long an event can be read and repeated."""
LEASE = timedelta(minutes=5)
"""How long a job may wait and take before another one posts its events."""
AT_ONCE = 4
"""Events of one client that are posted at once, so that a slow receiver occupies no worker."""

DUE = "EXISTS (SELECT 1 FROM integration_event WHERE next_at <= clock_timestamp())"
CLAIM = f"""
UPDATE integration_event SET next_at = clock_timestamp() + $1::interval
 WHERE next_at <= clock_timestamp() AND id IN (
  SELECT id FROM (SELECT id, happened_at, row_number() OVER (PARTITION BY client_id ORDER BY happened_at, id) AS place
    FROM integration_event WHERE next_at <= clock_timestamp()) AS due
  WHERE place <= {AT_ONCE} ORDER BY happened_at LIMIT 40)
RETURNING id
"""
"""Two workers at once: the second waits for the first one's locks, and then finds nothing due."""
DELIVERED = """
UPDATE integration_event SET delivered_at = clock_timestamp(), next_at = NULL, attempts = attempts + 1, last_result = $2
 WHERE id = $1 AND next_at IS NOT NULL
"""
FAILED = """
UPDATE integration_event SET attempts = attempts + 1, last_result = $2,
  next_at = CASE WHEN attempts < cardinality($3::int[])
  THEN clock_timestamp() + make_interval(secs => ($3::int[])[attempts + 1] * (0.75 + random() / 2)) END
 WHERE id = $1 AND next_at IS NOT NULL RETURNING next_at IS NULL AS given_up
"""
GIVE_UP_CLIENT = """
UPDATE integration_event SET next_at = NULL, last_result = 'ended' WHERE client_id = $1 AND next_at IS NOT NULL
"""
TEST_EVENT = """
INSERT INTO integration_event (id, kind, state, former_state, happened_at, attempts, next_at, last_result, client_id)
VALUES (gen_random_uuid(), 'test', '', '', clock_timestamp(), 0, clock_timestamp(), '', $1)
"""
GIVEN_UP = """e.delivered_at IS NULL AND e.next_at IS NULL AND e.last_result <> 'ended'
 AND e.happened_at > clock_timestamp() - interval '30 days'"""
"""SQL condition: the event ``e`` was never received, and nobody has posted it again."""
OBSOLETE = "DELETE FROM integration_event WHERE happened_at < clock_timestamp() - $1::interval"
