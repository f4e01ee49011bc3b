"""New rows of several tables by one statement are as the models would have written them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from tortoise.exceptions import IntegrityError

from domain.ids import new_id
from models.accounts import Account
from models.applications import Application
from models.payments import Bill
from services.core.inserts import insert
from tests.drivers.statements import count_statements

NOW = datetime(2026, 11, 21, 4, 0, 0, 120_000, tzinfo=UTC)


def account(mobile: str = "m") -> Account:
    return Account(pool="demo", mobile_hash=mobile, mobile_sealed="密'\"\\", created_at=NOW)


async def test_rows_that_refer_to_one_another_come_in_one_statement(db: str) -> None:
    person = account()
    application = Application(
        pool="demo",
        number="SQ1",
        account_id=person.id,
        entry_type="first",
        state="draft",
        state_since=NOW,
        region_path=["430102", "430100"],
        created_at=NOW,
    )
    bill = Bill(pool="demo", day=date(2026, 11, 20), received=2**40)
    with count_statements() as counted:
        await insert((Account, [person]), (Application, [application]), (Bill, [bill]))
    assert len(counted) == 1
    for made, read in ((person, await Account.get()), (application, await Application.get()), (bill, await Bill.get())):
        assert {name: getattr(read, name) for name in made._meta.fields_db_projection} == {
            name: getattr(made, name) for name in made._meta.fields_db_projection
        }


async def test_a_kind_may_have_no_rows_and_a_column_may_be_the_databases(db: str) -> None:
    await insert(
        (Account, [account("a"), account("b")]), (Bill, []), given=(("account.real_name", "upper(r.mobile_hash)"),)
    )
    assert sorted(stored.real_name for stored in await Account.all()) == ["A", "B"]


async def test_what_the_database_refuses_is_refused_whole(db: str) -> None:
    wrong = Application(
        pool="demo", number="1", account_id=new_id(), entry_type="first", state="draft", state_since=NOW, created_at=NOW
    )
    with pytest.raises(IntegrityError):
        await insert((Account, [account()]), (Application, [wrong]))
    assert await Account.all().count() == 0
