"""What is handed in with an application, the photograph, and the printed form."""

from __future__ import annotations

import pytest

from domain.applications.lifecycles import ApplicationState
from models.accounts import Account
from models.applications import Application
from models.experts import Expert
from models.reviews import ReviewTask
from services.applications import stored_place
from services.core.base import Actor
from services.files import MaterialData
from tests.factories.applicants import make_applicant, make_application
from tests.factories.applications import make_campaign
from tests.factories.files import pdf
from tests.factories.people import make_account
from tests.handlers.answers.test_application_states import set_papers
from tests.handlers.answers.test_applications import CLOSED
from tests.handlers.conftest import NOON, Phone, World
from tests.handlers.test_progress import CASES, make_applicant_in_case

_S = ApplicationState
FORM, SHEET = "/h5/demo/apply/form", "/h5/demo/papers/form"


def set_field(world: World, code: str, **values: object) -> None:
    fields = world.office.deps.book("demo").form.fields
    world.set_rules(form={"fields": {**fields, code: fields[code].model_copy(update=values)}})


# ---- files


async def test_the_files_of_a_first_application_are_named_required_ones_first(world: World, stranger: Phone) -> None:
    told = await stranger.says("需要哪些材料")
    assert "必传：一寸免冠照片、身份证国徽面、身份证人像面、学历证书、职称证书" in told
    assert "选传：资格审查表（签字盖章扫描件）、" in told
    assert "请咨询400-000-0000" in told
    assert "资料下载" not in told
    set_field(world, "signed_form", required=True, hint="打印、盖章后扫描上传。")
    admin = Actor("demo", "pool_admin", (await make_account(world.office.deps)).id)
    await world.services.files.materials.add(admin, MaterialData("审查表样表", "资格审查材料"), pdf())
    told = await stranger.says("需要哪些材料")
    assert "职称证书、资格审查表（签字盖章扫描件）\n" in told
    assert "资格审查表（签字盖章扫描件）：打印、盖章后扫描上传。" in told
    assert "审查表样表" in await stranger.taps("资料下载")


async def test_a_pool_without_registration_asks_guests_for_no_files(world: World, stranger: Phone) -> None:
    world.set_rules(registration={"open": False, "closed": CLOSED})
    assert (await stranger.says("需要哪些材料")).startswith(CLOSED)


async def test_a_draft_hears_which_files_are_missing(world: World) -> None:
    phone, application = await make_applicant_in_case(world, CASES["draft"])
    told = await phone.says("需要哪些材料")
    assert "您还缺：请上传一寸免冠照片。" in told
    assert FORM in told
    await Application.filter(id=application.id).update(state=_S.REVIEWING, round=1, step=0, submitted_at=NOON)
    assert "您还缺" not in await phone.says("需要哪些材料")


async def test_an_expert_hears_of_the_files_that_he_would_hand_in(world: World, phone: Phone) -> None:
    assert (await phone.says("需要哪些材料")).startswith("异动申请在网上提交")
    await make_campaign(world.office.deps)
    assert (await phone.says("需要哪些材料")).startswith("续聘申请在网上提交")
    world.set_rules(campaigns={"entry_types": ("first",)})
    told = await phone.says("需要哪些材料")
    assert told.startswith("您已在库，目前没有要您提交材料的申请")
    assert "400-000-0000" in told


# ---- the photograph


async def test_the_photograph_by_the_rulebook(world: World, stranger: Phone) -> None:
    told = await stranger.says("照片要求")
    assert told.startswith("一寸免冠照片：JPG、PNG格式，不超过5.0MB")
    assert "底色、尺寸没有另外规定" in told
    set_field(world, "photo", label="个人寸照", hint="请使用近照。")
    assert (await stranger.says("照片要求")).startswith(
        "个人寸照：JPG、PNG格式，不超过5.0MB，过大会自动压缩。请使用近照。"
    )
    sections = world.office.deps.book("demo").form.sections
    fields = tuple(code for code in sections["attachments"].fields if code != "photo")
    attachments = sections["attachments"].model_copy(update={"fields": fields})
    world.set_rules(form={"sections": {**sections, "attachments": attachments}})
    assert (await stranger.says("照片要求")).startswith("申请表没有照片这一项")


async def test_a_returned_photograph_is_named_with_its_opinion(world: World) -> None:
    deps = world.office.deps
    back = {"step": 0, "round": 1, "submitted_at": NOON, "sent_back_fields": ["photo", "title_proof"]}
    applicant = await make_applicant(deps, state=_S.SENT_BACK, **back)
    words = (("title_proof", "缺页"), ("photo", "请换正面照<b>"))
    await ReviewTask.create(
        application_id=applicant.id,
        pool="demo",
        round=1,
        step=0,
        step_code="industry",
        region="440000",
        state="sent_back",
        opened_at=NOON,
        decided_at=NOON,
        opinion="请改",
        returned=[stored_place(deps, code, about, {}, []) for code, about in words],
    )
    told = await (await world.phone_with(applicant.account)).says("照片要求")
    assert told.startswith("您的照片被退回：一寸免冠照片:请换正面照‹b›")
    assert f"{FORM}?at=photo" in told
    assert "缺页" not in told


# ---- the printed form


async def test_a_guest_hears_where_the_form_is_printed_and_binds(world: World, stranger: Phone) -> None:
    assert (await stranger.says("怎么打印申请表")).startswith("申请不要求先打印")
    set_papers(world, print_before_submit=True, print_locks=True)
    told = await stranger.says("怎么打印申请表")
    assert told.startswith("申请表填完后，在“核对提交”页点“打印表格”")
    assert "打印后填写的内容不能再改" in told
    assert "您是否同意" in await stranger.taps("绑定身份")


PRINTING = {
    "draft": ("申请表填完后，在“核对提交”页点“打印表格”", FORM, True),
    "draft, enrolment over": ("您的申请填写中。报名已于", SHEET, True),
    "printed": ("您的申请已打印并锁定：请上传本次打印后签字盖章的扫描件", SHEET, True),
    "sent back whole": ("退回内容包括盖章的申请表的，改好后须重新打印", FORM, True),
    "first step": ("您的申请已提交，不用再打印", SHEET, False),
    "public notice": ("您的申请已提交，不用再打印", SHEET, False),
    "refused": ("您没有办理中的申请，不用打印。\n需要留存的", SHEET, False),
    "given up": ("您没有办理中的申请，不用打印。\n▸", "申报</a>", False),
}


@pytest.mark.parametrize("name", PRINTING)
async def test_printing_by_where_the_application_stands(world: World, name: str) -> None:
    head, way, is_stamped = PRINTING[name]
    set_papers(world, print_before_submit=True, print_locks=True)
    phone, application = await make_applicant_in_case(world, CASES[name])
    told = await phone.says("怎么打印申请表")
    assert told.startswith(head)
    assert way in told
    assert ("盖哪个章、退休人员由谁盖章，请咨询400-000-0000" in told) == is_stamped
    assert (await Application.get(id=application.id)).state == CASES[name].state


async def test_an_expert_is_led_to_his_own_sheet_and_that_of_a_change(
    world: World, phone: Phone, expert: Expert
) -> None:
    assert "/h5/demo/papers/information" in await phone.says("怎么打印申请表")
    account = await Account.get(id=(await Expert.get(id=expert.id)).account_id)
    columns = {"state": _S.REVIEWING, "entry_type": "change", "round": 1, "step": 0, "submitted_at": NOON}
    change = await make_application(world.office.deps, account, **columns)
    told = await phone.says("怎么打印申请表")
    assert told.startswith("您的异动申请已提交，不用再打印")
    assert f"{SHEET}?number={change.number}" in told
    nobody = await world.phone_with(await make_account(world.office.deps))
    assert "还没有提交过申请" in await nobody.says("怎么打印申请表")
