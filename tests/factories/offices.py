"""A draw from project to running, made by the services."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from domain.clock import FixedClock
from domain.draws.random_draw import participant_commitment
from domain.draws.record import Json, draw_document
from domain.draws.verify_draw import verify as verify_record
from domain.errors import GatewayError, Transient
from domain.ids import new_id
from models.applications import Attachment
from models.attendance import Attendance
from models.draws import Condition, Draw, RecalledExpert, SupervisorEntry
from models.experts import CatalogueEntry, Expert
from models.invitations import Invitation
from models.notices import Attempt, Notice
from models.organisations import Organisation
from models.projects import Project
from services.core.base import Actor, Deps
from services.core.composition import compose
from services.core.signed_links import Links
from services.draws import (
    Calling,
    CallNoticeForm,
    ConditionForm,
    DiscardForm,
    DiscardQueries,
    Discards,
    DrawForm,
    Invitations,
    VenueCheckIn,
    VirtualCalls,
    published_lists,
)
from services.draws.access import DrawAccess
from services.draws.activity_end import ActivityEnd
from services.draws.attendance.absence_queries import AbsenceQueries
from services.draws.attendance.attendance_queries import AttendanceQueries
from services.draws.attendance.gathering_times import GatheringTimes
from services.draws.attendance.late_arrivals import LateArrivals
from services.draws.attendance.supplements import Supplements
from services.draws.attendance.time_changes import TimeChanges
from services.draws.attendance.unanswered_moves import UnansweredMoves
from services.draws.attendance.urging import Urging
from services.draws.call_order.rounds import Rounds
from services.draws.calls.invitation_queries import Choice, InvitationQueries
from services.draws.calls.openings import Openings
from services.draws.follow_ups.recall_queries import RecallQueries
from services.draws.follow_ups.recalls import Recalls
from services.draws.follow_ups.redraws import RedrawsAndRecalls
from services.draws.follow_ups.release_queries import ReleaseQueries
from services.draws.follow_ups.releases import Releases
from services.draws.progress import DrawProgress
from services.draws.queries import DrawQueries
from services.draws.results.public_record import PublicRecords
from services.draws.results.results import DrawResults
from services.draws.setup.draw_setup import DrawSetup
from services.draws.setup.previews import DrawPreviews
from services.draws.setup.recusal_lists import RecusalLists
from services.draws.verification import Verification
from services.draws.verification_queries import VerificationQueries
from services.notifications import Notices
from services.ports import CallBridge, CallDetail, OfficialAccountSender
from tests.factories.people import CREDIT_CODE, make_account, make_expert

ID_NUMBER = "11010519491231002X"
SUPERVISOR_MOBILE = "13900001111"
SUPERVISOR_ENTRY = UUID(int=0x11)
"""The supervisor's line of the register."""


class SceneMaker:
    """The act of the official account that attendance needs; ``away`` makes it fail."""

    away = False

    async def create_scene(self, pool: str, scene: str, lifetime: int) -> str:
        if self.away:
            raise Transient("busy")
        assert len(scene) <= 64
        return f"http://weixin.qq.com/q/{scene}"


@dataclass
class Bridge:
    """Fake vendor of virtual calls: records connected calls and raises the given errors, one a call."""

    made: list[tuple[str, str, str]] = field(default_factory=list)
    """Caller, callee and our id of each."""
    errors: list[GatewayError] = field(default_factory=list)
    reports: dict[str, CallDetail] = field(default_factory=dict)
    """Reports by the vendor's id."""
    without: set[str] = field(default_factory=set)
    """Pools without a virtual number."""

    def offers(self, pool: str) -> bool:
        return pool not in self.without

    async def connect(self, pool: str, caller: str, callee: str, *, out_id: str) -> str:
        self.made.append((caller, callee, out_id))
        if self.errors:
            raise self.errors.pop(0)
        return f"bridge-{len(self.made)}"

    async def report(self, call_id: str, called_at: datetime) -> CallDetail | None:
        return self.reports.get(call_id)


@dataclass
class DrawUseCases:
    """The services of a draw."""

    deps: Deps
    notices: Notices
    setup: DrawSetup
    verification: Verification
    verification_queries: VerificationQueries
    rounds: Rounds
    run: Calling
    invitations: Invitations
    invitation_queries: InvitationQueries
    openings: Openings
    absence_queries: AbsenceQueries
    supplements: Supplements
    gathering_times: GatheringTimes
    time_changes: TimeChanges
    unanswered_moves: UnansweredMoves
    late_arrivals: LateArrivals
    discards: Discards
    discard_queries: DiscardQueries
    activity_end: ActivityEnd
    access: DrawAccess
    queries: DrawQueries
    progress: DrawProgress
    results: DrawResults
    public_records: PublicRecords
    attendance: VenueCheckIn
    attendance_queries: AttendanceQueries
    urging: Urging
    recusal_lists: RecusalLists
    previews: DrawPreviews
    redraws: RedrawsAndRecalls
    recalls: Recalls
    recall_queries: RecallQueries
    releases: Releases
    release_queries: ReleaseQueries
    virtual_calls: VirtualCalls


@dataclass
class Office(DrawUseCases):
    """The services of a draw, and the persons who use them."""

    agency: Actor
    verifier: Actor
    supervisor: Actor
    venue: Actor
    project_id: UUID
    bridge: Bridge
    needed: int = 2
    experts: list[Expert] = field(default_factory=list)


async def make_office(deps: Deps) -> Office:
    agent, verifier, venue = [await make_account(deps) for _ in range(3)]
    supervisor = await make_account(deps, SUPERVISOR_MOBILE)
    now = deps.now()
    organisation = await Organisation.create(
        pool="demo",
        name="粤和招标代理有限公司",
        credit_code=CREDIT_CODE,
        assurance_level=4,
        legal_account_id=agent.id,
        created_at=now,
    )
    project = await Project.create(
        pool="demo",
        organisation_id=organisation.id,
        agent_id=agent.id,
        name="演示项目",
        number="20261121000000000001",
        category="工程建设项目招标投标/市政工程",
        region="440100",
        funding_source="国家或政府投资项目",
        tender_method="公开招标",
        organisation_form="委托招标",
        tenderee_category="法人",
        investment=15_000_000,
        tenderee_name="广州水务有限公司",
        tenderee_code="91350211M000100Y46",
        agency_name=organisation.name,
        agency_code=CREDIT_CODE,
        contact="张三",
        contact_phone_sealed=deps.keys.seal("18080808080", "phone"),
        created_at=now,
    )
    for kind, code in (
        ("region", "440100"),
        ("region", "440300"),
        ("specialty", "A08"),
        ("specialty", "A01"),
        ("specialty", "A04"),
    ):
        await CatalogueEntry.create(pool="demo", kind=kind, code=code, name=code)
    await make_supervisor(deps, SUPERVISOR_MOBILE, id=SUPERVISOR_ENTRY)
    bridge = Bridge()
    return Office(
        **vars(compose_draws(deps, bridge)),
        agency=Actor("demo", "organisation", account_id=agent.id, organisation_id=organisation.id),
        verifier=Actor("demo", "verifier", account_id=verifier.id),
        supervisor=Actor("demo", "supervisor", account_id=supervisor.id),
        venue=Actor("demo", "venue", account_id=venue.id),
        project_id=project.id,
        bridge=bridge,
    )


def compose_draws(deps: Deps, bridge: Bridge) -> DrawUseCases:
    values = {Deps: deps, Links: Links(deps.keys, deps.clock), OfficialAccountSender: SceneMaker(), CallBridge: bridge}
    return compose(DrawUseCases, values)


async def new_project(office: Office) -> None:
    """The next draws are of another project, with the same particulars."""
    project = await Project.get(id=office.project_id)
    project._saved_in_db = False
    project.id = office.project_id = new_id()
    await project.save(force_create=True)


async def make_supervisor(
    deps: Deps, mobile: str, *, name: str = "李监督", pool: str = "demo", department: str = "住建局", **columns: object
) -> SupervisorEntry:
    """A line of the office's register."""
    return await SupervisorEntry.create(
        pool=pool,
        name=name,
        department=department,
        mobile_sealed=deps.keys.seal(mobile, "mobile"),
        mobile_hash=deps.keys.lookup_hash("mobile", mobile),
        active_from=deps.now(),
        **columns,
    )


async def add_experts(office: Office, count: int, *, specialty: str = "A08", region: str = "440100") -> list[Expert]:
    """Formal experts who may be drawn for ``specialty`` in ``region``."""
    added = [
        await make_expert(
            office.deps,
            name=f"专家{len(office.experts) + n:03}",
            permanent_region=region,
            region_path=[region, region[:2] + "0000"],
            willing_regions=[region],
            specialties=[specialty],
            specialty_path=[specialty[0], specialty],
        )
        for n in range(count)
    ]
    office.experts += added
    return added


def draw_form(office: Office, *, needed: int = 2, on_site: bool = False) -> DrawForm:
    now = office.deps.now()
    return DrawForm(
        project_id=office.project_id,
        lots=(),
        name="演示项目(一标段)",
        medium="演示网",
        opening_at=now + timedelta(hours=3),
        opening_place="广州",
        needed=needed,
        starts_at=now + timedelta(hours=6),
        ends_at=now + timedelta(hours=12),
        on_site=on_site,
        operator_name="黄劲松",
        operator_phone="13568846647",
        operator_id_number=ID_NUMBER,
        supervisors=(SUPERVISOR_ENTRY,),
    )


def copy_form(project_id: UUID, name: str, **values: Any) -> DrawForm:
    """What the form of a new draw brings for a copy: the given values, else nothing."""
    empty: dict[str, Any] = {field.name: None if field.name.endswith("_at") else "" for field in fields(DrawForm)}
    usual = {"lots": (), "supervisors": (), "avoided_draws": (), "needed": 0, "on_site": False}
    return DrawForm(**{**empty, **usual, "project_id": project_id, "name": name, **values})


def notice_form(office: Office) -> CallNoticeForm:
    return CallNoticeForm(
        venue="演示省公共资源交易中心",
        address="广州市天河区天润路333号",
        room="3号评标室",
        gathering_at=office.deps.now() + timedelta(hours=5),
        contact="王场地",
        contact_phone="020-28866000",
    )


async def make_draw(
    office: Office, *, needed: int = 2, specialty: str = "A08", alternative: str = "", on_site: bool = False
) -> UUID:
    """A draw with one notice and one condition, not submitted yet."""
    draw_id = await office.setup.create(office.agency, draw_form(office, needed=needed, on_site=on_site))
    notice_id = await office.setup.add_call_notice(office.agency, draw_id, notice_form(office))
    form = ConditionForm(notice_id, "permanent", ("440100",), specialty, needed, alternative=alternative)
    await office.setup.add_condition(office.agency, draw_id, form)
    return draw_id


async def verify(office: Office, draw_id: UUID) -> None:
    terminal = office.deps.book("demo").draw.terminals[0]
    application = await office.setup.submit(office.agency, draw_id, terminal, "请核验")
    await office.verification.approve(office.verifier, application)


async def prove(office: Office, draw_id: UUID, field: str = "draw_application") -> None:
    """The proof that an application for a redraw or a recall needs; ``release_application``: for a release."""
    await Attachment.create(
        pool="demo",
        account_id=office.agency.account_id,
        draw_id=draw_id,
        field=field,
        filename="申请表.pdf",
        media_type="application/pdf",
        size=1,
        received=1,
        sha256="0" * 64,
        key=f"{field}-{draw_id}",
        state="ready",
        created_at=office.deps.now(),
        ready_at=office.deps.now(),
    )


async def end_with_panel(office: Office, *, needed: int = 2) -> UUID:
    """A draw whose panel of ``needed`` has met and which has ended; returns the accepted experts."""
    draw_id = await start_draw(office, needed=needed)
    for invitation in await open_invitations(draw_id):
        await office.invitations.answer(invitation.id, invitation.expert_id, "accept", by="chat")
    await office.run.advance(draw_id)
    draw = await Draw.get(id=draw_id)
    cast(FixedClock, office.deps.clock).move(draw.ends_at - office.deps.now())
    await office.activity_end.end_due()
    return draw_id


async def answer_recall(office: Office, draw_id: UUID, *choices: Choice) -> list[Invitation]:
    """Invite the original panel, of which each answers in person: by default all come."""
    await office.recalls.invite_panel(office.agency, draw_id)
    rows = (await office.recall_queries.panel(office.agency, draw_id)).rows
    experts = {row.id: row.expert_id for row in await RecalledExpert.filter(draw_id=draw_id)}
    invitations = [await Invitation.get(draw_id=draw_id, expert_id=experts[row.id]) for row in rows]
    for invitation, choice in zip(invitations, choices or ["accept"] * len(invitations), strict=False):
        await office.invitations.answer(invitation.id, invitation.expert_id, choice, by="h5")
    return [await Invitation.get(id=invitation.id) for invitation in invitations]


async def enter_all(draw_id: UUID) -> None:
    """Every expert with a place has entered at the gathering, by the desk."""
    for invitation in await Invitation.filter(draw_id=draw_id, state="accepted"):
        await Attendance.create(
            invitation_id=invitation.id,
            draw_id=draw_id,
            direction="in",
            at=invitation.gathering_at,
            method="desk",
            by_id=new_id(),
        )


async def sit_elsewhere(office: Office, expert_id: UUID, starts_at: datetime, ends_at: datetime) -> None:
    """Let the expert accept an invitation of another project's draw."""
    await new_project(office)
    other = await make_draw(office, needed=1)
    condition = await Condition.get(draw_id=other)
    await Invitation.create(
        draw_id=other,
        condition_id=condition.id,
        notice_id=condition.notice_id,
        expert_id=expert_id,
        round_number=1,
        tier="main",
        leaf="00" * 32,
        code="000000",
        menu_id=1,
        link="other",
        state="accepted",
        starts_at=starts_at,
        ends_at=ends_at,
        gathering_at=starts_at,
        created_at=office.deps.now(),
        answer_until=office.deps.now(),
    )
    await Condition.filter(id=condition.id).update(accepted=1)


async def reach_nobody(notice: Notice, at: datetime) -> None:
    """End the last call of a release without an answer."""
    await Attempt.filter(notice_id=notice.id, channel="voice").update(state="failed", sent_at=at)
    await Attempt.filter(notice_id=notice.id, state="pending").update(state="failed")
    await Notice.filter(id=notice.id).update(state="failed")


async def fix_seed(office: Office, draw_id: UUID, silent: str = "") -> None:
    """Both devices commit to fresh random bits, then reveal, but the ``silent`` role's."""
    view = await office.rounds.view(office.agency, draw_id, "agency")
    assert view is not None
    values = {"agency": os.urandom(16), "supervisor": os.urandom(16)}
    for role, value in values.items():
        digest = participant_commitment(role, value, view.draw_number, view.round_number)
        await office.rounds.commit(_actor(office, role), draw_id, role, digest.hex())
    for role, value in values.items():
        if role == silent:
            continue
        await office.rounds.reveal(_actor(office, role), draw_id, role, value.hex())


def _actor(office: Office, role: str) -> Actor:
    return office.agency if role == "agency" else office.supervisor


async def start_draw(office: Office, **options: object) -> UUID:
    """A draw that is calling."""
    draw_id = await make_draw(office, **options)  # type: ignore[arg-type]
    await verify(office, draw_id)
    await office.rounds.open(office.agency, draw_id)
    await fix_seed(office, draw_id)
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    return draw_id


async def check_record(office: Office, draw_id: UUID, *warnings: str) -> dict[str, Json]:
    """The record holds but for ``warnings``, as it is published and with the lists that follow at the draw's end.

    Returns the published one.
    """
    published = json.loads(json.dumps(await office.public_records.read(office.agency, draw_id)))
    whole = draw_document(
        published["pool"], published["draw"], published["log"], await published_lists(await Draw.get(id=draw_id))
    )
    assert [finding.code for finding in verify_record(json.loads(json.dumps(whole)))] == list(warnings)
    assert {finding.code for finding in verify_record(published)} <= {*warnings, "order_unchecked"}
    return published


async def open_invitations(draw_id: UUID) -> list[Invitation]:
    return await Invitation.filter(draw_id=draw_id, state="open").order_by("created_at", "id")


async def state_of(draw_id: UUID) -> str:
    return (await Draw.get(id=draw_id)).state


async def counters(draw_id: UUID) -> list[tuple[int, int, int]]:
    """Needed, open and accepted places of each condition."""
    return [(c.needed, c.open, c.accepted) for c in await Condition.filter(draw_id=draw_id).order_by("position")]


async def recuse(office: Office, draw_id: UUID, code: str) -> None:
    """The venue registers a recusal on the spot, the verifier confirms it."""
    form = DiscardForm(code, "recusal", "与投标人有亲属关系", "投标人")
    await office.discards.register(office.venue, draw_id, form)
    [request] = await office.discard_queries.list_waiting(office.verifier)
    await office.discards.confirm(office.verifier, request.id)
