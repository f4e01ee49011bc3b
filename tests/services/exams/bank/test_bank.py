"""The item bank by hand: new items, versions that papers keep, retiring, pictures, and who may see keys."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.exams.items import ItemData, ItemKind, mask_of
from domain.ids import new_id
from models.audit import AuditEntry
from models.exams import Exam, ExamAttempt, ExamCandidate, ExamItem, ExamItemKey, ExamItemVersion
from services.core.base import Actor, Deps
from services.exams import ExamServices, ItemFilter
from services.exams.bank.item_pictures import PICTURES_MAX
from services.files import LINK_TTL
from services.files.garbage_collection import ORPHAN_TTL, FileGarbageCollector, Search
from services.registry import Services
from tests.factories.exam_items import case, judged, make_exam, make_items, multiple, single
from tests.factories.files import jpeg, pdf, png
from tests.factories.people import make_account

pytestmark = pytest.mark.usefixtures("db")


async def codes(exams: ExamServices, admin: Actor, **wanted: object) -> list[str]:
    page = await exams.bank_queries.page(admin, ItemFilter(**wanted), size=100)  # type: ignore[arg-type]
    assert page.total == len(page.items)
    return [item.code for item in page.items]


# ---- new items


async def test_a_new_item_gets_a_number_and_keeps_its_key_apart(exams: ExamServices, admin: Actor) -> None:
    item_id = await exams.bank.add(admin, single())
    view = await exams.bank_queries.get(admin, item_id)
    assert (view.line.code, view.line.kind, view.line.version, view.line.used) == ("T00001", ItemKind.SINGLE, 1, 0)
    (version,) = view.versions
    assert version.key is not None
    assert (version.options[1], version.key.mask, version.fixed_order) == ("五人以上单数", 2, False)
    assert not {"mask", "key", "answer", "explanation"} & set(ExamItemVersion._meta.fields_db_projection)
    assert (await ExamItemKey.get()).version_id == version.id
    assert await AuditEntry.filter(action="exam.item.add", subject_id=item_id).count() == 1


async def test_pressing_twice_makes_one_item(exams: ExamServices, admin: Actor) -> None:
    item_ids = await asyncio.gather(*(exams.bank.add(admin, single(), key="pressed-twice") for _ in range(3)))
    assert len(set(item_ids)) == 1
    assert await ExamItem.all().count() == 1


async def test_two_who_add_at_once_get_two_numbers(exams: ExamServices, admin: Actor) -> None:
    await asyncio.gather(*(exams.bank.add(admin, single(f"第{at}题")) for at in range(5)))
    assert await codes(exams, admin) == [f"T0000{at}" for at in range(1, 6)]


@pytest.mark.parametrize(
    ("data", "field", "message"),
    [
        (replace(single(), stem=" "), "stem", "题干不能为空。"),
        (replace(single(), key=0), "key", "没有正确答案，请指定。"),
        (replace(single(), key=3), "key", "单选题只能有一个正确答案。"),
        (replace(single(), options=("甲", "")), "option_1", "选项B不能为空。"),
        (replace(single(), options=("甲", "甲")), "option_1", "选项B与选项A相同。"),
        (replace(single(), chapter=""), "chapter", "章节不能为空。"),
        (replace(single(), difficulty=9), "difficulty", "难度应为1至5的整数。"),
    ],
)
async def test_an_invalid_item_is_refused_with_its_field(
    exams: ExamServices, admin: Actor, data: ItemData, field: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await exams.bank.add(admin, data)
    assert (refusal.value.field, refusal.value.message) == (field, message)
    assert await ExamItem.all().count() == 0


async def test_the_same_question_is_refused_and_a_like_one_asks_again(
    deps: Deps, exams: ExamServices, admin: Actor
) -> None:
    await make_items(deps, single())
    with pytest.raises(Conflict, match="已有相同的题目T00001"):
        await exams.bank.add(
            admin, replace(single("评标委员会成员人数为(  )"), options=single().options[::-1]), again=True
        )
    other = replace(single(), options=("甲", "乙"), key=1)
    with pytest.raises(Conflict, match="题干相同、选项不同"):
        await exams.bank.add(admin, other)
    await exams.bank.add(admin, other, again=True)
    assert await codes(exams, admin) == ["T00001", "T00002"]


async def test_parts_of_a_case_follow_one_another(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (case_id, lone) = await make_items(deps, case(), single())
    for stem in ("组成是否合法？", "应由谁确定？"):
        await exams.bank.add(admin, single(stem), case_id=case_id)
    view = await exams.bank_queries.get(admin, case_id)
    assert ([line.stem for line in view.parts], view.line.parts) == (["组成是否合法？", "应由谁确定？"], 2)
    part = await exams.bank_queries.get(admin, view.parts[0].id)
    assert (part.case_id, part.case_stem, part.line.case_code) == (case_id, case().stem, "T00001")
    for wrong, data in ((lone, single("新")), (new_id(), single("新")), (case_id, case("另一个案例"))):
        with pytest.raises(InvalidInput, match="案例题中只能添加"):
            await exams.bank.add(admin, data, case_id=wrong)


async def test_two_cases_may_ask_the_same(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    first, second = await make_items(deps, case("案例一"), case("案例二"))
    await exams.bank.add(admin, single("是否合法？"), case_id=first)
    await exams.bank.add(admin, single("是否合法？"), case_id=second)
    with pytest.raises(Conflict, match="已有相同的题目"):
        await exams.bank.add(admin, single("是否合法？"), case_id=second)


# ---- versions


async def test_a_change_is_a_new_version_and_papers_keep_theirs(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    attempt = await make_exam(deps, item_id)
    assert await exams.bank.revise(admin, item_id, replace(single(), key=mask_of("C"), chapter="组成", difficulty=5))
    view = await exams.bank_queries.get(admin, item_id)
    assert [(version.number, version.key.mask) for version in view.versions if version.key] == [(2, 4), (1, 2)]
    assert (view.line.chapter, view.line.difficulty, view.line.version) == ("组成", 5, 2)
    assert [(exam.name, exam.number) for exam in view.frozen] == [("入库考试", 1)]
    stored_attempt = await ExamAttempt.get(id=attempt.id)
    assert stored_attempt.versions == [view.versions[1].id]


async def test_saving_without_a_change_makes_no_version(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    assert not await exams.bank.revise(admin, item_id, single())
    assert not await exams.bank.revise(admin, item_id, replace(single(), stem=f" {single().stem} "))
    assert await ExamItemVersion.all().count() == 1


async def test_a_change_of_an_older_version_is_refused(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    assert await exams.bank.revise(admin, item_id, single("甲改的"), seen=1)
    with pytest.raises(Conflict, match="刚刚被修改为第2版"):
        await exams.bank.revise(admin, item_id, single("乙改的"), seen=1)
    assert not await exams.bank.revise(admin, item_id, single("甲改的"), seen=1), "pressed twice"
    assert await exams.bank.revise(admin, item_id, single("乙改的"), seen=2)


async def test_the_kind_stays(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    await exams.bank.revise(admin, item_id, replace(single(), kind=ItemKind.MULTIPLE, stem="改了"))
    assert (await ExamItem.get()).kind == "single"


@pytest.mark.parametrize(("state", "frozen"), [("published", 1), ("closed", 0), ("draft", 0), ("cancelled", 0)])
async def test_an_item_is_frozen_while_the_examination_is_under_way(
    deps: Deps, exams: ExamServices, admin: Actor, state: str, frozen: int
) -> None:
    (item_id,) = await make_items(deps, single())
    await make_exam(deps, item_id, state=state)
    assert len((await exams.bank_queries.get(admin, item_id)).frozen) == frozen


async def test_parts_are_distinguished_by_the_new_text_of_their_case(
    deps: Deps, exams: ExamServices, admin: Actor
) -> None:
    (case_id,) = await make_items(deps, case())
    await exams.bank.add(admin, single("是否合法？"), case_id=case_id)
    await exams.bank.revise(admin, case_id, case("改过的案例"))
    with pytest.raises(Conflict, match="已有相同的题目T00002"):
        await exams.bank.add(admin, single("是否合法？"), case_id=case_id)


# ---- retiring


async def test_a_retired_item_can_be_restored(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    for _ in range(2):
        await exams.bank.retire(admin, item_id)
    assert await codes(exams, admin) == []
    assert await codes(exams, admin, state="retired") == ["T00001"]
    assert await exams.bank_queries.counts(admin) == ()
    await exams.bank.restore(admin, item_id)
    assert await codes(exams, admin) == ["T00001"]
    assert await AuditEntry.filter(action="exam.item.retire").count() == 1


async def test_a_case_takes_its_parts_along(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (case_id,) = await make_items(deps, case())
    part = await exams.bank.add(admin, single(), case_id=case_id)
    await exams.bank.retire(admin, case_id)
    assert await codes(exams, admin) == []
    with pytest.raises(Conflict, match="请先恢复案例题"):
        await exams.bank.restore(admin, part)
    await exams.bank.restore(admin, case_id)
    assert await codes(exams, admin) == ["T00001", "T00002"]


# ---- looking through it


async def test_the_list_is_filtered_searched_and_paged(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    await make_items(deps, single(), multiple(), judged(), single("占比50%_以上的", chapter="评标"))
    await make_items(deps, single("别的专家库"), pool="guangdong")
    assert await codes(exams, admin) == ["T00001", "T00002", "T00003", "T00004"]
    assert await codes(exams, admin, chapter="评标委员会") == ["T00001", "T00003"]
    assert await codes(exams, admin, kind="multiple") == ["T00002"]
    assert await codes(exams, admin, difficulty=2) == ["T00001", "T00004"]
    assert await codes(exams, admin, text="评标委员会") == ["T00001", "T00003"]
    assert await codes(exams, admin, text="t00002") == ["T00002"]
    assert await codes(exams, admin, text="50%_") == ["T00004"]
    assert await codes(exams, admin, text="%") == ["T00004"]
    assert await codes(exams, admin, text="\\") == []
    second = await exams.bank_queries.page(admin, ItemFilter(), page=2, size=3)
    assert ([item.code for item in second.items], second.total) == (["T00004"], 4)
    assert await exams.bank_queries.chapters(admin) == ("回避", "评标", "评标委员会")
    with pytest.raises(InvalidInput):
        await exams.bank_queries.page(admin, ItemFilter(), page=0)


async def test_the_most_used_stand_first_when_asked_for(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    _, second = await make_items(deps, single(), multiple())
    await ExamItem.filter(id=second).update(used=3)
    await make_exam(deps, second)
    page = await exams.bank_queries.page(admin, ItemFilter(), sort="used")
    assert [(item.code, item.used) for item in page.items] == [("T00002", 3), ("T00001", 0)]
    assert (await exams.bank_queries.get(admin, second)).papers == 1


async def test_counts_are_what_papers_can_take(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    case_id, *_ = await make_items(deps, case(), single(), single("另一题"), multiple(), judged())
    await exams.bank.add(admin, single("小题"), case_id=case_id)
    counts = [
        (cell.chapter, cell.kind.value, cell.difficulty, cell.count) for cell in await exams.bank_queries.counts(admin)
    ]
    assert counts == [
        ("回避", "multiple", 3, 1),
        ("评标委员会", "single", 2, 3),
        ("评标委员会", "true_false", 3, 1),
    ]


# ---- pictures


async def test_a_picture_is_drawn_anew_and_shown_for_minutes(
    deps: Deps, exams: ExamServices, admin: Actor, clock: FixedClock
) -> None:
    (item_id,) = await make_items(deps, single())
    await exams.bank.add_picture(admin, item_id, jpeg(2000, 1000, orientation=6), " 施工平面图 ")
    await exams.bank.add_picture(admin, item_id, png(), "表")
    version = (await exams.bank_queries.get(admin, item_id)).versions[0]
    (path, alt), _ = version.pictures
    assert (version.number, alt) == (3, "施工平面图")
    token = path.split("/")[3]
    shown = await exams.pictures.open(token, 1)
    assert shown.startswith(b"\xff\xd8")
    assert b"Uhlandstrasse" not in shown
    with pytest.raises(NotFound):
        await exams.pictures.open(token, 3)
    clock.move(LINK_TTL)
    with pytest.raises(Forbidden):
        await exams.pictures.open(token, 1)


async def test_a_picture_taken_away_stays_with_earlier_versions(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    await exams.bank.add_picture(admin, item_id, png(), "图")
    await exams.bank.remove_picture(admin, item_id, 1)
    assert [len(version.pictures) for version in (await exams.bank_queries.get(admin, item_id)).versions] == [0, 1, 0]
    with pytest.raises(Conflict, match="已经删除"):
        await exams.bank.remove_picture(admin, item_id, 1)


async def test_the_search_for_forgotten_files_knows_pictures(
    deps: Deps, services: Services, admin: Actor, clock: FixedClock
) -> None:
    (item_id,) = await make_items(deps, single())
    await services.exams.bank.add_picture(admin, item_id, png(), "图")
    clock.move(ORPHAN_TTL + timedelta(days=400))
    search = await FileGarbageCollector(deps, services.files.store, clock).search_store()
    assert search == Search(1, 0, withheld=False)


@pytest.mark.parametrize(
    ("content", "alt", "message"),
    [
        (pdf(), "图", "这里只能上传JPG图片、PNG图片"),
        (jpeg()[:900], "图", "图片不完整或已损坏"),
        (b"", "图", "请选择图片"),
        (png(), " ", "请填写图片说明"),
        (png(), "图" * 101, "最多100个字"),
        (b"x" * 5_000_001, "图", "最大5MB"),
    ],
)
async def test_what_is_no_picture_is_refused(
    deps: Deps, exams: ExamServices, admin: Actor, content: bytes, alt: str, message: str
) -> None:
    (item_id,) = await make_items(deps, single())
    with pytest.raises(InvalidInput, match=message):
        await exams.bank.add_picture(admin, item_id, content, alt)
    assert await ExamItemVersion.all().count() == 1


async def test_an_item_has_room_for_four(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    for _ in range(PICTURES_MAX):
        await exams.bank.add_picture(admin, item_id, png(), "图")
    with pytest.raises(Conflict, match="最多4张"):
        await exams.bank.add_picture(admin, item_id, png(), "图")


# ---- who may


@pytest.mark.parametrize("role", ["applicant", "expert", "reviewer", "agent", "supervisor", "guest"])
async def test_other_roles_do_not_see_the_bank(deps: Deps, exams: ExamServices, role: str) -> None:
    (item_id,) = await make_items(deps, single())
    actor = Actor("demo", role, (await make_account(deps)).id)
    for call in (
        exams.bank_queries.page(actor, ItemFilter()),
        exams.bank_queries.counts(actor),
        exams.bank_queries.get(actor, item_id),
        exams.bank.add(actor, single("新")),
        exams.bank.revise(actor, item_id, single("新")),
        exams.bank.retire(actor, item_id),
        exams.bank_export.make(actor, ItemFilter(), "xlsx"),
        exams.item_import.read(actor, b"x"),
    ):
        with pytest.raises(Forbidden):
            await call


async def test_an_item_of_another_pool_does_not_exist(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single(), pool="guangdong")
    for call in (
        exams.bank_queries.get(admin, item_id),
        exams.bank.revise(admin, item_id, single("新")),
        exams.bank.retire(admin, item_id),
        exams.bank.add_picture(admin, item_id, png(), "图"),
    ):
        with pytest.raises(NotFound):
            await call


async def test_an_administrator_who_sits_the_examination_sees_no_key(deps: Deps, exams: ExamServices) -> None:
    (item_id,) = await make_items(deps, single())
    await make_exam(deps, item_id)
    candidate = await ExamCandidate.get()
    actor = Actor("demo", "pool_admin", candidate.account_id)
    with pytest.raises(Forbidden, match="您是一场考试的考生"):
        await exams.bank_queries.get(actor, item_id)
    await ExamCandidate.all().update(state="left")
    assert (await exams.bank_queries.get(actor, item_id)).line.id == item_id
    await ExamCandidate.all().update(state="called")
    await Exam.all().update(state="closed")
    assert (await exams.bank_queries.get(actor, item_id)).line.id == item_id


async def test_each_look_at_a_key_is_recorded(deps: Deps, exams: ExamServices, admin: Actor) -> None:
    (item_id,) = await make_items(deps, single())
    await exams.bank_queries.get(admin, item_id)
    (entry,) = await AuditEntry.filter(action="exam.item.read")
    assert (entry.subject_id, entry.actor_id) == (item_id, admin.account_id)


async def test_an_address_of_a_picture_opens_no_other_version(
    deps: Deps, exams: ExamServices, admin: Actor, clock: FixedClock
) -> None:
    (item_id,) = await make_items(deps, single())
    await exams.bank.add_picture(admin, item_id, png(), "图")
    version = await ExamItemVersion.get(number=2)
    until = clock.now() + timedelta(hours=3)
    (path,) = exams.pictures.addresses(version.id, 1, new_id(), until)
    clock.move(timedelta(hours=2))
    assert await exams.pictures.open(path.split("/")[3], 1)
    with pytest.raises(Forbidden):
        await exams.pictures.open("x" * 71, 1)
    assert exams.pictures.addresses(version.id, 0, new_id()) == ()
