"""Consent to the mini-program's messages is requested on an occasion of each role that receives them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.rulebook_files import load_rulebooks
from domain.rulebook.notice_texts import KINDS
from services.core.permissions import AGENCY, APPLICANT, EXPERT, REVIEWER, SUPERVISOR, VENUE, VENUE_STAFF, VERIFIER
from services.draws.party_notifications import _NOTIFICATIONS
from services.notifications.consents import OCCASIONS

ROOT = Path(__file__).parents[3]
NAMES = ("demo", "hunan", "xinjiang", "jilin", "guangdong")
SIDES = {"agency": AGENCY, "supervisor": SUPERVISOR, "venue": VENUE, "verifier": VERIFIER}
_OF_THE_AGENCY = dict.fromkeys((kind for kind in KINDS if kind.startswith("agency_")), AGENCY)
_OF_THE_APPLICANT = dict.fromkeys(
    (
        *(kind for kind in KINDS if kind.startswith(("application_", "exam_", "course_", "fee_", "invoice_"))),
        "appeal_answered",
        "campaign_changed",
        "employer_answered",
        "evidence_answered",
        "objection_answered",
    ),
    APPLICANT,
)
RECEIVERS: Mapping[str, frozenset[str]] = {
    **_OF_THE_AGENCY,
    **_OF_THE_APPLICANT,
    "check_in_reminder": EXPERT,
    "remuneration_proposed": EXPERT,
    "remuneration_paid": EXPERT,
    "commitment_wanted": SUPERVISOR,
    "reveal_wanted": SUPERVISOR,
    "supervisor_discard": SUPERVISOR,
    "supervisors_changed": SUPERVISOR | VERIFIER,
    "supervisor_removed": SUPERVISOR,
    "recusal_waiting": SUPERVISOR | VERIFIER,
    "verification_waiting": VERIFIER,
    "draw_terminated": AGENCY | SUPERVISOR,
    "remuneration_disputed": VENUE_STAFF,
    "review_waiting": REVIEWER,
}
"""Roles that receive a kind, other than news of a draw, which have a table."""
NOT_REQUESTED = {
    "agent_asked": "Who is asked to be an agent has no role yet.",
    "chat_reply": "Who writes in the chat is reached there.",
    "feedback_answered": "Feedback is written on a page of the web-view, where WeChat takes no question.",
}
"""Kinds with a step over the mini-program whose consent is not requested, each with the reason."""


def mini_program_kinds() -> set[str]:
    books = load_rulebooks(ROOT / "config" / "rulebooks", list(NAMES)).values()
    ladders = [(kind, ladder) for book in books for kind, ladder in book.ladder.items()]
    return {kind for kind, ladder in ladders if any(step.channel == "mini" for step in ladder.steps)}


def receivers() -> dict[str, frozenset[str]]:
    roles_by_kind = dict(RECEIVERS)
    for notification in _NOTIFICATIONS.values():
        for side in notification.to:
            kind = notification.kind_for(side)
            roles_by_kind[kind] = roles_by_kind.get(kind, frozenset()) | SIDES[side]
    return roles_by_kind


def test_each_role_is_asked_for_what_it_receives() -> None:
    known = receivers()
    sent = mini_program_kinds() - NOT_REQUESTED.keys()
    assert sent - known.keys() == set(), "say who receives it"
    requested = {(kind, role) for rule in OCCASIONS.values() for kind in rule.kinds for role in rule.roles}
    assert {(kind, role) for kind in sent for role in known[kind]} - requested == set()


def test_the_mini_program_asks_on_every_occasion() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "miniprogram" / "pages").rglob("*.js"))
    assert [occasion for occasion in OCCASIONS if f"'{occasion}'" not in pages] == []
