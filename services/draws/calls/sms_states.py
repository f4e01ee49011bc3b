"""The delivery state of a short message to an expert, for the tables of a release and of a recall."""

from __future__ import annotations

from collections.abc import Mapping

SMS_LABELS: Mapping[str, str] = {"none": "未发送", "waiting": "待发送", "sent": "已发送", "failed": "发送失败"}


def sms_state(kind: str, invitation: str) -> str:
    """SQL: the newest state of the messages of this kind about the invitation with this id, a key of ``SMS_LABELS``."""
    return f"""(SELECT CASE WHEN count(t.id) = 0 THEN 'none'
      WHEN bool_or(s.state IN ('sent', 'delivered', 'answered')) THEN 'sent'
      WHEN bool_and(coalesce(s.state, 'pending') = 'failed') THEN 'failed' ELSE 'waiting' END
    FROM notice t LEFT JOIN attempt s ON s.notice_id = t.id AND s.channel = 'sms'
    WHERE t.invitation_id = {invitation} AND t.kind = '{kind}' AND t.state <> 'stopped')"""
