"""我的数据 in words: nothing of the export is left out, and nothing is shown as a machine writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from models.accounts import Account, Session
from models.attendance import LateArrival, PresenceClaim
from models.audit import AuditEntry
from models.campaigns import EmployerRequest
from models.exams import ExamAppeal, ExamAttempt, ExamCandidate
from models.experts import Expert
from models.notices import Notice
from models.reports import ContactQuestion
from models.reviews import Objection, ReviewEntry
from services.accounts.wechat_binding import WechatBinding
from services.core.base import Actor, Deps
from services.corrections.accounts import AccountCorrections
from services.notifications.helpdesk import HelpDesk
from services.operations.privacy import Privacy
from services.operations.readable_data import (
    ACCOUNT,
    EMPLOYMENT,
    EXPERT,
    FOLLOWED,
    INVITATION,
    LISTS,
    NOT_SHOWN,
    UNAVAILABLE,
    DataSection,
)
from services.reports import ReportServices
from tests.factories.applications import attach, make_codes
from tests.factories.assembly import composed
from tests.factories.careers import Career, make_career
from tests.factories.payments import make_fee
from tests.factories.people import (
    file_more,
    make_account,
    make_agent_link,
    make_expert,
    make_identity,
    make_organisation,
)
from tests.factories.reports import FORM, make_reader
from tests.factories.sources import PHONE
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
MOBILE = "13812345678"
EXPERTS_LISTS: Mapping[str, Mapping[str, Any]] = {
    "employments": EMPLOYMENT,
    "unavailable": UNAVAILABLE,
    "invitations": INVITATION,
    **FOLLOWED,
}


@pytest.fixture
def privacy(deps: Deps, book: NoticeBook) -> Privacy:
    return composed(Privacy, deps, notices=book)


@pytest.fixture
async def career(db: str, deps: Deps) -> Career:
    """A person of whom there is something of every kind."""
    await make_codes(deps.book("demo"))
    now, keys = deps.now(), deps.keys
    account = await make_account(deps, MOBILE)
    expert = await make_expert(deps, MOBILE, account=account)
    await file_more(deps, expert, employer="演示设计院", specialties=[{"code": "A010101", "choice": "preferred"}])
    career = await make_career(deps, expert, account)
    await make_identity(account)
    await make_agent_link(await make_organisation(), account)
    await make_fee(deps, career.entered)
    await attach(deps, career.entered.id, "photo", filename="寸照.jpg")
    by = {"pool": "demo", "account_id": account.id, "created_at": now}
    await ReviewEntry.create(application_id=career.entered.id, at=now, event="approve", who="演示市主管部门")
    await Objection.create(application_id=career.entered.id, text_sealed=keys.seal("证书不符", "text"), **by)
    await HelpDesk(deps).write(Actor("demo", "expert", account.id), "建议延长公示")
    await EmployerRequest.create(name="新单位", **by)
    office = Actor("demo", "pool_admin")
    await composed(AccountCorrections, deps).disable(office, account.id, "本人来电要求")
    await composed(AccountCorrections, deps).enable(office, account.id, "本人来电要求")
    await Notice.create(kind="draw_accepted", mobile_sealed="", state="done", dedupe_key="a", **by)
    await PresenceClaim.create(invitation_id=career.panels["left"].id, at=now)
    await LateArrival.create(
        invitation_id=career.panels["left"].id,
        gathering_at=now,
        minutes=20,
        reason="堵车",
        stated_at=now,
        channel="chat",
        ended_at=now,
        ending="withdrawn",
    )
    await _report(deps, career)
    candidate = await ExamCandidate.get(account_id=account.id)
    attempt = await ExamAttempt.create(exam_id=candidate.exam_id, candidate_id=candidate.id, number=1, made_at=now)
    await ExamAppeal.create(attempt_id=attempt.id, text="请复核第3题", pool="demo", created_at=now)
    await Session.create(
        account_id=account.id,
        pool="demo",
        access_hash="a",
        refresh_hash="b",
        access_until=now,
        refresh_until=now,
        device="电脑浏览器",
        created_at=now,
    )
    return career


async def _report(deps: Deps, career: Career) -> None:
    """A report of the chat, and an answer to the question after an evaluation."""
    reports, reader = composed(ReportServices, deps), await make_reader(deps)
    await reports.reporting.hand_in_own(Actor("demo", "guest", career.account.id), FORM, key="talk-of-a-person:1")
    [report] = (await reports.examination.page(reader)).items
    await reports.examination.close(reader, report.id, "已核实。")
    came = career.panels["accepted"]
    await ContactQuestion.create(draw_id=came.draw_id, pool="demo", due_at=deps.now(), asked_at=deps.now())
    await reports.contact_questions.answer(actor_of(career), came.id, "none")


def actor_of(career: Career) -> Actor:
    return Actor("demo", "expert", career.account.id, career.expert.id)


async def read(deps: Deps, privacy: Privacy, book: NoticeBook, career: Career) -> tuple[DataSection, ...]:
    await composed(WechatBinding, deps, notices=book).send_code("demo", MOBILE, "privacy", source=PHONE)
    return await privacy.read(actor_of(career), book.last_code(MOBILE))


async def test_every_key_of_the_export_has_a_label_or_a_reason_to_have_none(
    deps: Deps, privacy: Privacy, career: Career
) -> None:
    data = await privacy._collect_account(await Account.get(id=career.account.id))
    tables = {"account": ACCOUNT, "expert": EXPERT, **{key: table for key, _, table in LISTS}}
    assert data.keys() == tables.keys()
    assert [key for key, value in data.items() if not value] == [], "else this test proves nothing"
    assert not data["account"].keys() - tables["account"].keys()
    for key, _, table in LISTS:
        assert not {name for row in data[key] for name in row} - table.keys() - NOT_SHOWN.keys(), key
    expert = data["expert"]
    assert not expert.keys() - EXPERT.keys() - EXPERTS_LISTS.keys() - NOT_SHOWN.keys()
    for key, table in EXPERTS_LISTS.items():
        assert expert[key], key
        assert not {name for row in expert[key] for name in row} - table.keys() - NOT_SHOWN.keys(), key


async def test_nothing_is_written_as_a_machine_writes_it(
    deps: Deps, privacy: Privacy, book: NoticeBook, career: Career
) -> None:
    """No time of ISO, no state, kind or catalogue by its code, no empty line."""
    sections = await read(deps, privacy, book, career)
    texts = list(_texts(sections))
    for label, text in texts:
        assert text.strip(), label
        assert not re.search(r"\d{4}-\d\d-\d\dT|None|\b(True|False)\b", text), f"{label}: {text}"
    words = "\n".join(f"{label} {text}" for label, text in texts)
    for code in (
        "accepted",
        "declined",
        "recusal",
        "formal",
        "entered",
        "finished",
        "valid",
        "440106",
        "A010101",
        "first",
        "draw_",
    ):
        assert not re.search(rf"(?<![a-z]){code}", words), code


async def test_the_words_are_those_of_the_pages(deps: Deps, privacy: Privacy, book: NoticeBook, career: Career) -> None:
    sections = {section.title: section for section in await read(deps, privacy, book, career)}
    of = {title: [{line.label: line.text for line in entry} for entry in sections[title].entries] for title in sections}
    assert of["账号"][0]["手机号"] == MOBILE, "in clear"
    assert of["专家档案 · 基础信息"][0]["通讯地址"].startswith("示范路88号\n2026年1月25日 新增申请")
    assert of["抽取所用的资料"][0]["常驻地"] == "演示市演示区"
    [panel] = [panel for panel in of["评标"] if panel["状态"] == "已同意"]
    assert (panel["酬劳"], panel["明细"], panel["支付日期"]) == ("1200.00元", "按约定1200.00元", "2026年10月22日")
    assert [panel["答复方式"] for panel in of["评标"]].count("申报回避") == 1
    weekly, pause = of["不接受抽取的时间"][1:]
    assert (weekly["只限每周"], weekly["每天从"], weekly["每天到"]) == ("三", "12:00", "24:00")
    assert (pause["原因"], pause["结束"]) == ("生病", "没有设定，到本人恢复或取消为止")
    assert of["考试"][0]["成绩复核"] == "申请2026年11月21日 12:00，理由请复核第3题，复核中"
    assert of["申请"][0]["类型"] == "新增"
    assert "演示市主管部门" in of["申请"][0]["办理过程"]
    assert of["缴费"][0]["金额"] == "350.00元"
    assert of["通知"][0]["时间"] == "2026年11月21日 12:00"


async def test_a_reading_is_logged_as_an_export_is(
    deps: Deps, privacy: Privacy, book: NoticeBook, career: Career
) -> None:
    await read(deps, privacy, book, career)
    assert await AuditEntry.filter(action="privacy.export", subject_id=career.account.id).count() == 1


async def test_who_has_left_or_never_entered_reads_what_there_is(
    deps: Deps, privacy: Privacy, book: NoticeBook, career: Career
) -> None:
    await Expert.filter(id=career.expert.id).update(left_at=deps.now())
    titles = [section.title for section in await read(deps, privacy, book, career)]
    assert ("账号" in titles, "评标" in titles) == (True, False)


def _texts(sections: tuple[DataSection, ...]) -> Iterator[tuple[str, str]]:
    for section in sections:
        for entry in section.entries:
            yield from ((f"{section.title} {line.label}", line.text) for line in entry)
