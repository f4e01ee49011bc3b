"""Texts of the office: publishing, what is refused, history, the way back, and what other processes learn."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from asyncpg import RaiseError

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidForm, InvalidInput, NotFound
from domain.ids import new_id
from models.audit import AuditEntry
from models.office_texts import OfficeTextEdit
from services.accounts.credentials import Credentials
from services.core.base import Actor, Deps, execute
from services.core.live_rulebooks import LiveRulebooks
from services.office_texts import OfficeTexts
from tests.factories.people import make_account

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def texts(deps: Deps) -> OfficeTexts:
    return OfficeTexts(deps)


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps, real_name="王管理")).id)


def other_process(deps: Deps) -> Deps:
    """The same database, and rulebooks fresh from the files."""
    return replace(deps, rulebooks=LiveRulebooks(deps.live_rulebooks.files))


async def test_what_is_published_holds_here_at_once_and_elsewhere_with_the_next_look(
    texts: OfficeTexts, admin: Actor, deps: Deps
) -> None:
    other = other_process(deps)
    assert await texts.publish(admin, "hotline", "020-12345678", reason="换了号码", seen=0) == 1
    assert deps.book("demo").pool.hotline == "020-12345678"
    assert deps.book("guangdong").pool.hotline == "12345"
    assert other.book("demo").pool.hotline != "020-12345678"
    await OfficeTexts(other).refresh()
    assert other.book("demo").pool.hotline == "020-12345678"
    entry = await AuditEntry.get(action="text.publish")
    assert entry.details == {"code": "hotline", "version": 1}


async def test_the_history_tells_who_when_and_what_was_before(
    texts: OfficeTexts, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    original = deps.book("demo").pool.welcome
    await texts.publish(admin, "welcome", "您好。", reason="更短", seen=0)
    await texts.publish(admin, "welcome", "欢迎您。", reason="更客气", seen=1)
    view = await texts.get(admin, "welcome")
    assert [(edit.before, edit.value, edit.reason, edit.by, edit.at) for edit in view.edits] == [
        ("您好。", "欢迎您。", "更客气", "王管理", clock.now()),
        (original, "您好。", "更短", "王管理", clock.now()),
    ]
    assert (view.value, view.original, view.version, view.is_edited) == ("欢迎您。", original, 2, True)


async def test_an_earlier_version_and_the_rulebooks_come_back_as_edits_of_their_own(
    texts: OfficeTexts, admin: Actor, deps: Deps
) -> None:
    original = deps.book("demo").pool.welcome
    await texts.publish(admin, "welcome", "您好。", reason="更短", seen=0)
    await texts.publish(admin, "welcome", "欢迎您。", reason="更客气", seen=1)
    first = (await texts.get(admin, "welcome")).edits[-1]
    await texts.restore(admin, "welcome", first.id, seen=2)
    assert deps.book("demo").pool.welcome == "您好。"
    await texts.publish(admin, "welcome", None, reason="还是原来的好", seen=3)
    assert deps.book("demo").pool.welcome == original
    view = await texts.get(admin, "welcome")
    assert (view.is_edited, len(view.edits)) == (False, 4)
    with pytest.raises(NotFound):
        await texts.restore(admin, "welcome", new_id(), seen=4)


async def test_of_two_editors_the_second_reads_the_first_ones_text_before_publishing(
    texts: OfficeTexts, admin: Actor, deps: Deps
) -> None:
    outcomes = await asyncio.gather(
        texts.publish(admin, "welcome", "您好。", reason="甲", seen=0),
        texts.publish(admin, "welcome", "欢迎您。", reason="乙", seen=0),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "int"]
    assert await OfficeTextEdit.all().count() == 1


async def test_versions_of_a_pool_are_committed_in_their_order(texts: OfficeTexts, admin: Actor, deps: Deps) -> None:
    """Or a process would take the later of two for all there is, and never see the other."""
    await asyncio.gather(
        *(
            texts.publish(admin, code, value, reason="一起改", seen=0)
            for code, value in (("welcome", "您好。"), ("hotline", "12345"), ("hours", "工作日9:00至17:30"))
        )
    )
    assert sorted([edit.version for edit in await OfficeTextEdit.all()]) == [1, 2, 3]
    other = other_process(deps)
    await OfficeTexts(other).refresh()
    assert (other.book("demo").pool.welcome, other.book("demo").help.hours) == ("您好。", "工作日9:00至17:30")


async def test_pressing_twice_publishes_once(texts: OfficeTexts, admin: Actor) -> None:
    for _ in range(2):
        assert await texts.publish(admin, "welcome", "您好。", reason="更短", seen=0, key="k" * 16) == 1
    assert await OfficeTextEdit.all().count() == 1


async def test_what_changes_nothing_is_refused(texts: OfficeTexts, admin: Actor, deps: Deps) -> None:
    with pytest.raises(Conflict, match="没有变化"):
        await texts.publish(admin, "welcome", deps.book("demo").pool.welcome, reason="没改", seen=0)
    with pytest.raises(Conflict, match="没有变化"):
        await texts.publish(admin, "welcome", None, reason="本来就是", seen=0)


@pytest.mark.parametrize(
    ("code", "value", "told"),
    [
        ("hotline", "请打12345", "电话号码"),
        ("hotline", "+86 20 12345678", "最多13个字"),
        ("hotline", "", "请填写"),
        ("welcome", "  \n ", "请填写"),
        ("welcome", "长" * 501, "最多500个字"),
        ("welcome", "😀" * 400, "最多500个字"),
        ("welcome", '<a href="weixin://x">点我</a>', "不能有"),
        ("welcome", "您好\x07", "无法识别的字符"),
        ("welcome", "您好\ue000", "“您好”后面的U.E000"),
        ("guide", "一、注册\x00", "无法识别的字符"),
        ("hotlines", [], "至少填写一行"),
        ("hotlines", ["咨询 12345"] * 2, "写了两遍"),
        ("hotlines", [f"咨询 1234{number}" for number in range(6)], "最多5行"),
        ("hotlines", ["长" * 41], "最多40个字"),
        ("advice", {"440100": ""}, "请填写"),
        ("advice", {"440100": "<b>020</b>"}, "不能有"),
        ("faq", [{"question": "怎么办？", "answer": "办。", "words": []}], "识别词"),
        ("faq", [{"question": "怎么办？", "answer": "办。", "words": ["办"]}], "太短"),
        ("faq", [{"question": "怎么办？", "answer": "<i>", "words": ["怎么办"]}], "不能有"),
        ("faq", [{"question": "怎么办？", "answer": "答" * 501, "words": ["怎么办"]}], "最多500个字"),
        ("quick_remarks", ["长" * 51], "最多50个字"),
    ],
)
async def test_what_readers_could_not_read_is_refused(
    texts: OfficeTexts, admin: Actor, code: str, value: object, told: str
) -> None:
    with pytest.raises(InvalidInput, match=told):
        await texts.publish(admin, code, value, reason="试试", seen=0)
    with pytest.raises(InvalidInput, match=told):
        texts.preview(admin, code, value)
    assert await OfficeTextEdit.all().count() == 0


async def test_all_that_is_wrong_with_questions_is_told_at_once(texts: OfficeTexts, admin: Actor) -> None:
    questions = [
        {"question": "", "answer": "办。", "words": ["怎么办"]},
        {},
        {"question": "一", "answer": "", "words": []},
    ]
    with pytest.raises(InvalidForm) as refusal:
        await texts.publish(admin, "faq", questions, reason="", seen=0)
    assert [fault.field for fault in refusal.value.faults] == ["question-1", "answer-3", "words-3", "reason"]


async def test_an_empty_entry_is_left_out_and_an_optional_list_may_be_empty(
    texts: OfficeTexts, admin: Actor, deps: Deps
) -> None:
    question = {"question": "怎么办？", "answer": "先注册。\n再申报。", "words": ["怎么办"]}
    await texts.publish(admin, "faq", [{"question": "", "answer": "", "words": []}, question], reason="更短", seen=0)
    assert [entry.question for entry in deps.book("demo").help.faq] == ["怎么办？"]
    await texts.publish(admin, "faq", [], reason="都不要", seen=1)
    assert deps.book("demo").help.faq == ()


async def test_only_the_office_of_the_pool_edits_its_own_texts(texts: OfficeTexts, admin: Actor, deps: Deps) -> None:
    for role in ("expert", "applicant", "agent", "reviewer", "verifier", "supervisor", "venue"):
        with pytest.raises(Forbidden):
            await texts.publish(replace(admin, role=role), "welcome", "您好。", reason="试试", seen=0)
    await texts.publish(admin, "welcome", "您好。", reason="更短", seen=0)
    assert deps.book("guangdong").pool.welcome != "您好。"
    assert (await texts.get(replace(admin, pool="guangdong"), "welcome")).edits == ()


@pytest.mark.parametrize("code", ["no_such", "fee_hotline", "public_notice"])
async def test_a_text_that_the_pool_does_not_have_is_not_there(texts: OfficeTexts, admin: Actor, code: str) -> None:
    with pytest.raises(NotFound):
        await texts.get(replace(admin, pool="guangdong"), code)


async def test_a_new_privacy_text_asks_everyone_again_and_going_back_asks_for_what_was_not_read(
    texts: OfficeTexts, admin: Actor, deps: Deps
) -> None:
    credentials = Credentials(deps, None, None, None)  # type: ignore[arg-type]  # consent uses none of them
    person = Actor("demo", "expert", (await make_account(deps)).id)
    original = deps.book("demo").pool.privacy_version
    await texts.publish(admin, "privacy", "只收集必要的信息。", reason="改短", seen=0)
    first = deps.book("demo").pool.privacy_version
    assert first != original
    with pytest.raises(Conflict, match="隐私说明已更新"):
        await credentials.consent(person, original)
    await credentials.consent(person, first)
    await texts.publish(admin, "privacy", "只收集必要的信息。\n可以随时查询。", reason="补充", seen=1)
    earlier = (await texts.get(admin, "privacy")).edits[-1]
    await texts.restore(admin, "privacy", earlier.id, seen=2)
    assert deps.book("demo").pool.privacy_version not in (first, original), "each publication is one of its own"
    await texts.publish(admin, "privacy", None, reason="恢复", seen=3)
    assert deps.book("demo").pool.privacy_version == original


async def test_what_is_published_is_never_altered(texts: OfficeTexts, admin: Actor) -> None:
    await texts.publish(admin, "welcome", "您好。", reason="更短", seen=0)
    for change in ("UPDATE office_text_edit SET value = '\"x\"'", "DELETE FROM office_text_edit"):
        with pytest.raises(RaiseError):
            await execute(change)


async def test_an_edit_that_no_longer_fits_leaves_the_files_text_and_stops_no_process(
    texts: OfficeTexts, admin: Actor, deps: Deps, caplog: pytest.LogCaptureFixture
) -> None:
    await texts.publish(admin, "welcome", "您好。", reason="更短", seen=0)
    await OfficeTextEdit.create(
        pool="demo", version=2, code="faq", value='"no list"', reason="", at=deps.now(), actor_id=new_id()
    )
    other = other_process(deps)
    await OfficeTexts(other).refresh()
    assert other.book("demo").pool.welcome == "您好。"
    assert other.book("demo").help.faq == deps.live_rulebooks.files["demo"].help.faq
