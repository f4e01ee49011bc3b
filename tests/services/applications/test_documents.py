"""Printing: contents, locking of the form, and the code on the paper."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from domain.experts.file import FileChange, FileSource
from domain.ids import new_id
from gateways.document_renderer import TypstRenderer
from models.accounts import Account
from models.applications import Application, Attachment, PrintedForm
from models.audit import AuditEntry
from models.experts import Expert
from models.reviews import ReviewEntry
from services.applications.attachments import Attachments
from services.applications.documents import Documents
from services.applications.drafts import Drafts
from services.core.base import Actor, Deps
from services.corrections.files import FileCorrections
from services.corrections.ledger import Upload
from services.expert_files import change_file
from services.files import EvidenceFiles, Previews, SealedFiles
from tests.drivers.documents import text_of
from tests.factories.applications import (
    SPECIALTY,
    fill_in,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
    with_rules,
)
from tests.factories.attachments import upload_file
from tests.factories.files import MemoryFiles, PlainRenderer, QuickChecker, jpeg
from tests.factories.people import CREDIT_CODE, file_more, make_account, make_expert


@pytest.fixture
def files() -> MemoryFiles:
    return MemoryFiles()


@pytest.fixture
def renderer() -> PlainRenderer:
    return PlainRenderer()


def make_documents(deps: Deps, files: MemoryFiles, renderer: Any) -> Documents:
    store = SealedFiles(files, deps.keys)
    return Documents(deps, store, Previews(store, QuickChecker()), renderer)


@pytest.fixture
def documents(deps: Deps, files: MemoryFiles, renderer: PlainRenderer) -> Documents:
    return make_documents(deps, files, renderer)


@pytest.fixture
def locking(deps: Deps, files: MemoryFiles, renderer: PlainRenderer) -> Documents:
    """Documents of a pool where printing locks, as in Hunan."""
    changed = with_rules(deps, papers={"print_locks": True, "print_before_submit": True})
    return make_documents(changed, files, renderer)


@pytest.fixture
async def actor(db: str, deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    return await make_applicant(deps)


@pytest.fixture
async def application(actor: Actor, deps: Deps) -> Application:
    return await fill_in(deps, actor)


@pytest.fixture(scope="module")
def typst() -> Iterator[TypstRenderer]:
    made = TypstRenderer()
    yield made
    made.close()


# ---- what stands on it


async def test_the_form_holds_the_person_the_values_and_the_names_of_codes(
    documents: Documents, renderer: PlainRenderer, actor: Actor, application: Application
) -> None:
    printed = await documents.print_form(actor, application.id)
    [(name, content)] = renderer.made
    assert name == "application_form"
    text = json.dumps(content, ensure_ascii=False)
    for shown in (
        "赵明远",
        "男",
        "1980-01",
        "正高级工程师",
        "演示市演示区",
        "一级注册建筑师",
        "示范规划设计院有限公司",
    ):
        assert shown in text, shown
    assert content["title"] == "演示省评标专家申请和资格审查表"
    assert content["specialties"] == {
        "columns": ["一级类别", "二级类别", "三级专业", "选择"],
        "rows": [["A01 规划", "A0101 发展规划", f"{SPECIALTY} 总体规划", "首选"]],
    }
    assert [opinion["title"] for opinion in content["opinions"]] == ["工作单位意见", "行业部门预审意见", "省级终审意见"]  # type: ignore[attr-defined]
    assert printed.code in text
    assert content["qr"] == f"http://127.0.0.1:8080/p/{printed.code.replace('-', '')}"


async def test_the_real_printer_takes_every_document(
    deps: Deps, files: MemoryFiles, typst: TypstRenderer, actor: Actor, application: Application
) -> None:
    documents = make_documents(deps, files, typst)
    printed = await documents.print_form(actor, application.id)
    text = text_of((await documents.printed(actor, application.id)).content)
    assert f"校验码{printed.code}" in text
    assert "赵明远" in text
    letter = text_of((await documents.commitment(actor, application.id)).content)
    assert "诚信承诺书" in letter
    assert "赵明远" in letter


async def test_the_photo_stands_on_the_form(
    deps: Deps,
    documents: Documents,
    files: MemoryFiles,
    renderer: PlainRenderer,
    actor: Actor,
    application: Application,
) -> None:
    await documents.print_form(actor, application.id)
    assert renderer.made[-1][1]["photo"] == "", "the store lost it"
    attachments = Attachments(deps, SealedFiles(files, deps.keys), QuickChecker())
    await upload_file(attachments, actor, application.id, "photo", filename="a.jpg", content=jpeg(1000, 1400))
    await PrintedForm.all().update(key="")  # as if the print were lost
    await documents.print_form(actor, application.id)
    assert str(renderer.made[-1][1]["photo"]).startswith("/9j/")


async def test_the_commitment_names_who_promises(
    documents: Documents, renderer: PlainRenderer, actor: Actor, application: Application, deps: Deps
) -> None:
    await documents.commitment(actor, application.id)
    name, content = renderer.made[-1]
    account = await Account.get(id=actor.account_id)
    assert (name, content["name"], content["employer"]) == ("commitment", "赵明远", "示范规划设计院有限公司")
    assert content["id_number"] == deps.keys.open_text(account.id_number_sealed, "id_number")
    assert len(content["paragraphs"]) == 6  # type: ignore[arg-type]


# ---- printing twice, printing again


async def test_the_same_state_is_the_same_print(
    documents: Documents, renderer: PlainRenderer, actor: Actor, application: Application, clock: FixedClock
) -> None:
    first = await documents.print_form(actor, application.id)
    clock.move(timedelta(days=1))
    assert await documents.print_form(actor, application.id) == first
    first_view, second_view = [await documents.printed(actor, application.id) for _ in range(2)]
    assert first_view == second_view
    assert len(renderer.made) == 1, "kept in the store"
    assert await AuditEntry.filter(action="application.print").count() == 1


async def test_two_prints_at_once_are_one(documents: Documents, actor: Actor, application: Application) -> None:
    first, second = await asyncio.gather(*(documents.print_form(actor, application.id) for _ in range(2)))
    assert first == second
    assert await PrintedForm.all().count() == 1


async def test_a_changed_form_must_be_printed_again(
    documents: Documents, actor: Actor, application: Application, deps: Deps
) -> None:
    first = await documents.print_form(actor, application.id)
    await Application.filter(id=application.id).update(version=application.version + 1)
    with pytest.raises(Conflict) as refusal:
        await documents.printed(actor, application.id)
    assert refusal.value.code == "not_printed"
    second = await documents.print_form(actor, application.id)
    assert (second.version, second.code == first.code) == (first.version + 1, False)


async def test_another_mobile_makes_another_print_of_the_same_version(
    documents: Documents, actor: Actor, application: Application, deps: Deps, clock: FixedClock
) -> None:
    first = await documents.print_form(actor, application.id)
    clock.move(timedelta(minutes=1))
    await Account.filter(id=actor.account_id).update(mobile_sealed=deps.keys.seal("13911110000", "mobile"))
    second = await documents.print_form(actor, application.id)
    assert second.code != first.code
    assert not (await documents.verify(first.code)).current
    assert (await documents.verify(second.code)).current


async def test_a_print_lost_from_the_store_is_made_again(
    documents: Documents, files: MemoryFiles, renderer: PlainRenderer, actor: Actor, application: Application
) -> None:
    await documents.print_form(actor, application.id)
    files.contents.clear()
    assert (await documents.printed(actor, application.id)).content.startswith(b"%PDF-")
    assert renderer.made[0] == renderer.made[1], "word for word"


async def test_a_printer_that_is_away_is_tried_again(
    documents: Documents, renderer: PlainRenderer, actor: Actor, application: Application
) -> None:
    renderer.away = True
    with pytest.raises(Unavailable, match="稍后重试"):
        await documents.print_form(actor, application.id)
    renderer.away = False
    await documents.print_form(actor, application.id)
    assert await PrintedForm.all().count() == 1


# ---- locking


async def test_where_printing_locks_the_warning_comes_first(
    locking: Documents, renderer: PlainRenderer, actor: Actor, application: Application
) -> None:
    with pytest.raises(Conflict, match="打印后内容将锁定") as refusal:
        await locking.print_form(actor, application.id)
    assert refusal.value.code == "print_locks"
    assert (await Application.get(id=application.id)).state == "draft"
    printed = await locking.print_form(actor, application.id, confirmed=True)
    assert printed.locked
    now = await Application.get(id=application.id)
    assert (now.state, now.locked_version) == ("locked", now.version)
    assert await locking.print_form(actor, application.id) == printed, "asked again, nothing is to be confirmed"
    assert await ReviewEntry.filter(event="print").count() == 1


async def test_an_incomplete_form_is_not_locked(locking: Documents, actor: Actor, deps: Deps) -> None:
    begun = await Drafts(deps, make_campaigns(deps)).start(actor, "first")
    with pytest.raises(InvalidInput) as refusal:
        await locking.print_form(actor, begun.id, confirmed=True)
    assert refusal.value.code == "form_incomplete"
    told = {problem["field"] for problem in refusal.value.params["problems"]}  # type: ignore[attr-defined]
    assert "political_status" in told
    assert not told & {"photo", "id_card_front", "signed_form"}, "files may come after printing"
    assert (await Application.get(id=begun.id)).state == "draft"


async def test_files_that_come_after_printing_do_not_stand_against_it(
    locking: Documents, actor: Actor, application: Application
) -> None:
    await Attachment.filter(application_id=application.id).update(state="removed")
    assert (await locking.print_form(actor, application.id, confirmed=True)).locked


async def test_where_printing_does_not_lock_it_does_not(
    documents: Documents, actor: Actor, application: Application
) -> None:
    assert not (await documents.print_form(actor, application.id)).locked
    assert (await Application.get(id=application.id)).state == "draft"


# ---- whose


async def test_documents_of_another_applicant_are_not_found(
    documents: Documents, application: Application, deps: Deps
) -> None:
    other = await make_applicant(deps)
    for act in (documents.print_form, documents.printed, documents.commitment):
        with pytest.raises(NotFound):
            await act(other, application.id)
        with pytest.raises(Forbidden):
            await act(Actor("demo", "reviewer", account_id=new_id()), application.id)


async def test_a_cancelled_application_is_not_printed(
    documents: Documents, actor: Actor, application: Application
) -> None:
    await Application.filter(id=application.id).update(state="cancelled", ended_at=application.created_at)
    with pytest.raises(Conflict):
        await documents.print_form(actor, application.id)


# ---- the proof


async def test_a_code_proves_version_and_number_and_shows_no_name(
    documents: Documents, actor: Actor, application: Application, clock: FixedClock
) -> None:
    printed = await documents.print_form(actor, application.id)
    proof = await documents.verify(printed.code)
    assert (proof.number, proof.version, proof.current) == (application.number, printed.version, True)
    assert (proof.masked_name, proof.printed_at) == ("赵**", clock.now())
    await Application.filter(id=application.id).update(version=application.version + 1)
    assert not (await documents.verify(printed.code)).current


async def test_a_code_is_understood_as_people_type_it(
    documents: Documents, actor: Actor, application: Application
) -> None:
    await documents.print_form(actor, application.id)
    await PrintedForm.all().update(code="0123ABCD10XYZW89")
    for typed in ("0123-ABCD-10XY-ZW89", "o123abcdiOxyzw89", " 0l23 abcd 10xy zw89"):
        assert (await documents.verify(typed)).number == application.number


@pytest.mark.parametrize("typed", ["", "0123-ABCD-10XY-ZW88", "'; drop table printed_form", "x" * 100, "\0" * 16])
async def test_an_unknown_code_says_what_to_do(db: str, documents: Documents, typed: str) -> None:
    with pytest.raises(NotFound, match="请核对后重新输入"):
        await documents.verify(typed)


# ---- experts


async def test_an_expert_prints_the_own_file(
    deps: Deps, documents: Documents, renderer: PlainRenderer, db: str
) -> None:
    await make_codes(deps.book("demo"))
    expert = await make_expert(
        deps, name="甡㛃䶮", title_level="1001", specialties=[SPECIALTY], permanent_region="440106"
    )
    document = await documents.information_form(Actor("demo", "expert", expert_id=expert.id, account_id=new_id()))
    content: Any = renderer.made[-1][1]
    text = json.dumps(content, ensure_ascii=False)
    for shown in ("评标专家个人信息表", "甡㛃䶮", "正高级工程师", "总体规划", expert.number, "正式专家"):
        assert shown in text, shown
    assert content["opinions"] == []
    assert document.filename == f"{expert.number}.pdf"
    assert await AuditEntry.filter(action="expert.print", subject_id=expert.id).count() == 1


@pytest.fixture
def provinces(deps: Deps, files: MemoryFiles, renderer: PlainRenderer) -> Documents:
    """Documents of pools with forms of their own."""
    rulebooks = load_rulebooks(Path(__file__).parents[3] / "config" / "rulebooks", ["xinjiang", "hunan"])
    return make_documents(replace(deps, rulebooks=rulebooks), files, renderer)


async def test_the_own_file_has_all_that_was_ever_filed_and_nothing_of_the_last_application(
    provinces: Documents, renderer: PlainRenderer, db: str
) -> None:
    """After a change, whose form asks for little and for a reason, the paper is the same paper."""
    deps, documents = provinces.deps, provinces
    await make_codes(deps.book("xinjiang"))
    number = "110105197512310012"
    expert = await make_expert(deps, pool="xinjiang", name="阿依努尔", id_number=number, specialties=[SPECIALTY])
    await file_more(
        deps, expert, education="硕士研究生", school="新疆大学", employer="旧单位", employer_code=CREDIT_CODE
    )
    moved = {"region": "650200", "employer": "新单位", "employer_code": None}
    change = FileChange(deps.now(), FileSource.APPLICATION, moved, new_id())
    await change_file(deps, await Expert.get(id=expert.id), change)
    await documents.information_form(Actor("xinjiang", "expert", expert_id=expert.id, account_id=new_id()))
    content: Any = renderer.made[-1][1]
    labels = {row["label"]: row["value"] for section in content["sections"] for row in section["rows"]}
    assert content["title"] == "评标专家个人信息表"
    assert (labels["姓名"], labels["性别"], labels["身份证号"][:6]) == ("阿依努尔", "男", "110105")
    assert (labels["最高学历"], labels["毕业院校"], labels["工作单位名称"]) == ("硕士研究生", "新疆大学", "新单位")
    assert labels["社会信用代码"] == ""
    assert not {"变更原因", "入库类型"} & labels.keys()


async def test_the_paper_of_a_file_prints_no_default_of_the_form(
    provinces: Documents, renderer: PlainRenderer, db: str
) -> None:
    """否 on it would be what the expert never said, and what his file doesn't."""
    deps, documents = provinces.deps, provinces
    await make_codes(deps.book("xinjiang"))
    expert = await make_expert(deps, pool="xinjiang")
    await file_more(deps, expert, emergency=None, remote_evaluation=None)
    await documents.information_form(Actor("xinjiang", "expert", expert_id=expert.id, account_id=new_id()))
    content: Any = renderer.made[-1][1]
    labels = {row["label"]: row["value"] for section in content["sections"] for row in section["rows"]}
    fields = deps.book("xinjiang").form.fields
    assert [labels[fields[code].label] for code in ("emergency", "remote_evaluation")] == ["", ""]


async def test_an_imported_expert_s_paper_names_the_employer_that_the_list_lacks(
    provinces: Documents, renderer: PlainRenderer, db: str
) -> None:
    deps, documents = provinces.deps, provinces
    await make_codes(deps.book("hunan"))
    expert = await make_expert(deps, pool="hunan")
    await file_more(deps, expert, employer="湖南某勘察公司")
    await documents.information_form(Actor("hunan", "expert", expert_id=expert.id, account_id=new_id()))
    assert "湖南某勘察公司" in json.dumps(renderer.made[-1][1], ensure_ascii=False)


async def test_only_an_expert_in_the_pool_has_an_information_form(db: str, documents: Documents, deps: Deps) -> None:
    left = await make_expert(deps, left_at=deps.now())
    for expert_id in (left.id, None):
        with pytest.raises(NotFound):
            await documents.information_form(Actor("demo", "expert", expert_id=expert_id, account_id=new_id()))
    with pytest.raises(Forbidden):
        await documents.information_form(Actor("demo", "applicant", account_id=new_id()))


async def test_the_paper_shows_the_photograph_that_the_office_put_into_the_file(
    deps: Deps, documents: Documents, files: MemoryFiles, renderer: PlainRenderer, db: str
) -> None:
    await make_codes(deps.book("demo"))
    account = await make_account(deps)
    expert = await make_expert(deps, account=account)
    office = Actor("demo", "pool_admin", (await make_account(deps)).id)
    store, checker = SealedFiles(files, deps.keys), QuickChecker()
    corrections = FileCorrections(deps, EvidenceFiles(deps, store, checker), store, checker)
    upload = Upload(jpeg(295, 413), "photo.jpg")
    await corrections.correct(office, expert.id, "photo", "add-0", "-", "原照片不是本人", upload)
    await documents.information_form(Actor("demo", "expert", expert_id=expert.id, account_id=account.id))
    content: Any = renderer.made[-1][1]
    assert content["photo"], "a JPEG in base64"
