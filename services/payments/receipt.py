"""The payment receipt (缴费凭证): its contents, and the page opened by its QR code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.clock import local, print_date
from domain.errors import Conflict, NotFound
from domain.masking import mask_name
from domain.payments.lifecycles import PAID_STATES, FeeState
from domain.payments.money import capital, yuan
from models.accounts import Account
from models.payments import Fee, PayOrder
from services.core.base import Deps
from services.core.signed_links import Links
from services.payments.fees import rules_of, title_of

_PURPOSE = "receipt"
_PROOF_TTL = timedelta(days=3653)
_REFUNDED = "该笔费用已全额退回，本凭证仅供查考。\n"
_TRADES = {"native": "微信扫码支付", "jsapi": "微信支付（公众号）", "mini": "微信支付（小程序）"}


@dataclass(frozen=True)
class ReceiptProof:
    """The result of scanning the receipt's QR code."""

    pool_name: str
    title: str
    amount_yuan: str
    name: str
    expert_number: str
    transaction_id: str
    paid_at: datetime | None
    refunded: bool


async def receipt_content(deps: Deps, fee: Fee) -> dict[str, object]:
    """Content of the document ``receipt``. Raises Conflict for a fee that was never paid."""
    order = await counted_order(fee.id)
    if order is None or fee.paid_at is None:
        raise Conflict("还没有缴费，暂无凭证。缴费后可在此下载。", code="no_receipt")
    rules, account = rules_of(deps, fee.pool), await Account.get(id=fee.account_id)
    token = Links(deps.keys, deps.clock).sign(_PURPOSE, fee.id, fee.id, fee.paid_at + _PROOF_TTL)
    rows = [
        ("缴费项目", title_of(deps, fee)),
        ("申请人", mask_name(account.real_name)),
        ("专家编号", fee.expert_number),
        ("支付方式", _TRADES[order.trade]),
        ("支付时间", f"{local(fee.paid_at):%Y-%m-%d %H:%M:%S}"),
        ("微信支付单号", order.transaction_id or ""),
        ("商户单号", order.out_trade_no),
        ("收费依据", rules.legal_basis),
    ]
    refunded = fee.state == FeeState.REFUNDED
    return {
        "title": rules.invoice.receipt_title,
        "pool": deps.book(fee.pool).pool.name,
        "number": order.out_trade_no,
        "qr": f"{deps.public_url}/h5/receipt/{token}",
        "amount": f"¥{yuan(fee.amount)}",
        "words": capital(fee.amount),
        "rows": [list(row) for row in rows],
        "note": f"{_REFUNDED if refunded else ''}本凭证不作报销用途，电子发票另行发送。",
        "foot": ["扫码核对本凭证是否真实、有效", f"打印于{print_date(deps.now())}"],
    }


async def prove_receipt(deps: Deps, token: str) -> ReceiptProof:
    """Present state of the receipt with this token. Raises Forbidden, NotFound."""
    link = Links(deps.keys, deps.clock).check(token, _PURPOSE)
    fee = await Fee.get_or_none(id=link.subject_id)
    order = await counted_order(link.subject_id)
    if fee is None or order is None:
        raise NotFound("找不到这张缴费凭证，请核对后重试。", code="no_receipt")
    account = await Account.get(id=fee.account_id)
    return ReceiptProof(
        deps.book(fee.pool).pool.name,
        title_of(deps, fee),
        yuan(fee.amount),
        mask_name(account.real_name),
        fee.expert_number,
        order.transaction_id or "",
        fee.paid_at,
        fee.state == FeeState.REFUNDED,
    )


async def counted_order(fee_id: UUID) -> PayOrder | None:
    """The order that paid the fee; a unique index ensures that there is at most one."""
    return await PayOrder.get_or_none(fee_id=fee_id, surplus=False, state__in=PAID_STATES)
