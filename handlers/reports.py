"""Reports (举报) to supervision, and the question after an evaluation: 有人就评标联系过您吗？

The chat itself is not anonymous, and says so: who wants to be writes on the page, whose address has no token in it.
"""

from __future__ import annotations

import re

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.clock import print_time
from domain.errors import InvalidInput
from domain.reports.codes import names_a_number
from domain.reports.lifecycles import ReportOccasion
from domain.typed_text import half_width
from handlers import commands, people, pools
from handlers.picking import MOST, PickOption, pick_option
from handlers.read_back import confirm_text
from services.core.base import Actor
from services.reports import DRAW_MAX, QUESTION, TEXT_MAX, TEXT_MIN, ReportForm, check_long

ASK_HOW = (
    "举报由本专家库的监督人受理，代理机构、评标场地和专家库管理机构都看不到。\n"
    "这里是微信，系统知道是哪个微信号在发消息，所以在这里只能实名举报。要匿名，请在网页上写，网页不认您的身份。"
)
NAMED, ANONYMOUS, NOT_NOW = "在这里实名举报", "去网页匿名举报", "不举报了"
ANONYMOUS_PAGE = (
    "请打开下面的网页写，不用登录，不保存账号、手机号、微信和网络地址。"
    "最稳妥的是把网址抄下来，用手机自带的浏览器打开：\n{address}"
)
PAGE = "打开举报网页"
FOLLOW_PAGE = "凭查询码查询举报"
FOLLOW = (
    "请在网页上凭查询码查看办理情况、回答监督人的问题、补充文件。查询码不要发到这里，丢了找不回来，可以另外提交一件。"
)
BIND_OR_PAGE = "在这里实名举报须先绑定身份；不想绑定的，请在网页上写，网页上实名、匿名都可以。"
ASK_OCCASION = "发生了什么？"
ASK_TEXT = "请写明是怎么回事：什么人、什么时候、怎么联系您、说了什么（{shortest}至{longest}字，一条消息写完）。"
ASK_DRAW = "知道是哪个抽取活动的，请写活动编号；不知道请回复“跳过”。"
ASK_SURE = "以您的姓名和手机号提交给监督人，密封保存。确认提交吗？"
YES, NO = "确认提交", "不提交"
READ_BACK = "举报内容：“{text}”\n活动编号：{draw}"
UNNAMED_DRAW = "没有写"
TAKEN = (
    "举报已提交，编号{number}，已通知监督人。\n查询码：{code}\n"
    "查询码只显示这一次，请抄下来，不要告诉别人，抄好后把这条消息删掉。凭它看办理情况、回答监督人的问题、补充图片和文件；我们不会给您发通知。"
)
NOT_TAKEN = "没有提交，什么都没有留下。"
NO_READER = "本专家库还没有受理举报的监督人，这里不收举报。{elsewhere}"
ADVICE = "请不要答应，不要收下，不要说您是否被抽取；保留录音、转账和聊天记录。"
NOTHING_ASKED = "没有要您回答的评标。要反映情况，请点“我要举报”。"
WHICH = "是哪一场评标？"
ANSWERED_NO = "谢谢，已记下：没有人就评标联系过您。"
ANSWERED_YES = "谢谢，已记下，只有监督人看得到人数，看不到是您。请写一写是怎么回事，可以匿名："
_SKIP = "跳过"
_DRAW_NUMBER = re.compile(r"[A-Za-z]{0,8}-?\d{4,}")
NUMBER_ONLY = "凭举报编号不能查询，要用提交时显示的查询码，在网页上查。"


def register(router: Router) -> None:
    router.keyword(begin_report, commands.REPORT, "举报", "匿名举报", "实名举报")
    router.keyword(follow_report, commands.FOLLOW_REPORT, "我的举报", "举报进度")
    router.remember(report)
    router.text(follow_by_number)
    router.keyword(nobody_contacted, commands.NOBODY_CONTACTED)
    router.keyword(somebody_contacted, commands.SOMEBODY_CONTACTED)
    router.remember(answer_question)


async def begin_report(turn: Turn) -> Answer:
    """Where nobody would read it, whom to tell instead, before anything is written."""
    if not await turn.services.reports.reporting.is_open(turn.user.pool):
        return f"{NO_READER.format(elsewhere=_elsewhere(turn))}\n{ADVICE}\n{commands.tap_lines(commands.HELP)}"
    if not turn.user.bound:
        return f"{BIND_OR_PAGE}\n{_pages(turn)}\n{ADVICE}{_elsewhere(turn)}\n{commands.tap_lines(commands.BIND)}"
    return report.start()


async def follow_report(turn: Turn) -> Answer:
    """The chat shows no report: it doesn't know whose it is, and a code typed here would stay in WeChat."""
    return f"{FOLLOW}\n{pools.page_line(turn, FOLLOW_PAGE, 'reports')}\n{commands.tap_lines(commands.REPORT)}"


async def follow_by_number(turn: Turn) -> Answer:
    """The number of a report, typed: it opens nothing."""
    if not names_a_number(half_width(turn.message.text)):
        return None
    return f"{NUMBER_ONLY}\n{pools.page_line(turn, FOLLOW_PAGE, 'reports')}"


@conversation(commands.REPORT, version=2)
async def report(talk: Talk) -> None:
    how = await talk.choose(
        f"{ASK_HOW}\n{pools.page_line(talk, FOLLOW_PAGE, 'reports')}",
        {NAMED: "named", ANONYMOUS: "page", NOT_NOW: "stop"},
        plain=("named", "stop"),
    )
    if how == "page":
        address = f"{talk.services.deps.public_url}/h5/{talk.user.pool}/reports/new"
        await talk.say(f"{ANONYMOUS_PAGE.format(address=address)}\n{pools.page_line(talk, PAGE, 'reports/new')}")
        return
    if how == "stop":
        await talk.say(f"{ADVICE}{_elsewhere(talk)}")
        return
    occasion = await talk.choose(ASK_OCCASION, {kind.label: kind.value for kind in ReportOccasion})
    text = await _ask_text(talk)
    draw = await talk.ask(ASK_DRAW, parse=_draw_number)
    confirmed = await confirm_text(
        talk,
        text,
        lambda shown: f"{READ_BACK.format(text=shown, draw=draw or UNNAMED_DRAW)}\n{ASK_SURE}",
        lambda: _ask_text(talk),
        longest=TEXT_MAX,
        send=YES,
        stop=NO,
    )
    if confirmed is None:
        await talk.say(NOT_TAKEN)
        return
    me = Actor(talk.user.pool, "guest", talk.user.account_id)
    form = ReportForm(occasion, confirmed, draw, named=True)
    handed = await talk.once(talk.services.reports.reporting.hand_in_own, me, form)
    await talk.say(TAKEN.format(number=handed.number, code=handed.code))
    await talk.say(f"{pools.page_line(talk, FOLLOW_PAGE, 'reports')}\n{ADVICE}")


async def _ask_text(talk: Talk) -> str:
    return await talk.ask(ASK_TEXT.format(shortest=TEXT_MIN, longest=TEXT_MAX), parse=_report_text)


async def nobody_contacted(turn: Turn) -> Answer:
    return await _begin_answer(turn, "none")


async def somebody_contacted(turn: Turn) -> Answer:
    return await _begin_answer(turn, "some")


async def _begin_answer(turn: Turn, answer: str) -> Answer:
    me = await people.get_expert(turn)
    questions = await turn.services.reports.contact_questions.list_own(me.actor)
    options = tuple(
        PickOption(question.invitation_id, print_time(question.gathering_at))
        for question in questions
        if not question.answered
    )
    if options:
        return answer_question.start(options[:MOST], answer)
    return f"{NOTHING_ASKED}\n{commands.tap_lines(commands.REPORT)}"


@conversation(commands.SOMEBODY_CONTACTED)
async def answer_question(talk: Talk, options: tuple[PickOption, ...], answer: str) -> None:
    """The word answers at once; of several evaluations that are asked about, the expert picks one."""
    me = await people.get_expert(talk)
    invitation_id = await pick_option(talk, f"{QUESTION}\n{WHICH}", options)
    given = await talk.once(talk.services.reports.contact_questions.answer, me.actor, invitation_id, answer)
    if given == "none":
        await talk.say(ANSWERED_NO)
        return
    await talk.say(
        f"{ANSWERED_YES}\n{pools.page_line(talk, PAGE, 'reports/new')}\n{commands.tap_lines(commands.REPORT)}"
    )


def _pages(turn: Turn) -> str:
    return f"{pools.page_line(turn, PAGE, 'reports/new')}\n{pools.page_line(turn, FOLLOW_PAGE, 'reports')}"


def _elsewhere(turn: Turn) -> str:
    return turn.services.deps.book(turn.user.pool).reports.elsewhere


def _report_text(text: str) -> str:
    return check_long(text, "text", "举报内容", TEXT_MAX, TEXT_MIN)


def _draw_number(text: str) -> str:
    """Raises InvalidInput for what can't be a number."""
    number = half_width(text).strip()
    if number in (_SKIP, "不知道", "没有"):
        return ""
    if not _DRAW_NUMBER.fullmatch(number) or len(number) > DRAW_MAX:
        raise InvalidInput("活动编号里有数字，例如CQSQ202611210001；不知道请回复“跳过”。", code="no_number")
    return number
