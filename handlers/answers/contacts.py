"""Answers to who wants a person: the telephone, feedback, appeals; and small talk."""

from __future__ import annotations

import re
from collections.abc import Mapping
from uuid import UUID

from bot.replies import shorten
from bot.router import Answer, Handler
from bot.turn import Turn
from domain.applications.lifecycles import ApplicationState
from domain.chat_links import link
from domain.clock import print_date
from domain.errors import InvalidInput
from handlers import commands, complaints, helpdesk, people, pools, texts, welcome, wording
from services.applications import Progress
from services.core.base import Actor
from services.exams import OwnExam, OwnResult
from services.sanctions import OwnSanction

# ---- people to talk to

_CALL = "请拨打{hotline}，由工作人员接听；这里是自动回复，没有人工在线打字。"
_OTHER_NUMBERS = "其他电话：{numbers}"
_VISIT = "想当面咨询的，请先打电话问地址和时间。"

# ---- small talk

_WELCOME = "不客气，有需要随时发消息。"
_THANKS_FOR_WISHES = "谢谢您的祝福，也祝您一切顺利。"
_THANKS = re.compile(
    "谢|收到|再见|拜拜|晚安|辛苦|知道了|晓得了|明白|懂了|清楚了|了解了|弄好了|解决了|搞定|没事了|没什么事|没别的事|没有别的事|麻烦您"
)
_WISHES = re.compile("祝|快乐|安康|拜年|拜个.?年|新年好")
_CALLS_SOMEBODY = re.compile("在吗|在么|在不|有人|在听|忙吗")

# ---- feedback

_BIND_TO_WRITE = "意见和建议会转给专家库管理机构，答复会发到这里。请先绑定身份，再点“意见反馈”："
_NO_FEEDBACK_YET = "您还没有提过意见。请点“意见反馈”写下来："
_FEEDBACK_ANSWERED = "您{at}提的意见已有答复：\n“{text}”\n答复：{answer}"
_FEEDBACK_OPEN = "您{at}提的意见已经收到，还没有答复，答复会发到这里：\n“{text}”"
_FEEDBACK_PAGE = "我的意见和答复"
_OWN_FEEDBACK = re.compile("采纳|回音|答复了|回复了|上次提的|我提的")
_WHERE_TO_WRITE = re.compile("哪|怎么|怎样|如何|咋|入口|邮箱|有没有.{0,4}箱")
_NO_CONTENT = re.compile(
    "建[议意仪]|意见|反馈|想法|改进|表扬信?|点个?赞|好评|五星|锦旗|提|写|送|给|对|有|想|要|请问|我|你们|恁|俺|老师|中不中|"
    "公众号|小程序|开发人员|工作人员|产品经理|参考|一个人|几[条点]|[个点小一下些的吧呢啊]"
)
_CONTENT_MIN = 3
"""Characters besides words that only announce feedback."""
_LONG = 20
"""A longer sentence says something even if it asks where to write."""

# ---- appeals

_APPEAL_OPEN = "您可以对“{title}”申诉一次，{until}前有效，由没有经手的工作人员答复。处理原因：{reason}"
_APPEAL_WAITS = "您对“{title}”的申诉正在办理，结果会通知您。"
_APPEAL_ANSWERED = "您对“{title}”的申诉已有答复：{reply}。每项处理只能申诉一次，仍有疑问请拨打{hotline}。"
_APPEAL_TOO_LATE = "“{title}”的申诉期限已过，有疑问请拨打{hotline}。处理原因：{reason}"
_REFUSED = "您的申请{number}未通过。{opinion}认为审核有误的，请拨打{ask}，由管理机构核实，属实的可以重新受理。"
_SENT_BACK = "您的申请{number}是退回修改，没有拒绝，改好后再提交会重新审核。{opinion}不同意审核意见的，请拨打{ask}。"
_OPINION = "审核意见：{opinion}。"
_APPLICATION_PAGE = "查看申请"
_SCORE_OPEN = "您的“{name}”成绩可以申请复核，{until}前有效。"
_SCORE_WAITS = "您的“{name}”成绩复核正在办理，答复会通知您。"
_SCORE_ANSWERED = "您的“{name}”成绩复核已有答复：{answer}。仍有疑问请拨打{hotline}。"
_SCORE_TOO_LATE = "您的“{name}”成绩已过申请复核的时间，有疑问请拨打{hotline}。"
_SCORE_PAGE = "查看成绩"
_NO_POINTS = (
    "专家库不记分，也没有评分排名，代理机构不在这里给专家打分。评标、请假、缺席等记录在我的档案的履职记录，"
    "有误的请拨打{hotline}核实更正。"
)
_FILE_PAGE = "我的档案"
_NOTHING_TO_APPEAL = "目前没有对您的处理，也没有未通过的申请，所以没有可以申诉的。有疑问请拨打{hotline}。"
_POINTS = re.compile("扣.{0,4}分|打.{0,3}分|这分|评价|考核|缺席|迟到|履职|记录")
_TEXT_BYTES = 500
"""Bytes of a reason, an opinion or a reply."""


async def name_people(turn: Turn) -> str:
    """The hotline, first; further numbers, hours, and how to write instead."""
    book = turn.services.deps.book(turn.user.pool)
    others = "；".join(line for line in book.help.hotlines if book.pool.hotline not in line)
    lines = [_CALL.format(hotline=book.pool.hotline)]
    lines += [_OTHER_NUMBERS.format(numbers=others)] if others else []
    lines += [texts.HOURS.format(hours=book.help.hours)] if book.help.hours else []
    lines += [regions] if (regions := await helpdesk.regions_text(turn)) else []
    lines += [_VISIT, *([welcome.WRITE_INSTEAD] if book.help.feedback else [])]
    words = [commands.FEEDBACK, commands.COMPLAINT] if book.help.feedback else []
    words += [commands.WORK] if turn.user.bound and people.may_work(turn) else []
    return "\n".join([*lines, commands.tap_lines(*words, commands.GUIDE)])


async def greet(turn: Turn) -> Answer:
    """Thanks, a farewell and wishes get a line; any other greeting the menu."""
    text = turn.message.text
    if _CALLS_SOMEBODY.search(text):
        return await welcome.show_menu(turn)
    if _WISHES.search(text):
        return _THANKS_FOR_WISHES
    return _WELCOME if _THANKS.search(text) else await welcome.show_menu(turn)


# ---- feedback


async def take_feedback(turn: Turn) -> Answer:
    """The sentence itself where it says something. Raises RuleViolation where the pool takes no feedback."""
    turn.services.notifications.helpdesk.check_open(turn.user.pool)
    if turn.user.account_id is None:
        return f"{_BIND_TO_WRITE}\n{commands.tap_lines(commands.BIND, commands.FEEDBACK)}"
    text = turn.message.text
    if _OWN_FEEDBACK.search(text):
        return await _newest_feedback(turn)
    if not says_something(text):
        return helpdesk.pass_on_feedback.start("")
    try:
        return helpdesk.pass_on_feedback.start(helpdesk.feedback_text(text))
    except InvalidInput:
        return helpdesk.pass_on_feedback.start("")


def says_something(sentence: str) -> bool:
    """False for a sentence that only announces feedback, or asks where it is written."""
    if _WHERE_TO_WRITE.search(sentence) and len(sentence) < _LONG:
        return False
    return len(re.sub(r"\W", "", _NO_CONTENT.sub("", sentence))) >= _CONTENT_MIN


async def _newest_feedback(turn: Turn) -> str:
    me = Actor(turn.user.pool, "guest", turn.user.account_id)
    own = await turn.services.notifications.helpdesk_queries.list_own(me)
    if not own:
        return f"{_NO_FEEDBACK_YET}\n{commands.tap_lines(commands.FEEDBACK)}"
    newest = await turn.services.notifications.helpdesk_queries.get_own(me, own[0].id)
    template = _FEEDBACK_ANSWERED if newest.answer else _FEEDBACK_OPEN
    line = newest.line
    answer = template.format(
        at=print_date(line.created_at), text=_shown(line.text), answer=wording.plain_text(newest.answer)
    )
    page = pools.page_line(turn, _FEEDBACK_PAGE, f"feedback/{line.id}")
    return f"{answer}\n{page}\n{commands.tap_lines(commands.MY_FEEDBACK, commands.FEEDBACK)}"


# ---- appeals


async def take_complaint(turn: Turn) -> Answer:
    """Raises Forbidden for a closed account."""
    return await complaints.begin_with_sentence(turn, turn.message.text)


async def begin_appeal(turn: Turn) -> Answer:
    """Begin the appeal that is open to this person, else say what became of it.

    Raises Forbidden for a closed account.
    """
    account_id = turn.user.account_id
    if account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    is_expert = people.find_expert(turn) is not None
    me = Actor(turn.user.pool, "expert" if is_expert else "applicant", account_id)
    sanctions = [each for each in await turn.services.sanctions.queries.own(me) if each.lifted_at is None]
    if live := [each for each in sanctions if each.appeal_until or _waits(each)]:
        return _answer_on_sanction(turn, live[0])
    if is_expert and _POINTS.search(turn.message.text):
        page = pools.page_line(turn, _FILE_PAGE, "file")
        taps = commands.tap_lines(commands.COMPLAINT, commands.MENU)
        return f"{_NO_POINTS.format(hotline=pools.hotline(turn))}\n{page}\n{taps}"
    if answer := await _answer_on_decision(turn, me, account_id):
        return answer
    if sanctions:
        return _answer_on_sanction(turn, sanctions[0])
    nothing = _NOTHING_TO_APPEAL.format(hotline=pools.hotline(turn))
    return f"{nothing}\n{commands.tap_lines(commands.COMPLAINT, commands.STATUS, commands.PROGRESS)}"


def _waits(sanction: OwnSanction) -> bool:
    return sanction.appealed_at is not None and not sanction.reply


def _answer_on_sanction(turn: Turn, sanction: OwnSanction) -> Answer:
    """Of one that can be appealed, the beginning of the appeal."""
    page = pools.page_line(turn, texts.SANCTIONS_PAGE, "sanctions")
    if sanction.appeal_until is not None:
        text = _APPEAL_OPEN
    elif sanction.appealed_at is None:
        text = _APPEAL_TOO_LATE
    else:
        text = _APPEAL_ANSWERED if sanction.reply else _APPEAL_WAITS
    answer = text.format(
        title=sanction.title,
        until=print_date(sanction.appeal_until) if sanction.appeal_until else "",
        reason=_shown(sanction.reason),
        reply=_shown(sanction.reply),
        hotline=pools.hotline(turn),
    )
    if sanction.appeal_until is not None:
        return complaints.appeal_sanction.start(sanction.id, answer, sanction.title)
    return f"{answer}\n{page}\n{commands.tap_lines(commands.STATUS, commands.COMPLAINT)}"


async def _answer_on_decision(turn: Turn, me: Actor, account_id: UUID) -> str:
    """On a result that can be reviewed, else on an application, else on a result that can't; empty without any."""
    scored = await _find_failed_exam(turn, me)
    if scored is not None and (scored[1].appeal_until or scored[1].appeal == "open"):
        return _answer_on_score(turn, *scored)
    for application in await turn.services.applications.to_dos.progress(account_id):
        if application.state in (ApplicationState.REFUSED, ApplicationState.SENT_BACK):
            return _answer_on_application(turn, application)
    return _answer_on_score(turn, *scored) if scored is not None else ""


def _answer_on_application(turn: Turn, application: Progress) -> str:
    text = _REFUSED if application.state == ApplicationState.REFUSED else _SENT_BACK
    opinion = _OPINION.format(opinion=_shown(application.opinion)) if application.opinion else ""
    answer = text.format(number=application.number, opinion=opinion, ask=wording.plain_text(application.ask))
    page = f"▸ {link(_APPLICATION_PAGE, turn.services.deps.public_url + application.page)}"
    return f"{answer}\n{page}\n{commands.tap_lines(commands.PROGRESS, commands.COMPLAINT)}"


async def _find_failed_exam(turn: Turn, me: Actor) -> tuple[OwnExam, OwnResult] | None:
    """The newest examination with a released result, unless that was good enough."""
    if turn.user.person is not None and not turn.user.person.sits:
        return None
    exams = await turn.services.exams.own_exams.list(me)
    for exam in sorted(exams, key=lambda each: each.starts_at, reverse=True):
        if results := await turn.services.exams.scores.own(me, exam.candidate_id):
            return None if results[-1].passed else (exam, results[-1])
    return None


def _answer_on_score(turn: Turn, exam: OwnExam, result: OwnResult) -> str:
    if result.appeal == "open":
        text = _SCORE_WAITS
    elif result.appeal:
        text = _SCORE_ANSWERED
    else:
        text = _SCORE_OPEN if result.appeal_until else _SCORE_TOO_LATE
    until = print_date(result.appeal_until) if result.appeal_until else ""
    answer = text.format(
        name=wording.plain_text(exam.name), until=until, answer=_shown(result.answer), hotline=pools.hotline(turn)
    )
    page = f"▸ {link(_SCORE_PAGE, turn.services.deps.public_url + exam.path)}"
    return f"{answer}\n{page}\n{commands.tap_lines(commands.EXAM, commands.COMPLAINT)}"


def _shown(text: str) -> str:
    """Another person's words within a sentence."""
    return shorten(wording.plain_text(text), _TEXT_BYTES).rstrip("。")


ANSWERS: Mapping[str, Handler] = {
    "appeal": begin_appeal,
    "complaint": take_complaint,
    "feedback": take_feedback,
    "greeting": greet,
    "human": name_people,
}
