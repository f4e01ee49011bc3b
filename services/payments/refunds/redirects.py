"""Redirects a refund that the payer's account can't receive (退款异常): to another card, or to the merchant's account.

Number and name of the card are passed to the platform, encrypted for it, and not stored: neither in a row nor in a log
or audit entry. So this is the only action of payments that waits for the platform's response, and that a person must
repeat without one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import structlog

from domain.errors import Conflict, InvalidInput, NotFound, OutcomeUnknown, Rejected, Transient, Unavailable
from domain.faults import Faults
from domain.payments.lifecycles import REFUND, RefundEvent, RefundState
from domain.person_names import person_name, spell_name
from domain.typed_text import half_width
from models.payments import Refund
from services.core.base import Actor, Deps, record, system, transaction
from services.core.permissions import check
from services.ports import BankCard, PaymentPlatform, RefundReport

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Destination = Literal["user", "merchant"]
BANKS: Mapping[str, str] = {
    "ICBC_DEBIT": "工商银行",
    "ABC_DEBIT": "农业银行",
    "BOC_DEBIT": "中国银行",
    "CCB_DEBIT": "建设银行",
    "COMM_DEBIT": "交通银行",
    "PSBC_DEBIT": "邮储银行",
    "CMB_DEBIT": "招商银行",
    "CITIC_DEBIT": "中信银行",
    "CEB_DEBIT": "光大银行",
    "CMBC_DEBIT": "民生银行",
    "CIB_DEBIT": "兴业银行",
    "SPDB_DEBIT": "浦发银行",
    "PAB_DEBIT": "平安银行",
    "GDB_DEBIT": "广发银行",
    "NBCB_DEBIT": "宁波银行",
}
"""Banks whose debit cards the platform accepts, by its codes."""
MERCHANT = "merchant"
_ACCOUNT = re.compile(r"[0-9]{12,19}", re.ASCII)
_SOON = timedelta(seconds=15)


def destination(redirected_to: str) -> str:
    """The destination of a redirected refund for display; empty: the payer's account."""
    if redirected_to == MERCHANT:
        return "管理机构账户，将另行转给您"
    return f"您的{BANKS.get(redirected_to, '银行')}卡" if redirected_to else ""


def check_card(bank: str, account: str, holder: str) -> BankCard:
    """The card in the platform's format. Raises InvalidInput with all faults; their texts never repeat a value."""
    number, name = re.sub(r"[\s-]", "", half_width(account)), spell_name(holder)
    faults = Faults()
    if bank not in BANKS:
        faults.add(InvalidInput("请选择开户银行。只支持这些银行的借记卡。", code="bank", field="bank"))
    if not _ACCOUNT.fullmatch(number):
        faults.add(InvalidInput("银行卡号为12到19位数字，请核对。", code="bank_account", field="account"))
    try:
        person_name(name)
    except InvalidInput:  # whose text names a character of the name
        faults.add(InvalidInput("请填写开户人的真实姓名。", code="bank_holder", field="holder"))
    faults.raise_any()
    return BankCard(bank, number, name)


@dataclass(frozen=True)
class RefundRedirects:
    deps: Deps
    platform: PaymentPlatform

    async def redirect(
        self, actor: Actor, refund_id: UUID, to: Destination, *, bank: str = "", account: str = "", holder: str = ""
    ) -> None:
        """Have the platform redirect an abnormal refund to a card of the payer's, or to the merchant's bank account.

        Raises NotFound, InvalidInput for a field, Conflict for a refund that is not abnormal (any more) or an account
        that the platform refuses, Unavailable without a response: then a query soon shows the refund's state.
        """
        check(actor, "payment.manage")
        card = check_card(bank, account, holder) if to == "user" else None
        refund = await self._store_destination(actor, refund_id, card.bank if card else MERCHANT)
        try:
            report = await self.platform.redirect_refund(refund.pool, refund.refund_id, refund.out_refund_no, card)
        except Rejected as error:
            await self._note_refusal(refund, error)
            raise Conflict(
                f"微信支付没有受理（{error.vendor_code}），请核对账户信息后重试。", code="redirect_refused"
            ) from error
        except Transient as error:
            raise Unavailable("微信支付暂时没有响应，请稍后重新提交。") from error
        except OutcomeUnknown as error:
            await Refund.filter(id=refund_id).update(check_at=self.deps.now() + _SOON)
            raise Unavailable("微信支付没有应答，可能已经受理。请一分钟后刷新，仍为异常再重新提交。") from error
        await self._note_acceptance(refund_id, report)

    async def _store_destination(self, actor: Actor, refund_id: UUID, to: str) -> Refund:
        """Store actor and destination in the row before the platform is called."""
        now = self.deps.now()
        async with transaction():
            refund = await Refund.select_for_update().get_or_none(id=refund_id, pool=actor.pool)
            if refund is None:
                raise NotFound("找不到这笔退款，请刷新后重试。", code="refund_unknown")
            REFUND.next(RefundState(refund.state), RefundEvent.REDIRECT)
            if not refund.refund_id:
                raise Conflict("微信支付还没有受理这笔退款，系统每天会重新提交，无需改退。", code="refund_not_there")
            refund.redirected_to, refund.redirected_at, refund.redirected_by = to, now, actor.account_id
            await refund.save(update_fields=["redirected_to", "redirected_at", "redirected_by"])
            await record(actor, now, "fee.refund_redirect", "refund", refund.id, to=to)
            return refund

    async def _note_refusal(self, refund: Refund, error: Rejected) -> None:
        """A redirection accepted earlier without our getting the response is refused now, too: the next query
        decides."""
        log.warning("refund_not_redirected", refund=refund.out_refund_no, vendor_code=error.vendor_code)
        await Refund.filter(id=refund.id, state=RefundState.ABNORMAL).update(
            failure=error.vendor_code[:100], check_at=self.deps.now() + _SOON
        )

    async def _note_acceptance(self, refund_id: UUID, report: RefundReport) -> None:
        """From now on a refund like any other, queried soon."""
        now = self.deps.now()
        async with transaction():
            refund = await Refund.select_for_update().get(id=refund_id)
            if REFUND.can(RefundState(refund.state), RefundEvent.REDIRECT) and report.outcome != "ABNORMAL":
                refund.state = REFUND.next(RefundState(refund.state), RefundEvent.REDIRECT)
                refund.failure, refund.check_at, refund.checks = "", now + _SOON, 0
                await refund.save(update_fields=["state", "failure", "check_at", "checks"])
                await record(system(refund.pool), now, "fee.refund_state", "refund", refund.id, state=refund.state)
