"""Answers about remuneration: the province's standard, and where the expert's own money is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.router import Handler
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_date, print_time
from domain.payments.money import yuan
from domain.remuneration.fees import LABELS
from domain.remuneration.lifecycles import RemunerationState
from domain.rulebook.reading import print_length
from domain.rulebook.remuneration import FeeTable, FurtherDays
from handlers import commands, people, texts, wording
from handlers.answers import own_panels
from services.draws import InvitationView
from services.remuneration import OwnRemuneration

_SHOWN = 3
_UNPAID = (RemunerationState.CONFIRMED, RemunerationState.ASSUMED)

STANDARD = "{standard}：{first_hours}小时以内{first}元，之后每小时{hour}元{long}。"
LONG = "，一天超过{hours}小时的部分每小时{price}元"
NEXT_DAYS_BY_HOUR = "次日起每小时{price}元"
NEXT_DAYS_BY_HALF_DAY = "次日起每半天（{hours}小时）{price}元"
NIGHT = "跨零点另加{price}元"
FROM_ELSEWHERE = "来自其他城市的另有{parts}"
ELSEWHERE_PART = "{name}{price}元"
WASTED = "到场后没有参加评标的{price}元"
COUNTED = "时间从集合时间和签到时间中较晚的算到登记离场，以{unit}为一档，{forgiven}。组长、职称、节假日不另加。"
FORGIVEN = "余数{forgiven}以内不计，超过的按一档计"
NOT_FORGIVEN = "不足一档的按一档计"
NO_STANDARD = "系统里没有本地的统一标准：由评标场地按实际情况录入金额并说明，再由您核对。"
PAID_OUTSIDE = "金额由场地在评标结束后提出，您确认后由抽取单位在系统外支付。"
NOT_PROPOSED = "{time}评标：场地还没有提出金额，评标结束后提出，再请您确认。"
IN_STATE = {
    RemunerationState.PROPOSED: "待您确认，确认后抽取单位才支付",
    RemunerationState.DISPUTED: "待场地核对后答复您",
    RemunerationState.CONFIRMED: "您已确认，等抽取单位在系统外支付",
    RemunerationState.ASSUMED: "视为确认，等抽取单位在系统外支付",
}
PAID = "抽取单位登记已于{on}支付（{way}）"
OWN = "{time}评标{amount}元：{state}。"
ASK_THERE = "付款和到账请问这场的联系人：{contact}"
MAY_OBJECT = "金额少了，可以在“酬劳”里提出异议。"
PAY_UNTIL = "抽取单位应在{until}前支付。"
NO_PAY_TIME = "钱由抽取单位在系统外支付，系统里没有付款期限。"
PAY_TIME = "钱由抽取单位在系统外支付，应在评标结束后{days}个工作日内付清。"
REMINDED = "您已于{at}提醒付款单位，{until}起可以再提醒。"
MAY_REMIND = "没有到账的，可以点“催付酬劳”提醒付款单位核对，{every}可以提醒一次。"
WRONG_ACCOUNT = "打错卡、账户变了的，请先更正收款账户，再催付，由付款单位核对。"
HOTLINE = "联系不上的，请拨打{hotline}；一直没有处理的，可以投诉。"
BANK_PAGE = "核对收款账户"


async def tell_the_standard(turn: Turn) -> str:
    table = turn.services.deps.book(turn.user.pool).remuneration.table
    lines = [NO_STANDARD] if table is None else _standard_lines(table)
    return own_panels.with_taps(turn, [*lines, PAID_OUTSIDE], commands.REMUNERATION)


def _standard_lines(table: FeeTable) -> list[str]:
    long = ""
    if table.long_after is not None and table.long_hour is not None:
        long = LONG.format(hours=table.long_after, price=_price(table.long_hour))
    standard = STANDARD.format(
        standard=table.standard,
        first_hours=table.first_hours,
        first=_price(table.first),
        hour=_price(table.hour),
        long=long,
    )
    forgiven = FORGIVEN.format(forgiven=print_length(table.forgiven)) if table.forgiven > timedelta() else NOT_FORGIVEN
    counted = COUNTED.format(unit=print_length(table.unit), forgiven=forgiven)
    extras = _extras(table)
    return [standard, *([f"{'；'.join(extras)}。"] if extras else []), counted]


def _extras(table: FeeTable) -> list[str]:
    """What is paid besides the hours of one day; nothing for an amount of 0."""
    elsewhere = [
        ELSEWHERE_PART.format(name=LABELS[code], price=_price(amount))
        for code, amount in (("transport", table.transport), ("difference", table.difference))
        if amount
    ]
    return [
        *([_next_days(table.further_days)] if table.further_days is not None else []),
        *([NIGHT.format(price=_price(table.night))] if table.night else []),
        *([FROM_ELSEWHERE.format(parts="、".join(elsewhere))] if elsewhere else []),
        *([WASTED.format(price=_price(table.wasted))] if table.wasted else []),
    ]


def _next_days(rules: FurtherDays) -> str:
    if rules.half_day is not None:
        return NEXT_DAYS_BY_HALF_DAY.format(hours=rules.half_day_hours, price=_price(rules.half_day))
    return NEXT_DAYS_BY_HOUR.format(price=_price(rules.hour or 0))


def _price(fen: int) -> str:
    return yuan(fen).removesuffix(".00")


async def tell_where_the_money_is(turn: Turn) -> str:
    """The newest panels that he attended, each with the state of its remuneration and whom to ask."""
    me = await people.get_expert(turn)
    own = await turn.services.remuneration.answers.list_own(me.actor)
    past = await turn.services.draws.invitation_queries.list_panels(me.expert_id, past=True)
    attended = {view.gathering_at: view for view in past if view.checked_in_at is not None}
    lines = _money_lines(own, attended)
    if not lines:
        return own_panels.with_taps(turn, [texts.NO_REMUNERATION], commands.PAST_PANELS)
    if any(remuneration.may_dispute for remuneration in own[:_SHOWN]):
        lines.append(MAY_OBJECT)
    book = turn.services.deps.book(turn.user.pool)
    rules, may_remind = book.remuneration, any(remuneration.may_remind for remuneration in own)
    days = rules.pay_within_days
    lines.append(NO_PAY_TIME if days is None else PAY_TIME.format(days=days))
    if may_remind:
        lines.append(MAY_REMIND.format(every=print_length(rules.remind_every)))
    lines.append(HOTLINE.format(hotline=book.pool.hotline))
    if "bank_account" in book.form.at_once():
        lines.append(WRONG_ACCOUNT)
        page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/file/bank"
        lines.append(f"▸ {link(BANK_PAGE, page)}")
    reminder = [commands.REMIND_PAYMENT] if may_remind else []
    return own_panels.with_taps(turn, lines, *reminder, commands.REMUNERATION, commands.COMPLAINT)


def _money_lines(own: list[OwnRemuneration], attended: Mapping[datetime, InvitationView]) -> list[str]:
    """``attended``: panels by gathering time, which no two of an expert share."""
    proposed = {remuneration.gathering_at: remuneration for remuneration in own}
    lines = []
    for gathering_at in sorted({*proposed, *attended}, reverse=True)[:_SHOWN]:
        lines.append(_state_line(gathering_at, proposed.get(gathering_at)))
        if (view := attended.get(gathering_at)) is not None:
            lines.append(ASK_THERE.format(contact=wording.contact(view)))
    return lines


def _state_line(gathering_at: datetime, remuneration: OwnRemuneration | None) -> str:
    time = print_time(gathering_at)
    if remuneration is None:
        return NOT_PROPOSED.format(time=time)
    line = OWN.format(time=time, amount=yuan(remuneration.amount), state=_state_text(remuneration))
    if remuneration.state in _UNPAID and remuneration.pay_until is not None:
        line += PAY_UNTIL.format(until=print_date(remuneration.pay_until))
    if remuneration.reminded_at is not None and remuneration.remind_from is not None:
        line += REMINDED.format(at=print_date(remuneration.reminded_at), until=print_date(remuneration.remind_from))
    return line


def _state_text(remuneration: OwnRemuneration) -> str:
    if remuneration.state is RemunerationState.PAID and remuneration.paid_on is not None:
        on = f"{remuneration.paid_on.month}月{remuneration.paid_on.day}日"
        return PAID.format(on=on, way=wording.plain_text(remuneration.paid_way))
    return IN_STATE.get(remuneration.state, remuneration.state_label)


ANSWERS: Mapping[str, Handler] = {
    "pay_amount": tell_the_standard,
    "pay_missing": tell_where_the_money_is,
}
