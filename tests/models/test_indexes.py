"""Rows that refer to others are found without reading their whole table."""

from __future__ import annotations

import psycopg

from services.accounts import pinyin_names
from services.draws.attendance import unanswered_moves

UNINDEXED = {
    "attachment.account_id": "files are found by what they belong to",
    "attachment.expert_id": "files of an expert's file are found by the ids that it holds",
    "draw_supervisor.entry_id": "an entry is ended, never deleted, and nobody lists its draws",
    "employer_import.account_id": "a sheet is opened by its own id",
    "employer_request.employer_id": "an employer is retired, never deleted, and nobody lists its requests",
    "exam_import.account_id": "a sheet is opened by its own id",
    "exam_sheet.account_id": "a sheet is opened by its own id",
    "pay_order.payer_id": "orders are found by their fee",
    "integration_client.organisation_id": "the index of names begins with it, for those that work",
    "project.organisation_id": "an organisation is looked for together with its pool",
    "recalled_expert.condition_id": "conditions go with the draft of their draw, by its id",
    "recalled_expert.earlier_id": "invitations are never deleted, and nobody lists the recalls of one",
    "recalled_expert.expert_id": "experts are never deleted, and nobody lists their recalls",
    "session.organisation_id": "an organisation's sessions end with the role, which every request checks",
}
"""Foreign keys without an index that begins with them, with the reason."""
_UNINDEXED = """
SELECT c.conrelid::regclass || '.' || a.attname FROM pg_constraint c
  JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
  JOIN pg_class t ON t.oid = c.conrelid
 WHERE c.contype = 'f' AND t.relnamespace = 'public'::regnamespace AND t.relname NOT LIKE 'procrastinate%'
   AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
                   AND i.indpred IS NULL)
"""
_MANY_INVITATIONS = """
CREATE TEMPORARY TABLE invitation (LIKE public.invitation INCLUDING DEFAULTS INCLUDING INDEXES);
INSERT INTO invitation SELECT i.* FROM generate_series(1, 20000) n CROSS JOIN LATERAL
  jsonb_populate_record(NULL::public.invitation, jsonb_build_object(
    'id', gen_random_uuid(), 'round_number', 1, 'tier', '', 'leaf', '', 'code', lpad(n::text, 6, '0'), 'menu_id', n,
    'link', n::text, 'state', 'accepted', 'supplementary', false, 'starts_at', now(), 'ends_at', now() + interval '1h',
    'gathering_at', now(), 'created_at', now(), 'answer_until', now(), 'answered_by', '', 'reminders_sent', 0,
    'condition_id', gen_random_uuid(), 'draw_id', gen_random_uuid(), 'expert_id', gen_random_uuid(),
    'notice_id', gen_random_uuid())) i;
ANALYZE invitation;
"""


def test_every_foreign_key_has_an_index_or_a_reason_to_have_none(database: str) -> None:
    with psycopg.connect(database) as connection:
        unindexed = {name for (name,) in connection.execute(_UNINDEXED).fetchall()}
    assert unindexed == UNINDEXED.keys()


def test_a_log_in_by_pinyin_reads_an_index(new_database: str) -> None:
    with psycopg.connect(new_database) as connection:
        connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
        query = pinyin_names.FOUND.replace("$1", "'hunan'").replace("$2", "'{zhangsan}'")
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {query}").fetchall())
    assert "Index Cond: (((pool)::text = 'hunan'::text) AND (regexp_replace(" in plan


def test_moved_times_without_an_answer_are_found_without_reading_all_invitations(new_database: str) -> None:
    with psycopg.connect(new_database) as connection:
        connection.execute(_MANY_INVITATIONS)
        query = unanswered_moves.UNANSWERED.format(which="TRUE")
        plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {query}").fetchall())
    assert "using invitation_draw_id_idx on invitation" in plan, plan
