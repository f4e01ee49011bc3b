"""A pool with rows in every state, whose texts are all hostile, as if no form refused one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from tortoise import connections
from tortoise.models import Model

from domain.ids import new_id
from models.accounts import Account
from models.applications import Application, ApplicationSection, Attachment
from models.campaigns import Campaign, Employer, EmployerRequest
from models.draws import (
    Absence,
    CallNotice,
    DiscardRequest,
    Draw,
    DrawApplication,
    DrawLot,
    RecusalPerson,
    RecusalUnit,
    Supervisor,
    SupervisorEntry,
)
from models.experts import CatalogueEntry, Employment, Expert, Unavailability
from models.helpdesk import FeedbackMessage
from models.invitations import Invitation, ReleaseConfirmation
from models.materials import Material
from models.misunderstood import IntentParaphrase, MisunderstoodSentence
from models.notices import GroupNotice
from models.office_sheets import OfficeSheet
from models.organisations import Organisation
from models.payments import BillDifference, Invoice, PayOrder, Refund
from models.projects import Lot, Project
from models.remuneration import Remuneration
from models.reviews import Objection, ReviewEntry, ReviewTask
from models.sanctions import Sanction
from services.applications.repository import open_values, seal_values
from services.core.base import Actor, Deps, record
from services.core.crypto import PHONE, TEXT
from services.draws import DiscardForm, RecallTimes, RedrawTimes
from services.files import MaterialData
from services.office import Audience, ExpertFilter, GroupNoticeForm
from tests.factories.draw_states import make_every_state
from tests.factories.draws import make_project
from tests.factories.files import pdf
from tests.factories.offices import add_experts, end_with_panel, make_draw, prove, verify
from tests.factories.people import file_more, make_sanction
from tests.factories.remuneration import meet, part
from tests.factories.reviews import make_reviewer
from tests.web.conftest import World
from tests.web.office_scene import Scene, fill, handed_in, make_scene

EVIL = '=</script><x-evil a="\' onevil=1>{{7*7}}#eval("1+1")\u202e𠮷&amp;'
"""A formula, the end of a script, an element, ends of attributes in both quotes, a template's expression, Typst's code,
writing from the right, four bytes in UTF-8, and an entity that must not be read as one."""

TYPED: Mapping[type[Model], tuple[str, ...]] = {
    Account: ("real_name",),
    Absence: ("reason",),
    Application: ("name", "reason"),
    Attachment: ("filename",),
    BillDifference: ("note", "resolution"),
    CallNotice: ("venue", "address", "room", "contact", "remark"),
    Campaign: ("name", "announcement"),
    CatalogueEntry: ("name",),
    DiscardRequest: ("cause", "reason", "opinion"),
    Draw: ("name", "medium", "opening_place", "remark", "operator_name"),
    DrawApplication: ("reason", "attachment", "opinion"),
    Employer: ("name",),
    EmployerRequest: ("name", "note", "answer"),
    Employment: ("unit_name",),
    Expert: ("name", "left_reason"),
    FeedbackMessage: ("text",),
    GroupNotice: ("title", "text", "audience"),
    IntentParaphrase: ("sentence",),
    Invoice: ("title", "reverse_note", "failure"),
    Lot: ("name", "number"),
    Material: ("title", "note", "filename"),
    Objection: ("answer",),
    OfficeSheet: ("filename",),
    Organisation: ("name",),
    PayOrder: ("description",),
    Project: (
        *("name", "number", "category", "funding_source", "tender_method", "organisation_form", "tenderee_category"),
        *("approval_number", "investment_code", "tenderee_name", "agency_name", "contact"),
    ),
    RecusalPerson: ("name", "unit_name", "reason", "evidence"),
    RecusalUnit: ("name", "reason", "evidence"),
    Refund: ("reason", "failure"),
    ReleaseConfirmation: ("words",),
    Remuneration: ("reason", "dispute", "reply"),
    ReviewEntry: ("who", "opinion"),
    ReviewTask: ("opinion",),
    Sanction: ("reason", "refusal", "lift_reason", "answer"),
    Supervisor: ("name", "department"),
    SupervisorEntry: ("name", "department"),
    Unavailability: ("reason",),
}
"""Columns that persons write, or that are copied from what they wrote."""
_NO_TWO_ALIKE: Mapping[type[Model], str] = {Employer: "name", Project: "number"}
_SEALED: Mapping[type[Model], tuple[str, str]] = {
    CallNotice: ("contact_phone_sealed", PHONE),
    FeedbackMessage: ("text_sealed", TEXT),
    MisunderstoodSentence: ("sentence_sealed", TEXT),
    Objection: ("text_sealed", TEXT),
    Project: ("contact_phone_sealed", PHONE),
    Sanction: ("appeal_sealed", TEXT),
}
_IN_NOTICES = (
    "place",
    "reason",
    "what",
    "organisation",
    "campaign",
    "title",
    "advice",
    "step",
    "answer",
    "contact_phone",
)
_NOTICES = (
    "UPDATE notice SET params = (SELECT jsonb_object_agg(key, CASE WHEN key = ANY($1::text[]) THEN to_jsonb($2::text) "
    "ELSE value END) FROM jsonb_each(params)) WHERE params <> '{}'"
)


@dataclass
class HostileScene:
    """``draws`` by outcome; ``ids`` are rows of the office's pages."""

    scene: Scene
    draws: Mapping[str, UUID]
    invitations: Mapping[str, Invitation]
    ids: Mapping[str, UUID]
    people: Mapping[str, Account]

    @property
    def world(self) -> World:
        return self.scene.world


async def make_hostile_scene(world: World) -> HostileScene:
    """Draws in many states, and an office with everything; then every text is replaced."""
    scene = await make_scene(world)
    ids = dict(await fill(scene))
    draws, invitations = await _draws(world)
    reviewer = await make_reviewer(world.services.deps, "industry", "440100", real_name="吴审核")
    own = await handed_in(scene, "甲申请")
    applicant = await Account.get(id=own.account_id)
    version = world.services.deps.book("demo").pool.privacy_version
    await Account.filter(id=applicant.id).update(privacy_version=version, privacy_accepted_at=world.clock.now())
    receipt = await world.services.notifications.helpdesk.write(_own(applicant), "建议显示电话")
    await world.services.notifications.helpdesk_office.answer(scene.admin, receipt.thread_id, "已显示电话", 1)
    expert = await _expert(world, invitations["ended"])
    material = await world.services.files.materials.add(scene.admin, MaterialData("指南", "操作手册", "请阅读"), pdf())
    group = await _group_notice(scene)
    people = {"applicant": applicant, "expert": expert, "admin": scene.account}
    for role, actor in (("agency", world.office.agency), ("reviewer", reviewer)):
        people[role] = await Account.get(id=actor.account_id)
    await _what_no_form_adds_here(world, own, invitations["ended"])
    await poison(world.services.deps)
    none = [model.__name__ for model in TYPED if not await model.exists()]
    assert not none, f"nothing holds the texts of {none}"
    return HostileScene(
        scene,
        draws,
        invitations,
        ids | {"material": material.id, "own": own.id, "group": group, "thread": receipt.thread_id},
        people,
    )


async def _what_no_form_adds_here(world: World, application: Application, invitation: Invitation) -> None:
    """Rows that no form adds here: a lot, an employment, and a line of the log that an applicant reads."""
    for draw in await Draw.filter(state__in=("editing", "drawing", "ended")):
        lot = await Lot.create(project_id=draw.project_id, name="一标段", number="一", position=1)
        await DrawLot.filter(draw_id=draw.id).update(lot_id=lot.id)
    await Employment.create(expert_id=invitation.expert_id, unit_name="甲公司", unit_keys=["甲公司"])
    now = world.clock.now()
    expert = await Expert.get(id=invitation.expert_id)
    await make_sanction(expert, "warning", state="lifted", lifted_at=now, appealed_at=now, answered_at=now)
    await make_sanction(expert, "warning", files=[{"key": "", "filename": EVIL, "media_type": ""}])
    await make_sanction(expert, "warning", state="refused")
    await make_sanction(expert, "removal", state="proposed", starts_at=None, decided_at=None)
    sheet = {
        "pool": "demo",
        "account_id": new_id(),
        "filename": "a.csv",
        "second_person": False,
        "state": "checked",
        "created_at": now,
        "progress_at": now,
        "errors": [[3, EVIL, EVIL]],
        "failures": [[4, EVIL, EVIL]],
    }
    target = [2, EVIL, str(expert.id)]
    warning = {"act": "warning", "reason": EVIL, "starts_at": None, "ends_at": None, "withdraws_calls": False}
    await OfficeSheet.create(**sheet, kind="sanctions", terms=warning, targets=[target])
    day = (now + timedelta(days=400)).isoformat()
    await OfficeSheet.create(**sheet, kind="terms", terms={"reason": EVIL}, targets=[[*target, day]])
    await ReviewEntry.create(application_id=application.id, at=now, event="send_back", who="审核处", opinion="缺材料")


async def _group_notice(scene: Scene) -> UUID:
    """To all experts, and about to be sent."""
    groups, text = scene.world.services.office.group_notices, GroupNoticeForm("培训通知", "请按时参加培训。")
    group_id = await groups.write(scene.admin, text, Audience(experts=ExpertFilter()), "专家")
    await groups.start(scene.admin, group_id)
    return group_id


def _own(account: Account) -> Actor:
    return Actor("demo", "applicant", account.id)


async def _expert(world: World, invitation: Invitation) -> Account:
    """Of a panel that has met: with an amount disputed, a period of absence, and a bound account."""
    await world.bind(invitation.expert_id)
    expert = await Expert.get(id=invitation.expert_id)
    units = [{"name": EVIL, "code": "", "note": EVIL}]
    filed = {"recusal_units": units, "strengths": EVIL, "address": EVIL, "bank_name": EVIL}
    await file_more(world.services.deps, expert, world.clock.now(), **filed)
    await Unavailability.create(
        expert_id=expert.id,
        starts_at=world.clock.now(),
        ends_at=world.clock.now() + timedelta(days=3),
        reason="出差",
        created_at=world.clock.now(),
    )
    owed = await Remuneration.get(invitation_id=invitation.id)
    for other in await Remuneration.exclude(id=owed.id):
        by = Actor("demo", "expert", expert_id=other.expert_id)
        await world.services.remuneration.answers.confirm(by, other.id, other.version, by="h5")
    actor = Actor("demo", "expert", account_id=expert.account_id, expert_id=expert.id)
    await world.services.remuneration.answers.dispute(actor, owed.id, owed.version, "时间不对", by="h5")
    version = world.services.deps.book("demo").pool.privacy_version
    await Account.filter(id=expert.account_id).update(privacy_version=version, privacy_accepted_at=world.clock.now())
    return await Account.get(id=expert.account_id)


async def _draws(world: World) -> tuple[dict[str, UUID], dict[str, Invitation]]:
    office, clock = world.office, world.clock
    states = await make_every_state(office)
    await _next_project(world)
    ended, panel = await meet(office, clock, needed=2)
    await part(office, clock, ended, panel, 3)
    await world.services.remuneration.proposals.propose_all(office.venue, ended)
    await _next_project(world)
    await add_experts(office, 4)
    recalled = await end_with_panel(office)
    starts = clock.now() + timedelta(days=1)
    recall = await office.redraws.recall(office.agency, recalled, RecallTimes(starts, starts + timedelta(hours=2)))
    await prove(office, recall)
    await verify(office, recall)
    times = RedrawTimes(starts, starts, starts + timedelta(hours=4), starts + timedelta(hours=8))
    redraw = await office.redraws.redraw(office.agency, ended, times)
    await _next_project(world)
    met, (late, *_) = await meet(office, clock, needed=2)
    await office.discards.register(office.venue, met, DiscardForm(late.code, "recusal", "有亲属关系", "投标人"))
    await _next_project(world)
    released = await _released(world)
    await _next_project(world)
    drawing, [called] = await world.call()
    await _next_project(world)
    editing = await make_draw(office)
    await RecusalUnit.create(draw_id=editing, name="甲", reason="投标人", evidence="自行申报")
    await RecusalPerson.create(draw_id=editing, name="乙", unit_name="甲", reason="投标人", evidence="自行申报")
    await _next_project(world)
    refused = await make_draw(office)
    application_id = await office.setup.submit(
        office.agency, refused, office.deps.book("demo").draw.terminals[0], "请核验"
    )
    await office.verification.refuse(office.verifier, application_id, "不完整")
    await _next_project(world)
    waiting = await make_draw(office)
    await office.setup.submit(office.agency, waiting, office.deps.book("demo").draw.terminals[0], "请核验")
    for draw_id in (ended, drawing):
        for action in ("draw.paused", "draw.terminated", "draw.start_moved"):
            await record(office.agency, clock.now(), action, "draw", draw_id, reason=EVIL, words=EVIL)
    draws = {f"made {state}": draw_id for state, draw_id in states.items()}
    draws |= {"ended": ended, "recall": recall, "redraw": redraw, "met": met, "released": released, "drawing": drawing}
    draws |= {"editing": editing, "refused": refused, "waiting": waiting}
    return draws, {"ended": panel[0], "met": late, "drawing": called}


async def _next_project(world: World) -> None:
    """A project without lots is drawn for once."""
    office = world.office
    office.project_id = (await make_project(office.agency.organisation_id, office.agency.account_id)).id


async def _released(world: World) -> UUID:
    office = world.office
    draw_id, invitations = await world.panel(2)
    await world.services.draws.attachments.attach(office.agency, draw_id, "退选申请表.pdf", pdf(), "release")
    application = await office.releases.submit(office.agency, draw_id, "招标失败", "投标人不足")
    await office.verification.approve(office.verifier, application)
    await office.releases.start(office.agency, draw_id)
    by, now = office.agency.account_id, world.clock.now()
    await ReleaseConfirmation.create(
        invitation_id=invitations[0].id, words="已告知", recorded_by_id=by, recorded_at=now
    )
    return draw_id


# ---- every text


async def poison(deps: Deps) -> None:
    keys = deps.keys
    for model, columns in TYPED.items():
        lengths = {column: getattr(model._meta.fields_map[column], "max_length", None) for column in columns}
        texts = {column: EVIL[:length] for column, length in lengths.items()}
        if model in _NO_TWO_ALIKE:
            for at, row in enumerate(await model.all()):
                await model.filter(pk=row.pk).update(**texts | {_NO_TWO_ALIKE[model]: f"{EVIL[:50]}{at}"})
        else:
            await model.all().update(**texts)
    for model, (column, purpose) in _SEALED.items():
        await model.all().update(**{column: keys.seal(EVIL, purpose)})
    await connections.get("default").execute_query(_NOTICES, [list(_IN_NOTICES), EVIL])
    for section in await ApplicationSection.all():
        values = {name: _poisoned(value) for name, value in open_values(deps, section).items()}
        await ApplicationSection.filter(id=section.id).update(values_sealed=seal_values(deps, values))


def _poisoned(value: Any) -> Any:
    """Texts that hold a Chinese character are typed; codes and days stay."""
    if isinstance(value, list):
        return [_poisoned(element) for element in value]
    if isinstance(value, dict):
        return {name: _poisoned(member) for name, member in value.items()}
    return EVIL if isinstance(value, str) and any("\u4e00" <= sign <= "\u9fff" for sign in value) else value
