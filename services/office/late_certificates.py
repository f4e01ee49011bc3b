"""Certificates for all who passed or finished and have none (补发证书).

None is issued automatically for a result recorded by the office, or from before the pool issued certificates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from domain.exams.marking import print_marks
from models.accounts import Account
from services.certificates import CertificateSubject, Issuing
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.due_rows import process_each
from services.core.permissions import check

MOST = 2000
"""Issued per request; the rest at the next."""
_NONE = "NOT EXISTS (SELECT 1 FROM certificate t WHERE t.kind = '{kind}' AND t.source_id = {source})"
_PASSED = f"""
SELECT c.id, c.account_id, coalesce(c.expert_id, p.expert_id) AS expert_id, e.name, 'exam' AS kind,
  (SELECT max(a.score) FROM exam_attempt a WHERE a.candidate_id = c.id AND a.state = 'released' AND a.passed) AS score,
  TRUE AS examined
FROM exam_candidate c JOIN exam e ON e.id = c.exam_id LEFT JOIN application p ON p.id = c.application_id
WHERE e.pool = $1 AND $2 AND c.state = 'passed' AND e.purpose <> 'mock' AND {_NONE.format(kind="exam", source="c.id")}
"""
_FINISHED = f"""
SELECT n.id, n.account_id, n.expert_id, k.name, 'course' AS kind, NULL::int AS score,
  k.exam_id IS NOT NULL AND n.exam_state = 'passed' AS examined
FROM course_enrolment n JOIN course k ON k.id = n.course_id
WHERE k.pool = $1 AND $3 AND n.state = 'finished' AND {_NONE.format(kind="course", source="n.id")}
"""
_MISSING = f"{_PASSED} UNION ALL {_FINISHED}"
_LABELS: Mapping[str, str] = {"exam": "考试", "course": "课程"}


@dataclass(frozen=True)
class LateCertificates:
    deps: Deps
    issuing: Issuing

    async def count(self, actor: Actor) -> int:
        """Number of persons who passed or finished without a certificate."""
        check(actor, "certificate.manage")
        count_rows = await rows(f"SELECT count(*)::int AS n FROM ({_MISSING}) m", *self._missing_parameters(actor.pool))
        return int(count_rows[0]["n"])

    async def issue(self, actor: Actor) -> int:
        """Issue missing ones, each with its notice; returns how many. A repetition is harmless."""
        check(actor, "certificate.manage")
        due = await rows(
            f"SELECT * FROM ({_MISSING}) m ORDER BY id LIMIT {MOST}", *self._missing_parameters(actor.pool)
        )
        done = await process_each("late_certificate", due, lambda row: self._issue_certificate(actor.pool, row))
        async with transaction():
            await record(actor, self.deps.now(), "certificate.issue_missing", "pool", UUID(int=0), count=done)
        return done

    async def _issue_certificate(self, pool: str, row: Mapping[str, Any]) -> None:
        kind: Literal["exam", "course"] = "exam" if row["kind"] == "exam" else "course"
        facts = [(_LABELS[kind], row["name"])]
        if row["score"] is not None:
            facts.append(("成绩", f"{print_marks(row['score'])}分"))
        async with transaction():
            await Account.select_for_update().get(id=row["account_id"])  # two administrators may press at once
            examined = bool(row["examined"])
            subject = CertificateSubject(kind, row["account_id"], row["expert_id"], row["id"], facts, examined=examined)
            await self.issuing.issue(pool, subject, self.deps.now())

    def _missing_parameters(self, pool: str) -> tuple[str, bool, bool]:
        """The pool, and the kinds that it issues."""
        rules = self.deps.book(pool).certificate
        return pool, rules.exam is not None, rules.course is not None
