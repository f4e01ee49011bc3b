"""Who reads reports: the pool's supervisors (监督人, granted for the whole pool) without any other office in it.

A supervisor whom an agency named for one activity reads none. Nor does who is an administrator, verifier, venue staff,
reviewer, expert or an agency's person at the same time: a report may be about just them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Forbidden
from services.core.base import Actor, Deps, rows
from services.core.permissions import check
from services.notifications import Notices, Recipient

_OTHER_OFFICE = """
EXISTS (SELECT 1 FROM role_grant o WHERE o.account_id = a.id AND o.role <> 'supervisor' AND o.revoked_at IS NULL)
 OR EXISTS (SELECT 1 FROM agent_link l WHERE l.account_id = a.id AND l.revoked_at IS NULL AND l.declined_at IS NULL)
 OR EXISTS (SELECT 1 FROM organisation c WHERE c.legal_account_id = a.id)
 OR EXISTS (SELECT 1 FROM review_assignment v WHERE v.account_id = a.id AND v.revoked_at IS NULL)
 OR EXISTS (SELECT 1 FROM review_substitution u WHERE u.substitute_id = a.id AND u.ended_at IS NULL)
 OR EXISTS (SELECT 1 FROM expert e WHERE e.account_id = a.id AND e.left_at IS NULL)
"""
_SUPERVISORS = f"""
SELECT a.id, a.pool, {_OTHER_OFFICE} AS partial FROM account a
 WHERE a.disabled_at IS NULL AND EXISTS (SELECT 1 FROM role_grant g
   WHERE g.account_id = a.id AND g.role = 'supervisor' AND g.revoked_at IS NULL)
"""
_READERS = f"SELECT s.id FROM ({_SUPERVISORS} AND a.pool = $1) s WHERE NOT s.partial ORDER BY s.id"
READER = f"SELECT 1 FROM ({_SUPERVISORS} AND a.pool = $1 AND a.id = $2) s WHERE NOT s.partial"
"""SQL: whether the account reads reports of the pool."""
_ONE = f"{_SUPERVISORS} AND a.id = $1"
POOLS_WITH_READERS = f"SELECT DISTINCT s.pool FROM ({_SUPERVISORS}) s WHERE NOT s.partial"
"""SQL: pools in which somebody reads reports."""


@dataclass(frozen=True)
class ReportReaders:
    deps: Deps
    notices: Notices

    async def find(self, pool: str) -> list[UUID]:
        """Accounts of those who read reports now."""
        return [row["id"] for row in await rows(_READERS, pool)]

    async def check(self, actor: Actor) -> None:
        """Raises Forbidden, Unauthenticated for everybody else."""
        check(actor, "report.read")
        supervisors = await rows(_ONE, actor.account_id)
        if not supervisors or supervisors[0]["pool"] != actor.pool:
            message = "举报只由专家库的监督人受理，单次抽取活动的监督人不能查看。"
            raise Forbidden(message, code="not_of_the_pool")
        if supervisors[0]["partial"]:
            message = (
                "您在本专家库还有其他身份（管理、核验、场地、审核、专家或代理），不能查看举报，请由其他监督人办理。"
            )
            raise Forbidden(message, code="holds_other_office")

    async def notify(self, pool: str, what: str, number: str, now: datetime) -> None:
        """Tell all of them that something waits: its number, and nothing of its contents."""
        occasion, params = f"{number}:{now.timestamp():.6f}", {"what": what, "number": number}
        recipients = [
            Recipient(f"report_news:{occasion}:{account_id}", params, account_id=account_id)
            for account_id in await self.find(pool)
        ]
        await self.notices.notify_many(pool=pool, kind="report_news", recipients=recipients, bulk=False)
