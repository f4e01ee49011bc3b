"""What a client measures is never simply believed: each number, time, position, order or amount of bytes has a bound.

The inputs are read from the declarations: schemas of the API, forms and uploads of pages. A new one fails here until it
stands in the table with what bounds it, which a test of its noun must show. What no declaration tells is listed apart.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from annotated_types import Ge, Gt, Le, Lt, MaxLen
from pydantic import BaseModel

import web
from domain.positions import Position
from miniapp_api.assembly import APIS
from miniapp_api.http.schema import Input
from web.core.pages import PageGroup, declared_pages

ROOT = Path(__file__).parents[2]
MEASURES = (int, float, datetime, date, time, timedelta, bytes, Position)
"""Types of values that a client counts or measures; ``bool`` is none of them."""
_SHOWN = "compared with the stored one under its lock: another is refused"
_WINDOW = "order, one year at most, not over"
_AS_BASIC = "as the same field of web.agency.basic._Basic: one check for all kinds of activities"
_LIST = "of a page: a list that is cut"
_CREDIT = "0 to 100 class hours; the office's own word, beside the length that the file states"
_GATHERING = "after now, not after the start of the panel; experts read it and agree"
API: Mapping[str, str] = {
    "catalogues_search.limit": _LIST,
    "employers_search.limit": _LIST,
    "courses_courses.page": _LIST,
    "notices_mine.page": _LIST,
    "notices_mine.size": _LIST,
    "invitations_answer.gathering_at": _SHOWN,
    "invitations_check_in.position.latitude": "WeChat's word: inside attendance.radius_m, else only a claim",
    "invitations_check_in.position.longitude": "as the latitude",
    "experts_add.starts_at": "order, not over, a year at most, 100 periods",
    "experts_add.ends_at": "as starts_at",
    "experts_add.until": "as starts_at",
    "experts_add.weekdays": "1 to 7",
    "applications_save.version": _SHOWN,
    "applications_save.values": "fields of the form's schema alone, each with its own limit",
    "applications_submit.version": _SHOWN,
    "attachments_begin.row": "a row that the form has",
    "attachments_begin.size": "the rule of the field; as many bytes must arrive, and no more are taken",
    "attachments_append.offset": "the next byte that is missing, else 409",
    "attachments_append.<content>": "1 MB; together the announced size",
    "exam_attempts_start.device": "only with the ticket of that device; take-overs up to exam.devices_max",
    "exam_attempts_save.device": "the ticket's; one that was replaced counts by what was pending (PENDING_FOR)",
    "exam_attempts_save.events": "400 a request; limits per device, question and paper (answer_writer.py)",
    "exam_attempts_save.events.seq": "the next one, without a gap; at most DEVICE_EVENTS_MAX",
    "exam_attempts_save.events.slot": "a question of the paper, else evidence",
    "exam_attempts_save.events.mask": "options of the question; other bits are dropped",
    "exam_attempts_save.events.at": "judges only what came within the grace or after a take-over, else unused",
    "invitations_announce_delay.minutes": "attendance.late_arrival; his own word, which only he may give",
    "exam_attempts_save.leaves": "only grows; a hint for the office, no answer depends on it",
    "exam_attempts_save.hidden_seconds": "as leaves",
    "exam_attempts_submit.device": "the ticket's, and the active one",
    "exam_attempts_submit.answers": "400, once: they end the paper",
    "exam_attempts_submit.answers.slot": "a question of the paper",
    "exam_attempts_submit.answers.mask": "as in an event",
    "exam_attempts_submit.answers.at": "judges only what came within the grace",
    "courses_beat.player": "the one that was opened last",
    "courses_beat.start": "inside the watched part, or course.seek_ahead beyond",
    "courses_beat.end": "start, and unused seconds since the opening times the rate; the next question",
    "courses_beat.rate": "one of course.rates",
    "courses_answer_presence.player": "the one that was opened last",
    "courses_see_page.player": "the one that was opened last",
    "courses_see_page.number": "a page of the item; counts after course.page_seconds of the service's clock",
    "consents_take.answers": "templates that were asked for, five at most",
}
"""Bounds of the API's inputs, by endpoint and field."""
FORMS: Mapping[str, str] = {
    "web.agency.agents._Agent.valid_from": "order, not over, login.agent_link_max",
    "web.agency.agents._Agent.valid_until": "as valid_from",
    "web.agency.basic._Basic.bid_closing_at": "not after the opening",
    "web.agency.basic._Basic.ends_at": "after the start, draw.panel_max",
    "web.agency.basic._Basic.needed": "1 to draw.experts_max",
    "web.agency.basic._Basic.opening_at": "before the start (draw.times_in_order)",
    "web.agency.basic._Basic.starts_at": "not past",
    "web.agency.basic._Copy.bid_closing_at": "not after the opening",
    "web.agency.basic._Copy.ends_at": "after the start, draw.panel_max",
    "web.agency.basic._Copy.needed": "1 to draw.experts_max",
    "web.agency.basic._Copy.opening_at": "before the start (draw.times_in_order)",
    "web.agency.basic._Copy.starts_at": "not past",
    "web.agency.calling._Move.gathering_at": _GATHERING,
    "web.agency.calling._Widening.gatherings": _GATHERING,
    "web.agency.conditions._CallNotice.gathering_at": _GATHERING,
    "web.agency.conditions._Condition.planned": "1 to the places that no other condition has",
    "web.agency.projects._Lot.investment": "up to INVESTMENT_MAX; nothing is computed from it",
    "web.agency.projects._Project.investment": "as a lot's",
    "web.agency.recall._Answer.gathering_at": _GATHERING,
    "web.agency.redraws._Recall.ends_at": _AS_BASIC,
    "web.agency.redraws._Recall.starts_at": _AS_BASIC,
    "web.agency.redraws._Redraw.bid_closing_at": _AS_BASIC,
    "web.agency.redraws._Redraw.ends_at": _AS_BASIC,
    "web.agency.redraws._Redraw.opening_at": _AS_BASIC,
    "web.agency.redraws._Redraw.starts_at": _AS_BASIC,
    "web.agency.remuneration._Payment.chosen": _SHOWN,
    "web.agency.remuneration._Payment.due": _SHOWN,
    "web.agency.remuneration._Payment.paid_on": "from the day of the panel to today; experts are notified of it",
    "web.agency.supplement_times.SupplementForm.gatherings": _GATHERING,
    "web.agency.supplement_times._PostponedStart.starts_at": "later on the same day, draw.supplement.postpone_max",
    "web.draws.invitations._Answer.gathering": _SHOWN,
    "web.office.feedback._Answer.seen": _SHOWN,
    "web.draws.positions.CheckInForm.position": "the phone's word: inside attendance.radius_m, else only a claim",
    "web.experts.own_changes._Retirement.retired_on": "not later than today, after the birth",
    "web.experts.availability._Span.ends_at": "as experts_add",
    "web.experts.availability._Span.starts_at": "as experts_add",
    "web.experts.availability._Weekly.until": "as experts_add",
    "web.experts.availability._Weekly.weekdays": "as experts_add",
    "web.office.applications._Deadline.until": "ahead and later than the present deadline, within UNTIL_MAX",
    "web.office.bank._Item.difficulty": "1 to 5",
    "web.office.bank._Item.key": "options of the item",
    "web.office.bank._NewItem.difficulty": "1 to 5",
    "web.office.bank._NewItem.key": "options of the item",
    "web.office.bank._PictureNumber.number": "a picture of the item",
    "web.office.bank._Revision.difficulty": "1 to 5",
    "web.office.bank._Revision.key": "options of the item",
    "web.office.bank._Revision.version": _SHOWN,
    "web.office.sanction_sheets._SheetForm.starts_on": "not before today, in this century",
    "web.office.sanction_sheets._SheetForm.ends_on": "not before its start, in this century",
    "web.office.experts._Sanction.starts_on": "not before today, in this century",
    "web.office.experts._Sanction.ends_on": "not before its start, in this century",
    "web.office.course_items._CourseItem.credit": _CREDIT,
    "web.office.course_items._CourseItem.ends_at": "after the start, 12 hours",
    "web.office.course_items._CourseItem.starts_at": "before the end",
    "web.office.course_items._NewCourseItem.credit": _CREDIT,
    "web.office.course_items._NewCourseItem.ends_at": "after the start, 12 hours",
    "web.office.course_items._NewCourseItem.starts_at": "before the end",
    "web.office.course_items._PageNumber.number": "a page of the item",
    "web.office.course_items._VideoPart.number": "below _PARTS_MAX, 2 GB in all",
    "web.office.course_items._VideoPart.of": "as many parts must be there",
    "web.office.courses._Course.amount": "0.01 to 1,000,000 yuan; participants see it before they pay",
    "web.office.courses._Course.closes_at": _WINDOW,
    "web.office.courses._Course.opens_at": _WINDOW,
    "web.office.courses._Prolonging.closes_at": _WINDOW,
    "web.draws.attendance._Delay.minutes": "attendance.late_arrival, as in the expert's own form; he may correct it",
    "web.office.exam_appeals._Answer.marks": "above what a short answer of the paper has, up to its mark",
    "web.office.exam_candidates._Allowance.minutes": "EXTRA_MINUTES_MAX, with a reason, by the office",
    "web.office.exam_candidates._Allowance.tries": "EXTRA_TRIES_MAX, with a reason, by the office",
    "web.office.exam_candidates._Outage.since": "order; only who was answering then gets a try",
    "web.office.exam_candidates._Outage.until": "as since",
    "web.office.exam_scores._Marks.slot": "a short answer of the paper",
    "web.office.exam_sittings._Sitting.capacity": "1 to CAPACITY_MAX, not below what is booked",
    "web.office.exam_sittings._Sitting.ends_at": "inside the examination's window",
    "web.office.exam_sittings._Sitting.starts_at": "inside the examination's window",
    "web.office.exams._Exam.closes_at": _WINDOW,
    "web.office.exams._Exam.opens_at": _WINDOW,
    "web.office.materials._Material.position": "0 to POSITION_MAX",
    "web.office.reviewers._Absence.ends_on": "as starts_on; LONGEST",
    "web.office.reviewers._Absence.starts_on": "from today, FURTHEST; of nobody who is away or stands in then",
    "web.office.catalogues._End.ends_on": "not before today; after the start",
    "web.office.catalogues._Entry.starts_on": "not before today",
    "web.office.texts._Edit.seen": _SHOWN,
    "web.office.text_edits.RestoreForm.seen": _SHOWN,
    "web.office.texts._Seen.seen": _SHOWN,
    "web.office.venues._Offer.seen": _SHOWN,
    "web.office.venues._Venue.seen": _SHOWN,
    "web.remuneration.own._Confirmation.version": _SHOWN,
    "web.remuneration.own._Dispute.version": _SHOWN,
    "web.reviews.absences._Absence.ends_on": "as web.office.reviewers._Absence",
    "web.reviews.absences._Absence.starts_on": "as web.office.reviewers._Absence",
}
"""Bounds of what forms of pages bring, by module, form and field."""
CONVERTERS = {"Decimal", "day", "float", "fromisoformat", "fromtimestamp", "int", "moment", "strptime"}
"""What makes a number or a time of a text."""
OWN_TEXTS = ("bot.engine", "bot.inbox", "bot.journal", "bot.pipelined_redis", "bot.windows", "miniapp_api.http")
"""Modules that read only what the service wrote or declared itself."""
UPLOADS = (
    "/agency/draws/{id}/attachment",
    "/agency/draws/{id}/recusal/{kind}.xlsx",
    "/agency/draws/{id}/release",
    "/agency/draws/{id}/release/attachment",
    "/agency/draws/{id}/submit",
    "/h5/{pool}/reports",
    "/h5/{pool}/reports/new",
    "/office/bank/import",
    "/office/bank/item/{id}/pictures",
    "/office/courses/{id}/items/{item}/pages",
    "/office/employers/import",
    "/office/experts/import",
    "/office/experts/terms",
    "/office/experts/{id}",
    "/office/exams/results",
    "/office/exams/{id}/candidates/sheet",
    "/office/invoices/file",
    "/office/materials",
    "/office/people/{id}",
    "/office/people/{id}/attachments/{field}",
    "/office/people/{id}/file/{field}",
    "/office/people/{id}/merge/{other}",
    "/office/sanctions/sheets",
)
"""Addresses of pages that take files: bytes are counted while they arrive, types read from the content. Films come in
parts, to an address of their own (``_VideoPart``)."""
IN_PLACE: Mapping[str, str] = {
    "bot.codec.Codec._check_age": "digits, signed by WeChat; PBT_WECHAT__MAX_AGE",
    "bot.messages._is_allowed": "eight digits, of a character",
    "bot.messages.Message.location": "inside the ranges of degrees; as invitations_check_in.position",
    "bot.messages.Message.sent_at": "signed by WeChat, a plausible year",
    "bot.messages.Message.tap": "19 digits; a choice that was offered to this person",
    "bot.messages.check_fields": "eleven digits, a plausible year",
    "bot.talk._chosen_value": "a choice that was offered",
    "handlers.answers.membership._retirement_lines": "of our own row",
    "handlers.invitations._new_gathering": "of our own refusal",
    "web.accounts.sent_codes.SentCodes.find": "of our own sealed cookie",
    "web.agency.home._month": "of a list: a month near now",
    "web.agency.projects.print_wan": "of our own rows",
    "web.courses.courses._number": "a page of the item",
    "web.draws.record._utc": "of our own record",
    "web.draws.record.read_entry": "of our own record",
    "web.exams.pictures.ExamPicturePages.picture": "a picture of the item; the address is signed",
    "web.office.applications.application_filter_of": "of a list",
    "web.office.bank.item_filter_of": "of a list",
    "web.office.campaigns.CampaignPages._form": "order, by services.applications.campaign_rules",
    "web.office.course_items.CourseItemPages.picture": "a page of the item",
    "web.office.exam_blueprints._read_tenths": "up to 100,000 marks in tenths, as a plain number",
    "web.office.exam_blueprints._read_whole_number": "difficulty 1 to 5, COUNT_MAX, QUESTIONS_MAX",
    "web.office.exams._NewTime.window": _WINDOW,
    "web.office.exports._range": "of a list: order",
    "web.office.materials._Material.data": "order; what is shown, nothing more",
    "web.office.remuneration.print_month": "of our own rows",
    "web.office.statistics.print_figure": "of our own rows",
    "web.reviews.tasks._wanted": "of a list: three digits",
    "web.office.texts._row_count": "at most _ROWS_MAX",
    "web.office.venues._degrees": "a finite number of degrees, inside China by services.office_texts.venues",
}
"""Numbers and times that code reads from a text itself, where no declaration tells, by function."""
ELSEWHERE: Mapping[str, str] = {
    "a position sent in the chat": "as invitations_check_in.position",
    "CreateTime of a message of WeChat": "signed by WeChat; PBT_WECHAT__MAX_AGE, ids are remembered twice as long",
    "times and numbers of an answer file": "evidence: the office decides, and marks never fall by it",
    "the code of a venue or of a lecture": "made by the service, for attendance.qr_valid, course.lecture_code_valid",
    "the length of a film": "read by the service from the file that the office uploaded",
    "X-Forwarded-For": "only the entry that our outermost proxy wrote (PBT_HTTP__TRUSTED_PROXIES)",
    "Content-Length, Content-Encoding": "bytes are counted as they arrive; encoded bodies are refused",
}
"""What clients measure beside schemas and forms, with its bound."""


def test_every_measure_of_the_api_has_a_bound() -> None:
    assert set(_of_api()) == set(API)
    assert "" not in API.values()


def test_every_measure_of_a_form_has_a_bound() -> None:
    assert set(_of_forms()) == set(FORMS)
    assert "" not in (FORMS | ELSEWHERE).values()


def test_every_number_and_time_that_is_read_in_place_has_a_bound() -> None:
    assert set(_read_in_place()) == set(IN_PLACE)
    assert "" not in IN_PLACE.values()


def test_every_page_that_takes_a_file_is_known() -> None:
    commands = [command for group in _groups() for page in declared_pages(group) for _, command in page.commands]
    assert sorted({command.path for command in commands if command.upload is not None}) == sorted(UPLOADS)


def test_numbers_and_lists_of_the_api_are_limited_where_they_are_declared() -> None:
    """Before anything is looked up: a number beyond 64 bits or a list of millions gets no further."""
    unlimited = [
        f"{model.__name__}.{name}"
        for model in _models()
        for name, field in model.model_fields.items()
        if not _is_limited(field.annotation, field.metadata)
    ]
    assert unlimited == []


# ---- reading the code


def _read_in_place() -> Iterator[str]:
    """Functions of the edges that make a number or a time of a text, without the readers of declared forms, which
    ``FORMS`` covers, and what ``web.core`` offers to all."""
    for package in ("bot", "handlers", "miniapp_api", "web"):
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if not module.startswith(("web.core.", *OWN_TEXTS)):
                yield from _converters(module, ast.parse(path.read_text(encoding="utf-8")))


def _converters(name: str, tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from _converters(f"{name}.{node.name}", node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name != "read" and _converts_any(node):
            yield f"{name}.{node.name}"


def _converts_any(function: ast.AST) -> bool:
    return any(_converts(part) for part in ast.walk(function) if isinstance(part, ast.Call))


def _converts(call: ast.Call) -> bool:
    """Also where a converter is handed on, as to ``faults.check``; not of a duration or a clock of our own."""
    called = getattr(call.func, "id", getattr(call.func, "attr", ""))
    handed = {argument.id for argument in call.args if isinstance(argument, ast.Name)} & {"day", "moment"}
    return bool(handed) or (
        called in CONVERTERS and not re.search(r"total_seconds\(\)|timestamp\(\)", ast.unparse(call))
    )


# ---- reading the declarations


def _leaves(annotation: Any) -> Iterator[type]:
    """The plain types inside an annotation."""
    if get_origin(annotation) is Annotated:
        yield from _leaves(get_args(annotation)[0])
    elif get_origin(annotation) is not Literal and get_args(annotation):
        for argument in get_args(annotation):
            yield from _leaves(argument)
    elif isinstance(annotation, type):
        yield annotation


def _is_measured(annotation: Any) -> bool:
    return any(issubclass(leaf, MEASURES) and not issubclass(leaf, bool) for leaf in _leaves(annotation))


def _is_many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin in (Annotated, Union, types.UnionType):
        return any(_is_many(argument) for argument in get_args(annotation))
    return origin in (tuple, list, dict, set)


def _models() -> set[type[BaseModel]]:
    endpoints = [endpoint for api in APIS for endpoint in api.endpoints]
    models: set[type[BaseModel]] = set()
    for endpoint in endpoints:
        models |= {model for model in (endpoint.path_model, endpoint.query_model, endpoint.body_model) if model}
    for model in tuple(models):
        models |= set(_parts(model))
    return models


def _parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for field in model.model_fields.values():
        for leaf in _leaves(field.annotation):
            if issubclass(leaf, Input):
                yield leaf
                yield from _parts(leaf)


def _of_api() -> Iterator[str]:
    for endpoint in (endpoint for api in APIS for endpoint in api.endpoints):
        for model in (endpoint.path_model, endpoint.query_model, endpoint.body_model):
            yield from _of_model(model, endpoint.name) if model else ()
        if endpoint.content_max is not None:
            yield f"{endpoint.name}.<content>"


def _of_model(model: type[BaseModel], name: str) -> Iterator[str]:
    for field_name, field in model.model_fields.items():
        if _is_measured(field.annotation) or _is_many(field.annotation):
            yield f"{name}.{field_name}"
        for leaf in _leaves(field.annotation):
            if issubclass(leaf, Input):
                yield from _of_model(leaf, f"{name}.{field_name}")


def _is_limited(annotation: Any, metadata: Iterable[Any]) -> bool:
    limits = {type(limit) for limit in metadata}
    if _is_many(annotation):
        return MaxLen in limits
    numbers = [leaf for leaf in _leaves(annotation) if issubclass(leaf, int | float) and not issubclass(leaf, bool)]
    return not numbers or bool(limits & {Ge, Gt} and limits & {Le, Lt})


def _web_modules() -> list[types.ModuleType]:
    return [importlib.import_module(module.name) for module in pkgutil.walk_packages(web.__path__, "web.")]


def _of_forms() -> Iterator[str]:
    """Fields that a reader of ``web.core.typed_forms`` makes a number, a time or a position of."""
    for module in _web_modules():
        for form in vars(module).values():
            if isinstance(form, type) and is_dataclass(form) and form.__module__ == module.__name__:
                yield from _of_form(form)


def _of_form(form: type) -> Iterator[str]:
    hints = get_type_hints(form, include_extras=True)
    for name, hint in hints.items():
        is_read = any(hasattr(mark, "read") for mark in getattr(hint, "__metadata__", ()))
        if is_read and _is_measured(hint):
            yield f"{form.__module__}.{form.__name__}.{name}"


def _groups() -> list[type[PageGroup]]:
    _web_modules()
    groups, waiting = list[type[PageGroup]](), [PageGroup]
    while waiting:
        subclasses = [group for group in waiting.pop().__subclasses__() if group.__module__.startswith("web.")]
        groups += subclasses
        waiting += subclasses
    return groups
