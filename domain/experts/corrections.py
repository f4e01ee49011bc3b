"""Corrections of a person's account and file by the office (更正): kinds, and states of those that are confirmed."""

from __future__ import annotations

from datetime import timedelta

from domain.lifecycle import Labelled

PROOF_TTL = timedelta(days=7)
"""How long a new mobile may prove itself after the office has filed it."""


class CorrectionKind(Labelled):
    """``MOBILE`` waits for the new number's own code, ``IDENTITY`` and ``MERGE`` for a second member of the office; all
    others take effect at once."""

    MOBILE = "mobile", "更换手机号"
    RELEASE = "release", "释放手机号"
    IDENTITY = "identity", "更正姓名、身份证号"
    VERIFY = "verify", "重新核验身份"
    FIELD = "field", "更正档案内容"
    UNBIND = "unbind", "解除微信绑定"
    PASSWORD = "password", "重设初始密码"  # no password
    DISABLE = "disable", "停用账号"
    ENABLE = "enable", "恢复账号"
    MERGE = "merge", "合并账号"


class CorrectionState(Labelled):
    """A waiting one whose time is over is never done."""

    WAITING = "waiting", "待生效"
    DONE = "done", "已生效"
    REFUSED = "refused", "复核未通过"
    WITHDRAWN = "withdrawn", "已撤回"


SECOND_LOOK = (CorrectionKind.IDENTITY, CorrectionKind.MERGE)
"""Kinds that a second member of the office confirms: one alone could give an expert's place to a stranger."""
