"""The table of permissions by role. Access to a particular object is checked by each service in its queries."""

from __future__ import annotations

from collections.abc import Mapping

from domain.errors import Forbidden, Unauthenticated
from services.core.base import Actor

AGENCY = frozenset({"agent", "organisation"})
INTEGRATOR = "integrator"
"""A platform that works for an organisation by the integrators' API (平台对接)."""
BY_AGENCY = AGENCY | {INTEGRATOR}
"""Preparing and reading, which an agency may leave to its platform. Random numbers, calls and whatever concerns experts
stay with persons."""
OF_AGENT = frozenset({"agent", INTEGRATOR})
"""Roles that reach one agent's own draws and projects, not all of the organisation."""
EXPERT = frozenset({"expert"})
EXPERTS_ONLY = "experts_only"
SUPERVISOR = frozenset({"supervisor"})
ADMIN = frozenset({"pool_admin"})
APPLICANT = frozenset({"applicant", "expert"})
"""May apply: a registered person; an expert applies for renewal."""
REVIEWER = frozenset({"reviewer"})
VERIFIER = frozenset({"verifier"})
VENUE = frozenset({"venue"})
VENUE_STAFF = frozenset({"venue", "verifier"})
"""Staff who register entries and exits; the trading centre's verifier does it where a venue has no staff of its own."""

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "project.create": BY_AGENCY,
    "project.edit": BY_AGENCY,
    "project.delete": AGENCY,
    "project.read": BY_AGENCY | {"verifier", "pool_admin"},
    "draw.create": BY_AGENCY,
    "draw.edit": BY_AGENCY,
    "draw.submit": BY_AGENCY,
    "draw.withdraw": BY_AGENCY,
    "draw.preview": AGENCY,
    "draw.start": AGENCY,
    "draw.pause": AGENCY,
    "draw.resume": AGENCY,
    "draw.force_end": AGENCY,
    "draw.release": AGENCY,
    "draw.commit_agency": AGENCY,
    "draw.commit_supervisor": SUPERVISOR,
    "draw.verify": frozenset({"verifier"}),
    "draw.read": BY_AGENCY | {"verifier", "supervisor", "venue", "pool_admin"},
    "draw.open_leaf": SUPERVISOR | EXPERT,
    "result.read": BY_AGENCY | {"verifier", "supervisor", "venue", "pool_admin"},
    "absence.register": AGENCY | VENUE_STAFF,
    "discard.read": AGENCY | VENUE_STAFF | SUPERVISOR,
    "discard.decide": SUPERVISOR | {"verifier"},
    "draw.terminate": AGENCY | {"verifier"},
    "draw.end": AGENCY | VENUE_STAFF,
    "attendance.check_in": EXPERT,
    "attendance.manage": VENUE_STAFF,
    "late_arrival.record": VENUE_STAFF | ADMIN,
    "attendance.urge": AGENCY | VENUE_STAFF,
    "remuneration.read": AGENCY | VENUE_STAFF | ADMIN,
    "remuneration.propose": VENUE_STAFF,
    "remuneration.pay": AGENCY,
    "remuneration.totals": AGENCY,
    "remuneration.report": ADMIN,
    "statistics.read": ADMIN,
    "notice.group": ADMIN,
    "remuneration.own": EXPERT,
    "expert.self.read": EXPERT,
    "expert.self.availability": EXPERT,
    "expert.self.change": EXPERT,
    "expert.self.answer": EXPERT,
    "expert.self.leave": EXPERT,
    "expert.self.late": EXPERT,
    "organisation.read": AGENCY,
    "organisation.link_agent": frozenset({"organisation"}),
    "organisation.revoke_agent": frozenset({"organisation"}),
    "integration.manage": ADMIN,
    "integration.own": AGENCY,
    "import": ADMIN | {"system"},
    "catalogue.import": ADMIN | {"system"},
    "draw.audit": SUPERVISOR | ADMIN | {"system"},
    "supervisor.manage": ADMIN,
    "audit.read": SUPERVISOR | ADMIN,
    "report.read": SUPERVISOR,
    "application.own": APPLICANT,
    "application.read": ADMIN,
    "application.unlock": ADMIN,
    "application.export": ADMIN,
    "application.conclude": ADMIN,
    "sanction.own": APPLICANT | {"guest"},
    "certificate.own": APPLICANT,
    "certificate.manage": ADMIN,
    "exam.own": APPLICANT,
    "exam.manage": ADMIN | {"system"},
    "exam.mark": ADMIN,
    "exam.keys": ADMIN | {"system"},
    "course.own": APPLICANT,
    "course.manage": ADMIN | {"system"},
    "expert.read": ADMIN,
    "expert.manage": ADMIN,
    "campaign.manage": ADMIN,
    "employer.search": APPLICANT | ADMIN,
    "employer.request": APPLICANT,
    "employer.manage": ADMIN,
    "review.decide": REVIEWER,
    "review.assign": ADMIN,
    "objection.decide": ADMIN,
    "payment.manage": ADMIN,
    "payment.export": ADMIN,
    "feedback.answer": ADMIN,
    "material.manage": ADMIN | {"system"},
    "text.manage": ADMIN,
    "rule.read": ADMIN,
    "catalogue.manage": ADMIN,
    "material.restricted": APPLICANT | REVIEWER | ADMIN,
    "person.manage": ADMIN | {"system"},
}
"""Roles by action. An action that is not listed is permitted to no role."""

_NAMES: Mapping[str, str] = {
    "expert": "评标专家",
    "applicant": "申请人",
    "agent": "经办人",
    "organisation": "法人",
    INTEGRATOR: "对接平台",
    "verifier": "核验人员",
    "supervisor": "监督人",
    "venue": "场地人员",
    "reviewer": "审核人员",
    "pool_admin": "专家库管理员",
}


def role_name(role: str) -> str:
    """The Chinese name of a role."""
    return _NAMES.get(role, "访客")


def experts_only(action: str = "") -> Forbidden:
    """For who is no expert in the pool, or no more; edges offer by the code what is open to one who left."""
    message = "这里只对在库专家开放，请切换为评标专家身份。已退库的，可以查看处理记录、提出申诉。"
    return Forbidden(message, code=EXPERTS_ONLY, params={"action": action} if action else {})


def may(actor: Actor, action: str) -> bool:
    """Raises KeyError for an action that the table lacks: a programming error."""
    return actor.role in PERMISSIONS[action]


def check(actor: Actor, action: str) -> None:
    """Raises Unauthenticated for a visitor, Forbidden for a person without the permission."""
    if may(actor, action):
        return
    if actor.account_id is None and actor.role == "guest":
        raise Unauthenticated("请先登录并绑定手机号。")
    if PERMISSIONS[action] == EXPERT or (actor.role == "applicant" and "expert" in PERMISSIONS[action]):
        raise experts_only(action)
    allowed = "、".join(role_name(role) for role in _NAMES if role in PERMISSIONS[action] - {INTEGRATOR})
    raise Forbidden(f"此操作需要{allowed or '系统'}身份，请切换身份后再试。", params={"action": action})
