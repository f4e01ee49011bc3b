"""Account names of pinyin (新疆手册 2025 L10: 账号一般为初始注册时的姓名拼音或手机号)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.accounts import Account
from models.experts import Expert
from services.accounts.initial_passwords import InitialPasswords
from services.accounts.passwords import HASHER, Passwords
from services.accounts.pinyin_names import account_name, find_by_pinyin
from services.core.base import Deps, system
from services.core.pinyin import sort_name
from services.experts import COLUMNS, ExpertImport
from tests.factories.applications import SPECIALTY, id_number, make_codes
from tests.factories.people import make_account, make_expert, mobile_number

pytestmark = pytest.mark.usefixtures("db")
PASSWORD = "Abcd1234"


async def an_expert(deps: Deps, name: str) -> Account:
    account = await make_account(deps, real_name=name, password_hash=HASHER.hash(PASSWORD))
    await make_expert(deps, account=account, name=name, name_sort=sort_name(name))
    return account


def taking(deps: Deps, *names: str) -> Deps:
    """The demo pool with these kinds of account names."""
    book = deps.rulebooks["demo"]
    registration = book.registration.model_copy(update={"login_names": names})
    return replace(deps, rulebooks={"demo": book.model_copy(update={"registration": registration})})


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("张天山", "zhangtianshan"),
        ("张天山", " Zhang TianShan "),
        ("张天山", "ｚｈａｎｇｔｉａｎｓｈａｎ"),
        ("艾克拉木·买买提", "aikelamu·maimaiti"),
        ("曾国强", "zengguoqiang"),
        ("曾国强", "cengguoqiang"),
        ("吕布", "lvbu"),
        ("吕布", "lübu"),
        ("吕布", "lyubu"),
    ],
)
async def test_an_expert_is_found_however_the_pinyin_is_typed(deps: Deps, name: str, typed: str) -> None:
    account = await an_expert(deps, name)
    await an_expert(deps, "王戈壁")
    owner = await find_by_pinyin("demo", typed)
    assert owner is not None
    assert owner.id == account.id
    assert await find_by_pinyin("hunan", typed) is None


@pytest.mark.parametrize("typed", ["", "z", "张天山", "zhangtianshan1", "zhang", "%", "zhangtianshan' OR '1'='1"])
async def test_other_text_finds_no_expert(deps: Deps, typed: str) -> None:
    await an_expert(deps, "张天山")
    assert await find_by_pinyin("demo", typed) is None


async def test_other_readings_of_a_surname_match_no_other_surname(deps: Deps) -> None:
    """岑 is never read zeng, though 曾 is spelt ceng in the sorting column."""
    await an_expert(deps, "谢刚")
    other = await an_expert(deps, "解刚")
    assert await account_name("demo", "谢刚") == ""
    assert await find_by_pinyin("demo", "xiegang") is None, "both are read so"
    account = await find_by_pinyin("demo", "jiegang")
    assert account is not None
    assert account.id == other.id, "谢 is not"


async def test_a_shared_pinyin_names_neither_and_one_that_left_counts_no_more(deps: Deps) -> None:
    first, second = await an_expert(deps, "李伟"), await an_expert(deps, "李卫")
    assert await find_by_pinyin("demo", "liwei") is None
    await Expert.filter(account_id=second.id).update(left_at=deps.now())
    account = await find_by_pinyin("demo", "liwei")
    assert account is not None
    assert account.id == first.id


async def test_it_proves_with_the_password_where_the_pool_takes_it(deps: Deps) -> None:
    account = await an_expert(deps, "张天山")
    passwords = Passwords(taking(deps, "mobile", "pinyin"))
    right = await passwords.compare("demo", "zhangtianshan", PASSWORD)
    assert (right.right, right.account_id) == (True, account.id)
    wrong = await passwords.compare("demo", "zhangtianshan", "Wrong1234")
    assert (wrong.right, wrong.account_id) == (False, account.id), "tries count at the account"
    other = await Passwords(taking(deps, "mobile")).compare("demo", "zhangtianshan", PASSWORD)
    assert (other.right, other.account_id) == (False, None)


async def test_an_imported_expert_gets_the_account_name_with_the_initial_password(deps: Deps) -> None:
    deps = taking(deps, "mobile", "pinyin")
    await make_codes(deps.book("demo"))
    people = {name: (f"XJ{at}", id_number()) for at, name in enumerate(("张天山", "李伟", "李卫"))}
    lines = [",".join(column.title for column in COLUMNS)]
    for name, (number, identity) in people.items():
        told = {"专家编号": number, "姓名": name, "身份证号": identity, "工作单位": "无"}
        told |= {"手机号": mobile_number(), "常驻地": "440106", "评标专业": SPECIALTY}
        lines.append(",".join(told.get(column.title, "") for column in COLUMNS))
    report = await ExpertImport(deps).run(system("demo"), "\n".join(lines).encode(), "csv")
    assert not report.errors
    admin = replace(system("demo"), role="pool_admin")
    issued = await InitialPasswords(deps, Passwords(deps)).issue(admin, [number for number, _ in people.values()])
    assert {password.outcome for password in issued} == {"issued"}
    assert {password.number: password.account_name for password in issued} == {
        "XJ0": "zhangtianshan",
        "XJ1": "",
        "XJ2": "",
    }
    claim = await Passwords(deps).compare("demo", "zhangtianshan", people["张天山"][1][-8:])
    assert claim.right
