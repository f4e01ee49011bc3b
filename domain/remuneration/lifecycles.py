"""Lifecycle of the remuneration of one expert for one panel."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class RemunerationState(Labelled):
    """State of a remuneration (专家酬劳). No money moves through this system: *paid* is the agency's statement."""

    PROPOSED = "proposed", "待专家确认"
    DISPUTED = "disputed", "待场地核对"
    """The expert objected, or left an amount unanswered that is not the standard's."""
    CONFIRMED = "confirmed", "专家已确认"
    ASSUMED = "assumed", "视为确认"
    """The expert did not answer the standard's amount in time. He may still confirm or object until it is paid."""
    PAID = "paid", "已支付"


class RemunerationEvent(Labelled):
    CONFIRM = "confirm", "确认"
    """From a dispute, too: the expert withdraws his objection."""
    DISPUTE = "dispute", "提出异议"
    ASSUME = "assume", "视为确认"
    """By the system, when the answer period is over and the amount is the standard's."""
    LAPSE = "lapse", "转场地核对"
    """The same for another amount: silence does not confirm what only the venue says."""
    REVISE = "revise", "更正金额"
    """By the venue; the expert is asked again."""
    KEEP = "keep", "维持金额"
    """By the venue, in answer to a dispute; the expert is asked again."""
    PAY = "pay", "登记支付"
    UNMARK_PAID = "unmark_paid", "撤销支付登记"
    """The agency marked the wrong one as paid."""


_OPEN = {RemunerationEvent.REVISE: RemunerationState.PROPOSED}

REMUNERATION: Lifecycle[RemunerationState, RemunerationEvent] = Lifecycle(
    noun="该笔酬劳",
    initial=RemunerationState.PROPOSED,
    moves={
        RemunerationState.PROPOSED: {
            RemunerationEvent.CONFIRM: RemunerationState.CONFIRMED,
            RemunerationEvent.DISPUTE: RemunerationState.DISPUTED,
            RemunerationEvent.ASSUME: RemunerationState.ASSUMED,
            RemunerationEvent.LAPSE: RemunerationState.DISPUTED,
            **_OPEN,
        },
        RemunerationState.DISPUTED: {
            RemunerationEvent.CONFIRM: RemunerationState.CONFIRMED,
            RemunerationEvent.DISPUTE: RemunerationState.DISPUTED,
            RemunerationEvent.KEEP: RemunerationState.PROPOSED,
            **_OPEN,
        },
        RemunerationState.CONFIRMED: {RemunerationEvent.PAY: RemunerationState.PAID, **_OPEN},
        RemunerationState.ASSUMED: {
            RemunerationEvent.CONFIRM: RemunerationState.CONFIRMED,
            RemunerationEvent.DISPUTE: RemunerationState.DISPUTED,
            RemunerationEvent.PAY: RemunerationState.PAID,
            **_OPEN,
        },
        RemunerationState.PAID: {RemunerationEvent.UNMARK_PAID: RemunerationState.CONFIRMED},
    },
)
