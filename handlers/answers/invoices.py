"""Answers about refunds and invoices. Both are acts of the office or of WeChat Pay: the chat says where they stand."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Answer, Handler
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_near_time
from domain.payments.lifecycles import InvoiceState
from domain.rulebook.fees import FeeRules
from domain.rulebook.reading import print_length
from handlers import commands, people, texts, wording
from handlers.answers.fees import fee_page, for_payers
from services.payments import FeeView

GUEST_REFUND = "退费由管理机构办理，请拨打{hotline}。查自己的缴费，"
REFUND_BY_OFFICE = (
    "“{title}”的退费由管理机构办理，公众号里不能自助申请：请拨打{hotline}，说明专家编号{number}和原因。\n"
    "{refund}\n同意退费的，原路退回付款的微信或银行卡，完成时会通知您。"
)
REFUNDED = "“{title}”已全额退费，款项退回原支付账户，请查看微信支付的退款通知；没有收到的请拨打{hotline}。"
VOID = "“{title}”已取消，不用缴；已经付的会自动原路退回。"
NOTHING_PAID = "您还没有缴“{title}”，不缴就不用退。"
NOTHING_PAID_HERE = "您名下没有缴过的费用。"
PAID_TWICE = "重复付的一笔会自动原路退回，不用申请；一直没有到账的请拨打{hotline}。"
BEFORE_PAYING = "缴费前请看退费说明：{refund}"

NO_INVOICE_FOR_AGENCIES = "本系统不向代理机构收费，也没有给代理机构开的发票；其他单位收的费用，请向收款单位要发票。"
GUEST_INVOICE = "缴费成功后自动开具电子发票，发到登记的邮箱。查自己的发票，"
INVOICE_TO_COME = "缴费成功后自动开具电子发票，发到您登记的邮箱。{when}您还没有缴“{title}”："
TITLE_WITHIN = "抬头默认是本人，要开单位的，请在缴费后{time}内到缴费页填写抬头、税号。"
TITLE_BEFORE_ISSUE = "抬头默认是本人，要开单位的，请在缴费后、管理机构开票前到缴费页填写抬头、税号。"
NOTHING_TO_INVOICE = "您名下没有缴费，所以没有发票。替别人缴的，发票在对方自己的缴费页里。"
INVOICE_SOON = "已缴费，随后自动开票，请稍后在下面的页面查看。"
INVOICE_BEING_MADE = "发票正在开具，开好会发到{email}，现在不能再改抬头。"
INVOICE_MAY_CHANGE = "发票还没有开出，抬头、税号、邮箱现在可以改，请打开下面的页面。"
INVOICE_TITLE_UNTIL = "发票将在{time}自动开具，在此之前抬头、税号、邮箱可以改，请打开下面的页面。"
INVOICE_ISSUED = "发票已开具，可以在下面的页面下载。"
INVOICE_MAILED = "发票已发到{email}，也可以在下面的页面下载；邮箱错了，换一个邮箱保存就会重发。"
INVOICE_REVERSED = "原发票因退费或更正已冲红或正在冲红，不能使用；冲红后需要重开的，可以在下面的页面核对开票信息。"
INVOICE_AFTER_REFUND = "“{title}”已退费，不再开票；已开的发票由系统或管理机构冲红，不用交回。"
ANOTHER_INVOICE = "抬头已开错、要专票或纸质发票、几人合开的，请拨打{hotline}，由管理机构核对办理。"
INVOICE_PAGE = "开票信息和发票"
RECEIPT = "缴费凭证"

_CLOSED = (InvoiceState.REVERSING, InvoiceState.STUCK, InvoiceState.REVERSED)
_SETTLED = ("paid", "refunded", "void")


async def _tell_refund(turn: Turn, rules: FeeRules, fees: tuple[FeeView, ...]) -> str:
    lines = [_refund_text(_choose_paid(fees), rules) if fees else NOTHING_PAID_HERE]
    if not any(fee.phase in ("refunded", "void") for fee in fees):
        lines.append(PAID_TWICE.format(hotline=rules.hotline))
    return "\n".join([*lines, commands.tap_lines(commands.PAY, commands.PROGRESS)])


def _choose_paid(fees: tuple[FeeView, ...]) -> FeeView:
    """The newest fee that was paid or ended, else the newest."""
    paid = next((fee for fee in fees if fee.phase == "paid"), None)
    return paid or next((fee for fee in fees if fee.phase in _SETTLED), fees[0])


def _refund_text(fee: FeeView, rules: FeeRules) -> str:
    templates = {"paid": REFUND_BY_OFFICE, "refunded": REFUNDED, "void": VOID}
    template = templates.get(fee.phase, f"{NOTHING_PAID}\n{BEFORE_PAYING}")
    title = wording.plain_text(fee.title)
    return template.format(title=title, hotline=fee.hotline, number=fee.expert_number, refund=rules.refund_text)


async def _tell_invoice(turn: Turn) -> Answer:
    who = await people.find_who(turn)
    if who is not None and people.is_staff_only(who):
        return f"{NO_INVOICE_FOR_AGENCIES}\n{commands.tap_lines(commands.WORK, commands.HELP)}"
    return await _tell_own_invoice(turn)


async def _describe_invoice(turn: Turn, rules: FeeRules, fees: tuple[FeeView, ...]) -> str:
    if not fees:
        return f"{NOTHING_TO_INVOICE}\n{commands.tap_lines(commands.PAY, commands.PROGRESS)}"
    fee = _choose_paid(fees)
    title = wording.plain_text(fee.title)
    if fee.phase == "paid":
        lines = [*_invoice_lines(turn, fee), ANOTHER_INVOICE.format(hotline=fee.hotline)]
        return "\n".join([*lines, commands.tap_lines(commands.PROGRESS)])
    if fee.phase == "refunded":
        lines = [INVOICE_AFTER_REFUND.format(title=title), f"▸ {link(INVOICE_PAGE, fee_page(turn, fee))}"]
        return "\n".join([*lines, commands.tap_lines(commands.PROGRESS)])
    if fee.phase == "void":
        return f"{NOTHING_TO_INVOICE}\n{commands.tap_lines(commands.PAY, commands.PROGRESS)}"
    to_come = INVOICE_TO_COME.format(title=title, when=_time_for_title(rules))
    return f"{to_come}\n{commands.tap_lines(commands.PAY)}"


def _time_for_title(rules: FeeRules) -> str:
    if rules.invoice.issued_by == "office":
        return TITLE_BEFORE_ISSUE
    return TITLE_WITHIN.format(time=print_length(rules.invoice.correctable_for))


def _invoice_lines(turn: Turn, fee: FeeView) -> list[str]:
    """The state of a paid fee's invoice, with the pages for it and for the receipt."""
    receipt = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/pay-receipt/{fee.id}"
    pages = [f"▸ {link(INVOICE_PAGE, fee_page(turn, fee))}", f"▸ {link(RECEIPT, receipt)}"]
    return [_invoice_state(turn, fee), *pages]


def _invoice_state(turn: Turn, fee: FeeView) -> str:
    invoice = fee.invoice
    if invoice is None:
        return INVOICE_SOON
    if invoice.state in _CLOSED:
        return INVOICE_REVERSED
    if not invoice.email:
        return texts.INVOICE_NO_EMAIL
    if invoice.state == InvoiceState.SENT:
        return INVOICE_MAILED.format(email=invoice.email)
    if invoice.state == InvoiceState.ISSUED:
        return INVOICE_ISSUED
    if invoice.issue_at is not None:
        return INVOICE_TITLE_UNTIL.format(time=print_near_time(invoice.issue_at, turn.services.deps.now()))
    return INVOICE_MAY_CHANGE if invoice.correctable else INVOICE_BEING_MADE.format(email=invoice.email)


_tell_own_invoice = for_payers(_describe_invoice, GUEST_INVOICE)

ANSWERS: Mapping[str, Handler] = {
    "refund": for_payers(_tell_refund, GUEST_REFUND),
    "invoice": _tell_invoice,
}
