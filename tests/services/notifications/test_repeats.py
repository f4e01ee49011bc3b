"""Every notice that can be sent about one subject more than once, and what bounds it. A new one fails here until
somebody says what keeps a person, or a script, from writing to others without end at the pool's cost.

A notice whose ``dedupe_key`` names its subject alone is sent once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[3]
_CHANGING = re.compile(
    r"\bnow\b|log_length|occasion|\b(request_)?count\b|version|tries|mailings|make_ups|reminders_sent|once\b"
)
"""Parts of a key that differ from one time to the next."""

LIMITED = "check_repeats of the act"
BY_THE_OFFICE = "an act of the office, which pays for its messages; each is in the audit trail"
OF_A_CODE = "each time a code by SMS, which has its own limits"
BOUNDS: Mapping[str, str] = {
    "services/accounts/credentials.py Credentials._notify": OF_A_CODE,
    "services/accounts/sms_budgets.py SmsBudget._warn_office": "twice an hour",
    "services/accounts/staff.py notify_role_changed": BY_THE_OFFICE,
    "services/accounts/staff.py _notify_supervisors": BY_THE_OFFICE,
    "services/accounts/wechat_binding.py WechatBinding._notify_bound": OF_A_CODE,
    "services/applications/deadline_notifications.py notify_new_ends": BY_THE_OFFICE,
    "services/applications/own_changes.py OwnChanges._notify": LIMITED,
    "services/applications/notifications.py notify_applicant": (
        "steps of a review, each decided by another person; corrections are limited"
    ),
    "services/corrections/mobiles.py _tell_changed": OF_A_CODE,
    "services/corrections/persons.py tell": BY_THE_OFFICE,
    "services/integrations/clients.py IntegrationClients._ask_for_consent": BY_THE_OFFICE,
    "services/courses/fees.py CourseFees.apply_payment": "once a payment",
    "services/courses/fees.py CourseFees.apply_refund": "once a refund",
    "services/courses/notifications.py recipient": BY_THE_OFFICE,
    "services/courses/study_periods.py StudyPeriods._notify": BY_THE_OFFICE,
    "services/experts/availability.py Availability._ask": "availability.pause_reminder, weekly_reminder",
    "services/draws/attendance/check_in.py VenueCheckIn._notify_registered": LIMITED,
    "services/draws/attendance/discard_requests.py DiscardRequests.notify_expert": (
        "draw.leave.requests_max; draw.supplement.lookups_per_hour"
    ),
    "services/draws/attendance/time_changes.py TimeChanges._ask": LIMITED,
    "services/draws/attendance/urging.py Urging.urge": "attendance.urging_voice_max, urging_pause",
    "services/draws/call_order/round_notices.py ask_supervisors": "draw.commitments: rounds and reminders",
    "services/draws/calls/completion.py DrawCompletion._notify_panel": LIMITED,
    "services/draws/calls/invitations.py _notice_request": LIMITED,
    "services/draws/calls/reminders.py _recipient": "the reminders of the rulebook",
    "services/draws/draw_notices.py agency_notices": "steps of a draw; what people repeat is limited",
    "services/draws/draw_notices.py notify_supervisors": "steps of a draw; what people repeat is limited",
    "services/draws/draw_notices.py notify_verifiers": LIMITED,
    "services/draws/follow_ups/recalls.py Recalls._notify_accepted": "draw.recall.resends_max",
    "services/draws/follow_ups/recalls.py Recalls._notify_of_statement": "draw.recall.statements_max",
    "services/draws/follow_ups/recalls.py Recalls.ask_to_call_back": "number and pause of draw.recall",
    "services/draws/party_notifications.py PartyNotifications._notice_request": (
        "no SMS for most; supervisors, requests, moves, releases and late arrivals are limited"
    ),
    "services/exams/attempts/face_checks.py FaceChecks.identify": BY_THE_OFFICE,
    "services/exams/marking/results.py Results._notify": "once a try",
    "services/exams/notifications.py recipient": BY_THE_OFFICE,
    "services/exams/sittings/candidates.py Candidates._grant_try": BY_THE_OFFICE,
    "services/exams/sittings/decisions.py ExamDecisions._notify": BY_THE_OFFICE,
    "services/exams/sittings/seating.py Seating.fill_freed_places": LIMITED,
    "services/office/group_notices.py GroupNotices.try_out": "to oneself",
    "services/notifications/helpdesk_office.py HelpDeskOffice._tell_colleague": LIMITED,
    "services/notifications/pending_replies.py PendingReplies.notify_waiting": "once an hour",
    "services/reports/readers.py ReportReaders.notify": (
        "a report by its puzzle and a limit for each client, or five a day in the chat; MESSAGES_MAX additions to each"
    ),
    "services/sanctions/restorations.py Restorations.restore": BY_THE_OFFICE,
    "services/organisations/legal_entities.py LegalEntities._request_consent": "once a day; login.agent_asks_per_day",
    "services/payments/invoices/mailing.py InvoiceMailing.mail_invoice": "an e-mail; corrections are limited a day",
    "services/remuneration/payouts.py Payouts._mark_paid": LIMITED,
    "services/reviews/absences.py Absences._notify": LIMITED,
    "services/reviews/handing.py Handing._notify": LIMITED,
    "services/remuneration/payouts.py Payouts.unmark_paid": LIMITED,
    "services/remuneration/proposals.py Proposals._notify_expert": LIMITED,
    "services/remuneration/records.py notify_proposer": "once a version, and a reminder",
}
ACTS = {
    "services/applications/own_changes.py OwnChanges._change",
    "services/draws/attendance/check_in.py VenueCheckIn.undo_exit",
    "services/draws/attendance/gathering_times.py GatheringTimes.move",
    "services/draws/attendance/late_arrivals.py LateArrivals._report",
    "services/draws/attendance/late_arrivals.py LateArrivals._report_call",
    "services/draws/attendance/postponement.py Postponement.apply",
    "services/draws/calls/calling.py Calling.force_end",
    "services/draws/calls/invitations.py Invitations.undo",
    "services/draws/follow_ups/releases.py Releases.submit",
    "services/draws/setup/draw_setup.py DrawSetup.change_supervisors",
    "services/draws/setup/draw_setup.py DrawSetup.submit.run",
    "services/exams/sittings/sittings.py ExamSittings._change_booking.run",
    "services/notifications/helpdesk_office.py HelpDeskOffice.hand",
    "services/remuneration/payouts.py Payouts.unmark_paid",
    "services/remuneration/proposals.py Proposals._propose_amount",
    "services/reviews/absences.py Absences._arrange",
    "services/reviews/handing.py Handing.hand.run",
    "services/reviews/reopening.py Reopening.reopen.run",
}
"""Acts that a person can repeat at will, and that write to others."""


def test_every_notice_that_can_be_repeated_has_a_bound() -> None:
    assert {place for place, node in _nodes() if _has_changing_key(node)} == set(BOUNDS)


def test_acts_that_can_be_repeated_are_limited() -> None:
    assert {place for place, node in _nodes() if _is_limit(node)} == ACTS


def _nodes() -> Iterator[tuple[str, ast.AST]]:
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node, name in _named_nodes(ast.parse(path.read_text(encoding="utf-8")), ()):
            yield f"{path.relative_to(ROOT).as_posix()} {name}", node


def _named_nodes(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[ast.AST, str]]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        names = (*names, node.name)
    yield node, ".".join(names)
    for child in ast.iter_child_nodes(node):
        yield from _named_nodes(child, names)


def _has_changing_key(node: ast.AST) -> bool:
    """A key of ``notify`` or of a ``Recipient``, also one that stands in a variable first."""
    match node:
        case ast.keyword(arg="dedupe_key", value=ast.JoinedStr() as key):
            pass
        case ast.Call(func=ast.Name(id="Recipient"), args=[ast.JoinedStr() as key, *_]):
            pass
        case ast.Assign(targets=[ast.Name(id="key")], value=ast.JoinedStr() as key) if ":" in ast.unparse(key):
            pass
        case _:
            return False
    return any(_CHANGING.search(ast.unparse(part)) for part in key.values if isinstance(part, ast.FormattedValue))


def _is_limit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check_repeats"
