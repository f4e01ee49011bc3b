"""What the office does about one application beside decisions: its kinds, and the states of one that waits."""

from __future__ import annotations

from domain.lifecycle import Labelled


class ActKind(Labelled):
    """A ``NOTE`` is never shown to the applicant; all others are told to him."""

    REINSTATEMENT = "reinstatement", "重新受理"
    EXTENSION = "extension", "延长期限"
    NOTE = "note", "内部备注"
    MESSAGE = "message", "给申请人的留言"


class ActState(Labelled):
    """Only a reinstatement waits, for a second member of the office."""

    WAITING = "waiting", "待复核"
    DONE = "done", "已办理"
    REFUSED = "refused", "复核未通过"
    WITHDRAWN = "withdrawn", "已撤回"


class Deadline(Labelled):
    """What an applicant has to do in time."""

    SUBMIT = "submit", "提交申请"
    PAY = "pay", "缴费"
