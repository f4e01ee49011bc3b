"""Section of a rulebook on the fee of applicants: amount, when it can be paid, invoice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.rulebook.types import Duration, Section, Text


@dataclass(frozen=True)
class PayWindow:
    """Half-open; ``closes`` None: no end."""

    opens: datetime
    closes: datetime | None


class InvoiceRules(Section):
    """How an electronic invoice is issued."""

    issued_by: Literal["wechat", "office"]
    """``wechat``: by WeChat Pay where the merchant has it, else as ``office``: staff upload the tax platform's file."""
    correctable_for: Duration
    """Time after the payment in which title and tax number can be entered; WeChat Pay is requested to issue it only
    then."""
    goods_name: Text
    tax_code: Text
    tax_rate: Annotated[int, Field(ge=0, le=10_000)]
    """Hundredths of a percent."""
    receipt_title: Text
    """Title of the payment receipt (缴费凭证) that is mailed at once."""


class FeeRules(Section):
    """What an applicant pays (培训费), in fen."""

    amount: Annotated[int, Field(ge=1, le=100_000_000)]
    title: Text
    description: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    """Shown on the payer's bill."""
    legal_basis: Text
    opens_after: Duration
    """Calendar time from approval to payment."""
    at_least: Duration
    """Minimum time to pay: an applicant approved so late that ``opens_after`` does not fit before the window's end may
    pay at once, and, if necessary, after that end."""
    order_valid: Duration
    """An order that is not paid within this time is closed; a new one can be created."""
    pay_for_others: bool
    """Anyone who knows the expert number may pay; the name is shown masked."""
    lookups_per_hour: Annotated[int, Field(ge=1, le=1000)]
    """Numbers that one person may look up, since each shows a masked name."""
    refund_text: Text
    """When fees are refunded; shown before payment."""
    hotline: Text
    invoice: InvoiceRules

    @model_validator(mode="after")
    def _order_fits(self) -> FeeRules:
        if not timedelta(minutes=5) <= self.order_valid <= timedelta(hours=2):
            raise ValueError("order_valid must be between 5m and 2h: a code of the platform lives two hours")
        return self

    def window(self, approved: datetime, opens: datetime | None, closes: datetime | None) -> PayWindow:
        """When an applicant approved at ``approved`` may pay; the campaign takes payment from ``opens`` to ``closes``.

        The usual opening is ``opens_after`` the approval, not before ``opens``. Where that leaves less than
        ``at_least`` before ``closes``, it opens at once (still not before ``opens``), and ends ``at_least`` later if
        that is after ``closes``.
        """
        usual = max(approved + self.opens_after, opens or approved)
        if closes is None or usual + self.at_least <= closes:
            return PayWindow(usual, closes)
        at_once = max(approved, opens or approved)
        return PayWindow(at_once, max(closes, at_once + self.at_least))

    def reopened_window(self, now: datetime, opens: datetime | None, closes: datetime | None) -> PayWindow:
        """The window for paying again after a refund: at once, for at least ``at_least``."""
        at_once = max(now, opens or now)
        return PayWindow(at_once, max(closes, at_once + self.at_least) if closes else None)
