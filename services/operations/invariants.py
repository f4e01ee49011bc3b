"""Invariants of the database at any moment, checked after journeys, races, crashes."""

from __future__ import annotations

import json

from domain.draws.record import draw_document
from domain.draws.verify_draw import verify
from domain.payments.lifecycles import PAID_STATES
from models.draws import Draw, LogEntry
from services.core.audit_chain import find_break
from services.core.base import Deps, rows
from services.draws import published_lists

_PAID = ", ".join(f"'{state.value}'" for state in PAID_STATES)
_OVER = "('ended', 'terminated', 'released')"
_NOT_MET = "('terminated', 'released')"

_CHECKS = {
    "a condition holds more than it needs": "SELECT id FROM draw_condition WHERE open + accepted > needed",
    "a counter differs from its rows": (
        "SELECT c.id FROM draw_condition c WHERE "
        "c.open <> (SELECT count(*) FROM invitation i WHERE i.condition_id = c.id AND i.state = 'open') OR "
        "c.accepted <> (SELECT count(*) FROM invitation i WHERE i.condition_id = c.id AND i.state = 'accepted')"
    ),
    "an expert holds overlapping panels": (
        "SELECT a.id FROM invitation a JOIN invitation b ON a.expert_id = b.expert_id AND a.id < b.id "
        "WHERE a.state IN ('open', 'accepted') AND b.state IN ('open', 'accepted') "
        "AND a.starts_at < b.ends_at AND b.starts_at < a.ends_at"
    ),
    "an expert was called twice in a draw": (
        "SELECT draw_id FROM invitation GROUP BY draw_id, expert_id HAVING count(*) > 1"
    ),
    "somebody recused was called": (
        "SELECT i.id FROM invitation i JOIN employment m ON m.expert_id = i.expert_id AND m.until IS NULL "
        "JOIN recusal_unit u ON u.draw_id = i.draw_id WHERE m.unit_name = u.name"
    ),
    "a call was dialled again while another had no outcome": (
        "SELECT a.id FROM attempt a JOIN attempt b ON a.notice_id = b.notice_id AND a.number < b.number "
        "AND a.channel = 'voice' AND b.channel = 'voice' WHERE a.state IN ('unknown', 'sent')"
    ),
    "a notice ended without a trace in the ledger": (
        "SELECT n.id FROM notice n WHERE n.state IN ('done', 'failed') "
        "AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.notice_id = n.id)"
    ),
    "a notice that ended still has an attempt to be made": (
        "SELECT n.id FROM notice n JOIN attempt a ON a.notice_id = n.id "
        "WHERE n.state <> 'active' AND a.state = 'pending'"
    ),
    "a draw that is over still has calls, requests or, terminated or released, somebody who waits": (
        f"SELECT d.id FROM draw d JOIN invitation i ON i.draw_id = d.id WHERE d.state IN {_OVER} "
        f"AND (i.state = 'open' OR i.state = 'accepted' AND d.state IN {_NOT_MET}) "
        "UNION ALL SELECT d.id FROM draw d JOIN discard_request r ON r.draw_id = d.id AND r.state = 'open' "
        f"WHERE d.state IN {_OVER}"
    ),
    "a draw that was terminated or released still holds its lots": (
        f"SELECT d.id FROM draw d JOIN draw_lot l ON l.draw_id = d.id AND l.live WHERE d.state IN {_NOT_MET}"
    ),
    "an expert of a released panel was not notified": (
        "SELECT i.id FROM draw d JOIN invitation i ON i.draw_id = d.id AND i.state = 'released' "
        "WHERE d.state = 'released' AND NOT EXISTS (SELECT 1 FROM notice n WHERE n.invitation_id = i.id "
        "AND n.kind IN ('draw_released', 'draw_cancelled'))"
    ),
    "an expert or a member of staff has two virtual calls at once": (
        "SELECT expert_id FROM virtual_call WHERE closed_at IS NULL GROUP BY expert_id HAVING count(*) > 1 "
        "UNION ALL SELECT asked_by_id FROM virtual_call WHERE closed_at IS NULL "
        "GROUP BY asked_by_id HAVING count(*) > 1"
    ),
    "a virtual call that is over looks open, or the other way round, or keeps a phone": (
        "SELECT id FROM virtual_call WHERE (closed_at IS NULL) <> "
        "(state IN ('asked', 'dialling', 'calling', 'talking')) "
        "OR (closed_at IS NULL) = (staff_phone_sealed = '') OR closed_at IS NOT NULL AND check_at IS NOT NULL"
    ),
    "a redraw that was never approved, or a recall, holds a lot": (
        "SELECT d.id FROM draw d JOIN draw_lot l ON l.draw_id = d.id AND l.live WHERE d.kind = 'recall' "
        "OR d.kind = 'redraw' AND d.state IN ('editing', 'submitted', 'refused')"
    ),
    "somebody who took part before is called in a redraw": (
        "SELECT i.id FROM invitation i JOIN draw d ON d.id = i.draw_id AND d.kind = 'redraw' "
        "JOIN invitation e ON e.draw_id = d.original_id AND e.expert_id = i.expert_id "
        "WHERE e.state IN ('accepted', 'left', 'absent', 'recused', 'released')"
    ),
    "an expert of a recalled panel is forgotten, or somebody else is recalled": (
        "SELECT e.id FROM draw d JOIN invitation e ON e.draw_id = d.original_id AND e.state = 'accepted' "
        "WHERE d.kind = 'recall' AND NOT EXISTS (SELECT 1 FROM recalled_expert r "
        "WHERE r.draw_id = d.id AND r.expert_id = e.expert_id) "
        "UNION ALL SELECT i.id FROM draw d JOIN invitation i ON i.draw_id = d.id "
        "WHERE d.kind = 'recall' AND d.started_at IS NULL "
        "UNION ALL SELECT r.id FROM recalled_expert r JOIN draw d ON d.id = r.draw_id AND d.started_at IS NOT NULL "
        "JOIN draw_condition c ON c.id = r.condition_id JOIN invitation e ON e.id = r.earlier_id "
        "WHERE NOT EXISTS (SELECT 1 FROM invitation i WHERE i.draw_id = r.draw_id AND i.expert_id = r.expert_id) "
        "AND NOT EXISTS (SELECT 1 FROM draw_log l WHERE l.draw_id = r.draw_id AND l.act = 'confirmed' "
        "AND l.facts ->> 'answer' = 'hindered' AND l.facts ->> 'leaf' = e.leaf) "
        "UNION ALL SELECT i.id FROM invitation i JOIN draw d ON d.id = i.draw_id AND d.kind = 'recall' "
        "WHERE NOT EXISTS (SELECT 1 FROM recalled_expert r WHERE r.draw_id = d.id AND r.expert_id = i.expert_id)"
    ),
    "an expert of a recalled panel agreed by another's word": (
        "SELECT i.id FROM draw d JOIN invitation i ON i.draw_id = d.id AND i.state = 'accepted' "
        "WHERE d.kind = 'recall' AND i.answered_by NOT IN ('chat', 'voice', 'h5', 'mini', 'inbound')"
    ),
    "somebody came twice, or went without coming": (
        "SELECT o.invitation_id FROM attendance o WHERE o.direction = 'out' AND NOT EXISTS (SELECT 1 FROM attendance i "
        "WHERE i.invitation_id = o.invitation_id AND i.direction = 'in') "
        "UNION ALL SELECT invitation_id FROM attendance GROUP BY invitation_id, direction HAVING count(*) > 1"
    ),
    "a remuneration differs from the sum of its lines": (
        "SELECT r.id FROM remuneration r WHERE r.amount <> "
        "(SELECT coalesce(sum((one ->> 'amount')::bigint), 0) FROM jsonb_array_elements(r.lines) AS one)"
    ),
    "somebody is owed something twice for a draw, or did not come": (
        "SELECT draw_id FROM remuneration GROUP BY draw_id, expert_id HAVING count(*) > 1 UNION ALL "
        "SELECT r.id FROM remuneration r JOIN invitation i ON i.id = r.invitation_id WHERE i.draw_id <> r.draw_id "
        "OR i.expert_id <> r.expert_id OR i.state <> 'recused' AND NOT EXISTS (SELECT 1 FROM attendance t "
        "WHERE t.invitation_id = i.id AND t.direction = 'in')"
    ),
    "a sitting counts other people than have booked it": (
        "SELECT s.id FROM exam_sitting s WHERE s.booked <> "
        "(SELECT count(*) FROM exam_candidate c WHERE c.sitting_id = s.id)"
    ),
    "an answer that was stored in time is not in the sealed paper": (
        "SELECT e.attempt_id, e.slot FROM (SELECT DISTINCT ON (attempt_id, slot) * FROM exam_answer_event "
        "WHERE timing < 2 ORDER BY attempt_id, slot, device DESC, seq DESC) e "
        "JOIN exam_attempt t ON t.id = e.attempt_id AND t.digest <> '' "
        "JOIN exam_item_version v ON v.id = t.versions[e.slot + 1] "
        "LEFT JOIN exam_answer a ON a.attempt_id = e.attempt_id AND a.slot = e.slot "
        "WHERE NOT EXISTS (SELECT 1 FROM exam_evidence f WHERE f.attempt_id = t.id AND f.state = 'accepted') "
        "AND (a.slot IS NULL OR btrim(coalesce(a.text, ''), E' \\t\\r\\n\\u3000') "
        "<> btrim(coalesce(e.text, ''), E' \\t\\r\\n\\u3000') "
        "OR bit_count(a.mask::bit(32)) <> bit_count((e.mask & ((1 << cardinality(v.options)) - 1))::bit(32)))"
    ),
    "an answer counts that came after the end": (
        "SELECT e.attempt_id, e.slot FROM exam_answer_event e JOIN exam_attempt t ON t.id = e.attempt_id "
        "WHERE e.timing < 2 AND e.received_at > t.grace_until OR e.timing = 0 AND e.received_at > t.deadline"
    ),
    "a score differs from the marks of its answers": (
        "SELECT t.id FROM exam_attempt t WHERE t.state IN ('graded', 'released') "
        "AND t.score IS DISTINCT FROM (SELECT sum(a.marks) FROM exam_answer a WHERE a.attempt_id = t.id)"
    ),
    "somebody is not drawn for want of a course that he has left or finished": (
        "SELECT id FROM course_enrolment WHERE excluded_at IS NOT NULL AND state IN ('left', 'finished')"
    ),
    "a course was learned, and something of it was not": (
        "SELECT n.id FROM course_enrolment n JOIN course_item i ON i.course_id = n.course_id "
        "LEFT JOIN course_study s ON s.enrolment_id = n.id AND s.item_id = i.id "
        "WHERE (n.state = 'learned' OR n.progress = 1000) AND s.done_at IS NULL"
    ),
    "a course is over, and somebody studies, pays or waits for its examination": (
        "SELECT n.id FROM course_enrolment n JOIN course c ON c.id = n.course_id "
        "WHERE c.state IN ('closed', 'cancelled') AND n.state IN ('called', 'learned') AND n.overdue_at IS NULL"
    ),
    "a fee is due of a course that was left or finished": (
        "SELECT f.id FROM fee f JOIN course_enrolment n ON n.id = f.enrolment_id "
        "WHERE f.state = 'due' AND n.state IN ('left', 'finished')"
    ),
    "a fee is paid without exactly one order that paid it": (
        f"SELECT f.id FROM fee f WHERE (f.state IN ({_PAID}))::int <> (SELECT count(*) FROM pay_order o "
        f"WHERE o.fee_id = f.id AND o.state IN ({_PAID}) AND NOT o.surplus)"
    ),
    "a fee was paid with another amount": (
        "SELECT o.id FROM pay_order o JOIN fee f ON f.id = o.fee_id "
        "WHERE o.transaction_id IS NOT NULL AND o.amount <> f.amount"
    ),
    "a refunded fee and its order tell different things": (
        "SELECT f.id FROM fee f JOIN pay_order o ON o.fee_id = f.id AND NOT o.surplus "
        f"WHERE o.state IN ({_PAID}) AND f.state <> o.state"
    ),
    "what went back differs from the refunds": (
        "SELECT o.id FROM pay_order o WHERE o.refunded <> (SELECT coalesce(sum(r.amount), 0) FROM refund r "
        "WHERE r.order_id = o.id AND r.state = 'done') OR (o.state = 'refunded') <> (o.refunded = o.amount)"
    ),
    "more goes back than came": (
        "SELECT o.id FROM pay_order o JOIN refund r ON r.order_id = o.id AND r.state <> 'closed' "
        "GROUP BY o.id HAVING sum(r.amount) > o.amount OR o.transaction_id IS NULL"
    ),
    "surplus money is kept": (
        "SELECT o.id FROM pay_order o WHERE o.surplus AND NOT EXISTS (SELECT 1 FROM refund r WHERE r.order_id = o.id) "
        "AND NOT EXISTS (SELECT 1 FROM pay_event e WHERE e.subject = o.out_trade_no AND e.applied_at IS NULL)"
    ),
    "an invoice of a fee that went back is the platform's, and nobody reverses it": (
        "SELECT i.id FROM invoice i JOIN fee f ON f.id = i.fee_id WHERE f.state = 'refunded' "
        "AND i.issued_by = 'wechat' AND i.state IN ('issued', 'sent')"
    ),
    "an invoice is to be looked at, and nobody does": (
        "SELECT id FROM invoice WHERE check_at IS NULL AND state IN ('applied', 'reversing', 'stuck')"
    ),
    "a fee is due of an application that has ended": (
        "SELECT f.id FROM fee f JOIN application a ON a.id = f.application_id "
        "WHERE f.state = 'due' AND a.ended_at IS NOT NULL"
    ),
    "an application waits for a fee that is paid": (
        "SELECT a.id FROM application a JOIN fee f ON f.application_id = a.id AND f.state = 'paid' "
        "WHERE a.state = 'fee' AND NOT EXISTS (SELECT 1 FROM pay_event e JOIN pay_order o "
        "ON o.out_trade_no = e.subject WHERE o.fee_id = f.id AND e.applied_at IS NULL)"
    ),
    "an application is under review, but has no open task": (
        "SELECT a.id FROM application a WHERE a.state = 'reviewing' "
        "AND NOT EXISTS (SELECT 1 FROM review_task t WHERE t.application_id = a.id AND t.state = 'open')"
    ),
    "a task waits though its application is not under review": (
        "SELECT t.id FROM review_task t JOIN application a ON a.id = t.application_id "
        "WHERE t.state = 'open' AND a.state NOT IN ('reviewing', 'sent_back')"
    ),
    "somebody decided on an own application": (
        "SELECT t.id FROM review_task t JOIN application a ON a.id = t.application_id WHERE t.decided_by = a.account_id"
    ),
    "somebody confirmed a correction that he began, or that is about himself": (
        "SELECT id FROM correction WHERE kind IN ('identity', 'merge') AND state = 'done' "
        "AND (ended_by IS NULL OR ended_by = begun_by OR ended_by = account_id)"
    ),
    "an account without a mobile can be used": (
        "SELECT id FROM account WHERE mobile_sealed = '' AND disabled_at IS NULL"
    ),
    "somebody is in the pool without a file, or passed without a number": (
        "SELECT a.id FROM application a LEFT JOIN expert e ON e.id = a.expert_id AND e.number = a.expert_number "
        "WHERE a.state = 'entered' AND e.id IS NULL OR a.state IN ('notice', 'fee', 'exam') AND a.expert_number = ''"
    ),
    "somebody left the pool and is still drawn or called": (
        "SELECT e.id FROM expert e LEFT JOIN account a ON a.id = e.account_id "
        "WHERE e.left_at IS NOT NULL AND EXISTS (SELECT 1 FROM invitation i "
        "WHERE i.expert_id = e.id AND i.state = 'open') OR e.left_at IS NULL AND a.disabled_at IS NOT NULL"
    ),
    "somebody was called while the office had suspended him": (
        "SELECT i.id FROM invitation i JOIN sanction s ON s.expert_id = i.expert_id WHERE s.kind = 'suspension' "
        "AND s.state IN ('imposed', 'lifted') AND s.decided_at < i.created_at "
        "AND (s.lifted_at IS NULL OR s.lifted_at > i.created_at) AND (s.starts_at <= i.created_at "
        "AND (s.ends_at IS NULL OR s.ends_at > i.created_at) OR s.starts_at < i.ends_at "
        "AND (s.ends_at IS NULL OR s.ends_at > i.starts_at))"
    ),
    "somebody was called beyond the end of the term": (
        "SELECT i.id FROM invitation i JOIN expert e ON e.id = i.expert_id "
        "WHERE i.state = 'open' AND e.term_until < i.ends_at"
    ),
    "an entry passed its public notice with an objection open": (
        "SELECT o.id FROM objection o JOIN application a ON a.id = o.application_id "
        "WHERE o.state = 'open' AND a.state <> 'notice'"
    ),
}
"""A description of each fault, and a query that finds it; any row means a violated invariant."""


_READ_EARLY = """
SELECT e.id FROM audit_entry e JOIN draw d ON d.id = e.subject_id
 WHERE e.action = 'result.read' AND e.pool = $1 AND e.at < $2::interval * -1 + coalesce((
   SELECT (m.details ->> 'old_at')::timestamptz FROM audit_entry m
    WHERE m.subject = 'draw' AND m.subject_id = d.id AND m.action = 'draw.start_moved' AND (m.at, m.id) > (e.at, e.id)
    ORDER BY m.at, m.id LIMIT 1), d.starts_at)
 LIMIT 3
"""
"""Readings before the result was unsealed, by the start expected at that time."""


async def find_broken() -> list[str]:
    """Every violated invariant, with sample rows; empty without any. Each draw's record is verified too."""
    broken = []
    for rule, query in _CHECKS.items():
        violations = await rows(f"{query} LIMIT 3")
        if violations:
            broken.append(f"{rule}: {violations}")
    for draw in await Draw.filter(log_length__gt=0).order_by("number"):
        broken += [f"{draw.number}: {finding}" for finding in await _verify_record(draw)]
    return broken


async def find_broken_audit(deps: Deps) -> list[str]:
    """Pools whose audit chain is broken or contains too early readings, as sentences."""
    breaks = {pool: await find_break(pool) for pool in deps.rulebooks}
    broken = [f"the audit trail of {pool} breaks at {number}" for pool, number in breaks.items() if number is not None]
    for pool in deps.rulebooks:
        if early := await rows(_READ_EARLY, pool, deps.book(pool).draw.result_visible_before):
            broken.append(f"a result was read before its time: {early}")
    return broken


async def _verify_record(draw: Draw) -> list[str]:
    log = await LogEntry.filter(draw_id=draw.id).order_by("seq")
    record = draw_document(draw.pool, draw.number, [entry.facts for entry in log], await published_lists(draw))
    return [str(finding) for finding in verify(json.loads(json.dumps(record))) if finding.severity == "error"]
