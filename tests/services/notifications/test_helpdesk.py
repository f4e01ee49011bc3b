"""Threads with the office: written, answered, written back to, closed by the person or by time; who may read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock, print_date
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany, Unauthenticated
from domain.notifications.lifecycles import FeedbackState
from models.accounts import Account
from models.audit import AuditEntry
from models.helpdesk import Feedback
from services.core.base import Actor, Deps, rows
from services.notifications.helpdesk import HelpDesk
from services.notifications.helpdesk_office import HelpDeskOffice
from services.notifications.helpdesk_queries import NAMED, HelpDeskQueries
from tests.factories.people import make_account, make_grant
from tests.services.conftest import NoticeBook

NOTHING = UUID(int=7)
COMPLAINT = "昨天上午签到台不让我进场。"


@pytest.fixture
def queries(deps: Deps) -> HelpDeskQueries:
    return HelpDeskQueries(deps)


@pytest.fixture
def helpdesk(db: str, deps: Deps) -> HelpDesk:
    return HelpDesk(deps)


@pytest.fixture
def office(db: str, deps: Deps, book: NoticeBook, queries: HelpDeskQueries) -> HelpDeskOffice:
    return HelpDeskOffice(deps, book, queries)


async def person(deps: Deps) -> Actor:
    return Actor("demo", "guest", (await make_account(deps)).id)


async def make_admin(deps: Deps, name: str = "王管理") -> Actor:
    account = await make_account(deps, real_name=name)
    await make_grant(account, "pool_admin")
    return Actor("demo", "pool_admin", account.id)


def test_a_question_is_found_by_the_words_people_use(queries: HelpDeskQueries) -> None:
    [first, *_] = queries.search("demo", "我忘记密码了怎么登录")
    assert "忘记密码" in first.question
    assert queries.search("demo", "今天天气不错") == ()


async def test_a_thread_goes_back_and_forth_until_its_writer_closes_it(
    helpdesk: HelpDesk, office: HelpDeskOffice, queries: HelpDeskQueries, deps: Deps, book: NoticeBook
) -> None:
    me, admin = await person(deps), await make_admin(deps)
    written = await helpdesk.write(me, "  申请页看不清审核意见。 ", "result")
    assert written.days == deps.book("demo").help.feedback_answer_days
    [line] = (await queries.list_all(admin, "open")).items
    assert (line.id, line.number, line.text) == (written.thread_id, written.number, "申请页看不清审核意见。")
    assert ("*" in line.who, line.holder) == (True, "")

    await office.answer(admin, written.thread_id, "已调整字体，谢谢。", 1)
    assert book.kinds() == ["feedback_answered"]
    assert (await queries.list_all(admin, "open")).total == 0
    thread = await queries.get_own(me, written.thread_id)
    assert (thread.line.state, thread.answer, thread.line.due_at) == (
        FeedbackState.ANSWERED,
        "已调整字体，谢谢。",
        None,
    )
    assert [message.by for message in thread.messages] == ["", ""], "the person does not read who answered"

    again = await helpdesk.write_back(me, written.thread_id, "还是看不清第二页。")
    assert again.number == written.number
    thread = await queries.get(admin, written.thread_id)
    assert (thread.line.state, thread.line.holder, len(thread.messages)) == (FeedbackState.OPEN, "王管理", 3)
    assert thread.messages[1].by == "王管理"
    await office.answer(admin, written.thread_id, "第二页也已调整。", 3)

    assert await helpdesk.close(me, written.thread_id) == written.number
    assert await helpdesk.close(me, written.thread_id) == written.number
    with pytest.raises(Conflict, match="已办结"):
        await helpdesk.write_back(me, written.thread_id, "还有一个问题。")
    with pytest.raises(Conflict, match="已办结"):
        await office.answer(admin, written.thread_id, "补充一句话。", 4)
    assert (await queries.list_all(admin, "closed", "result")).total == 1
    assert (await queries.list_all(admin, "closed", "fee")).total == 0
    assert await AuditEntry.filter(action="feedback.close").count() == 1


async def test_an_answered_thread_closes_by_itself(
    helpdesk: HelpDesk, office: HelpDeskOffice, deps: Deps, clock: FixedClock
) -> None:
    me, admin = await person(deps), await make_admin(deps)
    answered, waiting = await helpdesk.write(me, "第一件事情。"), await helpdesk.write(me, "第二件事情。")
    await office.answer(admin, answered.thread_id, "已办理。", 1)
    after = deps.book("demo").help.feedback_closes_after
    clock.move(after - timedelta(seconds=1))
    assert await office.close_silent() == 0
    clock.move(timedelta(seconds=1))
    assert await office.close_silent() == 1
    closed = await Feedback.get(id=answered.thread_id)
    assert (closed.state, closed.closed_by, closed.closes_at) == ("closed", "time", None)
    assert (await Feedback.get(id=waiting.thread_id)).state == "open"


async def test_an_answer_is_due_after_working_days_and_overdue_ones_come_first(
    helpdesk: HelpDesk, queries: HelpDeskQueries, deps: Deps, clock: FixedClock
) -> None:
    me, admin = await person(deps), await make_admin(deps)
    clock.set(datetime(2026, 11, 20, 4, tzinfo=UTC))  # a Friday
    first = await helpdesk.write(me, "周五写的第一件。")
    assert print_date(first.due_at) == "2026年11月28日", "five working days later the day is over"
    clock.move(timedelta(days=3))
    await helpdesk.write(me, "周一写的第二件。")
    assert (await queries.list_all(admin, "overdue")).total == 0
    clock.set(first.due_at)
    [overdue] = (await queries.list_all(admin, "overdue")).items
    assert (overdue.id, overdue.overdue) == (first.thread_id, True)
    assert [line.overdue for line in (await queries.list_all(admin, "open")).items] == [True, False]
    clock.move(timedelta(hours=1))
    assert (await helpdesk.write_back(me, first.thread_id, "请尽快答复。")).due_at == first.due_at, "not put off"


async def test_who_is_named_in_a_complaint_neither_reads_nor_answers_it(
    helpdesk: HelpDesk, office: HelpDeskOffice, queries: HelpDeskQueries, deps: Deps, book: NoticeBook
) -> None:
    me, named, other = await person(deps), await make_admin(deps, "王管理"), await make_admin(deps, "李公正")
    written = await helpdesk.write(me, "王管理接电话时态度很差。", "staff")
    [line] = (await queries.list_all(named, "open")).items
    assert (line.text, line.who) == (NAMED, "")
    for refused in (
        queries.get(named, written.thread_id),
        office.answer(named, written.thread_id, "没有这回事。", 1),
        office.hand(named, written.thread_id, other.account_id),
    ):
        with pytest.raises(Forbidden, match="提到了您"):
            await refused
    thread = await queries.get(other, written.thread_id)
    assert [colleague.name for colleague in thread.colleagues] == ["李公正"]
    with pytest.raises(InvalidInput, match="由哪位管理员"):
        await office.hand(other, written.thread_id, named.account_id)
    await office.answer(other, written.thread_id, "已核实，向您致歉。", 1)
    assert book.kinds() == ["feedback_answered"]
    # in a matter that is not about staff a name excludes nobody
    praise = await helpdesk.write(me, "王管理讲解得很清楚。", "advice")
    assert (await queries.get(named, praise.thread_id)).may_answer


async def test_a_thread_is_handed_to_a_colleague_who_is_told_once(
    helpdesk: HelpDesk, office: HelpDeskOffice, queries: HelpDeskQueries, deps: Deps, book: NoticeBook
) -> None:
    me, admin, other = await person(deps), await make_admin(deps), await make_admin(deps, "李公正")
    written = await helpdesk.write(me, COMPLAINT, "staff")
    await office.hand(admin, written.thread_id, other.account_id)
    await office.hand(admin, written.thread_id, other.account_id)
    assert book.kinds() == ["feedback_handed"]
    assert (await queries.get(admin, written.thread_id)).line.holder == "李公正"
    await office.hand(admin, written.thread_id, admin.account_id)
    assert book.kinds() == ["feedback_handed"], "nobody is told of what he took himself"
    stranger = (await make_account(deps)).id
    for to in (None, stranger, me.account_id):
        with pytest.raises(InvalidInput):
            await office.hand(admin, written.thread_id, to)
    await helpdesk.close(me, written.thread_id)
    with pytest.raises(Conflict, match="已办结"):
        await office.hand(admin, written.thread_id, other.account_id)


async def test_an_answer_sent_twice_is_one_and_an_unseen_message_stops_it(
    helpdesk: HelpDesk, office: HelpDeskOffice, queries: HelpDeskQueries, deps: Deps, book: NoticeBook
) -> None:
    me, admin = await person(deps), await make_admin(deps)
    written = await helpdesk.write(me, COMPLAINT)
    await helpdesk.write_back(me, written.thread_id, "补充：是三号门。")
    with pytest.raises(Conflict, match="刚有新的内容"):
        await office.answer(admin, written.thread_id, "已核实。", 1)
    await office.answer(admin, written.thread_id, "已核实。", 2)
    await office.answer(admin, written.thread_id, "已核实。", 2)
    assert book.kinds() == ["feedback_answered"]
    with pytest.raises(Conflict, match="刚有新的内容"):
        await office.answer(await make_admin(deps, "李公正"), written.thread_id, "我也答一次。", 2)


async def test_nobody_answers_the_own_thread(helpdesk: HelpDesk, office: HelpDeskOffice, deps: Deps) -> None:
    admin = await make_admin(deps)
    written = await helpdesk.write(admin, "建议增加导出。")
    with pytest.raises(Conflict, match="自己写的"):
        await office.answer(admin, written.thread_id, "同意。", 1)


async def test_another_persons_thread_is_not_found(
    helpdesk: HelpDesk, office: HelpDeskOffice, queries: HelpDeskQueries, deps: Deps
) -> None:
    written = await helpdesk.write(await person(deps), COMPLAINT)
    other = await person(deps)
    for act in (
        queries.get_own(other, written.thread_id),
        helpdesk.write_back(other, written.thread_id, "我来看看。"),
        helpdesk.close(other, written.thread_id),
        queries.get(Actor("hunan", "pool_admin", other.account_id), written.thread_id),
        office.answer(Actor("hunan", "pool_admin", other.account_id), written.thread_id, "已核实。", 1),
    ):
        with pytest.raises(NotFound):
            await act
    for refused in (queries.get(other, written.thread_id), office.answer(other, written.thread_id, "已核实。", 1)):
        with pytest.raises(Forbidden):
            await refused


async def test_what_a_person_writes_cannot_be_read_in_the_database(helpdesk: HelpDesk, deps: Deps) -> None:
    await helpdesk.write(await person(deps), "我是王小明，请回电13800001234。")
    stored = await rows(
        "SELECT f::text || m::text AS line FROM feedback f JOIN feedback_message m ON m.feedback_id = f.id"
    )
    assert len(stored) == 1
    assert "王小明" not in stored[0]["line"]
    assert "13800001234" not in stored[0]["line"]


async def test_the_same_request_is_written_once_and_a_day_has_a_limit(helpdesk: HelpDesk, deps: Deps) -> None:
    me = await person(deps)
    first = await helpdesk.write(me, "请增加导出功能。", key="k1")
    assert await helpdesk.write(me, "请增加导出功能。", key="k1") == first
    second = await helpdesk.write_back(me, first.thread_id, "也要能打印。", key="k2")
    assert await helpdesk.write_back(me, first.thread_id, "也要能打印。", key="k2") == second
    for number in range(deps.book("demo").help.feedback_per_day - 2):
        await helpdesk.write(me, f"第{number}条意见内容。")
    for refused in (helpdesk.write(me, "再来一条意见。"), helpdesk.write_back(me, first.thread_id, "再补充一句。")):
        with pytest.raises(TooMany, match="一天最多提交"):
            await refused


@pytest.mark.parametrize("text", ["", "好", " " * 50, "长" * 501])
async def test_too_little_and_too_much_are_refused(helpdesk: HelpDesk, deps: Deps, text: str) -> None:
    with pytest.raises(InvalidInput, match="5至500个字"):
        await helpdesk.write(await person(deps), text)


@pytest.mark.parametrize(
    ("text", "subject"), [("读不出来的\u0007字", "advice"), (COMPLAINT, "nothing"), (COMPLAINT, "")]
)
async def test_marks_and_unknown_subjects_are_refused(helpdesk: HelpDesk, deps: Deps, text: str, subject: str) -> None:
    with pytest.raises(InvalidInput):
        await helpdesk.write(await person(deps), text, subject)
    assert await Feedback.all().count() == 0


async def test_unknown_persons_and_unknown_threads_are_refused(
    helpdesk: HelpDesk, office: HelpDeskOffice, deps: Deps
) -> None:
    with pytest.raises(Unauthenticated):
        await helpdesk.write(Actor("demo", "guest"), "没有登录的人写的。")
    with pytest.raises(NotFound):
        await office.answer(await make_admin(deps), NOTHING, "不存在的意见。", 1)
    assert await Account.all().count() == 1
