"""Answers about studying courses, and about certificates, which follow from courses and examinations."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Answer, Handler
from bot.turn import Turn
from domain.applications.lifecycles import ApplicationState
from domain.chat_links import link
from domain.clock import print_until
from domain.rulebook.courses import CourseRules
from domain.rulebook.reading import print_length
from handlers import certificates, commands, courses, people, texts, wording
from services.core.base import Actor
from services.courses import EnrolmentView, ItemView

NOT_OFFERED = "本专家库没有网上课程。有培训安排时会通知您，培训资料在“资料下载”。"
READ_BEFORE_EXAM = "考试前可以先看培训资料。"
STUDY_HOW = (
    "在手机或电脑打开下面的课程即可学习，进度自动保存，可以分次学；每门课的全部内容都要学完。"
    "学时、内容，以及面授和直播的时间、地点，都在课程页里。"
)
GUEST_STUDY = "培训安排后会通知本人，在手机或电脑打开课程即可学习，可以分次学。看自己的课程，"
OPENS_AFTER_PAYING = "待缴费的课程，缴费到账{after}后开通。"
ENROL = "{title}：{detail}"
ENROL_PAGE = "去报名"

STILL_TO_STUDY = "“{name}”已学{percent}%，还没学完："
ITEM = "{position}. {title}"
ALL_ITEMS_SHOWN = "“{name}”已学{percent}%，下面的页面可以看到每一节的进度："
PLAYER_RULES = (
    "首次学习不能拖动快进，看过的可以回看，只能用页面上的速度。"
    "切到后台、锁屏会暂停，同时只能在一处学习，以最后打开的为准。"
)
PRESENCE = "视频停下来询问是否在学习时，点确认才继续计时。"
PLAYER_TROUBLE = "断网恢复后会自动补报；视频放不出的，请用微信直接打开，刷新或换网络重试。"
STILL_WRONG = "仍不对的请拨打{hotline}，说明课程和第几节。"
STATES = {
    "unpaid": "“{name}”还没有缴费，到账后才能学习。",
    "ahead": "“{name}”还没到时间，{opens}起可以学习。",
    "learned": "“{name}”的内容已全部学完，考试合格后才显示培训完毕。",
    "finished": "“{name}”已培训完毕，不用再学。",
    "over": "“{name}”的学习时间已结束，不再记进度。能否补学，请看课程页。",
    "excluded": "“{name}”没有按时完成，已暂停抽取，补学完成后恢复。能否补学，请看课程页。",
    "left": "您已不再参加“{name}”。",
}

ELECTRONIC = "电子证书带核验二维码，可以重复下载图片、PDF或发到邮箱。系统不发纸质证书。"
GUEST_CERTIFICATE = "证书颁发后会通知本人，可以重复下载。看自己的证书，"
PROOF_OF_MEMBERSHIP = "需要证明在库身份的，可以打印个人信息表。纸质专家证、聘书的发放和补办，请拨打{hotline}。"
INFORMATION_SHEET = "打印个人信息表"

_ITEMS_SHOWN = 2
_TITLE_SHOWN = 30
"""Characters of an item's title."""


async def _tell_how_to_study(turn: Turn) -> Answer:
    rules = turn.services.deps.book(turn.user.pool).course
    if not rules.offered:
        return _not_offered(turn)
    if not turn.user.bound:
        return f"{GUEST_STUDY}{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    own = await courses.find_own_courses(turn, turn.user.account_id)
    if not own:
        return await _explain_no_course(turn)
    lines = [STUDY_HOW]
    if any(course.phase == "unpaid" for course in own):
        lines.append(_opening_text(rules))
    return "\n\n".join(["\n".join(lines), *courses.course_blocks(turn, own), commands.tap_lines(commands.COURSES)])


def _opening_text(rules: CourseRules) -> str:
    return OPENS_AFTER_PAYING.format(after=print_length(rules.access_after) if rules.access_after else "")


def _not_offered(turn: Turn) -> str:
    examined = "exam" in turn.services.deps.book(turn.user.pool).entry.stages
    taps = commands.tap_lines(commands.MATERIALS, commands.PROGRESS)
    return f"{NOT_OFFERED}{READ_BEFORE_EXAM if examined else ''}\n{taps}"


async def _explain_no_course(turn: Turn) -> str:
    """What an applicant waits for; to an expert the enrolment that is open now."""
    account_id, pool = turn.user.account_id, turn.user.pool
    if account_id is None:
        return f"{texts.NO_COURSE}\n{commands.tap_lines(commands.BIND)}"
    home = await turn.services.applications.to_dos.home(pool, account_id)
    for item in home.to_do:
        if item.code == "apply_education":
            lines = [texts.NO_COURSE, ENROL.format(title=item.title, detail=item.detail)]
            if item.route:
                lines.append(f"▸ {link(ENROL_PAGE, f'{turn.services.deps.public_url}{item.route}')}")
            return "\n".join([*lines, commands.tap_lines(commands.MATERIALS)])
    waits = [each.advice for each in home.progress if each.state in (ApplicationState.FEE, ApplicationState.EXAM)]
    lines = [texts.NO_COURSE, *(texts.PROGRESS_NEXT.format(advice=wording.plain_text(advice)) for advice in waits[:1])]
    return "\n".join([*lines, commands.tap_lines(commands.MATERIALS, commands.PROGRESS)])


async def _tell_progress(turn: Turn) -> Answer:
    if not turn.services.deps.book(turn.user.pool).course.offered:
        return _not_offered(turn)
    if not turn.user.bound:
        return f"{PLAYER_TROUBLE}\n{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    own = await courses.find_own_courses(turn, turn.user.account_id)
    if not own:
        return await _explain_no_course(turn)
    course = min(own, key=lambda each: (each.phase != "open", not courses.is_unfinished(each)))
    if course.phase == "open":
        return "\n".join([*await _progress_lines(turn, course), *_player_lines(turn)])
    opens = print_until(course.opens_at, turn.services.deps.now())
    text = STATES[course.phase].format(name=wording.plain_text(course.name), opens=opens)
    taps = [commands.PAY] if course.phase == "unpaid" else []
    taps += [commands.EXAM] if course.candidate_id is not None else []
    return "\n".join([text, courses.course_link(turn, course), commands.tap_lines(*taps, commands.COURSES)])


async def _progress_lines(turn: Turn, course: EnrolmentView) -> list[str]:
    """The percentage, and the first items that are not done, each with its link."""
    actor = Actor(turn.user.pool, "applicant", turn.user.account_id)
    view, items = await turn.services.courses.queries.get(actor, course.id)
    missing = [item for item in items if item.done_at is None]
    head = STILL_TO_STUDY if missing else ALL_ITEMS_SHOWN
    head = head.format(name=wording.plain_text(view.name), percent=view.progress // 10)
    links = [_item_link(turn, course, item) for item in missing[:_ITEMS_SHOWN]]
    return [head, *(links or [courses.course_link(turn, course)])]


def _item_link(turn: Turn, course: EnrolmentView, item: ItemView) -> str:
    label = ITEM.format(position=item.position, title=wording.plain_text(item.title)[:_TITLE_SHOWN])
    return f"▸ {link(label, f'{courses.course_page(turn, course)}/items/{item.id}')}"


def _player_lines(turn: Turn) -> list[str]:
    book = turn.services.deps.book(turn.user.pool)
    presence = PRESENCE if book.course.presence_every else ""
    return [f"{PLAYER_RULES}{presence}", PLAYER_TROUBLE, STILL_WRONG.format(hotline=book.pool.hotline)]


async def _tell_certificates(turn: Turn) -> Answer:
    book = turn.services.deps.book(turn.user.pool)
    if not turn.user.bound:
        text = GUEST_CERTIFICATE if book.certificate.issued else f"{texts.NO_CERTIFICATES_HERE}\n"
        return f"{text}{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    own = await certificates.find_own_certificates(turn)
    if own:
        return f"{certificates.certificate_links(turn, own)}\n{ELECTRONIC}"
    lines = await certificates.explain_none(turn)
    if people.find_expert(turn) is None:
        return "\n".join([*lines, commands.tap_lines(commands.PROGRESS)])
    sheet = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/papers/information"
    proof = PROOF_OF_MEMBERSHIP.format(hotline=book.pool.hotline)
    return "\n".join([*lines, proof, f"▸ {link(INFORMATION_SHEET, sheet)}"])


ANSWERS: Mapping[str, Handler] = {
    "study_how": _tell_how_to_study,
    "study_progress": _tell_progress,
    "certificate_get": _tell_certificates,
}
