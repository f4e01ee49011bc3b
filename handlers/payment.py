"""Paying (缴费): the link for this phone first, then an image with the code for another phone.

WeChat pays no code that is long-pressed or picked from the album, so the text says what each is for. The image needs
the payment platform and an upload, which may take longer than WeChat waits for a reply: a job sends it after the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_near_time, print_time
from domain.payments.money import yuan
from domain.rulebook.fees import FeeRules
from domain.rulebook.form import EntryType
from domain.rulebook.reading import print_length
from handlers import commands, people, texts
from services.core.base import Actor
from services.payments import FeeView, InvoiceView, print_deadline

_INVOICE = {
    "wanted": texts.INVOICE_WAITING,
    "applied": texts.INVOICE_WAITING,
    "issued": texts.INVOICE_WAITING,
    "sent": texts.INVOICE_SENT,
    "failed": texts.INVOICE_FAILED,
}


ONLY_WECHAT = "只支持微信支付，可用微信里绑的银行卡。"
LEGAL_BASIS = "收费依据：{basis}"
FEE_TO_COME = "{title}{amount}元，审核通过{after}后可以缴费，届时会通知您；现在还不用缴。"
APPLICATION_IS_FREE = "您办理的{name}申请不收费。"
ENTRY_COSTS = "申请入库要缴{title}{amount}元，审核通过{after}后可以缴费，届时会通知您；现在还不用缴。"
ENTRY_IS_FREE = "申请入库不收费。"
COURSES_COST = "您目前没有待缴的费用。继续教育按课程收费，要缴的会在“培训”里显示缴费。"


def register(router: Router) -> None:
    router.keyword(show_fee, commands.PAY, "支付", "交费", "付款", "我要缴费", "缴费二维码", "培训费")
    router.menu("PAY", show_fee)


async def show_fee(turn: Turn) -> str:
    """The amount due and how to pay it; otherwise the order's status."""
    account_id = turn.user.account_id
    if account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    fees = await find_own_fees(turn, account_id)
    if not fees:
        rules = turn.services.deps.book(turn.user.pool).fee
        lines = await coming_fee(turn, rules) if rules is not None else [texts.NOTHING_TO_PAY]
        return "\n".join([*lines, f"{_pay_for_others_line(turn)}{commands.tap_lines(commands.PROGRESS)}"])
    return await present_fee(turn, choose_fee(fees))


async def find_own_fees(turn: Turn, account_id: UUID) -> tuple[FeeView, ...]:
    """The person's fees, newest first; empty in a pool without fees."""
    return await turn.services.payments.queries.list_own_fees(Actor(turn.user.pool, "applicant", account_id))


def choose_fee(fees: Sequence[FeeView]) -> FeeView:
    """The fee that can be paid now, else the newest."""
    return next((fee for fee in fees if fee.phase == "open"), fees[0])


async def present_fee(turn: Turn, fee: FeeView) -> str:
    """The amount with the link, and the image soon after, of a fee that can be paid; of another one its status."""
    if fee.phase != "open" or turn.user.account_id is None:
        return fee_status(turn, fee)
    await turn.services.payments.qr_images.send_soon(turn.user.pool, turn.user.account_id, turn.user.openid, fee.id)
    return _open_fee_text(turn, fee)


def _open_fee_text(turn: Turn, fee: FeeView) -> str:
    lines = [
        texts.FEE_IS.format(title=fee.title, amount=fee.amount_yuan),
        texts.FEE_NUMBER.format(number=fee.expert_number),
    ]
    if fee.closes_at is not None:
        lines.append(texts.FEE_UNTIL.format(until=print_deadline(fee.closes_at)))
    lines += [
        f"▸ {link(texts.PAY_HERE, pay_page(turn))}",
        texts.PAY_THERE,
        texts.FEE_REFUND.format(text=fee.refund_text),
        texts.FEE_HOTLINE.format(hotline=fee.hotline),
    ]
    return "\n".join(lines)


def fee_status(turn: Turn, fee: FeeView) -> str:
    """The state of a fee that can't be paid now."""
    head = texts.FEE_IS.format(title=fee.title, amount=fee.amount_yuan)
    if fee.phase == "not_open":
        status = texts.FEE_NOT_OPEN.format(opens=print_time(fee.opens_at))
    elif fee.phase == "closed":
        status = texts.FEE_CLOSED.format(until=print_deadline(fee.closes_at), hotline=fee.hotline)
    elif fee.phase == "paid" and fee.paid_at is not None:
        status = "\n".join([texts.FEE_PAID.format(time=print_time(fee.paid_at)), _invoice_text(turn, fee.invoice)])
    else:
        status = texts.FEE_REFUNDED if fee.phase == "refunded" else texts.FEE_VOID
    return f"{head}\n{texts.FEE_NUMBER.format(number=fee.expert_number)}\n{status}"


def _invoice_text(turn: Turn, invoice: InvoiceView | None) -> str:
    """The status of the invoice, with the page for receipt and invoice."""
    page = f"▸ {link(texts.RECEIPT_PAGE, pay_page(turn))}"
    if invoice is None:
        return page
    if not invoice.email:
        status = texts.INVOICE_NO_EMAIL
    elif invoice.issue_at is not None:
        issue_at = print_near_time(invoice.issue_at, turn.services.deps.now())
        status = texts.INVOICE_TITLE_UNTIL.format(time=issue_at, email=invoice.email)
    else:
        status = _INVOICE.get(invoice.state, texts.INVOICE_WAITING).format(email=invoice.email)
    return f"{status}\n{page}"


def _pay_for_others_line(turn: Turn) -> str:
    rules = turn.services.deps.book(turn.user.pool).fee
    if rules is None or not rules.pay_for_others:
        return ""
    return f"▸ {link(texts.PAY_FOR_OTHERS, pay_page(turn))}\n"


def pay_page(turn: Turn) -> str:
    return f"{turn.services.deps.public_url}/h5/{turn.user.pool}/pay"


async def coming_fee(turn: Turn, rules: FeeRules) -> list[str]:
    """What will be charged of a person who has no fee so far, and how it is paid."""
    book, entry_type = turn.services.deps.book(turn.user.pool), await find_entry_type(turn)
    how = [ONLY_WECHAT, fill(LEGAL_BASIS, rules)]
    if entry_type is not None:
        if "fee" in book.entry.stages_of(entry_type):
            return [fill(FEE_TO_COME, rules), *how]
        return [APPLICATION_IS_FREE.format(name=book.campaigns.name_of(entry_type))]
    if people.find_expert(turn) is not None:
        if not book.course.offered:
            return [texts.NOTHING_TO_PAY]
        return [COURSES_COST, *how, commands.tap_lines(commands.COURSES)]
    return [fill(ENTRY_COSTS, rules), *how] if "fee" in book.entry.stages else [ENTRY_IS_FREE]


async def find_entry_type(turn: Turn) -> EntryType | None:
    """Of the application that is under way."""
    if turn.user.account_id is None:
        return None
    applications = await turn.services.applications.to_dos.progress(turn.user.account_id)
    return next((each.entry_type for each in applications if each.ended_at is None), None)


def fill(text: str, rules: FeeRules) -> str:
    return text.format(
        title=rules.title,
        amount=yuan(rules.amount),
        after=print_length(rules.opens_after),
        least=print_length(rules.at_least),
        basis=rules.legal_basis,
        hotline=rules.hotline,
    )
