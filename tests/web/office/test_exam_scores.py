"""The office reads and publishes results, voids papers, marks short answers; the candidate sees the result."""

from __future__ import annotations

import base64
import json

import pytest
from playwright.async_api import Browser
from yarl import URL

from domain.exams.items import ItemKind
from models.accounts import Account
from models.exams import ExamAppeal, ExamAttempt, ExamEvidence, ExamItemVersion, ExamMarking, ExamRuling
from services.core.base import Actor, execute
from tests.factories.exams import make_items, own
from tests.factories.people import make_account
from tests.plugins.browsers import CHROMIUM
from tests.services.exams.exam_scene import ExamScene
from tests.services.exams.results import Room, make_room
from tests.web.conftest import Visitor, World
from tests.web.office.test_office_browser import open_administrator
from tests.web.office_scene import Scene, make_scene, wrong_fields
from tests.web.test_browser import PHONE
from web.accounts.login import COOKIE

_TOO_LATE = (
    "INSERT INTO exam_answer_event (attempt_id, device, seq, slot, mask, client_at, received_at, timing) "
    "VALUES ($1, 1, 1, 0, 2, now(), now(), 2)"
)


@pytest.fixture
async def scene(world: World) -> Scene:
    made = await make_scene(world)
    await make_items(5)
    return made


async def make_scored(scene: Scene) -> Room:
    """Results that the office lets out, papers of one question and one short answer."""
    scene.world.set_rules("exam", result="released", tries=2, mock=False)
    services = scene.world.services
    exam_scene = ExamScene(services, scene.admin, services.deps)
    return await make_room(exam_scene, scene.world.clock, ItemKind.SINGLE, ItemKind.SHORT)


async def test_the_office_looks_at_papers_and_lets_results_out(scene: Scene) -> None:
    room = await make_scored(scene)
    other = await room.add_candidate()
    await room.hand_in(1, 0, marks=[20, 10])
    odd = await room.hand_in(1, 0, candidate=other, marks=[20, 10], flags=["leaves"])
    await room.work()
    admin = await scene.at(f"/office/exams/{room.exam.id}/scores")
    assert "其中1份有提示，请先核实" in admin.text
    await admin.press("公布没有提示的成绩")
    assert "已公布，正在通知考生" in admin.text
    await room.work()
    assert room.candidate.state == "passed"
    await admin.get(f"/office/exams/{room.exam.id}/scores/{odd.id}")
    assert ("多次离开" in admin.text, "2分" in admin.text) == (True, True)
    await admin.press("没有问题", reason="")
    assert (admin.status, "请填写" in admin.text) == (422, True)
    await admin.press("没有问题", reason="已电话核实")
    assert "已核实，可与其他成绩一起公布" in admin.text
    await admin.press("确定作废", reason="重复登录")
    assert ("已作废并通知本人" in admin.text, (await ExamAttempt.get(id=odd.id)).state) == (True, "void")


async def test_markers_see_the_answer_and_not_whose_it_is(scene: Scene) -> None:
    room = await make_scored(scene)
    account = await Account.get(id=room.candidate.account_id)
    await room.hand_in(1, 0, texts=["", "应当否决投标"])
    await room.work()
    admin = await scene.at(f"/office/exams/{room.exam.id}/marking")
    assert ("应当否决投标" in admin.text, account.real_name in admin.text) == (True, False)
    await admin.press("保存，评下一题", marks="9")
    assert (admin.status, "0到2之间" in admin.text) == (422, True)
    await admin.press("保存，评下一题", marks="9", note="长" * 201)
    assert set(await wrong_fields(admin)) == {"marks", "note"}
    await admin.press("保存，评下一题", marks="1.5", note="要点齐全")
    assert ("您要评的已评完" in admin.text, (await ExamMarking.get()).marks) == (True, 15)


async def own_page(scene: Scene, room: Room) -> Visitor:
    visitor = scene.world.visitor()
    account = await Account.get(id=room.candidate.account_id)
    cookie = await scene.world.services.accounts.web_sessions.begin(account)
    visitor.client.session.cookie_jar.update_cookies({COOKIE: cookie}, URL(str(visitor.client.make_url("/"))))
    return await visitor.get(f"/h5/demo/exams/{room.candidate.id}")


async def test_the_candidate_sees_the_result_and_appeals_and_the_office_answers(scene: Scene) -> None:
    room = await make_scored(scene)
    await room.hand_in(1, 0)
    await room.work()
    page = await own_page(scene, room)
    assert "2分" not in page.text
    await room.exams.results.release(scene.admin, room.exam.id, flagged=True)
    await room.work()
    await page.get(f"/h5/demo/exams/{room.candidate.id}")
    assert ("2分" in page.text, "合格线2.4分" in page.text, "剩余次数" in page.text) == (True, True, True)
    await page.press("申请复核", text="简答题没有看到")
    assert "复核申请已收到" in page.text
    admin = await scene.at(f"/office/exams/{room.exam.id}/appeals")
    await admin.get(f"/office/exams/{room.exam.id}/appeals/{(await ExamAppeal.get()).id}")
    assert ("考生的作答" in admin.text, "未作答" in admin.text) == (True, True), "with the paper"
    await admin.press("维持原成绩", answer="")
    assert (admin.status, "请填写" in admin.text) == (422, True)
    await admin.press("维持原成绩", answer="简答题未作答")
    assert "已答复，并通知本人" in admin.text
    assert "简答题未作答" in admin.text, "the answer stays readable"
    await page.get(f"/h5/demo/exams/{room.candidate.id}")
    assert "维持原成绩：简答题未作答" in page.text


async def mark_twice(scene: Scene, room: Room, attempt: ExamAttempt) -> None:
    for _ in range(2):
        marker = Actor("demo", "pool_admin", (await make_account(scene.world.services.deps)).id)
        await room.exams.short_answers.mark(marker, attempt.id, 1, "0.5", "没有写依据")
    await room.work()


async def test_a_reviewer_changes_the_marks_of_a_short_answer_on_the_page(scene: Scene) -> None:
    room = await make_scored(scene)
    attempt = await room.hand_in(1, 0, texts=["", "应当否决投标"])
    await room.work()
    await mark_twice(scene, room, attempt)
    await room.exams.results.release(scene.admin, room.exam.id, flagged=True)
    await room.work()
    await room.exams.appeals.appeal(room.actor, room.candidate.id, attempt.id, "要点齐全")
    appeal = await ExamAppeal.get()
    admin = await scene.at(f"/office/exams/{room.exam.id}/appeals/{appeal.id}")
    await admin.press("复核成立，重新评分", **{"answer": "要点齐全", "marks-1": "0.5"})
    assert set(await wrong_fields(admin)) == {"marks-1"}
    typed = "要点齐全</textarea>"
    await admin.press("复核成立，重新评分", **{"answer": "要点齐全", "marks-1": ""})
    assert (admin.status, "成绩没有提高" in admin.text, typed in await admin.response.text()) == (422, True, True)
    await admin.press("复核成立，重新评分", **{"answer": "要点齐全", "marks-1": "2"})
    assert ("4分" in admin.text, "复核：2分，要点齐全" in admin.text) == (True, True)
    page = await own_page(scene, room)
    assert "复核成立，原成绩2.5分：要点齐全" in page.text


def file_of(attempt: ExamAttempt, *answers: tuple[int, int, str]) -> str:
    """An answer file as a browser without cryptography writes it."""
    at = "2026-11-21T13:09:00+08:00"
    lines = [{"slot": slot, "mask": mask, "text": text, "at": at} for slot, mask, text in answers]
    content = json.dumps({"device": 1, "made_at": at, "answers": lines}).encode()
    return f"PBT0.{attempt.id.hex}.{base64.urlsafe_b64encode(content).decode().rstrip('=')}"


async def test_a_file_of_answers_is_handed_in_looked_at_and_accepted(scene: Scene) -> None:
    room = await make_scored(scene)
    attempt = await room.hand_in(0, 0)
    await room.work()
    page = await own_page(scene, room)
    await page.press("提交离线作答", code="不是文件", explanation="没有信号")
    assert (page.status, "从“PBT”开头" in page.text, "没有信号" in page.text) == (422, True, True)
    await page.press("提交离线作答", code=file_of(attempt, (0, 1, "")), explanation="没有信号")
    assert "已提交，管理机构核实后会通知您" in page.text
    admin = await scene.at(f"/office/exams/{room.exam.id}/scores")
    assert "1份待处理" in admin.text
    evidence = await ExamEvidence.get()
    await admin.get(f"/office/exams/{room.exam.id}/evidence")
    assert "待处理" in admin.text
    await admin.get(f"/office/exams/{room.exam.id}/evidence/{evidence.id}")
    words = " ".join(admin.text.split())
    assert ("未作答 → A" in words, "2分 （现在0分）" in words, "没有信号" in words) == (True, True, True)
    await admin.press("采纳", answer="")
    assert (admin.status, "请填写" in admin.text) == (422, True)
    await admin.press("采纳", answer="核实了断线记录")
    assert ("已处理，并通知本人" in admin.text, (await ExamAttempt.get(id=attempt.id)).score) == (True, 20)
    await page.get(f"/h5/demo/exams/{room.candidate.id}")
    assert "已采纳：核实了断线记录" in " ".join(page.text.split())


async def test_an_item_found_wrong_is_ruled_on_after_a_preview(scene: Scene) -> None:
    room = await make_scored(scene)
    await room.hand_in(2, 0)
    await room.work()
    version = await ExamItemVersion.get(item_id=room.items[0].id)
    base = f"/office/exams/{room.exam.id}/analysis"
    admin = await scene.at(base)
    assert "得分率0%" in " ".join(admin.text.split())
    await admin.get(f"{base}/{version.id}")
    await admin.press("预览影响", kind="also_accept", letters="Z")
    assert (admin.status, "请填写一个选项" in admin.text) == (422, True)
    await admin.press("预览影响", kind="also_accept", letters="B")
    assert ("涉及1份答卷，1份分数改变" in admin.text, await ExamRuling.all().count()) == (True, 0)
    await admin.press("确定改判", kind="also_accept", letters="Z", reason="")
    assert set(await wrong_fields(admin)) == {"letters", "reason"}
    await admin.press("确定改判", kind="also_accept", letters="B", reason="两个选项都对")
    assert ("改判已生效" in admin.text, (await ExamRuling.get()).kind) == (True, "also_accept")
    sheet = await admin.client.get(f"{base}/papers.xlsx")
    assert (sheet.status, (await sheet.read())[:2]) == (200, b"PK")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed")
async def test_every_page_reads_well(browser: Browser, scene: Scene) -> None:
    room = await make_scored(scene)
    await room.hand_in(1, 0, texts=["", "应当否决投标，并书面说明理由。"])
    odd = await room.hand_in(1, 0, candidate=await room.add_candidate(), flags=["leaves", "late"], leaves=7)
    await room.hand_in(0, 0, candidate=await room.add_candidate())
    marked = await room.hand_in(
        1, 0, texts=["", "应当否决投标，理由写入评标报告。"], candidate=await room.add_candidate()
    )
    await room.work()
    await mark_twice(scene, room, marked)
    await room.exams.results.release(scene.admin, room.exam.id, flagged=False)
    await room.work()
    last = await ExamAttempt.filter(state="released").exclude(id=marked.id).select_related("candidate").first()
    assert last is not None
    await marked.fetch_related("candidate")
    await room.exams.appeals.appeal(
        own(marked.candidate), marked.candidate_id, marked.id, "第二题写出了法律后果，只给了0.5分"
    )
    appeal = await ExamAppeal.get()
    await room.exams.appeals.appeal(own(last.candidate), last.candidate_id, last.id, "请核对第一题")
    filing, candidate = file_of(last, (0, 3, ""), (1, 0, "应当否决投标。")), own(last.candidate)
    await room.exams.evidence.hand_in(candidate, last.candidate_id, filing, "17:50起手机没有信号，到时没能交卷")
    await execute(_TOO_LATE, last.id)
    evidence = await ExamEvidence.get()
    seen = await open_administrator(browser, scene, PHONE)
    version = await ExamItemVersion.get(item_id=room.items[0].id)
    base = f"/office/exams/{room.exam.id}"
    paths = {
        "analysis": "analysis",
        "ruling": f"analysis/{version.id}",
        "appeals": "appeals",
        "appeal": f"appeals/{appeal.id}",
        "scores": "scores",
        "score": f"scores/{odd.id}",
        "score-late": f"scores/{last.id}",
        "files": "evidence",
        "file": f"evidence/{evidence.id}",
        "marking": "marking",
    }
    await seen.check_pages("office-exam", {name: f"{base}/{path}" for name, path in paths.items()})
    assert seen.complaints == []
