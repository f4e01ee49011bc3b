"""The help desk: search of questions; feedback is limited, answered once, and its author notified."""

from __future__ import annotations

from uuid import UUID

import pytest

from domain.errors import Conflict, InvalidInput, NotFound, TooMany, Unauthenticated
from services.core.base import Actor, Deps, rows
from services.notifications.helpdesk import HelpDesk
from services.notifications.helpdesk_queries import HelpDeskQueries
from tests.factories.people import make_account
from tests.services.conftest import NoticeBook

ADMIN = Actor("demo", "pool_admin")
NOTHING = UUID(int=7)


@pytest.fixture
def helpdesk(db: str, deps: Deps, book: NoticeBook) -> HelpDesk:
    return HelpDesk(deps, book, HelpDeskQueries(deps))


@pytest.fixture
def queries(deps: Deps) -> HelpDeskQueries:
    return HelpDeskQueries(deps)


async def person(deps: Deps) -> Actor:
    return Actor("demo", "guest", (await make_account(deps)).id)


def test_a_question_is_found_by_the_words_people_use(queries: HelpDeskQueries) -> None:
    [first, *_] = queries.search("demo", "我忘记密码了怎么登录")
    assert "忘记密码" in first.question
    assert queries.search("demo", "今天天气不错") == ()


async def test_feedback_is_answered_once_and_its_author_is_notified(
    helpdesk: HelpDesk, queries: HelpDeskQueries, deps: Deps, book: NoticeBook
) -> None:
    me = await person(deps)
    written = await helpdesk.write(me, "  申请页看不清审核意见。 ")
    page = await queries.list_all(ADMIN, state="open")
    [row] = page.items
    assert (row.id, page.total, row.text) == (written.id, 1, "申请页看不清审核意见。")
    assert "*" in row.who
    answered = await helpdesk.answer(ADMIN, written.id, "已调整字体，谢谢。")
    assert answered.state == "answered"
    assert book.kinds() == ["feedback_answered"]
    with pytest.raises(Conflict):
        await helpdesk.answer(ADMIN, written.id, "再答一次。")
    assert (await queries.list_own(me))[0].answer == "已调整字体，谢谢。"


async def test_what_a_person_writes_cannot_be_read_in_the_database(helpdesk: HelpDesk, deps: Deps) -> None:
    await helpdesk.write(await person(deps), "我是王小明，请回电13800001234。")
    [stored] = await rows("SELECT f::text AS line FROM feedback f")
    assert "王小明" not in stored["line"]
    assert "13800001234" not in stored["line"]


async def test_the_same_request_is_written_once_and_a_day_has_a_limit(helpdesk: HelpDesk, deps: Deps) -> None:
    me = await person(deps)
    first = await helpdesk.write(me, "请增加导出功能。", key="k1")
    assert await helpdesk.write(me, "请增加导出功能。", key="k1") == first
    for number in range(deps.book("demo").help.feedback_per_day - 1):
        await helpdesk.write(me, f"第{number}条意见内容。")
    with pytest.raises(TooMany, match="一天最多提交"):
        await helpdesk.write(me, "再来一条意见。")


@pytest.mark.parametrize("text", ["", "好", " " * 50, "长" * 501])
async def test_too_little_and_too_much_are_refused(helpdesk: HelpDesk, deps: Deps, text: str) -> None:
    with pytest.raises(InvalidInput, match="5至500个字"):
        await helpdesk.write(await person(deps), text)


async def test_unknown_persons_and_unknown_feedback_are_refused(helpdesk: HelpDesk) -> None:
    with pytest.raises(Unauthenticated):
        await helpdesk.write(Actor("demo", "guest"), "没有登录的人写的。")
    with pytest.raises(NotFound):
        await helpdesk.answer(ADMIN, NOTHING, "不存在的意见。")
