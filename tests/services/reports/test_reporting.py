"""A reporter hands in a report, follows it by its code, and answers; nobody learns from any table who it was."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation, TooMany, Unauthenticated
from domain.reports.lifecycles import ReportState
from models.accounts import RoleGrant, SpentToken
from models.audit import AuditEntry
from models.files import FileRemoval
from models.notices import Notice
from models.reports import Report, ReportFile, ReportMessage
from models.reviews import ReviewAssignment
from services.core.base import Actor, Deps
from services.reports import FILES_MAX, ReportForm, ReportUpload
from tests.factories.assembly import make_services
from tests.factories.files import jpeg, pdf, png
from tests.factories.people import (
    BEGINNING,
    make_account,
    make_agent_link,
    make_expert,
    make_grant,
    make_identity,
    make_organisation,
)
from tests.factories.reports import (
    ADDRESS,
    FORM,
    NAMED,
    OTHER_MATTER,
    TEXT,
    ReportsScene,
    dump,
    make_reader,
    none_in,
    traces,
)

CODE = re.compile(r"[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){4}")


@pytest.fixture
async def scene(db: str, deps: Deps) -> ReportsScene:
    easy = replace(deps, puzzle_bits=2, rulebooks=dict(deps.rulebooks))
    return ReportsScene(make_services(easy), await make_reader(easy))


async def test_an_anonymous_report_is_read_by_supervision_and_says_of_nobody_that_he_wrote_it(
    scene: ReportsScene, deps: Deps
) -> None:
    person = await make_account(deps, "13922223333", real_name="林冲")
    identity = await make_identity(person, openid="o-of-the-reporter")
    before = await dump()
    anonymous = replace(FORM, name="林冲", mobile="13922223333")  # typed before 匿名 was chosen
    handed = await scene.hand_in(anonymous)
    after = await dump()
    new = "\n".join(sorted(set(after.split("\n")) - set(before.split("\n"))))
    network = ADDRESS.rpartition(".")[0]
    own = traces(person, "林冲", "13922223333", identity.openid, str(identity.id), TEXT, TEXT[:12], FORM.draw, network)
    assert none_in(new, *own, handed.code, handed.code.replace("-", "")) == []
    assert CODE.fullmatch(handed.code)
    report = await Report.get(number=handed.number)
    assert (report.reporter_sealed, report.reporter_hash) == ("", None)
    assert {(row.actor_id, row.actor_role) for row in await AuditEntry.filter(subject="report")} == {(None, "guest")}
    read = await scene.services.reports.examination.read(scene.reader, report.id)
    assert (read.content.text, read.content.draw, read.reporter) == (TEXT, FORM.draw, None)


async def test_of_a_named_report_the_name_is_sealed_too(scene: ReportsScene, deps: Deps) -> None:
    handed = await scene.hand_in(NAMED)
    assert none_in(await dump(), "林冲", "13922223333", TEXT[:12], handed.code) == []
    read = await scene.services.reports.examination.read(scene.reader, await scene.id_of(handed))
    assert read.reporter is not None
    assert (read.reporter.name, read.reporter.mobile) == ("林冲", "13922223333")


async def test_all_faults_of_a_form_are_named_at_once_and_nothing_is_stored(scene: ReportsScene) -> None:
    bad = ReportForm("nothing", "太短", draw="1" * 41, happened="1" * 61, named=True, mobile="12")
    with pytest.raises(InvalidInput) as refusal:
        await scene.hand_in(bad)
    assert {fault.field for fault in refusal.value.faults} == {
        "occasion",
        "text",
        "draw",
        "happened",
        "name",
        "mobile",
    }
    for text in ("字" * 3001, "不能显示的\u0007字符在里面，读不出来"):
        with pytest.raises(InvalidInput):
            await scene.hand_in(replace(FORM, text=text))
    assert await Report.all().count() == 0


async def test_lines_of_the_text_stay(scene: ReportsScene) -> None:
    handed = await scene.hand_in(replace(FORM, text="第一行写了什么事\n\n第二行写了是什么人"))
    read = await scene.services.reports.examination.read(scene.reader, await scene.id_of(handed))
    assert read.content.text == "第一行写了什么事\n\n第二行写了是什么人"


async def test_a_form_that_is_sent_twice_is_one_report_with_one_code_and_another_text_another_report(
    scene: ReportsScene,
) -> None:
    key = scene.key()
    first = await scene.hand_in(key=key)
    assert await scene.hand_in(key=key, proof="used up") == first
    assert await Report.all().count() == 1
    second = await scene.hand_in(OTHER_MATTER, key=key)  # back in the browser, and written anew
    assert second.code != first.code
    assert await Report.all().count() == 2


async def test_two_at_once_are_one_report(scene: ReportsScene) -> None:
    key = scene.key()
    results = await asyncio.gather(*(scene.hand_in(key=key) for _ in range(3)))
    assert await Report.all().count() == 1
    assert len(set(results)) == 1


@pytest.mark.parametrize("key", [None, "", "short"])
async def test_a_key_that_can_be_guessed_is_refused(scene: ReportsScene, key: str | None) -> None:
    with pytest.raises(InvalidInput, match="刷新"):
        await scene.services.reports.reporting.hand_in("demo", FORM, key=key, address=ADDRESS, proof=scene.proof())


async def test_without_the_puzzle_nothing_is_stored(scene: ReportsScene) -> None:
    with pytest.raises(InvalidInput, match="安全检查"):
        await scene.hand_in(proof="wrong")
    assert await Report.all().count() == await SpentToken.all().count() == 0


async def test_a_report_is_followed_by_its_code_however_it_is_typed(scene: ReportsScene) -> None:
    handed = await scene.hand_in()
    reporting = scene.services.reports.reporting
    for typed in (handed.code, handed.code.lower(), handed.code.replace("-", " "), f" {handed.code.replace('-', '')} "):
        followed = await reporting.follow("demo", typed)
        assert (followed.number, followed.state, followed.messages) == (handed.number, ReportState.RECEIVED, ())
    assert TEXT not in str(followed), "a phone that somebody else looks at tells nothing"


@pytest.mark.parametrize("typed", ["", "1234", "JB261121ABCDEF", "K7M2-QXPA-K7M2-QXPA-K7M2"])
async def test_another_code_or_the_number_opens_nothing(scene: ReportsScene, typed: str) -> None:
    handed = await scene.hand_in()
    for code in (typed, handed.number):
        with pytest.raises(InvalidInput, match="查询码"):
            await scene.services.reports.reporting.follow("demo", code)
        with pytest.raises(InvalidInput, match="查询码"):
            await scene.services.reports.reporting.add("demo", code, "补充一句", key=scene.key())
    with pytest.raises(InvalidInput):
        await scene.services.reports.reporting.follow("guangdong", handed.code)


async def test_supervision_asks_the_reporter_answers_and_reads_the_outcome(scene: ReportsScene) -> None:
    handed, reports = await scene.hand_in(), scene.services.reports
    report_id = await scene.id_of(handed)
    await reports.examination.ask(scene.reader, report_id, "对方说了是哪个项目吗？", key=scene.key())
    followed = await reports.reporting.follow("demo", handed.code)
    assert followed.state == ReportState.EXAMINED
    assert [(message.by_supervision, message.text) for message in followed.messages] == [
        (True, "对方说了是哪个项目吗？")
    ]
    key = scene.key()
    for _ in range(2):
        await reports.reporting.add("demo", handed.code, "说的是水厂那个标", key=key)
    assert await ReportMessage.all().count() == 2
    assert [line.unread for line in (await reports.examination.page(scene.reader)).items] == [True]
    await reports.examination.close(scene.reader, report_id, "已核实，移送公安机关。")
    followed = await reports.reporting.follow("demo", handed.code)
    assert (followed.state, followed.outcome) == (ReportState.CLOSED, "已核实，移送公安机关。")
    await reports.reporting.add("demo", handed.code, "他又打来了", key=scene.key())  # also to a closed one
    assert none_in(await dump(), "水厂", "公安", "又打来", "哪个项目") == []
    assert {notice.kind for notice in await Notice.all()} == {"report_news"}


async def test_a_notice_to_supervision_says_the_number_and_nothing_else(scene: ReportsScene) -> None:
    handed = await scene.hand_in(NAMED)
    [notice] = await Notice.all()
    assert notice.account_id == scene.reader.account_id
    assert notice.params == {"what": "收到一件举报", "number": handed.number}


async def test_a_picture_of_an_anonymous_report_keeps_neither_place_nor_name(scene: ReportsScene, deps: Deps) -> None:
    upload = ReportUpload(jpeg(orientation=6), "林冲家门口.jpg")
    for form, keeps in ((FORM, False), (NAMED, True)):
        report_id = await scene.id_of(await scene.hand_in(form, upload=upload))
        read = await scene.services.reports.examination.read(scene.reader, report_id)
        [stored] = read.files
        name, media_type, content = await scene.services.reports.examination.read_file(
            scene.reader, report_id, stored.id
        )
        assert (b"Uhlandstrasse" in content) is keeps
        assert bool(Image.open(io.BytesIO(content)).getexif()) is keeps
        assert (name, media_type) == ("林冲家门口.jpg" if keeps else "文件.jpg", "image/jpeg")
    assert none_in(await dump(), "家门口") == []


async def test_files_are_added_later_up_to_a_number(scene: ReportsScene) -> None:
    handed, reporting = await scene.hand_in(), scene.services.reports.reporting
    for number in range(FILES_MAX):
        content = pdf(number + 1) if number % 2 else png(20 + number)
        await reporting.add("demo", handed.code, "", key=scene.key(), upload=ReportUpload(content, "a.pdf"))
    assert (await reporting.follow("demo", handed.code)).files == FILES_MAX
    with pytest.raises(Conflict, match="最多10个文件"):
        await reporting.add("demo", handed.code, "还有", key=scene.key(), upload=ReportUpload(png(), "b.png"))
    with pytest.raises(InvalidInput):
        await reporting.add("demo", handed.code, "", key=scene.key())
    assert await ReportFile.all().count() == FILES_MAX


async def test_a_file_that_is_none_leaves_no_report(scene: ReportsScene) -> None:
    with pytest.raises(InvalidInput) as refusal:
        await scene.hand_in(upload=ReportUpload(b"MZ\x90\x00 a program", "notes.pdf"))
    assert refusal.value.field == "file"
    assert await Report.all().count() == 0


async def test_where_nobody_reads_reports_nothing_is_stored_and_the_reporter_is_told_whom_to_ring(
    scene: ReportsScene,
) -> None:
    with pytest.raises(RuleViolation, match=r"没有收下任何内容.*12388"):
        await scene.hand_in(pool="guangdong")
    await RoleGrant.all().delete()
    with pytest.raises(RuleViolation, match="12388"):
        await scene.hand_in()
    assert not await scene.services.reports.reporting.is_open("demo")
    assert await Report.all().count() == 0


async def test_only_supervisors_without_another_office_read_reports(scene: ReportsScene, deps: Deps) -> None:
    """Neither the office, agency, venue and verifier, nor a supervisor who is one of them too."""
    examination, report_id = scene.services.reports.examination, await scene.id_of(await scene.hand_in())
    organisation = await make_organisation()
    for office in ("pool_admin", "verifier", "venue", "agent", "reviewer", "expert"):
        account = await make_account(deps)
        await make_grant(account, "supervisor")
        assert len(await scene.services.reports.readers.find("demo")) == 2
        match office:
            case "agent":
                await make_agent_link(organisation, account)
            case "expert":
                await make_expert(deps, account=account)
            case "reviewer":
                await ReviewAssignment.create(
                    pool="demo", account_id=account.id, step="industry", region="440000", granted_at=BEGINNING
                )
            case _:
                await make_grant(account, office)
        assert len(await scene.services.reports.readers.find("demo")) == 1, office
        for actor in (Actor("demo", "supervisor", account.id), Actor("demo", office, account.id)):
            with pytest.raises(Forbidden):
                await examination.read(actor, report_id)
    named = await make_account(deps)  # supervisor of one activity by an agency's choice
    for refused in (Actor("demo", "supervisor", named.id), Actor("demo", "pool_admin"), Actor("demo", "system")):
        with pytest.raises(Forbidden):
            await examination.page(refused)
    with pytest.raises(Unauthenticated):
        await examination.page(Actor("demo", "guest"))
    assert await AuditEntry.filter(action="report.read").count() == 0


async def test_supervision_of_another_pool_reads_none(scene: ReportsScene, deps: Deps) -> None:
    report_id, stranger = await scene.id_of(await scene.hand_in()), await make_reader(deps, pool="guangdong")
    assert (await scene.services.reports.examination.page(stranger)).total == 0
    with pytest.raises(NotFound):
        await scene.services.reports.examination.read(stranger, report_id)
    with pytest.raises(Forbidden):
        await scene.services.reports.examination.read(replace(stranger, pool="demo"), report_id)


async def test_each_reading_is_recorded_and_all_readers_see_whose(
    scene: ReportsScene, clock: FixedClock, deps: Deps
) -> None:
    report_id, second = await scene.id_of(await scene.hand_in()), await make_reader(deps, name="吴监督")
    examination = scene.services.reports.examination
    await examination.read(second, report_id)
    clock.move(timedelta(minutes=1))
    read = await examination.read(scene.reader, report_id)
    assert [(reading.name, reading.act) for reading in read.readings] == [("宋监督", "查看"), ("吴监督", "查看")]


async def test_a_report_is_closed_once_and_taken_up_again(scene: ReportsScene) -> None:
    handed, examination = await scene.hand_in(), scene.services.reports.examination
    report_id = await scene.id_of(handed)
    with pytest.raises(InvalidInput, match="结果"):
        await examination.close(scene.reader, report_id, " ")
    for _ in range(2):
        await examination.examine(scene.reader, report_id)
    await examination.close(scene.reader, report_id, "查无实据。")
    with pytest.raises(Conflict):
        await examination.close(scene.reader, report_id, "再办结一次")
    for _ in range(2):
        await examination.reopen(scene.reader, report_id)
    followed = await scene.services.reports.reporting.follow("demo", handed.code)
    assert (followed.state, followed.outcome, followed.closed_at) == (ReportState.EXAMINED, "", None)
    acts = await AuditEntry.filter(subject="report", actor_id=scene.reader.account_id).values_list("action", flat=True)
    assert sorted(acts) == ["report.closed", "report.examined", "report.reopened"]


async def test_who_joins_the_readers_is_told_to_those_who_read_already(scene: ReportsScene, deps: Deps) -> None:
    admin = Actor("demo", "pool_admin", (await make_account(deps)).id)
    staff = scene.services.accounts.staff
    added = await staff.grant(admin, mobile="13944445555", name="郑新", role="supervisor")
    await staff.grant(admin, mobile="13944446666", name="郑核", role="verifier")
    await staff.revoke(admin, added.grant_id)
    told = Notice.filter(kind="report_readers").order_by("created_at", "id")
    assert [(notice.account_id, notice.params["what"]) for notice in await told] == [
        (scene.reader.account_id, "增加一位可查看举报的监督人"),
        (scene.reader.account_id, "一位监督人已停用，不再查看举报"),
    ]


async def test_a_report_of_the_chat_is_named_limited_and_in_its_writers_own_data(
    scene: ReportsScene, deps: Deps
) -> None:
    person = await make_account(deps, "13922223333", real_name="林冲")
    me, reporting = Actor("demo", "guest", person.id), scene.services.reports.reporting
    first = await reporting.hand_in_own(me, FORM, key="talk-of-a-person:1")
    assert await reporting.hand_in_own(me, FORM, key="talk-of-a-person:1") == first
    read = await scene.services.reports.examination.read(scene.reader, await scene.id_of(first))
    assert read.reporter is not None
    assert (read.reporter.name, read.reporter.mobile) == ("林冲", "13922223333")
    for number in range(4):
        await reporting.hand_in_own(me, FORM, key=f"talk-of-a-person:2{number}")
    with pytest.raises(TooMany):
        await reporting.hand_in_own(me, FORM, key="talk-of-a-person:3")
    reports = "\n".join(line for line in (await dump()).split("\n") if line.startswith(("report", "audit_entry")))
    assert none_in(reports, *traces(person, "林冲", TEXT)) == []


async def test_who_is_known_by_a_mobile_alone_reports_in_the_chat_too(scene: ReportsScene, deps: Deps) -> None:
    person = await make_account(deps, real_name="")
    me = Actor("demo", "guest", person.id)
    handed = await scene.services.reports.reporting.hand_in_own(me, FORM, key="talk-of-a-person:1")
    read = await scene.services.reports.examination.read(scene.reader, await scene.id_of(handed))
    assert read.reporter is not None
    assert read.reporter.name == "未登记姓名"


async def test_a_closed_report_is_deleted_with_its_files_when_its_time_is_over(
    scene: ReportsScene, clock: FixedClock, deps: Deps
) -> None:
    handed = await scene.hand_in(upload=ReportUpload(pdf(), "a.pdf"))
    open_one, examination = await scene.hand_in(OTHER_MATTER), scene.services.reports.examination
    report_id = await scene.id_of(handed)
    await examination.ask(scene.reader, report_id, "在哪里？", key=scene.key())
    await examination.close(scene.reader, report_id, "已核实。")
    clock.move(deps.book("demo").reports.kept_for)
    await scene.services.reports.retention.delete_due()
    assert [report.number for report in await Report.all()] == [open_one.number]
    assert await ReportFile.all().count() == await ReportMessage.all().count() == 0
    assert await FileRemoval.all().count() == 1
