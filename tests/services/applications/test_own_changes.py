"""What an expert changes in the own file by himself: contacts, bank account with a code, retirement."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, InvalidForm, InvalidInput, NotFound, TooMany
from domain.experts.file import FileSource, history_of
from models.accounts import Account
from models.audit import AuditEntry
from models.experts import Expert
from services.applications.own_changes import OwnChanges
from services.core.base import Actor, Deps
from services.expert_files import changes_of, file_of
from tests.factories.assembly import composed
from tests.factories.people import BANK_ACCOUNT, file_more, make_account, make_expert
from tests.factories.rulebooks import with_field
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
MOBILE, BACKUP, LATER = "13812345678", "13912345678", "13712345678"
BANK = {"bank_name": "中国银行乌鲁木齐天山区支行", "bank_account": BANK_ACCOUNT}
OTHER_BANK = {**BANK, "bank_account": "6217001234567890122"}


@pytest.fixture
def deps(deps: Deps) -> Deps:
    """With Xinjiang, whose form has all of these fields."""
    return replace(deps, rulebooks=load_rulebooks(RULEBOOKS, ["xinjiang", "hunan"]))


@pytest.fixture
def changes(deps: Deps, book: NoticeBook) -> OwnChanges:
    return composed(OwnChanges, deps, notices=book)


async def member(deps: Deps, pool: str = "xinjiang") -> Actor:
    account = await make_account(deps, MOBILE, pool=pool)
    expert = await make_expert(deps, MOBILE, pool=pool, account=account)
    return Actor(pool, "expert", account.id, expert.id)


@pytest.fixture
async def person(deps: Deps) -> Actor:
    return await member(deps)


async def filed(deps: Deps, person: Actor) -> dict[str, object]:
    assert person.expert_id is not None
    return dict((await file_of(deps, person.expert_id)).values)


def told(book: NoticeBook) -> list[tuple[str, str]]:
    """What each notice says, and its number; empty for the person's own."""
    return [(str(notice.params["what"]), notice.mobile or "") for notice in book.told if notice.kind == "file_changed"]


# ---- contacts


async def test_contacts_are_in_force_at_once_and_told_to_both_phones_the_former_one_too(
    deps: Deps, changes: OwnChanges, person: Actor, book: NoticeBook
) -> None:
    await changes.set_contacts(person, {"email": " Ouyang@Example.cn ", "backup_mobile": BACKUP})
    assert {"email", "backup_mobile"} <= (await filed(deps, person)).keys()
    assert told(book) == [("电子邮箱、备用手机号", ""), ("电子邮箱、备用手机号", BACKUP)]
    book.told.clear()
    await changes.set_contacts(person, {"backup_mobile": "137 1234 5678"})
    masked = "备用手机号（137****5678）"
    assert told(book) == [(masked, ""), (masked, LATER), (masked, BACKUP)]
    assert person.expert_id is not None
    history = history_of((await changes_of(deps, [person.expert_id]))[person.expert_id], "backup_mobile")
    assert [(step.value, step.change.source) for step in history] == [
        (BACKUP, FileSource.SELF),
        (LATER, FileSource.SELF),
    ]
    entry = await AuditEntry.filter(action="expert.file_changed").order_by("-at", "-id").first()
    assert entry is not None
    assert (entry.details, entry.actor_id) == ({"fields": ["backup_mobile"]}, person.account_id)


async def test_a_second_phone_is_removed_and_told_so(
    deps: Deps, changes: OwnChanges, person: Actor, book: NoticeBook
) -> None:
    await changes.set_contacts(person, {"backup_mobile": BACKUP})
    view = await changes.read(person)
    assert [(field.code, field.filed, field.removable) for field in view.contacts] == [
        ("email", "", False),
        ("backup_mobile", "139****5678", False),
    ], "this pool demands it for continuing education"
    deps = with_field(deps, "backup_mobile", required_for=())
    changes = composed(OwnChanges, deps, notices=book)
    book.told.clear()
    await changes.set_contacts(person, {}, ["backup_mobile"])
    assert "backup_mobile" not in await filed(deps, person)
    assert told(book) == [("备用手机号（已删除）", ""), ("备用手机号（已删除）", BACKUP)]


@pytest.mark.parametrize(
    ("typed", "removed", "fields"),
    [
        ({}, [], ["email"]),
        ({"email": "nobody", "backup_mobile": "123"}, [], ["email", "backup_mobile"]),
        ({"email": f"{'a' * 30}@example.cn"}, [], ["email"]),
        ({"backup_mobile": MOBILE}, [], ["backup_mobile"]),
        ({}, ["email"], ["email"]),
        ({"backup_mobile": BACKUP}, ["backup_mobile"], ["backup_mobile"]),
        ({}, ["region"], ["region"]),
    ],
)
async def test_contacts_are_held_to_the_form_and_every_fault_is_named(
    deps: Deps, changes: OwnChanges, person: Actor, typed: dict[str, str], removed: list[str], fields: list[str]
) -> None:
    before = await filed(deps, person)
    with pytest.raises((InvalidInput, InvalidForm)) as refused:
        await changes.set_contacts(person, typed, removed)
    assert [fault.field for fault in refused.value.faults] == fields
    assert await filed(deps, person) == before


async def test_fields_that_are_reviewed_or_unknown_are_not_typed_here(
    deps: Deps, changes: OwnChanges, person: Actor, book: NoticeBook
) -> None:
    await changes.set_contacts(person, {"email": "a@b.cn", "address": "某处", "employer": "某公司", "region": "650100"})
    assert not {"address", "employer"} & (await filed(deps, person)).keys()
    reviewed = composed(OwnChanges, with_field(deps, "email", at_once=False), notices=book)
    assert [field.code for field in (await reviewed.read(person)).contacts] == ["backup_mobile"]
    with pytest.raises(InvalidInput, match="请填写要修改的内容"):
        await reviewed.set_contacts(person, {"email": "b@b.cn"})


async def test_a_change_that_changes_nothing_is_refused_and_one_sent_twice_counts_once(
    changes: OwnChanges, person: Actor, book: NoticeBook
) -> None:
    for _ in range(2):
        assert (await changes.set_contacts(person, {"email": "a@b.cn"}, key="k" * 16)).labels == ("电子邮箱",)
    assert len(told(book)) == 1
    with pytest.raises(Conflict, match="没有需要修改的"):
        await changes.set_contacts(person, {"email": "a@b.cn"})


async def test_changes_that_each_cost_a_message_are_limited(
    changes: OwnChanges, person: Actor, clock: FixedClock
) -> None:
    for number in range(10):
        await changes.set_contacts(person, {"email": f"a{number}@b.cn"})
    with pytest.raises(TooMany):
        await changes.set_contacts(person, {"email": "z@b.cn"})
    clock.move(timedelta(days=1))
    await changes.set_contacts(person, {"email": "z@b.cn"})


# ---- bank account


async def test_an_account_needs_a_code_to_the_own_mobile_and_is_told_masked_to_both_phones(
    deps: Deps, changes: OwnChanges, person: Actor, book: NoticeBook
) -> None:
    await changes.set_contacts(person, {"backup_mobile": BACKUP})
    book.told.clear()
    assert (await changes.send_bank_code(person, BANK)).masked_mobile == "138****5678"
    await changes.set_bank(person, {**BANK, "bank_account": "6222 0212 3456 7890 128"}, book.last_code(MOBILE))
    assert BANK.items() <= (await filed(deps, person)).items()
    masked = "银行账号（6222****0128）"
    assert told(book) == [(masked, ""), (masked, BACKUP)]
    assert BANK_ACCOUNT not in repr([notice.params for notice in book.told])
    view = await changes.read(person)
    assert [(field.filed, field.open_value) for field in view.bank] == [
        (BANK["bank_name"], BANK["bank_name"]),
        ("6222****0128", ""),
    ]


async def test_a_wrong_an_old_or_another_code_changes_no_account(
    deps: Deps, changes: OwnChanges, person: Actor, book: NoticeBook, clock: FixedClock
) -> None:
    with pytest.raises(InvalidInput, match="重新获取"):
        await changes.set_bank(person, BANK, "123456")
    await changes.send_bank_code(person, BANK)
    code = book.last_code(MOBILE)
    with pytest.raises(InvalidInput, match="验证码不对") as refused:
        await changes.set_bank(person, BANK, "000000" if code != "000000" else "111111")
    assert refused.value.field == "code"
    await changes.set_bank(person, BANK, code)
    with pytest.raises(InvalidInput, match="重新获取"):
        await changes.set_bank(person, OTHER_BANK, code)
    assert BANK.items() <= (await filed(deps, person)).items()


async def test_an_account_is_checked_before_a_code_is_sent(
    deps: Deps, changes: OwnChanges, person: Actor, book: NoticeBook
) -> None:
    for typed, fields in (
        ({}, ["bank_name", "bank_account"]),
        ({"bank_name": "行" * 61, "bank_account": "12"}, ["bank_name", "bank_account"]),
        ({"bank_name": "中国银行"}, ["bank_account"]),
    ):
        with pytest.raises((InvalidInput, InvalidForm)) as refused:
            await changes.send_bank_code(person, typed)
        assert [fault.field for fault in refused.value.faults] == fields
    expert = await Expert.get(id=person.expert_id)
    await file_more(deps, expert, deps.now(), **BANK)
    with pytest.raises(InvalidInput, match="没有需要修改的"):
        await changes.send_bank_code(person, BANK)
    assert book.told == []


async def test_a_pool_without_an_account_in_its_form_or_with_it_reviewed_offers_none(
    deps: Deps, changes: OwnChanges, person: Actor, book: NoticeBook
) -> None:
    elsewhere = await member(deps, "hunan")
    reviewed = composed(OwnChanges, with_field(deps, "bank_account", at_once=False), notices=book)
    for service, actor in ((changes, elsewhere), (reviewed, person)):
        assert (await service.read(actor)).bank == ()
        for act in (service.send_bank_code(actor, BANK), service.set_bank(actor, BANK, "123456")):
            with pytest.raises(NotFound):
                await act


# ---- retirement


async def test_a_retirement_is_filed_corrected_and_taken_back_without_further_effect(
    deps: Deps, changes: OwnChanges, person: Actor, book: NoticeBook
) -> None:
    before = await Expert.get(id=person.expert_id)
    await changes.retire(person, date(2026, 1, 31))
    await changes.retire(person, date(2026, 2, 28))
    after = await Expert.get(id=person.expert_id)
    assert (await filed(deps, person))["retired_on"] == "2026-02-28"
    assert (after.recusal_keys, after.term_until) == (before.recusal_keys, before.term_until)
    await changes.undo_retirement(person)
    assert ("retired_on" in await filed(deps, person), book.told) == (False, [])
    with pytest.raises(Conflict):
        await changes.undo_retirement(person)


async def test_a_retirement_lies_in_the_past(changes: OwnChanges, person: Actor) -> None:
    for day, words in ((None, "请填写"), (date(2999, 1, 1), "晚于今天"), (date(1975, 12, 31), "早于出生")):
        with pytest.raises(InvalidInput, match=words) as refused:
            await changes.retire(person, day)
        assert refused.value.field == "retired_on"


async def test_nobody_but_an_expert_in_the_pool_changes_a_file(deps: Deps, changes: OwnChanges, person: Actor) -> None:
    account = await Account.get(id=person.account_id)
    left = await make_expert(deps, "13912340000", pool="xinjiang", left_at=deps.now())
    refusals: list[tuple[Actor, type[AppError]]] = [
        (Actor("xinjiang", "applicant", account.id), Forbidden),
        (Actor("xinjiang", "pool_admin", account.id), Forbidden),
        (Actor("xinjiang", "expert", account.id, left.id), NotFound),
        (Actor("hunan", "expert", account.id, person.expert_id), NotFound),
    ]
    for actor, refusal in refusals:
        for act in (
            changes.read(actor),
            changes.retire(actor, date(2026, 1, 1)),
            changes.undo_retirement(actor),
        ):
            with pytest.raises(refusal):
                await act
    for act in (changes.set_contacts(refusals[2][0], {"email": "a@b.cn"}), changes.set_bank(refusals[2][0], BANK, "1")):
        with pytest.raises(NotFound):
            await act
