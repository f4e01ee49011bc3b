"""Every waiting state of an applicant, a task or money can be left: by a page, or by a due task.

Events are derived from the lifecycles; a state that no page, route or due task leaves fails here.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any
from uuid import UUID

import pytest

import domain
from domain.applications.lifecycles import APPLICATION, TASK, ApplicationEvent, ApplicationState, TaskEvent
from domain.courses.lifecycles import COURSE, ENROLMENT, CourseEvent, EnrolmentEvent
from domain.draws.lifecycles import (
    DISCARD,
    DRAW,
    INVITATION,
    VERIFICATION,
    VIRTUAL_CALL,
    DiscardEvent,
    DrawEvent,
    DrawState,
    InvitationEvent,
    VerificationEvent,
    VirtualCallEvent,
)
from domain.draws.lifecycles import VirtualCallState as C
from domain.exams.lifecycles import ATTEMPT, CANDIDATE, EXAM, AttemptEvent, CandidateEvent, ExamEvent
from domain.experts.lifecycles import SANCTION, SanctionEvent
from domain.lifecycle import Lifecycle
from domain.notifications.lifecycles import FEEDBACK, FeedbackEvent
from domain.payments.lifecycles import FEE, INVOICE, ORDER, REFUND, FeeEvent, InvoiceEvent, OrderEvent, RefundEvent
from domain.remuneration.lifecycles import REMUNERATION, RemunerationEvent
from domain.reports.lifecycles import REPORT as SEALED_REPORT
from domain.reports.lifecycles import ReportEvent
from miniapp_api.assembly import APIS
from models.accounts import Account, RoleGrant
from models.applications import Application, ApplicationSection
from models.draws import Draw
from models.reviews import Objection
from services.core.base import Actor
from tests.factories import draw_states as states
from tests.factories.offices import add_experts, enter_all, state_of
from tests.factories.people import make_grant
from tests.factories.reviews import make_applicant, make_application, make_catalogues
from tests.web.conftest import Visitor, World
from tests.web.office_scene import Scene

STATUS, FORM = "POST /h5/{pool}/apply/status", "POST /api/{pool}/applications/{application_id}/submission"
ORDERS, INVOICES, REVIEW = "POST /office/orders/{id}", "POST /office/invoices", "POST /review/{task_id}"
ENROLMENTS, CANDIDATES = "POST /office/courses/enrolments/{id}", "POST /office/exams/{id}/candidates/{candidate}"
E_ = ApplicationEvent
WAYS: Mapping[Enum, str] = {
    E_.SUBMIT: FORM,
    E_.CANCEL: STATUS,
    E_.WITHDRAW: STATUS,
    E_.UNLOCK: "POST /office/applications/{id}",
    E_.REINSTATE: "POST /office/applications/{id}",
    E_.RESTART: "POST /office/applications/{id}",
    TaskEvent.APPROVE: REVIEW,
    TaskEvent.SEND_BACK: REVIEW,
    TaskEvent.REFUSE: REVIEW,
    TaskEvent.REOPEN: f"{REVIEW}/reopening",
    FeedbackEvent.WRITE: "POST /h5/{pool}/feedback/{thread_id}",
    FeedbackEvent.ANSWER: "POST /office/feedback/{thread_id}",
    FeedbackEvent.CLOSE: "POST /h5/{pool}/feedback/{thread_id}",
    FeedbackEvent.LAPSE: "duty feedback_close",
    FeeEvent.PAY: "POST /h5/{pool}/pay-order/{token}",
    FeeEvent.CANCEL: STATUS,
    FeeEvent.REFUND: ORDERS,
    OrderEvent.CLOSE: "duty order_check",
    OrderEvent.PAY: "POST /h5/{pool}/pay-order/{token}",
    OrderEvent.REFUND: ORDERS,
    RefundEvent.ACCEPT: "duty refund_check",
    RefundEvent.FINISH: "duty refund_check",
    RefundEvent.REDIRECT: ORDERS,
    InvoiceEvent.APPLY: "duty invoice_check",
    InvoiceEvent.ISSUE: "POST /office/invoices/file",
    InvoiceEvent.RETRY: INVOICES,
    InvoiceEvent.REQUEST_REVERSAL: INVOICES,
    InvoiceEvent.SEND: INVOICES,
    InvoiceEvent.REVERSE: "duty invoice_check",
    RemunerationEvent.CONFIRM: "POST /h5/{pool}/remuneration",
    RemunerationEvent.DISPUTE: "POST /h5/{pool}/remuneration",
    RemunerationEvent.ASSUME: "duty remuneration_unanswered",
    RemunerationEvent.REVISE: "POST /draws/{draw_id}/remuneration",
    RemunerationEvent.KEEP: "POST /draws/{draw_id}/remuneration",
    RemunerationEvent.PAY: "POST /agency/draws/{id}/remuneration",
    RemunerationEvent.UNMARK_PAID: "POST /agency/draws/{id}/remuneration",
    InvitationEvent.ACCEPT: "POST /i/{link}/answer",
    InvitationEvent.EXPIRE: "duty expire",
    InvitationEvent.LEAVE: "POST /i/{link}/leave",
    InvitationEvent.MISS: "POST /draws/{draw_id}/absences",
    CourseEvent.PUBLISH: "POST /office/courses/{id}",
    CourseEvent.CLOSE: "duty course_close",
    CourseEvent.REOPEN: "POST /h5/{pool}/courses/{enrolment}",
    EnrolmentEvent.FINISH: ENROLMENTS,
    EnrolmentEvent.LEAVE: ENROLMENTS,
    EnrolmentEvent.RETURN: ENROLMENTS,
    ExamEvent.PUBLISH: "POST /office/exams/{id}",
    ExamEvent.CLOSE: "duty exam_close",
    CandidateEvent.PASS: CANDIDATES,
    CandidateEvent.RETRY: CANDIDATES,
    CandidateEvent.LEAVE: CANDIDATES,
    CandidateEvent.RETURN: "duty exam_call",
    SanctionEvent.CONFIRM: "POST /office/experts/{id}",
    SanctionEvent.REFUSE: "POST /office/experts/{id}",
    SanctionEvent.WITHDRAW: "POST /office/experts/{id}",
    SanctionEvent.LIFT: "POST /office/experts/{id}",
    ReportEvent.EXAMINE: "POST /reports/{report_id}",
    ReportEvent.CLOSE: "POST /reports/{report_id}",
    ReportEvent.REOPEN: "POST /reports/{report_id}",
    AttemptEvent.SEAL: "duty exam_seal",
    AttemptEvent.GRADE: "duty exam_mark",
    AttemptEvent.RELEASE: "POST /office/exams/{id}/scores",
    AttemptEvent.VOID: "POST /office/exams/{id}/scores/{attempt}",
}
"""Events and where a person brings them about; a duty looks by itself, again and again."""
SET_UP, RUN, DECIDE = (
    "POST /agency/draws/{id}/submit",
    "POST /agency/draws/{id}/run",
    "POST /draws/{draw_id}/application",
)
ABSENCES, EXIT = "POST /draws/{draw_id}/absences", "POST /draws/{draw_id}/exit"
BASIC, NOTIFY, ANSWER = "POST /agency/draws/{id}/basic", "POST /agency/draws/{id}/notify", "POST /i/{link}/answer"
REPORT, CALLS = "duty delivery_reports", "duty virtual_calls"
OF_DRAWS: Mapping[Enum, tuple[str, ...]] = {
    DrawEvent.EDIT: (BASIC,),
    DrawEvent.SUBMIT: (SET_UP,),
    DrawEvent.WITHDRAW: (SET_UP,),
    DrawEvent.VERIFY: (DECIDE,),
    DrawEvent.REFUSE: (DECIDE, "duty unverified"),
    DrawEvent.OPEN_ROUND: (RUN,),
    DrawEvent.ABORT_ROUND: (RUN,),
    DrawEvent.ABORT_SUPPLEMENT: (RUN,),
    DrawEvent.START: (RUN, "duty start"),
    DrawEvent.PAUSE: (RUN,),
    DrawEvent.RESUME: (RUN,),
    DrawEvent.FORCE_END: (RUN,),
    DrawEvent.STOP: ("duty watch_draws",),
    DrawEvent.FILL: (ANSWER,),
    DrawEvent.RUN_SHORT: ("duty watch_draws",),
    DrawEvent.SETTLE: ("duty watch_draws",),
    DrawEvent.ALL_COME: (NOTIFY, "duty recalls"),
    DrawEvent.NOT_ALL_COME: (NOTIFY, "duty recalls"),
    DrawEvent.REGISTER_ABSENCE: (ABSENCES,),
    DrawEvent.START_SUPPLEMENT: (RUN,),
    DrawEvent.WIDEN: (RUN,),
    DrawEvent.RELEASE: ("POST /agency/draws/{id}/release",),
    DrawEvent.END: (EXIT, "duty end"),
    DrawEvent.TERMINATE: (EXIT,),
    DiscardEvent.CONFIRM: (ABSENCES,),
    DiscardEvent.REFUSE: (ABSENCES,),
    DiscardEvent.LAPSE: ("duty discards",),
    DiscardEvent.VOID: (EXIT, "duty end"),
    VerificationEvent.APPROVE: (DECIDE,),
    VerificationEvent.REFUSE: (DECIDE,),
    VerificationEvent.WITHDRAW: (SET_UP,),
    VirtualCallEvent.DIAL: ("POST /agency/draws/{id}/attendance",),
    VirtualCallEvent.TAKE: (REPORT,),
    VirtualCallEvent.CONNECT: (REPORT,),
    VirtualCallEvent.TALK: (REPORT, CALLS),
    VirtualCallEvent.MISS: (REPORT, CALLS),
    VirtualCallEvent.NOT_TAKE: (REPORT, CALLS),
    VirtualCallEvent.REFUSE: (REPORT, CALLS),
    VirtualCallEvent.LOSE: (CALLS,),
}
COMMANDS: Mapping[Enum, str] = {
    DrawEvent.SUBMIT: "submit",
    DrawEvent.WITHDRAW: "withdraw",
    DrawEvent.VERIFY: "approve",
    DrawEvent.REFUSE: "refuse",
    DrawEvent.OPEN_ROUND: "open",
    DrawEvent.ABORT_ROUND: "abort",
    DrawEvent.ABORT_SUPPLEMENT: "abort",
    DrawEvent.START: "start",
    DrawEvent.PAUSE: "pause",
    DrawEvent.RESUME: "resume",
    DrawEvent.FORCE_END: "force_end",
    DrawEvent.ALL_COME: "confirm",
    DrawEvent.NOT_ALL_COME: "confirm",
    DrawEvent.START_SUPPLEMENT: "supplement",
    DrawEvent.WIDEN: "widen",
    DrawEvent.END: "end",
}
"""The names of ``AGENCY`` and ``VERIFIER`` for events of a draw that a person brings about; but not ``GIVES_UP``."""
GIVES_UP = frozenset({DrawEvent.TERMINATE})
LIFECYCLES: Mapping[str, Lifecycle[Any, Any]] = {
    "application": APPLICATION,
    "task": TASK,
    "fee": FEE,
    "order": ORDER,
    "refund": REFUND,
    "invoice": INVOICE,
    "remuneration": REMUNERATION,
    "report": SEALED_REPORT,
    "invitation": INVITATION,
    "course": COURSE,
    "enrolment": ENROLMENT,
    "exam": EXAM,
    "candidate": CANDIDATE,
    "exam attempt": ATTEMPT,
    "sanction": SANCTION,
    "feedback": FEEDBACK,
}
DRAWS: tuple[Lifecycle[Any, Any], ...] = (DRAW, DISCARD, VERIFICATION, VIRTUAL_CALL)
NOBODY_WAITS: Mapping[str, str] = {
    "domain.certificates.lifecycles.CERTIFICATE": "a certificate is valid until it is revoked, replaced or over",
    "domain.notifications.lifecycles.ATTEMPT": "an attempt ends by its report or its time (test_delivery.py)",
}
WAITING = [(noun, state) for noun, lifecycle in LIFECYCLES.items() for state in lifecycle.moves]


def registered(world: World) -> set[str]:
    """Every page and route of the API that answers, and every duty of the worker."""
    pages = {
        f"{route.method} {route.resource.canonical}" for route in world.server.app.router.routes() if route.resource
    }
    calls = {f"{endpoint.method} /api/{{pool}}{endpoint.path}" for api in APIS for endpoint in api.endpoints}
    return pages | calls | {f"duty {kind}" for kind in world.services.operations.scheduler._kinds}


def test_every_lifecycle_is_looked_at() -> None:
    """A noun that gets states later is forgotten here only with a reason."""
    looked_at = {id(lifecycle) for lifecycle in (*LIFECYCLES.values(), *DRAWS)}
    modules = [importlib.import_module(entry.name) for entry in pkgutil.walk_packages(domain.__path__, "domain.")]
    names = {
        f"{module.__name__}.{name}"
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Lifecycle) and id(value) not in looked_at and module.__name__.endswith(".lifecycles")
    }
    assert names == set(NOBODY_WAITS)


@pytest.mark.parametrize(("noun", "state"), WAITING)
async def test_every_state_that_waits_has_a_way_out_that_is_registered(world: World, noun: str, state: Enum) -> None:
    lifecycle, known = LIFECYCLES[noun], registered(world)
    ways = [WAYS[event] for event in lifecycle.moves[state] if event in WAYS]
    assert [way for way in ways if way in known], f"{noun} {state} leads nowhere: {ways}"


async def test_every_way_that_is_named_exists(world: World) -> None:
    assert set(WAYS.values()) <= registered(world)


async def test_every_state_of_a_draw_has_a_page_and_ends_by_itself_or_by_a_person(world: World) -> None:
    known = registered(world)
    assert {way for ways in OF_DRAWS.values() for way in ways} <= known
    for lifecycle in DRAWS:
        for state, moves in lifecycle.moves.items():
            ways = {way for event in moves if event not in GIVES_UP for way in OF_DRAWS[event]}
            assert ways, f"{state} leads nowhere but to its end"
            by_hand = lifecycle is not VIRTUAL_CALL
            assert not by_hand or any(way.startswith("POST ") for way in ways), f"{state} has no page"
    final = (DrawEvent.END, DrawEvent.TERMINATE)
    assert not [state for state, moves in DRAW.moves.items() if not set(final) & set(moves)]


async def test_a_call_of_which_no_report_comes_is_given_up_by_a_duty(world: World) -> None:
    assert CALLS in registered(world)
    for state in (C.ASKED, C.DIALLING, C.CALLING, C.TALKING):
        assert any(CALLS in OF_DRAWS[event] for event in VIRTUAL_CALL.moves[state]), state


# ---- each way out of a draw stands on a page that links lead to


AGENCY = {
    "submit": "/agency/draws/{id}/submit submit",
    "withdraw": "/agency/draws/{id}/submit withdraw",
    "delete": "/agency/draws/{id}/basic delete",
    "open": "/agency/draws/{id}/run open",
    "abort": "/agency/draws/{id}/run abort",
    "start": "/agency/draws/{id}/run start",
    "pause": "/agency/draws/{id}/run pause",
    "resume": "/agency/draws/{id}/run resume",
    "force_end": "/agency/draws/{id}/run end",
    "supplement": "/agency/draws/{id}/run supplement",
    "widen": "/agency/draws/{id}/run widen",
    "move": "/agency/draws/{id}/run move",
    "invite": "/agency/draws/{id}/notify invite",
    "confirm": "/agency/draws/{id}/notify confirm",
    "release": "/agency/draws/{id}/release submit",
    "register": "/draws/{id}/absences register",
    "terminate": "/draws/{id}/exit terminate",
    "end": "/draws/{id}/exit end",
}
VERIFIER = {
    "approve": "/draws/{id}/application approve",
    "refuse": "/draws/{id}/application refuse",
    "terminate": "/draws/{id}/exit terminate",
    "end": "/draws/{id}/exit end",
}
EACH_STATE: Mapping[states.Way, tuple[str, str]] = {
    states.never_handed_in: ("submit delete", ""),
    states.editing: ("submit terminate", "terminate"),
    states.submitted: ("withdraw terminate", "approve refuse terminate"),
    states.refused: ("submit terminate", "terminate"),
    states.verified: ("open move terminate", "terminate"),
    states.committing: ("abort move terminate", "terminate"),
    states.seeded: ("start move terminate", "terminate"),
    states.drawing: ("pause force_end register", "terminate"),
    states.paused: ("resume force_end move register", "terminate"),
    states.ending: ("register", "terminate"),
    states.short: ("supplement move release register", "terminate"),
    states.completed: ("move release register", "terminate"),
    states.supplement_pending: ("supplement move release register", "terminate"),
    states.widening: ("abort move register", "terminate"),
    states.widened: ("start move register", "terminate"),
    states.redraw_refused: ("submit terminate", "terminate"),
    states.recall_refused: ("submit terminate", "terminate"),
    states.recall_submitted: ("withdraw terminate", "approve refuse terminate"),
    states.recall_verified: ("invite terminate", "terminate"),
    states.recall_invited: ("register terminate", "terminate"),
    states.recall_answered: ("confirm register terminate", "terminate"),
}
"""Events of the agency and the verifier in a state before its start."""
ONCE_BEGUN: Mapping[states.Way, tuple[str, str]] = {
    states.verified: ("terminate", "terminate"),
    states.seeded: ("terminate", "terminate"),
    states.widening: ("abort register", "terminate"),
    states.widened: ("register", "terminate"),
    states.short: ("supplement register", "terminate"),
    states.completed: ("register", "terminate"),
    states.recall_verified: ("terminate", "terminate"),
}
ENTERED: Mapping[states.Way, tuple[str, str]] = {
    states.short: ("supplement end register", "end"),
    states.completed: ("end register", "end"),
}
"""The same once experts have entered."""
_OF_A_PERSON = re.compile(r'href="(/(?:agency|draws)[^"?#]*)')
_NO_PAGE = re.compile(r"\.(pdf|xlsx|csv)$|/(attachment|screen|mail)\b|/agency/(templates|projects|draws/new)")


async def reach(visitor: Visitor, draw_id: UUID, names: Mapping[str, str], *, first: str) -> set[str]:
    """What a person finds to do about a draw who follows links from there; each page of it opens."""
    waiting, seen, offered = [first], {first}, set[str]()
    while waiting:
        path = waiting.pop()
        await visitor.get(path)
        assert visitor.status == 200, f"{path} is offered, and answers {visitor.status}: {visitor.text}"
        offered |= {
            f"{form['action'].split('?')[0]} {own.get('command', '')}".replace(str(draw_id), "{id}")
            for form, own in visitor.page.buttons.values()
            if "action" in form
        }
        for link in _OF_A_PERSON.findall(await visitor.response.text()):
            if (
                (str(draw_id) in link or link == "/draws/applications")
                and link not in seen
                and not _NO_PAGE.search(link)
            ):
                seen.add(link)
                waiting.append(link)
    return {name for name, where in names.items() if where in offered}


async def verifier_of(world: World) -> Visitor:
    account = await Account.get(id=world.office.verifier.account_id)
    if not await RoleGrant.exists(account_id=account.id, role="verifier"):
        await make_grant(account, "verifier")
    return await world.enter(account)


async def check_ways(world: World, draw_id: UUID, expected: tuple[str, str], *, given_up: frozenset[DrawEvent]) -> None:
    """Check them, and that one of them, or a due task, advances the draw without giving it up."""
    agency = await world.enter(await Account.get(id=world.office.agency.account_id))
    await agency.get("/agency")
    assert f"/agency/draws/{draw_id}" in agency.page.links.values()
    ways = await reach(agency, draw_id, AGENCY, first=f"/agency/draws/{draw_id}")
    assert ways == set(expected[0].split()), "of the agency"
    ways = await reach(await verifier_of(world), draw_id, VERIFIER, first="/draws")
    assert ways == set(expected[1].split()), "of the verifier"
    events = set(DRAW.moves[DrawState(await state_of(draw_id))]) - given_up
    steps = {"invite", *(COMMANDS[event] for event in events if event in COMMANDS)} & set(" ".join(expected).split())
    duties = {way for event in events for way in OF_DRAWS[event] if way.startswith("duty ")} & registered(world)
    assert steps | duties, f"nothing but {given_up} leads on"


@pytest.mark.parametrize("way", EACH_STATE, ids=lambda way: way.__name__)
async def test_what_can_be_done_in_a_state_is_found_by_following_links(world: World, way: states.Way) -> None:
    """Except for a full panel before its evaluation, each state can be left before its end by time."""
    await add_experts(world.office, 4)
    given_up = GIVES_UP if way is states.completed else GIVES_UP | {DrawEvent.END}
    await check_ways(world, await way(world.office), EACH_STATE[way], given_up=given_up)


def test_every_state_that_a_draw_waits_in_is_made() -> None:
    assert {state.value for state in DRAW.moves} <= {way.__name__ for way in EACH_STATE}


@pytest.mark.parametrize("way", ONCE_BEGUN, ids=lambda way: way.__name__)
async def test_once_its_start_has_come_a_draw_is_left_by_following_links(world: World, way: states.Way) -> None:
    await add_experts(world.office, 4)
    draw_id = await way(world.office)
    world.clock.set((await Draw.get(id=draw_id)).starts_at)
    await check_ways(world, draw_id, ONCE_BEGUN[way], given_up=GIVES_UP)
    if way in ENTERED:
        await enter_all(draw_id)
        await check_ways(world, draw_id, ENTERED[way], given_up=GIVES_UP)


async def test_a_follower_that_is_in_the_way_is_terminated_from_the_original(world: World) -> None:
    await add_experts(world.office, 4)
    draw_id = await states.redraw_refused(world.office)
    agency = await world.enter(await Account.get(id=world.office.agency.account_id))
    original = (await Draw.get(id=draw_id)).original_id
    await agency.get(f"/agency/draws/{original}/redraw")
    await agency.click("终止它")
    await agency.press("终止活动", cause="mistaken", words="填错了")
    await agency.get(f"/agency/draws/{original}/redraw")
    assert "确定重新抽取" in agency.page.buttons


@pytest.mark.parametrize("state", [state for state in ApplicationState if not APPLICATION.is_final(state)])
async def test_a_person_gets_out_of_every_waiting_state_by_his_own_page(world: World, state: ApplicationState) -> None:
    """A new application may begin then; from 公示 also with an open objection, which lapses."""
    deps = world.services.deps
    await make_catalogues()
    person = await make_applicant(deps, "苏航")
    approved = {"approved_at": deps.now(), "expert_number": "ZJ0100001"} if state in ("notice", "fee", "exam") else {}
    application = await make_application(deps, person, state=state.value, **approved)
    if state == ApplicationState.NOTICE:
        by = await make_applicant(deps, "丁实名")
        await Objection.create(pool="demo", application_id=application.id, account_id=by.id, created_at=deps.now())
    visitor = await Scene(world, Actor("demo", "applicant", person.id), person).at("/h5/demo/apply/status")
    assert "放弃后本次申请终止" in visitor.text
    await visitor.press("确定放弃")
    waiting = await Application.get(id=application.id)
    assert (waiting.state, waiting.ended_at) == ("cancelled", deps.now())
    assert not await Objection.exists(state="open")
    assert not await Application.exists(account_id=person.id, ended_at=None)
    assert await ApplicationSection.exists(application_id=application.id), "what was handed in stays an archive"
