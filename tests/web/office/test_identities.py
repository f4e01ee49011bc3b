"""Name and ID number are corrected by two members of the office; all that follows from them follows."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from models.accounts import Account, RoleGrant
from models.audit import AuditEntry
from models.corrections import Correction
from models.experts import Expert
from models.notices import Notice
from services.core.base import Deps
from services.expert_files import file_of
from tests.factories.files import pdf
from tests.factories.people import make_account, make_expert, make_grant
from tests.web.conftest import Visitor, World
from tests.web.office.test_people import member, send
from tests.web.office_scene import Scene, make_scene, post, wrong_fields

NUMBER = "110105198005170017"
NAME = "欧阳峰"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def second(scene: Scene) -> Scene:
    """Another administrator."""
    account = await make_account(scene.world.services.deps, real_name="钱管理")
    await make_grant(account, "pool_admin")
    return Scene(scene.world, scene.admin, account)


async def begin(scene: Scene, person_id: object, **typed: str) -> Visitor:
    path = f"/office/people/{person_id}"
    fields = {"command": "identity", "name": NAME, "id_number": NUMBER, "reason": "录入时看错"} | typed
    return await send(await scene.at(path), path, pdf(), **fields)


async def test_a_second_administrator_confirms_and_everything_follows(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps, identity_verification="differs")
    page = await begin(scene, expert.id)
    assert ("等待另一位管理员复核" in page.text, "请另一位管理员复核" in page.text) == (True, True)
    assert (await Expert.get(id=expert.id)).name == expert.name, "nothing before the second look"
    other = await (await second(scene)).at("/office")
    assert "待复核的更正" in other.text
    await other.get("/office/people")
    assert ("身份证号1101***0017" in other.text, NUMBER in other.text) == (True, False)
    await other.get(f"/office/people/{expert.id}")
    assert NUMBER in other.text, "to be compared with the evidence"
    await other.press("通过更正姓名、身份证号")
    assert "已复核通过，立即生效" in other.text
    account, expert = await Account.get(id=account.id), await Expert.get(id=expert.id)
    digest = deps.keys.lookup_hash("id_number", NUMBER)
    assert (account.real_name, account.id_number_hash) == (NAME, digest)
    assert (expert.name, expert.id_number_hash, expert.born_on) == (NAME, digest, date(1980, 5, 17))
    assert (account.identity_verification, account.identity_verification_due_at) == ("waiting", deps.now())
    file = await file_of(deps, expert.id)
    assert (file.values["name"], file.since["name"].source.value) == (NAME, "office")
    await other.get(f"/office/experts/{expert.id}")
    assert (NAME in other.text, "1980" in other.text) == (True, True)
    whats = [str(notice.params["what"]) for notice in await Notice.filter(kind="person_corrected").order_by("id")]
    assert whats == ["申请更正姓名、身份证号", "更正您的姓名、身份证号"]
    assert await AuditEntry.filter(action="correction.identity").count() == 2


async def test_nobody_confirms_what_he_began(scene: Scene, deps: Deps) -> None:
    _, expert = await member(deps)
    page = await begin(scene, expert.id)
    [correction] = await Correction.all()
    for command in ("confirm", "refuse"):
        await post(page, page.path, command=command, id=str(correction.id), note="自己办")
        assert (page.status, "提出更正的人不能自己复核" in page.text) == (403, True)
    own = await begin(await second(scene), scene.account.id)
    assert "还没有实名注册" in own.text
    with pytest.raises(Exception, match="correction_second"):
        await Correction.filter(id=correction.id).update(state="done", ended_at=deps.now(), ended_by=scene.account.id)


async def test_a_refusal_changes_nothing_and_says_why(scene: Scene, deps: Deps) -> None:
    _, expert = await member(deps)
    await begin(scene, expert.id)
    assert "已有一项" in (await begin(scene, expert.id)).text
    other = await (await second(scene)).at(f"/office/people/{expert.id}")
    await other.press("不通过更正姓名、身份证号", note=" ")
    assert "请填写不同意的原因" in other.text
    await other.press("不通过更正姓名、身份证号", note="照片看不清")
    assert ("照片看不清" in other.text, (await Expert.get(id=expert.id)).name) == (True, expert.name)
    await other.post(other.path, {})
    assert (await Correction.get(kind="identity")).state == "refused"


async def test_a_register_that_is_wrong_bars_no_more_once_two_have_seen_the_card(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps, identity_verification="differs", real_name="欧阳锋")
    page = await scene.at(f"/office/people/{expert.id}")
    await post(page, page.path, command="verify", reason="本人称无误")
    assert (await Account.get(id=account.id)).identity_verification == "waiting"
    await Account.filter(id=account.id).update(identity_verification="differs", identity_verification_due_at=None)
    page = await begin(scene, expert.id, name="欧阳锋", id_number="", reason="证件无误，登记系统有误")
    other = await (await second(scene)).at(f"/office/people/{expert.id}")
    await other.press("通过更正姓名、身份证号")
    assert (await Account.get(id=account.id)).identity_verification == ""


async def test_a_number_that_stays_is_shown_to_nobody(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps, identity_verification="matched")
    number = deps.keys.open_text(account.id_number_sealed, "id_number")
    await begin(scene, expert.id, id_number="")
    other = await (await second(scene)).at(f"/office/people/{expert.id}")
    assert (f"姓名{NAME}" in other.text, number in other.text) == (True, False)
    await other.press("通过更正姓名、身份证号")
    account = await Account.get(id=account.id)
    assert (account.real_name, account.id_number_hash) == (NAME, deps.keys.lookup_hash("id_number", number))


async def test_refusals_stand_beside_their_fields(scene: Scene, deps: Deps) -> None:
    _, expert = await member(deps, real_name="欧阳锋")
    other = await make_expert(deps, name="洪七公")
    path = f"/office/people/{expert.id}"
    page = await send(await scene.at(path), path, command="identity", name="1", id_number="123", reason="")
    assert set(await wrong_fields(page)) == {"name", "id_number", "reason-identity", "file-identity"}
    taken = deps.keys.open_text(other.id_number_sealed, "id_number")
    page = await begin(scene, expert.id, id_number=taken)
    assert (page.status, "合并账号" in page.text) == (409, True)
    assert (await begin(scene, expert.id, name=expert.name, id_number="")).status == 409
    assert not await Correction.exists()


async def test_an_applicant_without_a_file_is_corrected_too(scene: Scene, deps: Deps) -> None:
    account, expert = await member(deps)
    await Expert.filter(id=expert.id).update(account_id=None)
    await begin(scene, account.id)
    other = await (await second(scene)).at(f"/office/people/{account.id}")
    await other.press("通过更正姓名、身份证号")
    assert (await Account.get(id=account.id)).real_name == NAME


async def test_who_became_administrator_since_confirms_nothing(scene: Scene, deps: Deps) -> None:
    _, expert = await member(deps)
    await begin(scene, expert.id)
    other = await second(scene)
    await RoleGrant.filter(account_id=other.account.id).update(granted_at=deps.now() + timedelta(seconds=1))
    page = await other.at(f"/office/people/{expert.id}")
    await page.press("通过更正姓名、身份证号")
    assert (page.status, "之后才成为管理员" in page.text) == (403, True)
    assert (await Expert.get(id=expert.id)).name == expert.name


async def test_an_expert_who_never_logged_in_is_corrected_too(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    await begin(scene, expert.id)
    other = await (await second(scene)).at(f"/office/people/{expert.id}")
    await other.press("通过更正姓名、身份证号")
    assert (await Expert.get(id=expert.id)).name == NAME
