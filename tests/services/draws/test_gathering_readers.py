"""Who reads a gathering time, and which of the two: the one that was planned, which the agency moves, or the one to
which an expert agreed, which only he changes. A new reader fails here until it says which it means.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

Reason = Literal["accessor", "agreed", "planned", "form", "both"]

ROOT = Path(__file__).parents[3]
CODE = (
    "app",
    "bot",
    "config",
    "domain",
    "gateways",
    "handlers",
    "jobs",
    "miniapp_api",
    "models",
    "platform_api",
    "services",
    "web",
)
TEXTS = ("config", "miniprogram", "web/templates", "web/static")
TEXT_KINDS = (".html", ".js", ".ts", ".wxml", ".toml")
WORD = "gathering_at"

THE_ACCESSOR: Reason = "accessor"
"""``domain.draws.agreed_times`` and the columns: what rights and duties of an expert are computed from."""
AGREED: Reason = "agreed"
"""Of an invitation, a view or a row of it: shown to or about its expert, or paid by it."""
PLANNED: Reason = "planned"
"""Of a call notice, or of a draw's first gathering: for whom is yet to be called, and for the agency's plan."""
FORM: Reason = "form"
"""A value that is being typed or checked, before anybody agrees to it."""
BOTH: Reason = "both"
"""Where a move is proposed, or a recall is agreed on: the planned one next to the agreed one."""

READERS: Mapping[str, Mapping[str, Reason]] = {
    "app/players/follow_ups.py": {
        "RecallOfPanel.record": FORM,
    },
    "app/players/forms.py": {
        "notice_fields": FORM,
    },
    "domain/draws/agreed_times.py": {
        "Proposal": THE_ACCESSOR,
        "Proposal.key": THE_ACCESSOR,
        "agreed_gathering": THE_ACCESSOR,
        "decisive_moment": THE_ACCESSOR,
        "agreement_until": THE_ACCESSOR,
        "asked_gathering": THE_ACCESSOR,
        "missing_from": THE_ACCESSOR,
    },
    "domain/draws/spoken_delays.py": {
        "_nearest_time": AGREED,
        "minutes_late": AGREED,
    },
    "domain/rulebook/labels.py": {
        "-": FORM,
    },
    "domain/rulebook/sections.py": {
        "-": FORM,
    },
    "handlers/answers/attendance.py": {
        "_ended_lines": AGREED,
        "_mending_lines": AGREED,
        "help_to_check_in": AGREED,
        "tell_how_to_check_in": AGREED,
    },
    "handlers/answers/invitations.py": {
        "_left_lines": AGREED,
        "_recall_line": AGREED,
        "_recusal_lines": AGREED,
        "explain_leave_rules": AGREED,
        "explain_missed_call": AGREED,
    },
    "handlers/answers/membership.py": {
        "show_past_panels": AGREED,
    },
    "handlers/answers/own_panels.py": {
        "OwnPanels.today": AGREED,
        "describe": AGREED,
        "head": AGREED,
        "question_lines": AGREED,
    },
    "handlers/answers/panels.py": {
        "_end_lines": AGREED,
        "_time_lines": AGREED,
    },
    "handlers/answers/remuneration.py": {
        "_money_lines": AGREED,
        "_state_line": AGREED,
        "tell_where_the_money_is": AGREED,
    },
    "handlers/answers/agency_panels.py": {
        "_absence_text": PLANNED,
        "_at": PLANNED,
    },
    "handlers/answers/own_draws.py": {
        "new_times_first": PLANNED,
    },
    "handlers/check_in.py": {
        "check_in": AGREED,
    },
    "handlers/draws.py": {
        "_today_text": PLANNED,
    },
    "handlers/invitations.py": {
        "_give_answer": FORM,
        "_outcome": AGREED,
        "_read_back_reply": AGREED,
        "answer_invitation": FORM,
    },
    "handlers/late_arrivals.py": {
        "_arrival": AGREED,
        "_ask_delay": AGREED,
        "_doubt": AGREED,
        "_explain_refusal": AGREED,
        "_read_back": AGREED,
        "_unchanged_text": AGREED,
        "announce_delay": AGREED,
        "recorded_text": AGREED,
        "tell_who_is_on_the_way": AGREED,
        "time_left_line": AGREED,
        "withdraw_delay": AGREED,
    },
    "handlers/leave.py": {
        "answer_registered_leave": AGREED,
        "ask_leave": AGREED,
    },
    "handlers/next_steps.py": {
        "_expert_words": AGREED,
    },
    "handlers/overview.py": {
        "expert_overview": AGREED,
    },
    "handlers/panels.py": {
        "_past_line": AGREED,
    },
    "handlers/picking.py": {
        "PickOption": FORM,
        "panel_options": AGREED,
    },
    "handlers/remuneration.py": {
        "_line": AGREED,
        "_reminded_line": AGREED,
        "_remuneration_text": AGREED,
        "remind_agency": AGREED,
    },
    "handlers/time_changes.py": {
        "answer_move": AGREED,
    },
    "handlers/wording.py": {
        "gathering_text": AGREED,
        "state_text": AGREED,
    },
    "miniapp_api/draws/invitations.py": {
        "InvitationAnswerIn": FORM,
        "LateArrivalIn": FORM,
        "InvitationOut": AGREED,
        "answer": FORM,
    },
    "models/attendance.py": {
        "-": AGREED,
        "LateArrival": AGREED,
        "LateArrival.arrives_at": AGREED,
        "find_late_arrival": AGREED,
    },
    "models/draws.py": {
        "CallNotice": PLANNED,
        "RecalledExpert": FORM,
    },
    "models/invitations.py": {
        "-": THE_ACCESSOR,
        "Invitation": THE_ACCESSOR,
    },
    "services/draws/activity_end.py": {
        "ActivityEnd._cancel_invitations": AGREED,
    },
    "services/draws/attendance/absence_queries.py": {
        "AbsenceQueries._find_rows": AGREED,
        "AbsenceRow": AGREED,
    },
    "services/draws/attendance/gathering_times.py": {
        "GatheringTimes.move": PLANNED,
        "_check_day": FORM,
    },
    "services/draws/attendance/late_arrivals.py": {
        "LateArrivals._check_arrival": AGREED,
        "LateArrivals._report_call": AGREED,
        "LateArrivals.record_call": AGREED,
        "LateArrivals.state": AGREED,
        "LateArrivals.withdraw": AGREED,
        "_says_the_same": AGREED,
    },
    "services/draws/attendance/time_changes.py": {
        "TimeChanges._agree": BOTH,
        "TimeChanges._propose_gathering": BOTH,
        "TimeChanges._save_proposal": BOTH,
        "_facts": BOTH,
        "_reason": BOTH,
    },
    "services/draws/attendance/unanswered_moves.py": {
        "_describe_move": BOTH,
    },
    "services/draws/call_order/eligibility.py": {
        "occupied_span": PLANNED,
    },
    "services/draws/call_order/round_opening.py": {
        "_facts": PLANNED,
    },
    "services/draws/calls/calling.py": {
        "Calling.check_time": PLANNED,
    },
    "services/draws/calls/completion.py": {
        "DrawCompletion._notify_panel": AGREED,
        "DrawCompletion._shortage_reason": PLANNED,
    },
    "services/draws/calls/invitation_queries.py": {
        "InvitationQueries.list_current": AGREED,
        "InvitationQueries.list_panels": AGREED,
    },
    "services/draws/calls/incoming_call_texts.py": {
        "_where": AGREED,
        "state_text": AGREED,
    },
    "services/draws/calls/incoming_calls.py": {
        "IncomingCalls._offer": AGREED,
    },
    "services/draws/calls/invitation_views.py": {
        "-": AGREED,
        "InvitationRow": AGREED,
        "InvitationView": AGREED,
        "view_of": AGREED,
    },
    "services/draws/calls/invitations.py": {
        "Invitations._agree_to_named_time": AGREED,
        "Invitations._apply_answer": AGREED,
    },
    "services/draws/calls/lapse_notifications.py": {
        "_recipient": AGREED,
    },
    "services/draws/calls/next_calls.py": {
        "NextCalls._call_expert": PLANNED,
        "NextCalls._create_invitation": PLANNED,
        "NextCalls.fill_places": PLANNED,
    },
    "services/draws/calls/reminders.py": {
        "-": AGREED,
        "_recipient": AGREED,
        "_remind_experts": AGREED,
        "next_reminder": AGREED,
    },
    "services/draws/follow_ups/recall_queries.py": {
        "-": BOTH,
        "RecallQueries.find_hindrances_of": BOTH,
        "RecallRow": BOTH,
    },
    "services/draws/follow_ups/recalls.py": {
        "Recalls._answer_until": FORM,
        "Recalls._check_gathering": FORM,
        "Recalls._create_invitation": FORM,
        "Recalls._invite_expert": FORM,
        "Recalls._notify_accepted": AGREED,
        "Recalls._pass_over": PLANNED,
        "Recalls._propose_gathering": BOTH,
        "Recalls.record_statement": FORM,
    },
    "services/draws/attendance/attendance_queries.py": {"AttendanceQueries.not_awaited": AGREED},
    "services/draws/attendance/check_in.py": {
        "VenueCheckIn._notify_registered": AGREED,
    },
    "services/draws/recall_record.py": {
        "confirmed_entry": AGREED,
    },
    "services/draws/follow_ups/redraws.py": {
        "RedrawsAndRecalls._copy_for_redraw": PLANNED,
        "RedrawsAndRecalls._notice_form": PLANNED,
        "_copy_panel": PLANNED,
    },
    "services/draws/follow_ups/releases.py": {
        "_recipient": AGREED,
    },
    "services/draws/queries.py": {
        "-": AGREED,
    },
    "services/draws/recall_rules.py": {
        "check_same_day": FORM,
    },
    "services/draws/results/prints.py": {
        "DrawPrints.attendance": AGREED,
        "DrawPrints.result": AGREED,
    },
    "services/draws/results/public_record.py": {
        "-": AGREED,
        "OwnLeaf": AGREED,
    },
    "services/draws/results/results.py": {
        "DrawResults._find_rows": AGREED,
        "DrawResults._show_row": AGREED,
        "ResultRow": AGREED,
    },
    "services/draws/setup/call_notices_and_conditions.py": {
        "CallNoticesAndConditions._check_call_notice": PLANNED,
        "CallNoticesAndConditions._note_first_gathering": PLANNED,
        "CallNoticesAndConditions._stored_form": PLANNED,
        "_fill_call_notice": PLANNED,
    },
    "services/draws/setup/call_texts.py": {
        "-": PLANNED,
    },
    "services/draws/setup/copying.py": {
        "DrawCopies._shift": PLANNED,
        "_copy_notices": PLANNED,
    },
    "services/draws/setup/draw_setup.py": {
        "DrawSetup._check_notices": PLANNED,
        "DrawSetup._move_recall_gatherings": PLANNED,
    },
    "services/draws/setup/form_versions.py": {
        "-": PLANNED,
    },
    "services/draws/setup/forms.py": {
        "-": PLANNED,
        "CallNoticeForm": PLANNED,
        "_check_gathering": PLANNED,
        "check_call_notice": PLANNED,
        "check_notice_texts": PLANNED,
    },
    "services/draws/views.py": {
        "CallNoticeView": PLANNED,
    },
    "services/draws/worklists.py": {
        "-": PLANNED,
        "WorkLine": PLANNED,
    },
    "services/expert_file_views/timeline.py": {
        "-": AGREED,
    },
    "services/experts/availability.py": {
        "-": AGREED,
        "_panels_in": AGREED,
    },
    "services/expert_file_views/timeline_words.py": {
        "TimelineWords._gathering": AGREED,
    },
    "services/operations/privacy.py": {
        "_collect_panels": AGREED,
    },
    "services/operations/readable_data.py": {
        "-": AGREED,
    },
    "services/sanctions/sanctions.py": {
        "Sanctions._check_no_panel": AGREED,
    },
    "services/remuneration/answers.py": {
        "-": AGREED,
        "ExpertAnswers._view_remuneration": AGREED,
        "OwnRemuneration": AGREED,
    },
    "services/remuneration/payouts.py": {
        "Payouts.unmark_paid": AGREED,
        "Payouts._mark_paid": AGREED,
    },
    "services/remuneration/proposals.py": {
        "-": AGREED,
        "Proposals._notify_expert": AGREED,
        "trip_of": AGREED,
    },
    "services/workflows/own_cases.py": {
        "OwnCases._remunerations": AGREED,
    },
    "web/agency/calling.py": {
        "CallingPages.move_gathering": PLANNED,
        "_Move": PLANNED,
    },
    "web/agency/conditions.py": {
        "ConditionPages._notice_values": PLANNED,
        "ConditionPages._spoken": PLANNED,
        "ConditionPages._suggested_values": PLANNED,
        "ConditionPages.preview_call": PLANNED,
        "_CallNotice": PLANNED,
        "_restore_fixed_fields": PLANNED,
    },
    "web/agency/details.py": {
        "AttendanceTab._venue_urgers": PLANNED,
    },
    "web/agency/recall.py": {
        "RecallPages.note_answer": FORM,
        "_Answer": FORM,
    },
    "web/agency/supplement_times.py": {
        "SupplementForm.changed_gatherings": PLANNED,
        "suggest": PLANNED,
    },
    "web/draws/attendance.py": {
        "AttendancePages.screen": PLANNED,
    },
    "web/draws/invitations.py": {
        "InvitationPages._delay_page": AGREED,
        "InvitationPages.announce_delay": AGREED,
        "InvitationPages._page": FORM,
        "InvitationPages.show": FORM,
    },
    "platform_api/draws.py": {
        "NoticeIn": FORM,
    },
    "platform_api/results.py": {
        "ArrivalOut": AGREED,
        "ExpertOut": AGREED,
    },
    "web/templates/integrations/guide.html": {
        "-": FORM,
    },
    "web/templates/agency/call_notice.html": {
        "-": PLANNED,
    },
    "web/templates/agency/calling.html": {
        "-": PLANNED,
    },
    "web/templates/agency/condition.html": {
        "-": PLANNED,
    },
    "web/templates/agency/conditions.html": {
        "-": PLANNED,
    },
    "web/templates/agency/log.html": {
        "-": AGREED,
    },
    "web/templates/agency/notify.html": {
        "-": FORM,
    },
    "web/templates/agency/result.html": {
        "-": AGREED,
    },
    "web/templates/agency/submit.html": {
        "-": PLANNED,
    },
    "web/templates/agency/wizard.html": {
        "-": PLANNED,
    },
    "web/templates/agency/supplements.html": {
        "-": AGREED,
    },
    "web/templates/applications/home.html": {
        "-": AGREED,
    },
    "web/templates/core/parts.html": {
        "-": AGREED,
    },
    "web/templates/draws/absences.html": {
        "-": AGREED,
    },
    "web/templates/draws/facts.html": {
        "-": PLANNED,
    },
    "web/templates/draws/invitation.html": {
        "-": AGREED,
    },
    "handlers/reports.py": {
        "_begin_answer": AGREED,
    },
    "services/reports/contact_questions.py": {
        "-": AGREED,
        "ContactQuestions._ask": AGREED,
        "ContactQuestions.list_own": AGREED,
        "OwnQuestion": AGREED,
    },
    "services/reports/data_export.py": {
        "collect_contact_answers": AGREED,
    },
    "web/templates/reports/contacts.html": {
        "-": AGREED,
    },
    "web/templates/draws/list.html": {
        "-": PLANNED,
    },
    "web/templates/experts/panels.html": {
        "-": AGREED,
    },
    "web/templates/experts/proofs.html": {
        "-": AGREED,
    },
    "web/templates/office/home.html": {
        "-": PLANNED,
    },
    "web/templates/experts/recusal.html": {
        "-": AGREED,
    },
    "web/templates/remuneration/own.html": {
        "-": AGREED,
    },
    "miniprogram/lib/lists.js": {
        "-": AGREED,
    },
    "miniprogram/pages/invitation.js": {
        "-": AGREED,
    },
    "miniprogram/types/api.d.ts": {
        "-": AGREED,
    },
    "config/rulebooks/_defaults.toml": {
        "-": FORM,
    },
}
_RULES = frozenset({"check_in_opens", "urging_window", "allowed_until"})
"""Rulebook keys of an expert's rights and duties."""


def test_every_reader_of_a_gathering_says_which_it_means() -> None:
    readers = {(path, name) for path, name in _readers()}
    listed = {(path, name) for path, names in READERS.items() for name in names}
    assert sorted(readers - listed) == [], "say whether it reads the agreed or the planned gathering"
    assert sorted(listed - readers) == [], "no longer reads one"


def test_the_rights_of_an_expert_are_computed_in_one_place() -> None:
    """A subtraction of a rule from any time but the agreed one is the fault of this kind."""
    offenders = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.BinOp)
        and any(isinstance(side, ast.Attribute) and side.attr in _RULES for side in (node.left, node.right))
        and path.relative_to(ROOT).as_posix() not in _ALLOWED
    ]
    assert offenders == []


def test_whether_a_leave_is_late_is_decided_in_one_place() -> None:
    """``InvitationView.leave_is_late``: texts that compare the time themselves say what no longer holds."""
    offenders = [
        f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"
        for path in _modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Compare)
        and any(
            isinstance(side, ast.Attribute) and side.attr == "leave_until" for side in (node.left, *node.comparators)
        )
        and not any(isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops)
        and path.name != "invitation_views.py"
    ]
    assert offenders == []


_ALLOWED = {
    "domain/draws/agreed_times.py",
    "services/draws/attendance/attendance_queries.py",
    "services/draws/follow_ups/recalls.py",
    "services/draws/worklists.py",
}
"""Beside the accessor: the list of the awaited, by its SQL; a recall before its invitations exist; lists of draws."""


def _modules() -> Iterator[Path]:
    return (path for folder in CODE for path in sorted((ROOT / folder).rglob("*.py")))


def _readers() -> Iterator[tuple[str, str]]:
    """Path and function of each mention in code outside of docstrings, path and ``-`` of a text."""
    for path in _modules():
        source = path.read_text(encoding="utf-8")
        if WORD in source:
            tree = ast.parse(source)
            yield from _mentions(tree, path.relative_to(ROOT).as_posix(), (), _docstrings(tree))
    for path in (path for folder in TEXTS for path in sorted((ROOT / folder).rglob("*"))):
        others = path.is_relative_to(ROOT / "miniprogram" / "tests") or "node_modules" in path.parts
        if path.suffix in TEXT_KINDS and not others and WORD in path.read_text(encoding="utf-8"):
            yield path.relative_to(ROOT).as_posix(), "-"


def _docstrings(tree: ast.AST) -> set[int]:
    blocks = [node for node in ast.walk(tree) if isinstance(node, ast.Module | ast.ClassDef | _FUNCTIONS)]
    return {id(block.body[0].value) for block in blocks if block.body and isinstance(block.body[0], ast.Expr)}


_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def _mentions(node: ast.AST, path: str, names: tuple[str, ...], docstrings: set[int]) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.ClassDef | _FUNCTIONS):
        names = (*names, node.name)
    if _is_mention(node) and id(node) not in docstrings:
        yield path, ".".join(names) or "-"
    for child in ast.iter_child_nodes(node):
        yield from _mentions(child, path, names, docstrings)


def _is_mention(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=name):
            return name == WORD
        case ast.Constant(value=str(text)):
            return WORD in text
        case _:
            return False
