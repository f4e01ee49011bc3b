"""Lifecycle of a sealed report (举报), and what it may be about."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class ReportOccasion(Labelled):
    """What happened."""

    SOUNDED_OUT = "sounded_out", "被打听是不是评标专家、在哪评标"
    BRIBE = "bribe", "送礼、送钱"
    PRESSURE = "pressure", "打招呼、施压"
    COLLUSION = "collusion", "围标、串标"
    LEAK = "leak", "泄露专家名单或评标情况"
    OTHER = "other", "其他"


class ReportState(Labelled):
    """State of a report."""

    RECEIVED = "received", "已收到"
    EXAMINED = "examined", "正在核查"
    CLOSED = "closed", "已办结"


class ReportEvent(Labelled):
    EXAMINE = "examine", "开始核查"
    CLOSE = "close", "办结"
    REOPEN = "reopen", "重新核查"


_S, _E = ReportState, ReportEvent
REPORT: Lifecycle[ReportState, ReportEvent] = Lifecycle(
    noun="这件举报",
    initial=_S.RECEIVED,
    moves={
        _S.RECEIVED: {_E.EXAMINE: _S.EXAMINED, _E.CLOSE: _S.CLOSED},
        _S.EXAMINED: {_E.CLOSE: _S.CLOSED},
        _S.CLOSED: {_E.REOPEN: _S.EXAMINED},
    },
    ended=frozenset({_S.CLOSED}),
)
