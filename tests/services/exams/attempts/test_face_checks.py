"""Identification before an examination: by face with consent, or by the office; forged results are refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, OutcomeUnknown, Rejected, Transient, Unavailable
from models.accounts import Account, WechatIdentity
from models.exams import ExamCandidate
from services.core.base import Actor, Deps, rows
from tests.factories.assembly import faces_of
from tests.factories.exams import own
from tests.factories.identity import FakeFaces
from tests.factories.people import make_identity
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import Room, make_room


@dataclass
class Door:
    """A candidate who is on file and bound, before an examination that asks for the face."""

    room: Room

    @property
    def faces(self) -> FakeFaces:
        return faces_of(self.room.exam_scene.services)

    async def begin(self, *, consent: bool = True) -> str:
        return (await self.room.exams.faces.begin(self.room.actor, self.room.candidate.id, consent=consent)).check

    async def finish(self, check: str) -> bool:
        return (await self.room.exams.faces.finish(self.room.actor, self.room.candidate.id, check)).passed

    async def load_candidate(self) -> ExamCandidate:
        return await ExamCandidate.get(id=self.room.candidate.id)

    async def audited_actions(self) -> list[str]:
        entries = await rows("SELECT action FROM audit_entry WHERE action LIKE 'exam.face%' ORDER BY id")
        return [row["action"] for row in entries]


async def make_door(deps: Deps, clock: FixedClock, face_check: str = "wechat") -> Door:
    exam_scene = await make_exam_scene(deps, mock=False, result="at_once", face_check=face_check)
    room = await make_room(exam_scene, clock)
    await Account.filter(id=room.candidate.account_id).update(real_name="何考生")
    await make_identity(await Account.get(id=room.candidate.account_id))
    await room.exams.attempts.accept_notice(room.actor, room.candidate.id)
    return Door(room)


@pytest.fixture
async def door(db: str, deps: Deps, clock: FixedClock) -> Door:
    return await make_door(deps, clock)


async def test_a_candidate_may_begin_only_after_passing_the_face_check(door: Door) -> None:
    start = door.room.exams.attempts.start
    with pytest.raises(Conflict, match="请先核验身份"):
        await start(door.room.actor, door.room.candidate.id)
    (shown,) = await door.room.exams.own_exams.list(door.room.actor)
    assert (shown.face_wanted, "窗口" in shown.face_other_way) == (True, True)
    assert await door.finish(await door.begin())
    candidate = await door.load_candidate()
    assert (candidate.face, candidate.face_at) == ("passed", door.room.clock.now())
    assert candidate.face_reference == door.faces.begun[0][0]
    assert door.faces.begun[0][1].name == "何考生"
    assert await door.audited_actions() == ["exam.face_consent", "exam.face_passed"]
    assert (await start(door.room.actor, door.room.candidate.id)).questions


async def test_consent_is_asked_each_time(door: Door) -> None:
    with pytest.raises(InvalidInput, match="勾选同意"):
        await door.begin(consent=False)
    door.faces.passes = False
    assert not await door.finish(await door.begin())
    with pytest.raises(InvalidInput, match="勾选同意"):
        await door.begin(consent=False)
    door.faces.passes = True
    assert await door.finish(await door.begin())
    assert await door.audited_actions() == [
        "exam.face_consent",
        "exam.face_failed",
        "exam.face_consent",
        "exam.face_passed",
    ]


async def test_what_the_phone_says_counts_for_nothing(door: Door) -> None:
    with pytest.raises(Conflict, match="还没有开始"):
        await door.finish("check-1")
    old = await door.begin()
    await door.begin()
    assert not await door.finish(old), "a check that was replaced"
    assert not await door.finish("check-9")
    with pytest.raises(Conflict, match="还没有开始"):
        await door.finish("")
    assert (await door.load_candidate()).face == ""


async def test_an_answer_that_comes_twice_changes_nothing(door: Door) -> None:
    check = await door.begin()
    assert await door.finish(check)
    first = await door.load_candidate()
    door.faces.passes = False
    assert await door.finish(check)
    with pytest.raises(Conflict, match="身份已核验"):
        await door.begin()
    again = await door.load_candidate()
    assert (again.face, again.face_at, again.face_reference) == (first.face, first.face_at, first.face_reference)
    assert (await door.audited_actions()).count("exam.face_passed") == 1


@pytest.mark.parametrize("error", [Transient("away"), OutcomeUnknown("cut")])
async def test_during_an_outage_of_the_platform_the_other_way_is_shown_and_a_retry_works(
    door: Door, error: Exception
) -> None:
    door.faces.fail = [error]
    with pytest.raises(Unavailable, match="窗口核验"):
        await door.begin()
    check = await door.begin()
    door.faces.fail = [error]
    with pytest.raises(Unavailable, match="稍后再试"):
        await door.finish(check)
    assert await door.finish(check)


async def test_a_refusal_of_the_platform_is_no_pass(door: Door) -> None:
    check = await door.begin()
    door.faces.fail = [Rejected("47003", "unknown check")]
    assert not await door.finish(check)


async def test_the_office_identifies_who_does_not_consent(door: Door) -> None:
    faces, office = door.room.exams.faces, door.room.exam_scene.office
    with pytest.raises(InvalidInput, match="核验方式"):
        await faces.identify(office, door.room.candidate.id, " ")
    himself = Actor("demo", "pool_admin", door.room.candidate.account_id)
    with pytest.raises(Forbidden, match="不能核验自己"):
        await faces.identify(himself, door.room.candidate.id, "窗口")
    with pytest.raises(Forbidden):
        await faces.identify(door.room.actor, door.room.candidate.id, "窗口")
    await faces.identify(office, door.room.candidate.id, "窗口核对身份证原件")
    candidate = await door.load_candidate()
    assert (candidate.face, candidate.face_reference) == ("other", str(office.account_id))
    assert (await door.room.exams.attempts.start(door.room.actor, door.room.candidate.id)).questions


async def test_without_wechat_or_a_number_on_file_the_face_check_is_refused(door: Door) -> None:
    await WechatIdentity.all().update(account_id=None)
    with pytest.raises(Conflict, match="先关注公众号并绑定身份"):
        await door.begin()
    nothing = {"id_number_sealed": "", "id_number_hash": None, "registered_at": None}
    await Account.filter(id=door.room.candidate.account_id).update(**nothing)
    with pytest.raises(Conflict, match="没有登记您的姓名和身份证号"):
        await door.begin()


async def test_it_is_done_shortly_before_the_start(door: Door) -> None:
    door.room.clock.move(-timedelta(minutes=11))
    with pytest.raises(Conflict, match="开考前10分钟起"):
        await door.begin()
    door.room.clock.move(timedelta(minutes=2))
    assert await door.begin()


async def test_only_the_own_check_and_only_where_the_rules_require_one(db: str, deps: Deps, clock: FixedClock) -> None:
    door = await make_door(deps, clock, "none")
    with pytest.raises(Conflict, match="不用核验"):
        await door.begin()
    with pytest.raises(Conflict, match="不用核验"):
        await door.room.exams.faces.identify(door.room.exam_scene.office, door.room.candidate.id, "窗口")
    other = await door.room.add_candidate()
    with pytest.raises(NotFound):
        await door.room.exams.faces.begin(own(other), door.room.candidate.id, consent=True)
