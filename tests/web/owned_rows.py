"""One row of every noun that a page shows by its id, and the row's owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.accounts import Account
from models.applications import Attachment, ExamSheet
from models.campaigns import EmployerImport
from models.corrections import Correction
from models.courses import CourseEnrolment, CourseItem
from models.exams import ExamAppeal, ExamEvidence, ExamImport, ExamItemVersion, ExamSitting
from models.helpdesk import Feedback
from models.office_sheets import OfficeSheet
from models.payments import Fee, Invoice, PayOrder
from models.reviews import ReviewTask
from services.corrections import Upload
from services.files import MaterialData
from services.office import Audience, ExportRequest, GroupNoticeForm
from tests.factories.certificates import make_certificate
from tests.factories.courses import School
from tests.factories.exams import make_items
from tests.factories.files import pdf
from tests.factories.integrations import make_platform
from tests.factories.people import make_account, make_expert, make_sanction
from tests.factories.reports import make_report
from tests.factories.reviews import make_reviewer
from tests.services.exams.exam_scene import ExamScene
from tests.services.exams.results import make_room
from tests.web.conftest import World
from tests.web.office_scene import ADMIN_MOBILE, Scene, fill, make_scene

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class OwnedRows:
    """``values``: a parameter's value by beginning of the address; the longest beginning counts."""

    scene: Scene
    owners: Mapping[str, Account]
    """Owners: invited, with certificates and courses, in an examination, or who paid or wrote to the office."""
    values: Mapping[tuple[str, str], object]

    def address(self, path: str) -> str:
        """The address with its parameters filled in. Raises AssertionError for a parameter without a value."""
        names = [part.split("}")[0].split(":")[0] for part in path.split("{")[1:]]
        return path.format_map({name: self._value(path, name) for name in names})

    def _value(self, path: str, name: str) -> object:
        fitting = [begin for begin, known in self.values if known == name and path.startswith(begin)]
        assert fitting, f"nothing stands for {name} in {path}"
        return self.values[max(fitting, key=len), name]


async def make_owned_rows(world: World) -> OwnedRows:
    scene = await make_scene(world)
    ids = await fill(scene)
    task = await ReviewTask.filter(application_id=ids["application"], state="open").order_by("step_code").first()
    assert task is not None
    reviewer = await make_reviewer(world.services.deps, task.step_code, task.region, task.specialty or "")
    attachment = await Attachment.filter(application_id=ids["application"], field="photo").first()
    assert attachment is not None
    values: dict[tuple[str, str], object] = {
        ("/h5/", "pool"): "demo",
        ("/office/applications/", "id"): ids["application"],
        ("/office/applications/", "file_id"): attachment.id,
        ("/office/files/", "id"): attachment.id,
        ("/office/reconciliation/", "id"): ids["bill"],
        ("/office/campaigns/", "id"): ids["campaign"],
        ("/office/orders/", "id"): ids["order"],
        ("/office/remuneration/", "organisation_id"): world.office.agency.organisation_id,
        ("/office/feedback/", "thread_id"): ids["feedback"],
        ("/h5/{pool}/feedback/", "thread_id"): ids["feedback"],
        ("/office/exports/{what}", "what"): "orders",
        ("/office/exports/{token}", "token"): await _export(scene),
        ("/h5/{pool}/notice/", "application_id"): scene.applications["何公示"].id,
        ("/review/", "task_id"): task.id,
        ("/review/", "attachment_id"): attachment.id,
    }
    values |= _own_to_each_agency(world) | await _sheets(scene)
    values |= await _money(ids["order"])
    values |= await _report(world)
    expert, own_values = await _of_an_expert(scene)
    values |= own_values
    candidate, own_values = await _examination(scene)
    values |= own_values
    fee = await Fee.get(id=values["/h5/{pool}/pay-receipt/", "fee_id"])
    owners = {
        "reviewer": await Account.get(id=reviewer.account_id),
        "expert": expert,
        "candidate": candidate,
        "payer": await Account.get(id=fee.account_id),
        "writer": await Account.get(id=(await Feedback.get(id=ids["feedback"])).account_id),
    }
    return OwnedRows(scene, owners, values)


def _own_to_each_agency(world: World) -> dict[tuple[str, str], object]:
    return {
        ("/agency/projects/", "id"): world.office.project_id,
        ("/agency/drafts/", "kind"): "project",
        ("/agency/drafts/", "id"): world.office.agency.organisation_id,
        ("/agency/drafts/{kind}/{id}/{part}", "kind"): "notice-edit",
        ("/agency/drafts/{kind}/{id}/{part}", "part"): world.office.project_id,
        ("/agency/catalogues/", "kind"): "region",
        ("/agency/remuneration/", "month"): "2026-11",
        ("/agency/templates/{kind}.pdf", "kind"): "draw",
        ("/agency/templates/{kind}.xlsx", "kind"): "units",
    }


WARNING = {"act": "warning", "reason": "未按规定", "starts_at": None, "ends_at": None, "withdraws_calls": False}


async def _export(scene: Scene) -> str:
    """A file that the worker makes."""
    return await scene.world.services.office.large_exports.begin_export(scene.admin, ExportRequest("orders"), 1_000)


async def _sheets(scene: Scene) -> dict[tuple[str, str], object]:
    """Files that were read and wait to be taken in, and one for everybody."""
    now, services = scene.world.clock.now(), scene.world.services
    by: dict[str, Any] = {"pool": "demo", "account_id": scene.account.id, "filename": "a.csv", "created_at": now}
    items = await ExamImport.create(**by, lines_sealed=services.deps.keys.seal("[]", "exam_import"))
    employers, results = await EmployerImport.create(**by), await ExamSheet.create(**by)
    experts = await services.experts.sheets.upload(scene.admin, b"", "a.csv")
    checked = by | {"second_person": False, "targets": [], "errors": [], "state": "checked", "progress_at": now}
    sanctions = await OfficeSheet.create(**checked, kind="sanctions", terms=WARNING)
    terms = await OfficeSheet.create(**checked, kind="terms", terms={"reason": "换届"})
    material = await services.files.materials.add(scene.admin, MaterialData("申报指南", "操作手册"), pdf())
    values: dict[tuple[str, str], object] = {
        ("/office/bank/import/", "id"): items.id,
        ("/office/bank/export/", "form"): "xlsx",
        ("/office/bank/template", "form"): "csv",
        ("/office/employers/import/", "id"): employers.id,
        ("/office/experts/import/", "id"): experts,
        ("/office/experts/template", "form"): "csv",
        ("/office/employers/template", "form"): "csv",
        ("/office/experts/terms/", "id"): terms.id,
        ("/office/experts/terms/template", "form"): "csv",
        ("/office/sanctions/sheets/", "id"): sanctions.id,
        ("/office/sanctions/template", "form"): "csv",
        ("/office/exams/results/", "id"): results.id,
        ("/office/exams/results/template", "form"): "csv",
        ("/office/texts/", "code"): "faq",
        ("/office/catalogues/", "kind"): "specialty",
        ("/office/catalogues/", "code"): "A0401",
        ("/office/venues/", "code"): "demo-hall",
        ("/office/integrations/", "client_id"): (
            await make_platform(scene.world.office, services.integrations)
        ).client_id,
        ("/office/rules/", "section"): "draw",
    }
    text, audience = GroupNoticeForm("培训通知", "请按时参加培训。"), Audience(numbers=ADMIN_MOBILE)
    group_id = await services.office.group_notices.write(scene.admin, text, audience, "名单")
    for path in ("/office/group-notices/", "/h5/{pool}/announcements/"):
        values[path, "id"] = group_id
    for path, name in (("/office/materials/", "id"), ("/h5/{pool}/materials/", "material_id")):
        values[path, name] = material.id
    return values


async def _report(world: World) -> dict[tuple[str, str], object]:
    """A report with a file, for supervision."""
    services = world.services
    evidence = await services.reports.examination.evidence.keep("demo", pdf(), "a.pdf")
    report_id, file_id = await make_report(services.deps, key=evidence.key)
    return {("/reports/", "report_id"): report_id, ("/reports/", "file_id"): file_id}


async def _money(order_id: UUID) -> dict[tuple[str, str], object]:
    """A paid fee with its invoice."""
    invoice = await Invoice.get(fee_id=(await PayOrder.get(id=order_id)).fee_id)
    return {
        ("/office/invoices/", "id"): invoice.id,
        ("/h5/{pool}/pay-receipt/", "fee_id"): invoice.fee_id,
        ("/h5/{pool}/pay-invoice/", "fee_id"): invoice.fee_id,
    }


async def _of_an_expert(scene: Scene) -> tuple[Account, dict[tuple[str, str], object]]:
    """A certificate, and a course that is published."""
    deps = scene.world.services.deps
    account = await make_account(deps)
    expert = await make_expert(deps, account=account)
    evidence = await scene.world.services.sanctions.evidence.keep(scene.admin, "a.pdf", pdf())
    sanction = await make_sanction(expert, "warning", files=evidence)
    certificate = await make_certificate(deps, account)
    upload, corrections = Upload(pdf(), "本人申请.pdf"), scene.world.services.corrections
    await corrections.mobiles.file(scene.admin, expert.id, "13987654321", "原号码停用", upload)
    correction = await Correction.get(expert_id=expert.id)
    course = await School(scene.world.services, scene.admin, scene.world.clock).published()
    enrolment, item = await CourseEnrolment.get(expert_id=expert.id), await CourseItem.get(course_id=course.id)
    return account, {
        ("/office/certificates/", "id"): certificate.id,
        ("/office/experts/", "id"): expert.id,
        ("/office/people/", "id"): expert.id,
        ("/office/people/", "field"): "email",
        ("/office/people/{id}/attachments/", "field"): "photo",
        ("/office/people/", "other"): (await make_account(deps)).id,
        ("/office/people/evidence/", "correction"): correction.id,
        ("/office/sanctions/", "id"): sanction.id,
        ("/office/courses/", "id"): course.id,
        ("/office/courses/", "item"): item.id,
        ("/office/courses/", "number"): 1,
        ("/office/courses/enrolments/", "id"): enrolment.id,
        ("/h5/{pool}/certificates/", "id"): certificate.id,
        ("/h5/{pool}/courses/", "enrolment"): enrolment.id,
        ("/h5/{pool}/courses/", "item"): item.id,
        ("/h5/{pool}/courses/", "number"): 1,
    }


async def _examination(scene: Scene) -> tuple[Account, dict[tuple[str, str], object]]:
    """One that goes on, with a paper that was handed in and a file of its evidence."""
    services = scene.world.services
    scene.world.set_rules("exam", result="released", tries=2, mock=False)
    await make_items(5)
    room = await make_room(ExamScene(services, scene.admin, services.deps), scene.world.clock)
    attempt = await room.hand_in(1, 0, 0)
    now, exam = scene.world.clock.now(), room.exam
    evidence = await ExamEvidence.create(
        attempt_id=attempt.id,
        pool="demo",
        content_sealed=services.deps.keys.seal("{}", "exam_evidence"),
        received_at=now,
    )
    appeal = await ExamAppeal.create(attempt_id=attempt.id, pool=exam.pool, text="请核对第一题", created_at=now)
    sitting = await ExamSitting.create(exam_id=exam.id, starts_at=now + HOUR, ends_at=now + 2 * HOUR, place="机房")
    version = await ExamItemVersion.get(item_id=room.items[0].id)
    office, own = "/office/exams/", "/h5/{pool}/exams/"
    return await Account.get(id=room.candidate.account_id), {
        (office, "id"): exam.id,
        ("/office/exams/blueprints/", "id"): exam.blueprint_id,
        ("/office/bank/item/", "id"): room.items[0].id,
        (office, "sitting"): sitting.id,
        (office, "version"): version.id,
        (office, "what"): "items",
        (office, "candidate"): room.candidate.id,
        (office, "evidence"): evidence.id,
        (office, "appeal"): appeal.id,
        (office, "attempt"): attempt.id,
        (own, "candidate"): room.candidate.id,
        (own, "candidate_id"): room.candidate.id,
        (own, "attempt_id"): attempt.id,
    }
