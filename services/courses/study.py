"""Study (学习): reports of played video, viewed pages, and sign-ins at lectures.

Only time within the service's own clock counts, once each; see ``domain.courses.watching``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.clock import print_time
from domain.courses.access import access
from domain.courses.lifecycles import CourseState, EnrolmentState
from domain.courses.watching import (
    UNREPORTED_MAX,
    Beat,
    Interval,
    credit,
    first_gap,
    is_complete,
    jump_limit,
    merge,
    seconds,
)
from domain.errors import Conflict, InvalidInput
from domain.rulebook.courses import CourseRules
from models.courses import Course, CourseEnrolment, CourseItem, CourseStudy
from services.core.base import Actor, Deps, execute, record, transaction
from services.core.limits import HOUR, advisory_lock, check_recent
from services.core.permissions import check
from services.courses.completion import ALL, CourseCompletion
from services.courses.lectures import is_code_valid, time_of
from services.courses.repository import get_item, get_own_enrolment, lock_enrolment, rules_of

_CODES_PER_HOUR = 10
_OTHER_PLAYERS = """
UPDATE course_study s SET beat_at = NULL FROM course_enrolment n
WHERE n.id = s.enrolment_id AND n.account_id = $1 AND s.id <> $2 AND s.beat_at IS NOT NULL
"""
_CLOSED = {
    "unpaid": "请先缴费，到账后按通知的时间学习。",
    "ahead": "学习还没有开始，请在开始时间后打开。",
    "over": "学习时间已结束；如可补学，请按通知办理。",
    "left": "您不再参加这门课程，如有疑问请拨打{hotline}。",
}


@dataclass(frozen=True)
class StudyView:
    """Progress of an item. ``player`` numbers this opening; ``reach`` is the last second or page that may be jumped to,
    ``gap`` the first second that was not watched, or page that was not read (0: all were).

    ``asked``: a presence check waits for its answer.
    """

    player: int
    position: int
    seconds: int
    reach: int
    gap: int
    asked: bool
    done: bool
    progress: int


@dataclass(frozen=True)
class Study:
    deps: Deps
    completion: CourseCompletion

    async def open_item(self, actor: Actor, enrolment_id: UUID, item_id: UUID) -> StudyView:
        """Begin or continue an item; the item that this person had open before stops counting. Raises NotFound,
        Conflict."""
        check(actor, "course.own")
        now = self.deps.now()
        async with transaction():
            # before the enrolment: two courses opened at once would not see each other's player
            await advisory_lock(f"course.player:{actor.account_id}")
            course, enrolment, item = await self._lock_open_item(actor, enrolment_id, item_id, now)
            defaults = {"next_question": _next_question(rules_of(course), 0) if item.kind == "video" else None}
            study, _ = await CourseStudy.get_or_create(defaults, enrolment_id=enrolment.id, item_id=item.id)
            # numbers start again at 1 before the column, a smallint, is full
            study.player, study.beat_at = study.player % 30_000 + 1, now
            await study.save(update_fields=["player", "beat_at"])
            await execute(_OTHER_PLAYERS, actor.account_id, study.id)
            return _view(course, enrolment, item, study)

    async def record_beat(
        self, actor: Actor, enrolment_id: UUID, item_id: UUID, *, player: int, start: int, end: int, rate: float
    ) -> StudyView:
        """Record that a video played ``[start, end)`` since the last report. Raises Conflict for a player that was
        replaced."""
        check(actor, "course.own")
        now = self.deps.now()
        async with transaction():
            course, enrolment, item = await self._lock_open_item(actor, enrolment_id, item_id, now)
            rules, study = rules_of(course), await _get_running_study(enrolment.id, item.id, player)
            if rate not in rules.rates:
                raise InvalidInput("不支持这个播放速度，请选择页面上的速度。", code="rate", field="rate")
            if item.kind == "video" and study.asked_at is None:
                _credit_beat(item, study, Beat(start, end, rate, _seconds_unaccounted(study, now)), rules, now)
            await study.save()
            await self._update_progress(course, enrolment, study, now)
            return _view(course, enrolment, item, study)

    async def confirm_presence(self, actor: Actor, enrolment_id: UUID, item_id: UUID, *, player: int) -> StudyView:
        """Confirm presence. A late answer is recorded; the video was paused meanwhile."""
        check(actor, "course.own")
        now = self.deps.now()
        async with transaction():
            course, enrolment, item = await self._lock_open_item(actor, enrolment_id, item_id, now)
            rules, study = rules_of(course), await _get_running_study(enrolment.id, item.id, player)
            if study.asked_at is not None:
                study.missed += int(now - study.asked_at > rules.presence_answer)
                study.asked_at, study.next_question = None, _next_question(rules, study.position)
            study.beat_at = now
            await study.save()
            return _view(course, enrolment, item, study)

    async def see_page(self, actor: Actor, enrolment_id: UUID, item_id: UUID, *, player: int, page: int) -> StudyView:
        """Record that a page (from 1) was in view since the last report; it counts once this was long enough. A report
        that comes too early changes nothing."""
        check(actor, "course.own")
        now = self.deps.now()
        async with transaction():
            course, enrolment, item = await self._lock_open_item(actor, enrolment_id, item_id, now)
            rules, study = rules_of(course), await _get_running_study(enrolment.id, item.id, player)
            if item.kind != "pages" or not 1 <= page <= len(item.pages):
                raise InvalidInput("没有这一页，请刷新后重试。", code="no_page", field="page")
            if page not in study.watched and _seconds_unaccounted(study, now) >= rules.page_seconds:
                study.watched = sorted([*study.watched, page])
                # one page's time may be left, since one report may come late and the next in time
                _account_for(study, rules.page_seconds, now, rules.page_seconds)
            study.seconds = len(study.watched) * rules.page_seconds
            study.position = page
            if len(study.watched) == len(item.pages):
                study.done_at = study.done_at or now
            await study.save()
            await self._update_progress(course, enrolment, study, now)
            return _view(course, enrolment, item, study)

    async def sign_in(self, actor: Actor, enrolment_id: UUID, item_id: UUID, code: str) -> StudyView:
        """Sign in at a lecture, with the code shown there within ``course.lecture_code_valid``.

        Raises Conflict outside its time, InvalidInput for a wrong code, TooMany after several of them, also for the
        right one: it could be found by trying otherwise.
        """
        check(actor, "course.own")
        now = self.deps.now()
        async with transaction():
            course, enrolment, item = await self._lock_open_item(actor, enrolment_id, item_id, now)
            _check_sign_in_time(item, now, self.deps.book(course.pool).pool.hotline)
            study, _ = await CourseStudy.get_or_create(enrolment_id=enrolment.id, item_id=item.id)
            if study.done_at is not None:
                return _view(course, enrolment, item, study)
            await self._check_wrong_codes(actor, now)
            if is_code_valid(self.deps.keys, item.id, code, now, rules_of(course).lecture_code_valid):
                study.done_at, study.seconds = now, item.seconds
                await study.save()
                await self._update_progress(course, enrolment, study, now)
                await record(actor, now, "course.sign_in", "course_enrolment", enrolment.id, item=str(item.id))
                return _view(course, enrolment, item, study)
            await record(actor, now, "course.wrong_code", "account", actor.account_id)
        # after the transaction, which counts the try
        raise InvalidInput("签到码不正确或已更新，请填写现场或直播画面上现在的数字。", code="code_wrong", field="code")

    # ---- helpers

    async def _check_wrong_codes(self, actor: Actor, now: datetime) -> None:
        assert actor.account_id is not None  # noqa: S101  # participants have accounts
        await check_recent(
            "course.wrong_code",
            actor.account_id,
            limit=_CODES_PER_HOUR,
            period=HOUR,
            now=now,
            message="签到码错误次数过多",
        )

    async def _lock_open_item(
        self, actor: Actor, enrolment_id: UUID, item_id: UUID, now: datetime
    ) -> tuple[Course, CourseEnrolment, CourseItem]:
        """An item that may be studied now, the enrolment locked. Raises NotFound, Conflict with what to do."""
        await get_own_enrolment(actor, enrolment_id)
        enrolment = await lock_enrolment(enrolment_id)
        course = await Course.get(id=enrolment.course_id)
        item = await get_item(course.id, item_id)
        study_access = access(EnrolmentState(enrolment.state), enrolment.opens_at, enrolment.closes_at, now)
        if course.state == CourseState.CANCELLED:
            raise Conflict("这门课程已取消，不能再学习。", code="course_cancelled")
        if study_access != "open":
            hotline = self.deps.book(course.pool).pool.hotline
            raise Conflict(_CLOSED[study_access].format(hotline=hotline), code=f"study_{study_access}")
        return course, enrolment, item

    async def _update_progress(
        self, course: Course, enrolment: CourseEnrolment, study: CourseStudy, now: datetime
    ) -> None:
        """Update the course's progress after this item's; completes it when everything is done, but not before its
        last lecture has ended (``learn_due``)."""
        if enrolment.state != EnrolmentState.CALLED:
            return
        items = await CourseItem.filter(course_id=course.id)
        studies = {item_study.item_id: item_study for item_study in await CourseStudy.filter(enrolment_id=enrolment.id)}
        studies[study.item_id] = study
        progress = progress_of(items, list(studies.values()), rules_of(course))
        if progress != enrolment.progress:
            enrolment.progress = progress
            await enrolment.save(update_fields=["progress"])
        if progress == ALL and not any(item.ends_at is not None and item.ends_at > now for item in items):
            await self.completion.apply_studied(course, enrolment, now)


def progress_of(items: Sequence[CourseItem], studies: Sequence[CourseStudy], rules: CourseRules) -> int:
    """Thousandths, each item weighted by its length; a done item counts fully. ``ALL`` only when all are done."""
    lengths = {item.id: _length(item, rules) for item in items}
    total = sum(lengths.values())
    studied = sum(lengths[s.item_id] if s.done_at else min(s.seconds, lengths[s.item_id]) for s in studies)
    if not total:
        return 0
    whole = {s.item_id for s in studies if s.done_at} == set(lengths)
    return ALL if whole else min(ALL - 1, studied * ALL // total)


def _length(item: CourseItem, rules: CourseRules) -> int:
    return max(1, len(item.pages) * rules.page_seconds if item.kind == "pages" else item.seconds)


async def _get_running_study(enrolment_id: UUID, item_id: UUID, player: int) -> CourseStudy:
    study = await CourseStudy.get_or_none(enrolment_id=enrolment_id, item_id=item_id)
    if study is None or study.player != player or study.beat_at is None:
        raise Conflict("您已在其他页面或设备继续学习，本页不再计时。", code="other_player")
    return study


def _seconds_unaccounted(study: CourseStudy, now: datetime) -> float:
    return (now - study.beat_at).total_seconds() if study.beat_at else 0.0


def _account_for(study: CourseStudy, used: float, now: datetime, most: float) -> None:
    """Take ``used`` seconds off the time that reports can claim, of which up to ``most`` are left for later ones."""
    left = min(max(0.0, _seconds_unaccounted(study, now) - used), most)
    study.beat_at = now - timedelta(seconds=left)


def _credit_beat(item: CourseItem, study: CourseStudy, beat: Beat, rules: CourseRules, now: datetime) -> None:
    ahead = int(rules.seek_ahead.total_seconds())
    watched: Sequence[Interval] = [(start, end) for start, end in study.watched]
    worth = credit(watched, beat, item.seconds, ahead, study.next_question)
    merged = merge(watched, worth)
    study.watched, study.seconds = [list(interval) for interval in merged], seconds(merged)
    if worth[1] > worth[0]:
        study.position = worth[1]
    _account_for(study, (worth[1] - worth[0]) / beat.rate, now, UNREPORTED_MAX)
    if is_complete(merged, item.seconds):
        study.done_at = study.done_at or now
    elif study.next_question is not None and max(study.position, beat.start) >= study.next_question:
        study.asked_at = now


def _next_question(rules: CourseRules, position: int) -> int | None:
    every = int(rules.presence_every.total_seconds())
    return position + every if every else None


def _view(course: Course, enrolment: CourseEnrolment, item: CourseItem, study: CourseStudy) -> StudyView:
    rules = rules_of(course)
    last = len(item.pages)
    gap = next((page for page in range(1, last + 1) if page not in study.watched), 0)
    if item.kind == "video":
        gap = first_gap([(a, b) for a, b in study.watched])
        ahead = int(rules.seek_ahead.total_seconds())
        last = item.seconds if study.done_at else jump_limit([(a, b) for a, b in study.watched], item.seconds, ahead)
    return StudyView(
        player=study.player,
        position=study.position,
        seconds=study.seconds,
        reach=last,
        gap=gap,
        asked=study.asked_at is not None,
        done=study.done_at is not None,
        progress=enrolment.progress,
    )


def _check_sign_in_time(item: CourseItem, now: datetime, hotline: str) -> None:
    time = time_of(item)
    if now < time.opens:
        raise Conflict(f"签到还没有开始，{print_time(time.opens)}起可以签到。", code="too_early")
    if now > time.closes:
        raise Conflict(f"签到已结束；确实参加了的，请拨打{hotline}登记。", code="too_late")
