"""Nobody speaks for another person unnoticed: each command about a person is in the table of ``threats.md``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import KINDS
from services.core.permissions import PERMISSIONS
from tests.factories.rulebooks import load_rulebook
from web.core.pages import PageGroup, declared_pages

ROOT = Path(__file__).parents[2]
OWN = (
    "accounts",
    "applications",
    "certificates",
    "courses",
    "entry.public_notices",
    "exams",
    "experts",
    "notifications.own_feedback",
    "remuneration.own",
    "reports.contacts",
)
"""Pages on which a person acts for himself."""
ABOUT_THINGS: Mapping[str, str] = {
    "agency.conditions": "conditions and notices of a draw",
    "agency.projects": "projects and lots",
    "agency.redraws": "a new activity",
    "agency.submission": "an application about a draw",
    "draws.audit": "reading, and checking, a record",
    "draws.list_and_detail": "links to a record",
    "draws.verification": "a draw is verified, not a person",
    "office.bank": "items",
    "office.bank_files": "items",
    "office.campaigns": "a campaign",
    "office.catalogues": "codes; a mapping gives all who hold one its successors, and stands in the file",
    "office.course_items": "the content of a course",
    "office.courses": "a course; all its participants are told",
    "office.employers": "units",
    "office.exam_blueprints": "blueprints of papers",
    "office.exam_sittings": "sittings; who booked one is told",
    "office.exams": "an examination; all its candidates are told",
    "office.feedback": "answers to messages, and who of the office has them",
    "office.invoices": "invoices",
    "office.materials": "documents",
    "office.misunderstood": "a sentence, of which nobody knows who wrote it",
    "office.orders": "money that comes back",
    "office.reconciliation": "money",
    "office.texts": "texts that everybody reads",
    "office.unmatched_payments": "money",
    "office.venues": "places",
}
"""Groups of pages whose commands say nothing about a person."""
ABOUT_NOTHING: Mapping[str, str] = {
    **dict.fromkeys(
        [
            "agency.basic.copy",
            "agency.basic.create",
            "agency.basic.delete",
            "agency.basic.find",
            "agency.basic.find_for_new",
            "agency.basic.save",
        ],
        "a draft",
    ),
    **dict.fromkeys(
        [
            "agency.calling.abort_round",
            "agency.calling.open_round",
            "agency.calling.pause",
            "agency.calling.resume",
            "agency.calling.start",
            "agency.calling.widen",
        ],
        "the order, in which no person is chosen",
    ),
    **dict.fromkeys(
        [
            "agency.details.ring",
            "agency.details.urge",
            "agency.recall.ask_back",
            "agency.recall.resend",
            "agency.recall.ring",
            "agency.release.ring",
            "draws.attendance.ring",
            "draws.attendance.urge",
        ],
        "contact with a person, which records nothing about him",
    ),
    "agency.details.share": "a link",
    "agency.recall.choose_phone": "one's own number, or the contact's of the notice",
    **dict.fromkeys(
        [
            "agency.release.attach",
            "agency.release.remove_attachment",
            "agency.release.submit",
            "agency.release.withdraw",
        ],
        "an application about a draw",
    ),
    "draws.absences.end": "the activity; refused where nobody entered",
    **dict.fromkeys(
        ["office.applications.reveal", "office.experts.reveal", "reviews.tasks.reveal"], "reading, which is logged"
    ),
    **dict.fromkeys(["reviews.absences.take_back", "reviews.tasks.take_back"], "the task is everybody's again"),
    **dict.fromkeys(
        [f"office.group_notices.{act}" for act in ("drop", "start", "stop", "try_out", "write")],
        "a text to many, which records nothing about them",
    ),
    **dict.fromkeys(
        ["office.people.search", "office.people.find_other", "office.experts.find"], "reading, which is logged"
    ),
    "office.applications.preview_message": "a preview",
    "office.applications.refuse": "a proposal, of which he was not told, has no effect",
    "office.applications.withdraw": "as above",
    "office.exam_analysis.preview": "a preview",
    "office.exam_candidates.allow": "more time, which takes nothing",
    "office.exam_candidates.allow_devices": "more devices, which take nothing",
    "office.exam_candidates.drop": "a draft, of which nobody was told",
    "office.expert_sheets.drop": "a file",
    "office.term_sheets.drop": "a sheet, of which nobody was told",
    "office.term_sheets.read_sheet": "a preview; see the confirmation",
    "office.sanction_sheets.drop": "a proposal, of which nobody was told",
    "office.sanction_sheets.read_sheet": "a preview; see the confirmation",
    "office.expert_sheets.read_sheet": "a preview; see the confirmation",
    "office.experts.refuse": "a proposal, of which he was not told, has no effect",
    "office.experts.withdraw": "as above",
    "office.exam_scores.clear_flags": "the score stands as it was",
    "office.exam_scores.mark": "counts when it is released, see there",
}
"""Single commands that say nothing about a person, each with the reason."""
UNTOLD: Mapping[str, str] = {
    **dict.fromkeys(
        [
            "agency.recusal.add_person",
            "agency.recusal.add_unit",
            "agency.recusal.read_sheet",
            "agency.recusal.remove_person",
            "agency.recusal.remove_unit",
        ],
        "it would say who is in the pool",
    ),
    "files.produced.mail_file": "it goes to the address of the person who asks for it, and who may open the file",
    "office.applications.write_note": "it is for office and reviewers; his data export says when there was one",
    "office.passwords.issue": "the password only allows its owner to set another one, with a code by SMS",
    **dict.fromkeys(
        [
            "reports.reporting.hand_in",
            "reports.reporting.open_report",
            "reports.reporting.add",
            "reports.examination.examine",
            "reports.examination.ask",
            "reports.examination.close",
            "reports.examination.reopen",
        ],
        "a report is sealed for supervision, which decides by itself whom it asks; it has no effect in the system",
    ),
    "agency.integrations.accept": "the agent's own consent, or that of the legal entity that he acts for",
    **dict.fromkeys(
        [
            "office.integrations.rotate_secret",
            "office.integrations.rotate_signing",
            "office.integrations.end_former_secret",
            "office.integrations.send_test",
            "office.integrations.repeat_given_up",
        ],
        "keys and events of a platform that the agent accepted",
    ),
    **dict.fromkeys(["office.supervisors.add", "office.supervisors.end"], "it counts when he is chosen, and is told"),
}
"""Acts about a person of which he isn't told, each with the reason; ``threats.md`` names them below its table."""
PERSONAL = frozenset(
    {
        "absence.register",
        "application.conclude",
        "application.unlock",
        "attendance.manage",
        "certificate.manage",
        "course.manage",
        "discard.decide",
        "draw.force_end",
        "draw.pause",
        "draw.release",
        "draw.start",
        "draw.submit",
        "draw.terminate",
        "exam.manage",
        "exam.mark",
        "expert.manage",
        "late_arrival.record",
        "integration.manage",
        "objection.decide",
        "organisation.link_agent",
        "organisation.revoke_agent",
        "person.manage",
        "remuneration.pay",
        "remuneration.propose",
        "review.assign",
        "review.decide",
        "supervisor.manage",
    }
)
"""Permissions by which one person does something about another."""
IMPERSONAL = frozenset(
    {
        "application.export",
        "application.read",
        "attendance.urge",
        "audit.read",
        "campaign.manage",
        "catalogue.import",
        "catalogue.manage",
        "discard.read",
        "draw.audit",
        "draw.commit_agency",
        "draw.commit_supervisor",
        "draw.create",
        "draw.edit",
        "draw.end",
        "draw.open_leaf",
        "draw.preview",
        "draw.read",
        "draw.resume",
        "draw.verify",
        "draw.withdraw",
        "employer.manage",
        "employer.request",
        "employer.search",
        "exam.keys",
        "expert.read",
        "feedback.answer",
        "import",
        "material.manage",
        "material.restricted",
        "organisation.read",
        "payment.export",
        "payment.manage",
        "project.create",
        "project.delete",
        "project.edit",
        "project.read",
        "remuneration.read",
        "remuneration.report",
        "notice.group",
        "statistics.read",
        "remuneration.totals",
        "result.read",
        "report.read",
        "rule.read",
        "text.manage",
    }
)
"""Permissions to read, or to act on things; ``import`` is the office's register, checked by ``person_differs``."""
OWN_ACTIONS = re.compile(r"\.own$|^expert\.self\.|^attendance\.check_in$")
NUMBER, ANSWER = "number", "answer"


class Row(NamedTuple):
    """A row of the table: notices of which the person is told, and the ways to object."""

    act: str
    told: tuple[str, ...]
    ways: tuple[str, ...]


def table() -> list[Row]:
    text = (ROOT / "docs/reference/threats.md").read_text(encoding="utf-8")
    section = text.partition("## What one person says or does about another")[2].partition("\n## ")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "| `" in line]
    return [
        Row(act.strip("`"), tuple(re.findall(r"`(\w+)`", told)), tuple(re.findall(r"[\w.]+", ways)))
        for act, _, _, told, ways in cells
    ]


def declared_acts() -> Iterator[str]:
    """Each declared command as ``package.module.function`` below ``web``."""
    groups: list[Any] = [PageGroup]
    while groups:
        group = groups.pop()
        groups += [part for part in group.__subclasses__() if part.__module__.startswith("web.")]
        for declaration in declared_pages(group):
            for _, command in declaration.commands:
                yield f"{command.function.__module__.removeprefix('web.')}.{command.function.__name__}"


def is_own(act: str) -> bool:
    return any(act.startswith(f"{pages}.") for pages in OWN)


def is_about_things(act: str) -> bool:
    return act.rpartition(".")[0] in ABOUT_THINGS or act in ABOUT_NOTHING


def test_every_act_about_a_person_is_in_the_table_or_has_a_reason() -> None:
    acts = {act for act in declared_acts() if not is_own(act)}
    rows = {row.act for row in table()}
    known = rows | UNTOLD.keys()
    assert sorted(act for act in acts if act not in known and not is_about_things(act)) == []
    assert sorted(act for act in known if act not in acts) == [], "the table names what no page has"
    assert sorted(act for act in known if is_about_things(act)) == []
    assert rows & UNTOLD.keys() == set()


def test_each_person_is_told_by_a_notice_that_exists_and_may_object() -> None:
    commands = set(declared_acts())
    books = [load_rulebook(path) for path in sorted((ROOT / "config/rulebooks").glob("[a-z]*.toml"))]
    sent = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "services").rglob("*.py"))
    for row in table():
        assert row.told, f"{row.act}: nobody is told"
        assert row.ways, f"{row.act}: no way to object"
        for kind in row.told:
            assert kind in KINDS, f"{row.act}: no notice {kind}"
            assert f'"{kind}"' in sent, f"{row.act}: {kind} is never sent"
        for way in row.ways:
            assert way in commands or way in (NUMBER, ANSWER), f"{row.act}: no way {way}"
        if ANSWER in row.ways:
            assert all("答复" in book.texts[kind].model_dump_json() for book in books for kind in row.told), row.act
        if NUMBER in row.ways:
            assert all(any(_has_number(book, kind) for kind in row.told) for book in books), f"{row.act}: no number"


def _has_number(book: Rulebook, kind: str) -> bool:
    texts = book.texts[kind].model_dump_json()
    return "{hotline}" in texts or "{contact_phone}" in texts


def test_every_permission_is_sorted_by_whether_it_is_about_a_person() -> None:
    """A new permission has to be looked at: is it a word about another person?"""
    others = {action for action in PERMISSIONS if not OWN_ACTIONS.search(action)}
    assert sorted(others ^ (PERSONAL | IMPERSONAL)) == []
    assert not PERSONAL & IMPERSONAL
