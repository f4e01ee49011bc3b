"""What the regulator's statistics show: each topic with its events, and columns as aggregates of these.

Events are rows with ``at``, the moment that decides the month, and ``region``; ``$1`` is the pool, ``$2`` and ``$3``
bound ``at``, ``$5`` is the present moment. Panels count as attended once they are over; before, who sits on one is
sealed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["count", "minutes", "days", "percent", "yuan"]
UNITS: dict[Unit, str] = {"count": "", "minutes": "分钟", "days": "天", "percent": "%", "yuan": "元"}
_AGREED = "state IN ('accepted', 'left', 'absent', 'released')"
"""Invitations that were accepted, whatever became of the place."""


@dataclass(frozen=True)
class FigureColumn:
    """``sql``: an aggregate of the topic's events."""

    code: str
    name: str
    sql: str
    unit: Unit = "count"

    @property
    def heading(self) -> str:
        return f"{self.name}（{UNITS[self.unit]}）" if UNITS[self.unit] else self.name


@dataclass(frozen=True)
class Topic:
    """``note`` says what is counted when; the first column is the one that is plotted."""

    code: str
    title: str
    note: str
    events: str
    columns: tuple[FigureColumn, ...]


def _where(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"


def _share(condition: str, of: str) -> str:
    return f"round(100.0 * {_where(condition)} / nullif({_where(of)}, 0), 1)"


def _median(interval: str, seconds: int, condition: str = "TRUE") -> str:
    middle = f"percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM {interval}))"
    return f"round(({middle} FILTER (WHERE {condition}) / {seconds})::numeric, 1)"


_CALLS = """
SELECT d.started_at AS at, p.region, i.state, i.answered_by, i.answered_at - i.created_at AS took,
  i.ends_at <= $5 AS over,
  EXISTS (SELECT FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS present
FROM draw d JOIN project p ON p.id = d.project_id JOIN invitation i ON i.draw_id = d.id
WHERE d.pool = $1 AND d.started_at >= $2 AND d.started_at < $3
"""
_ANSWERED = "state IN ('accepted', 'declined') AND answered_by IN ('chat', 'mini', 'h5', 'voice', 'inbound')"
"""By the expert, with the channel still on record: a later leave or absence takes its place."""
_DECLINED = "state = 'declined' AND answered_by <> 'recusal'"
_RECUSED = "(state = 'recused' OR answered_by = 'recusal')"

TOPICS: tuple[Topic, ...] = (
    Topic(
        "draws",
        "抽取活动",
        "按启动抽取的月份、项目所在地区统计。抽满用时从启动抽取到最后一个名额同意。",
        """
SELECT d.started_at AS at, p.region, d.kind, d.state, d.finished_at, d.finished_at - d.started_at AS took,
  d.state IN ('ended', 'released') AND EXISTS (SELECT FROM draw_condition c WHERE c.draw_id = d.id
    AND c.accepted < c.needed) AS short
FROM draw d JOIN project p ON p.id = d.project_id
WHERE d.pool = $1 AND d.started_at >= $2 AND d.started_at < $3
""",
        (
            FigureColumn("draws", "抽取", _where("kind <> 'recall'")),
            FigureColumn("filled", "抽满", _where("kind <> 'recall' AND finished_at IS NOT NULL")),
            FigureColumn("took", "抽满用时中位数", _median("took", 60, "kind <> 'recall'"), "minutes"),
            FigureColumn("short", "结束时人数不足", _where("kind <> 'recall' AND short")),
            FigureColumn("terminated", "终止", _where("state = 'terminated'")),
            FigureColumn("recalls", "通知原专家", _where("kind = 'recall'")),
        ),
    ),
    Topic(
        "calls",
        "通知与答复",
        "按启动抽取的月份统计通知人次；用时从发出通知到本人答复。答复途径不含后来请假、缺席的。",
        _CALLS,
        (
            FigureColumn("calls", "通知", "count(*)"),
            FigureColumn("agreed", "同意", _where(_AGREED)),
            FigureColumn("declined", "不参加", _where(_DECLINED)),
            FigureColumn("silent", "未答复", _where("state = 'silent'")),
            FigureColumn("rate", "同意率", _share(_AGREED, "state <> 'open' AND state <> 'cancelled'"), "percent"),
            FigureColumn("took", "答复用时中位数", _median("took", 60, _ANSWERED), "minutes"),
            FigureColumn("chat", "公众号答复", _where(f"{_ANSWERED} AND answered_by = 'chat'")),
            FigureColumn("mini", "小程序答复", _where(f"{_ANSWERED} AND answered_by = 'mini'")),
            FigureColumn("h5", "网页答复", _where(f"{_ANSWERED} AND answered_by = 'h5'")),
            FigureColumn("voice", "电话按键答复", _where(f"{_ANSWERED} AND answered_by IN ('voice', 'inbound')")),
        ),
    ),
    Topic(
        "attendance",
        "到场",
        "只统计评标时间已过的活动，按启动抽取的月份。",
        _CALLS,
        (
            FigureColumn("due", "应到", _where(f"over AND {_AGREED} AND state <> 'released'")),
            FigureColumn("present", "到场", _where("over AND state = 'accepted' AND present")),
            FigureColumn("left", "请假", _where("over AND state = 'left'")),
            FigureColumn("absent", "缺席", _where("over AND state = 'absent'")),
            FigureColumn("recused", "回避", _where(f"over AND {_RECUSED}")),
            FigureColumn(
                "rate",
                "到场率",
                _share("over AND state = 'accepted' AND present", f"over AND {_AGREED} AND state <> 'released'"),
                "percent",
            ),
        ),
    ),
    Topic(
        "reviews",
        "入库审核",
        "按作出审核意见的月份、申请人所在地区统计；用时从收到待办到作出意见。",
        """
SELECT t.decided_at AS at, p.region, t.state, t.decided_at - t.opened_at AS took
FROM review_task t JOIN application p ON p.id = t.application_id
WHERE t.pool = $1 AND t.decided_at >= $2 AND t.decided_at < $3 AND t.state IN ('approved', 'sent_back', 'refused')
""",
        (
            FigureColumn("decided", "审核", "count(*)"),
            FigureColumn("approved", "通过", _where("state = 'approved'")),
            FigureColumn("sent_back", "退回", _where("state = 'sent_back'")),
            FigureColumn("refused", "不通过", _where("state = 'refused'")),
            FigureColumn("took", "用时中位数", _median("took", 86_400), "days"),
        ),
    ),
    Topic(
        "entries",
        "申请与专家",
        "申请按办结的月份；退库按退库的月份、常驻地区。",
        """
SELECT p.ended_at AS at, p.region, p.state, p.entry_type AS kind FROM application p
WHERE p.pool = $1 AND p.ended_at >= $2 AND p.ended_at < $3 AND p.submitted_at IS NOT NULL
UNION ALL SELECT e.left_at, e.permanent_region, 'out', '' FROM expert e
WHERE e.pool = $1 AND e.left_at >= $2 AND e.left_at < $3
""",
        (
            FigureColumn("entered", "入库", _where("state = 'entered' AND kind = 'first'")),
            FigureColumn("renewed", "续聘", _where("state = 'entered' AND kind = 'renewal'")),
            FigureColumn("changed", "变更", _where("state = 'entered' AND kind NOT IN ('first', 'renewal')")),
            FigureColumn("refused", "未通过", _where("state = 'refused'")),
            FigureColumn("withdrawn", "撤回或终止", _where("state IN ('cancelled', 'terminated')")),
            FigureColumn("out", "退库", _where("state = 'out'")),
        ),
    ),
    Topic(
        "exams",
        "考试",
        "按公布成绩的月份、考生所在地区统计，不含模拟考试；一人多次作答分别统计。",
        """
SELECT a.released_at AS at, coalesce(p.region, e.permanent_region, '') AS region, a.passed, a.score, a.total
FROM exam_attempt a JOIN exam x ON x.id = a.exam_id JOIN exam_candidate c ON c.id = a.candidate_id
  LEFT JOIN application p ON p.id = c.application_id LEFT JOIN expert e ON e.id = c.expert_id
WHERE x.pool = $1 AND x.purpose <> 'mock' AND a.state = 'released' AND a.released_at >= $2 AND a.released_at < $3
""",
        (
            FigureColumn("attempts", "作答", "count(*)"),
            FigureColumn("passed", "合格", _where("passed")),
            FigureColumn("rate", "合格率", _share("passed", "TRUE"), "percent"),
            FigureColumn("score", "平均得分率", "round(avg(100.0 * score / nullif(total, 0)), 1)", "percent"),
        ),
    ),
    Topic(
        "money",
        "收费",
        "按支付、退款到账的月份，缴费人申请的地区或专家的常驻地区统计。",
        """
SELECT o.success_at AS at, coalesce(p.region, e.permanent_region, '') AS region, o.amount AS paid, NULL::int AS refunded
FROM pay_order o JOIN fee f ON f.id = o.fee_id LEFT JOIN application p ON p.id = f.application_id
  LEFT JOIN course_enrolment n ON n.id = f.enrolment_id LEFT JOIN expert e ON e.id = n.expert_id
WHERE o.pool = $1 AND o.success_at >= $2 AND o.success_at < $3 AND o.state IN ('paid', 'refunded')
UNION ALL SELECT r.done_at, coalesce(p.region, e.permanent_region, ''), NULL, r.amount
FROM refund r JOIN pay_order o ON o.id = r.order_id JOIN fee f ON f.id = o.fee_id
  LEFT JOIN application p ON p.id = f.application_id
  LEFT JOIN course_enrolment n ON n.id = f.enrolment_id LEFT JOIN expert e ON e.id = n.expert_id
WHERE r.pool = $1 AND r.done_at >= $2 AND r.done_at < $3 AND r.state = 'done'
""",
        (
            FigureColumn("paid", "收费", "coalesce(sum(paid), 0) / 100.0", "yuan"),
            FigureColumn("payments", "支付笔数", "count(paid)"),
            FigureColumn("refunded", "退款", "coalesce(sum(refunded), 0) / 100.0", "yuan"),
            FigureColumn("refunds", "退款笔数", "count(refunded)"),
        ),
    ),
)
