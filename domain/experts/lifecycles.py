"""Lifecycle of what the office imposes on an expert (处理)."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class SanctionKind(Labelled):
    """What is imposed."""

    SUSPENSION = "suspension", "暂停抽取"
    WARNING = "warning", "警告"
    REMOVAL = "removal", "退库"


class SanctionState(Labelled):
    """State of an act against an expert. One whose time is over stays imposed."""

    PROPOSED = "proposed", "待确认"
    """Waits for a second person of the office."""
    IMPOSED = "imposed", "已生效"
    REFUSED = "refused", "未确认"
    WITHDRAWN = "withdrawn", "已撤回"
    LIFTED = "lifted", "已解除"


class SanctionEvent(Labelled):
    CONFIRM = "confirm", "确认"
    REFUSE = "refuse", "不予确认"
    WITHDRAW = "withdraw", "撤回"
    LIFT = "lift", "解除"


_S, _E = SanctionState, SanctionEvent
SANCTION: Lifecycle[SanctionState, SanctionEvent] = Lifecycle(
    noun="这项处理",
    initial=_S.PROPOSED,
    moves={
        _S.PROPOSED: {_E.CONFIRM: _S.IMPOSED, _E.REFUSE: _S.REFUSED, _E.WITHDRAW: _S.WITHDRAWN},
        _S.IMPOSED: {_E.LIFT: _S.LIFTED},
    },
)
