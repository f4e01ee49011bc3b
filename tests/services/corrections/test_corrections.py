"""Corrections by the forms of every pool; two at once; what is forgotten with an account."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.errors import AppError, Forbidden
from domain.experts.correctable import correctable_fields
from domain.ids import new_id
from models.accounts import Account
from models.corrections import Correction
from models.experts import Expert
from models.files import FileRemoval
from services.core.base import Actor, Deps, execute, transaction
from services.corrections import CorrectionServices, Upload, collect_corrections, erase_corrections, settle_mobile
from services.expert_files import file_of
from tests.drivers.plans import Plans, record_queries
from tests.factories.applications import make_codes
from tests.factories.assembly import composed
from tests.factories.files import pdf
from tests.factories.people import make_account, make_expert, mobile_number

pytestmark = pytest.mark.usefixtures("db")
POOLS = ("hunan", "xinjiang", "jilin", "guangdong", "demo")
RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
NEW = "13987654321"
UPLOAD = Upload(pdf(), "本人申请.pdf")


@pytest.fixture
def deps(deps: Deps) -> Deps:
    return replace(deps, rulebooks=load_rulebooks(RULEBOOKS, list(POOLS)))


@pytest.fixture
def corrections(deps: Deps) -> CorrectionServices:
    return composed(CorrectionServices, deps)


def admin(pool: str = "demo") -> Actor:
    return Actor(pool, "pool_admin", new_id())


async def member(deps: Deps) -> tuple[Account, Expert]:
    mobile = mobile_number()
    account = await make_account(deps, mobile)
    return account, await make_expert(deps, mobile, account=account)


@pytest.mark.parametrize("pool", POOLS)
async def test_the_form_of_every_field_of_every_pool_opens(
    deps: Deps, corrections: CorrectionServices, pool: str
) -> None:
    await make_codes(deps.book(pool))
    expert, clerk = await make_expert(deps, pool=pool), admin(pool)
    lines = await corrections.fields.lines(clerk, expert.id)
    assert [line.code for line in lines] == list(correctable_fields(deps.book(pool)))
    for line in lines:
        form = await corrections.fields.form(clerk, expert.id, line.code)
        assert form.fields[0].code == line.code
    form = await corrections.fields.form(clerk, expert.id, "term_until")
    typed = {"term_until": "2029-03-01", "seen": form.seen}
    await corrections.fields.correct(clerk, expert.id, "term_until", typed, "任职文件写明", UPLOAD)
    assert (await file_of(deps, expert.id)).values["term_until"] == "2029-03-01T15:59:59+00:00"


@pytest.mark.parametrize("role", ["expert", "reviewer", "verifier", "supervisor", "venue", "agent"])
async def test_nobody_but_the_office_corrects(deps: Deps, corrections: CorrectionServices, role: str) -> None:
    account, expert = await member(deps)
    actor = Actor("demo", role, account.id, expert.id)
    for act in (
        corrections.people.read(actor, expert.id),
        corrections.people.search(actor, "欧阳锋"),
        corrections.mobiles.file(actor, expert.id, NEW, "原因", UPLOAD),
        corrections.fields.lines(actor, expert.id),
        corrections.accounts.disable(actor, expert.id, "原因"),
        corrections.identities.begin(actor, expert.id, "欧阳峰", "", "原因", UPLOAD),
        corrections.second_looks.confirm(actor, new_id()),
        corrections.merges.preview(actor, expert.id, account.id),
        corrections.evidence.open(actor, new_id()),
    ):
        with pytest.raises(Forbidden):
            await act


async def test_a_number_that_proves_itself_twice_at_once_counts_once(
    deps: Deps, corrections: CorrectionServices
) -> None:
    account, expert = await member(deps)
    await corrections.mobiles.file(admin(), expert.id, NEW, "原号码停用", UPLOAD)

    async def prove() -> bool:
        async with transaction():
            return await settle_mobile(deps, "demo", NEW)

    assert sorted(await asyncio.gather(prove(), prove())) == [False, True]
    assert (await Account.get(id=account.id)).mobile_hash == deps.keys.lookup_hash("mobile", NEW)


async def test_of_two_fields_corrected_at_once_from_one_form_the_second_is_refused(
    deps: Deps, corrections: CorrectionServices
) -> None:
    expert = await make_expert(deps)
    seen = (await corrections.fields.form(admin(), expert.id, "email")).seen

    async def correct(email: str) -> str:
        typed = {"email": email, "seen": seen}
        try:
            await corrections.fields.correct(admin(), expert.id, "email", typed, "登记有误", UPLOAD)
        except AppError as error:
            return error.code or ""
        return "done"

    outcomes = await asyncio.gather(correct("a@example.cn"), correct("b@example.cn"))
    assert sorted(outcomes) == ["done", "file_changed"]
    assert await Correction.all().count() == 1


async def test_with_an_account_its_corrections_are_forgotten_but_that_they_were(
    deps: Deps, corrections: CorrectionServices
) -> None:
    account, expert = await member(deps)
    await corrections.mobiles.file(admin(), expert.id, NEW, "原号码停用", UPLOAD)
    [told] = await collect_corrections(account.id)
    assert (told["kind"], told["reason"]) == ("mobile", "原号码停用")
    filed = await Correction.get(expert_id=expert.id)
    async with transaction():
        await erase_corrections(account.id, deps.now())
    gone = await Correction.get(id=filed.id)
    assert (gone.state, gone.values_sealed, gone.mobile_hash, gone.evidence_key) == ("withdrawn", "", "", "")
    assert await FileRemoval.exists(key=filed.evidence_key)
    view = await corrections.people.read(admin(), expert.id)
    assert [line.what for line in view.corrections] == [""]


async def test_a_search_reads_the_rows_that_it_shows_alone(
    db: str, deps: Deps, corrections: CorrectionServices
) -> None:
    """However many persons there are: each of the searched columns has an index."""
    for number in range(300):
        account = await make_account(deps, real_name=f"张三{number}")
        await make_expert(deps, account=account, name=f"李四{number}")
    account, expert = await member(deps)
    await execute("ANALYZE")
    searches = (expert.number, expert.name, "王小明", deps.keys.open_text(expert.mobile_sealed, "mobile"))
    with record_queries() as queries:
        for typed in searches:
            assert [line.id for line in await corrections.people.search(admin(), typed)] == [expert.id], typed
    plans = await Plans.of(db)
    try:
        touched = [await plans.count(query) for query in queries.sent if "WITH owner" in query.text]
    finally:
        await plans.close()
    assert len(touched) == len(searches)
    assert all(each.rows < 20 for each in touched), "\n".join(map(str, touched))
