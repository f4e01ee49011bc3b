"""The log of operations of a draw (操作记录): people's actions in Chinese, read from the audit log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from services.core.base import rows
from services.core.permissions import role_name

OPERATIONS_MAX = 1000
_REMARKS = ("reason", "opinion", "terminal")
"""Details shown beside an operation: the first that it has, after ``what``."""
_READINGS = ("recall.panel_read", "attendance.names_read")
"""Readings of pages that refresh themselves, which would hide all else; the audit log has them."""
_DEPARTMENT = """
CASE e.actor_role WHEN 'agent' THEN o.name WHEN 'organisation' THEN o.name WHEN 'integrator' THEN o.name
  WHEN 'verifier' THEN d.terminal
  WHEN 'supervisor' THEN (SELECT s.department FROM draw_supervisor s WHERE s.draw_id = d.id
    AND s.mobile_hash = a.mobile_hash LIMIT 1) END AS department
"""
"""The organisation or role for which the person of an audit entry ``e`` acted (操作部门)."""
LABELS: Mapping[str, str] = {
    "draw.created": "新建抽取",
    "draw.edited": "修改活动信息",
    "draw.supervisors_changed": "更换监督人",
    "draw.attached": "上传证明材料",
    "draw.submitted": "提交审核",
    "draw.withdrawn": "撤回申请",
    "draw.notice_corrected": "核验后修改语音通知",
    "draw.verified": "通过核验",
    "draw.refused": "退回核验",
    "draw.round_opened": "开始三方摇号",
    "draw.number_committed": "提交随机数",
    "draw.number_revealed": "公开随机数",
    "draw.order_fixed": "确定抽取顺序",
    "draw.round_aborted": "终止摇号",
    "draw.started": "启动抽取",
    "draw.paused": "暂停抽取",
    "draw.resumed": "继续抽取",
    "draw.force_ended": "强制结束",
    "draw.supplemented": "启动补抽",
    "virtual_call.asked": "虚拟号呼叫专家",
    "draw.gathering_changed": "修改集合时间",
    "recall.phone_entered": "填写通话号码",
    "recall.asked": "请原专家回电",
    "recall.begun": "开始通知原专家",
    "recall.noted": "登记通话中的答复（陈述）",
    "recall.hindered": "原专家不能参评",
    "recall.confirmed": "提交最终确认结果",
    "recall.resent": "重新发送确认短信",
    "release.submitted": "申请退选",
    "release.withdrawn": "撤回退选申请",
    "release.approved": "通过退选核验",
    "release.refused": "退回退选申请",
    "draw.released": "启动退选",
    "draw.start_moved": "推迟评标开始",
    "draw.terminated": "终止活动",
    "draw.ended": "结束活动",
    "late_arrival.stated": "专家说明晚到",
    "late_arrival.withdrawn": "专家说明能按时到",
    "late_arrival.recorded": "按来电登记晚到",
    "discard.asked_leave": "登记请假",
    "discard.asked_recusal": "登记现场回避",
    "discard.absence": "登记缺席",
    "discard.confirmed": "确认移出",
    "discard.refused": "未确认移出",
    "discard.lapsed": "登记逾期失效",
    "result.read": "查看抽取结果",
    "remuneration.read": "查看专家酬劳",
    "remuneration.exported": "下载酬劳支付表",
    "board.shared": "分享抽取看板",
    "record.shared": "分享抽取记录",
    "leaf.opened": "查看抽取凭证",
    "draw.audited": "稽核抽取理由",
}
"""Chinese names of people's actions on a draw."""


@dataclass(frozen=True)
class Operation:
    """`role` and `label` are Chinese display texts."""

    at: datetime
    action: Annotated[str, Field(examples=["draw.started"])]
    label: Annotated[str, Field(examples=["启动抽取"])]
    role: Annotated[str, Field(examples=["经办人"])]
    department: Annotated[str, Field(description="Empty for the service itself", examples=["广州某某招标代理有限公司"])]
    person: str
    remark: str


async def find_operations(draw_id: UUID) -> list[Operation]:
    """The newest thousand, oldest first; the caller has checked the permission."""
    entries = await rows(
        f"SELECT e.at, e.action, e.actor_role AS role, a.real_name AS person, e.details, {_DEPARTMENT} "
        "FROM audit_entry e JOIN draw d ON d.id = e.subject_id JOIN organisation o ON o.id = d.organisation_id "
        "LEFT JOIN account a ON a.id = e.actor_id WHERE e.subject = 'draw' AND e.subject_id = $1 "
        "AND e.actor_role <> 'expert' AND e.action NOT LIKE '%looked_up' AND e.action <> ALL($2::text[]) "
        f"ORDER BY e.at DESC, e.id DESC LIMIT {OPERATIONS_MAX}",
        draw_id,
        list(_READINGS),
    )
    return [_operation(row) for row in reversed(entries)]


def _operation(row: Any) -> Operation:
    details = row["details"] if isinstance(row["details"], dict) else json.loads(row["details"])
    why = next((details[name] for name in _REMARKS if details.get(name)), "")
    remark = "；".join(str(text) for text in (details.get("what"), why) if text)
    label = LABELS.get(row["action"], row["action"])
    person = row["person"] or str(details.get("integrator", ""))
    role = "系统" if row["role"] == "system" else role_name(row["role"])
    return Operation(row["at"], row["action"], label, role, row["department"] or "", person, remark)
