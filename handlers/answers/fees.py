"""Answers about paying: for the person's own fee in its present phase, else by the pool's rules.

An unpaid fee is checked at WeChat Pay before it is said not to be paid. Refunds and invoices: ``invoices.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from bot.router import Handler
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_time, print_until
from domain.rulebook.fees import FeeRules
from handlers import commands, courses, payment, people, texts, wording
from handlers.answers import remuneration
from services.core.base import Actor
from services.payments import FeeView, print_deadline

NOTHING_IS_CHARGED = (
    "本专家库在这里不收取任何费用，申请、考试和培训都不用缴费。"
    "有人以本库名义要您付款的，请不要付，先拨打{hotline}核实。"
)
PAID_ELSEWHERE = "如果确实付过款，请保存微信账单，并拨打{hotline}核实。"
GUEST_BOOKED = "付款后一般几分钟内自动到账；仍没有的，请把微信支付单号告诉{hotline}。查自己的缴费，"
GUEST_FAILED = "付款码要用另一部手机扫，长按或从相册识别不能支付；仍不能付的请拨打{hotline}。查自己的缴费，"
NO_NUMBER = "付款码已对应您本人，不用输专家编号，不用备注。"
OTHER_FEES = "另有待缴：{titles}，在同一页面缴。"

BOOKED = "“{title}”已经到账：{at}缴费成功，无需再付。重复付的一笔会自动原路退回，不用申请。"
NOT_BOOKED = (
    "“{title}”还没有收到微信支付的成功记录，暂时没有入账。微信账单显示已支付的，请先不要再付："
    "一般几分钟内会自动到账；仍没有的，请把微信支付单号告诉{hotline}。"
)
TIME_IS_OVER = "缴费时间已于{until}截止。"
NO_FEE_OF_YOURS = (
    "系统里没有您名下的待缴或已缴费用。付到别人的专家编号上，或不是在这里付的，请把微信支付单号告诉{hotline}核实。"
)
COURSE_OPENS_LATER = "“{name}”已缴费，{opens}起可以学习。"
PAY_IF_UNPAID = "没有付过，去支付"

FAILED_HINTS = (
    "付款码长按或从相册识别不能支付：在这部手机上请点下面的链接直接付，或用另一部手机扫码。"
    "付款码过期会自动更换，重新打开即可；提示限额、余额不足或风险的，请换一张微信绑定的银行卡{or_payer}。"
)
OR_ANOTHER_PAYER = "，或请别人代付"
NOTHING_TO_PAY_YET = "现在还没有可以缴的费用，所以没有缴费按钮。"

PAY_FOR_OTHERS = (
    "可以代付，用谁的微信都行：打开下面的页面，输入对方的专家编号，核对隐去部分文字的姓名后支付，费用记在对方名下。"
)
ONLY_ONESELF = "本专家库只能由本人缴费。"
YOUR_NUMBER = "您的专家编号是{number}，把它告诉代付的人即可。"
ONE_AT_A_TIME = "一次只能付一个人的费用；不支持对公转账、现金和批量付款，需要单位付款的请拨打{hotline}。"

PAY_UNTIL = "“{title}”请在{until}前完成缴费。"
PAY_ANY_TIME = "“{title}”的缴费时间没有截止，现在就可以缴。"
PAY_FROM = "“{title}”{opens}起可以缴费{until}，届时会通知您。"
AND_UNTIL = "，{until}截止"
PAID_ALREADY = "“{title}”已缴费，不用再缴。"
TOO_LATE = "“{title}”已于{until}截止，不能在这里补缴；可否补缴、延期，请拨打{hotline}。"
DEADLINE_TO_COME = "审核通过{after}后开始缴费，开始时会通知您；设有截止时间的，不少于{least}，一并通知。"
COURSE_MAKE_UP = "“{name}”学习时间已过，缴费后可以补学："

_FeeAnswer: TypeAlias = Callable[[Turn, FeeRules, tuple[FeeView, ...]], Awaitable[str]]
_UNPAID = ("open", "closed")
_SHOWN = 2


def for_payers(answer: _FeeAnswer, guest_text: str = "", free_text: str = "") -> Handler:
    """A handler that gives ``answer`` to who is bound, in a pool that charges a fee.

    Others get ``guest_text``, with the tap to bind, or if it is empty the answer to who has no fee. Where nothing is
    charged that is said, with ``free_text`` after it.
    """

    async def handler(turn: Turn) -> str:
        book, account_id = turn.services.deps.book(turn.user.pool), turn.user.account_id
        rules = book.fee
        if rules is None:
            lines = [text.format(hotline=book.pool.hotline) for text in (NOTHING_IS_CHARGED, free_text) if text]
            return "\n".join([*lines, commands.tap_lines(commands.PROGRESS, commands.GUIDE)])
        if account_id is None and guest_text:
            taps = commands.tap_lines(commands.BIND, commands.GUIDE)
            return f"{payment.fill(guest_text, rules)}{texts.BIND_FIRST}\n{taps}"
        return await answer(turn, rules, await payment.find_own_fees(turn, account_id) if account_id else ())

    return handler


def fee_page(turn: Turn, fee: FeeView) -> str:
    return f"{payment.pay_page(turn)}?fee={fee.id}"


async def refresh_fees(turn: Turn, fees: tuple[FeeView, ...]) -> tuple[FeeView, ...]:
    """The fees, the unpaid ones as WeChat Pay reports them now."""
    actor = Actor(turn.user.pool, "applicant", turn.user.account_id)
    checks = turn.services.payments.order_checks
    return tuple([await checks.refresh(actor, fee.id) if fee.phase in _UNPAID else fee for fee in fees])


async def _tell_how(turn: Turn, rules: FeeRules, fees: tuple[FeeView, ...]) -> str:
    if not fees:
        return "\n".join([*await payment.coming_fee(turn, rules), commands.tap_lines(commands.PROGRESS)])
    fee = payment.choose_fee(fees)
    lines = [await payment.present_fee(turn, fee), payment.fill(payment.LEGAL_BASIS, rules)]
    if fee.phase != "open":
        return "\n".join([*lines, commands.tap_lines(commands.PROGRESS)])
    if others := [other.title for other in fees if other.phase == "open" and other is not fee]:
        lines.append(OTHER_FEES.format(titles="、".join(map(wording.plain_text, others[:3]))))
    return "\n".join([f"{payment.ONLY_WECHAT}{NO_NUMBER}", *lines])


async def _tell_whether_booked(turn: Turn, rules: FeeRules, fees: tuple[FeeView, ...]) -> str:
    fees = await refresh_fees(turn, fees)
    me = people.find_expert(turn)
    if not fees and me is not None and await turn.services.remuneration.answers.list_own(me.actor):
        return await remuneration.tell_where_the_money_is(turn)
    if not fees:
        return f"{NO_FEE_OF_YOURS.format(hotline=rules.hotline)}\n{commands.tap_lines(commands.PROGRESS)}"
    unpaid_first = sorted(fees, key=lambda fee: fee.phase not in _UNPAID)
    lines = [line for fee in unpaid_first[:_SHOWN] for line in _booking_lines(turn, fee)]
    for course in await courses.find_own_courses(turn, turn.user.account_id):
        if course.phase == "ahead" and course.amount is not None:
            opens = print_until(course.opens_at, turn.services.deps.now())
            lines.append(COURSE_OPENS_LATER.format(name=wording.plain_text(course.name), opens=opens))
    return "\n".join([*lines, commands.tap_lines(commands.PROGRESS)])


def _booking_lines(turn: Turn, fee: FeeView) -> list[str]:
    title, page = wording.plain_text(fee.title), fee_page(turn, fee)
    if fee.phase == "paid" and fee.paid_at is not None:
        return [BOOKED.format(title=title, at=print_time(fee.paid_at)), f"▸ {link(texts.RECEIPT_PAGE, page)}"]
    if fee.phase not in _UNPAID:
        return [payment.fee_status(turn, fee)]
    missing = NOT_BOOKED.format(title=title, hotline=fee.hotline)
    if fee.phase == "closed":
        return [f"{missing}{TIME_IS_OVER.format(until=print_deadline(fee.closes_at))}"]
    return [missing, f"▸ {link(PAY_IF_UNPAID, page)}"]


async def _help_to_pay(turn: Turn, rules: FeeRules, fees: tuple[FeeView, ...]) -> str:
    fees = await refresh_fees(turn, fees)
    if not fees:
        return "\n".join(
            [NOTHING_TO_PAY_YET, *await payment.coming_fee(turn, rules), commands.tap_lines(commands.PROGRESS)]
        )
    fee = payment.choose_fee(fees)
    if fee.phase == "open":
        hints = FAILED_HINTS.format(or_payer=OR_ANOTHER_PAYER if rules.pay_for_others else "")
        return f"{hints}\n{await payment.present_fee(turn, fee)}"
    head = [NOTHING_TO_PAY_YET] if fee.phase == "not_open" else []
    return "\n".join([*head, payment.fee_status(turn, fee), commands.tap_lines(commands.PROGRESS)])


async def _tell_paying_for_others(turn: Turn, rules: FeeRules, fees: tuple[FeeView, ...]) -> str:
    lines = [PAY_FOR_OTHERS if rules.pay_for_others else ONLY_ONESELF]
    own = next((fee for fee in fees if fee.phase == "open"), None)
    if own is not None and rules.pay_for_others:
        lines.append(YOUR_NUMBER.format(number=own.expert_number))
    lines.append(ONE_AT_A_TIME.format(hotline=rules.hotline))
    if rules.pay_for_others:
        lines.append(f"▸ {link(texts.PAY_FOR_OTHERS, f'{payment.pay_page(turn)}?other=1')}")
    return "\n".join([*lines, commands.tap_lines(commands.PAY)])


async def _tell_deadline(turn: Turn, rules: FeeRules, fees: tuple[FeeView, ...]) -> str:
    lines = _deadline_lines(turn, payment.choose_fee(fees)) if fees else await _coming_deadline(turn, rules)
    for course in await courses.find_own_courses(turn, turn.user.account_id):
        if course.make_up == "paid":
            text = COURSE_MAKE_UP.format(name=wording.plain_text(course.name))
            lines += [text, courses.course_link(turn, course)]
    return "\n".join([*lines, commands.tap_lines(commands.PROGRESS)])


def _deadline_lines(turn: Turn, fee: FeeView) -> list[str]:
    title, until = wording.plain_text(fee.title), print_deadline(fee.closes_at)
    if fee.phase == "open":
        text = PAY_UNTIL if fee.closes_at is not None else PAY_ANY_TIME
        return [text.format(title=title, until=until), f"▸ {link(texts.PAY_HERE, fee_page(turn, fee))}"]
    if fee.phase == "not_open":
        end = AND_UNTIL.format(until=until) if fee.closes_at is not None else ""
        return [PAY_FROM.format(title=title, opens=print_time(fee.opens_at), until=end)]
    if fee.phase == "closed":
        return [TOO_LATE.format(title=title, until=until, hotline=fee.hotline)]
    return [PAID_ALREADY.format(title=title)] if fee.phase == "paid" else [payment.fee_status(turn, fee)]


async def _coming_deadline(turn: Turn, rules: FeeRules) -> list[str]:
    """For who has no fee so far: of the application under way, else of one that could be made."""
    entry, entry_type = turn.services.deps.book(turn.user.pool).entry, await payment.find_entry_type(turn)
    if entry_type is not None:
        is_charged = "fee" in entry.stages_of(entry_type)
    else:
        is_charged = people.find_expert(turn) is None and "fee" in entry.stages
    return [payment.fill(DEADLINE_TO_COME, rules) if is_charged else texts.NOTHING_TO_PAY]


ANSWERS: Mapping[str, Handler] = {
    "fee_how": for_payers(_tell_how),
    "fee_not_booked": for_payers(_tell_whether_booked, GUEST_BOOKED, PAID_ELSEWHERE),
    "fee_failed": for_payers(_help_to_pay, GUEST_FAILED),
    "pay_for_other": for_payers(_tell_paying_for_others),
    "fee_deadline": for_payers(_tell_deadline),
}
