"""Lifecycles of a draw, its invitations, pending leaves and recusals, its verification, and calls."""

from __future__ import annotations

from dataclasses import dataclass

from domain.lifecycle import Labelled, Lifecycle


class DrawState(Labelled):
    """State of a draw (抽取活动). Labels are the Guangdong manual's where it has one."""

    EDITING = "editing", "新建"
    SUBMITTED = "submitted", "已提交"
    REFUSED = "refused", "核验未通过"
    VERIFIED = "verified", "未抽取"
    COMMITTING = "committing", "摇号中"
    """A round is open: agency, supervisor and system are fixing its order."""
    DRAWING = "drawing", "抽取中"
    PAUSED = "paused", "已暂停"
    ENDING = "ending", "结束中"
    """No new calls begin; open ones are waited for."""
    COMPLETED = "completed", "抽取完成"
    SHORT = "short", "专家不足"
    SUPPLEMENT_PENDING = "supplement_pending", "待补抽"
    ENDED = "ended", "已结束"
    TERMINATED = "terminated", "已终止"
    """Given up before the panel met; its lots may be drawn again."""
    RELEASED = "released", "已退选"


OVER = frozenset({DrawState.ENDED, DrawState.TERMINATED, DrawState.RELEASED})
"""Final states; a redraw or a recall is another draw."""


@dataclass(frozen=True)
class StateName:
    """A name under which draws of one state are shown and listed. ``code`` is its value in a filter."""

    code: str
    label: str
    state: DrawState
    of_recalls: bool | None = None
    """Whether it applies to recalls only, to other draws only, or to both (None)."""
    started: bool | None = None
    """Whether only to those that were started, or that were not; None: to both."""


_RECALL_NAMES = (
    StateName("recall_submitted", "复评已提交", DrawState.SUBMITTED, of_recalls=True),
    StateName("recall_verified", "未通知", DrawState.VERIFIED, of_recalls=True, started=False),
    StateName("recall_started", "通知中", DrawState.VERIFIED, of_recalls=True, started=True),
)
"""A recall draws no order: the original experts are asked, each answers in person."""


def _names_of(state: DrawState) -> list[StateName]:
    own = [name for name in _RECALL_NAMES if name.state == state]
    return [StateName(state.value, state.label, state, of_recalls=False if own else None), *own]


STATE_NAMES = tuple(name for state in DrawState for name in _names_of(state))


def state_label(state: DrawState, kind: str, *, started: bool) -> str:
    """The name of the state of a draw of this kind; ``started``: whether its experts are or were called."""
    labels = (
        name.label
        for name in STATE_NAMES
        if name.state == state and name.of_recalls in (None, kind == "recall") and name.started in (None, started)
    )
    return next(labels)


class DrawEvent(Labelled):
    EDIT = "edit", "编辑"
    SUBMIT = "submit", "提交审核"
    WITHDRAW = "withdraw", "撤回"
    VERIFY = "verify", "通过核验"
    REFUSE = "refuse", "退回核验"
    OPEN_ROUND = "open_round", "开始摇号"
    """For the draw's one seed."""
    WIDEN = "widen", "扩大地区补抽"
    """A further seed, for wider regions; only when every order is exhausted."""
    ABORT_ROUND = "abort_round", "中止摇号"
    """During the first seed's round, before any call."""
    ABORT_SUPPLEMENT = "abort_supplement", "中止补抽摇号"
    """In a supplementary draw with wider regions."""
    START = "start", "启动抽取"
    PAUSE = "pause", "暂停抽取"
    RESUME = "resume", "继续抽取"
    FORCE_END = "force_end", "强制结束"
    STOP = "stop", "停止通知"
    """By the system, when the lead time before gathering is reached."""
    FILL = "fill", "完成抽取"
    """The last missing place was accepted."""
    RUN_SHORT = "run_short", "报告专家不足"
    """Every order is exhausted, no call is open, places are missing."""
    SETTLE = "settle", "结清未答复的通知"
    """While ending: the last open call has its outcome, and places are missing."""
    ALL_COME = "all_come", "确认全部参评"
    """Final confirmation of a recall: every expert of the original panel takes part."""
    NOT_ALL_COME = "not_all_come", "确认部分参评"
    """The same where at least one expert doesn't."""
    REGISTER_ABSENCE = "register_absence", "登记缺席"
    START_SUPPLEMENT = "start_supplement", "启动补抽"
    """With the same conditions: calling continues along the same order."""
    RELEASE = "release", "退选"
    END = "end", "结束"
    """The panel has met, or its time is over."""
    TERMINATE = "terminate", "终止活动"
    """The panel does not meet: open calls are cancelled, experts who accepted are notified that they needn't come."""


DRAW: Lifecycle[DrawState, DrawEvent] = Lifecycle(
    noun="该抽取活动",
    initial=DrawState.EDITING,
    moves={
        DrawState.EDITING: {
            DrawEvent.EDIT: DrawState.EDITING,
            DrawEvent.SUBMIT: DrawState.SUBMITTED,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
        },
        DrawState.SUBMITTED: {
            DrawEvent.WITHDRAW: DrawState.EDITING,
            DrawEvent.VERIFY: DrawState.VERIFIED,
            DrawEvent.REFUSE: DrawState.REFUSED,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
        },
        DrawState.REFUSED: {
            DrawEvent.EDIT: DrawState.EDITING,
            DrawEvent.SUBMIT: DrawState.SUBMITTED,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
        },
        DrawState.VERIFIED: {
            DrawEvent.OPEN_ROUND: DrawState.COMMITTING,
            DrawEvent.ALL_COME: DrawState.COMPLETED,
            DrawEvent.NOT_ALL_COME: DrawState.SHORT,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
            DrawEvent.END: DrawState.ENDED,
        },
        DrawState.COMMITTING: {
            DrawEvent.START: DrawState.DRAWING,
            DrawEvent.ABORT_ROUND: DrawState.VERIFIED,
            DrawEvent.ABORT_SUPPLEMENT: DrawState.SUPPLEMENT_PENDING,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
        },
        DrawState.DRAWING: {
            DrawEvent.PAUSE: DrawState.PAUSED,
            DrawEvent.FORCE_END: DrawState.ENDING,
            DrawEvent.STOP: DrawState.ENDING,
            DrawEvent.FILL: DrawState.COMPLETED,
            DrawEvent.RUN_SHORT: DrawState.SHORT,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
        },
        DrawState.PAUSED: {
            DrawEvent.RESUME: DrawState.DRAWING,
            DrawEvent.FORCE_END: DrawState.ENDING,
            DrawEvent.STOP: DrawState.ENDING,
            DrawEvent.FILL: DrawState.COMPLETED,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
        },
        DrawState.ENDING: {
            DrawEvent.FILL: DrawState.COMPLETED,
            DrawEvent.SETTLE: DrawState.SHORT,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
        },
        DrawState.COMPLETED: {
            DrawEvent.REGISTER_ABSENCE: DrawState.SUPPLEMENT_PENDING,
            DrawEvent.RELEASE: DrawState.RELEASED,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
            DrawEvent.END: DrawState.ENDED,
        },
        DrawState.SHORT: {
            DrawEvent.REGISTER_ABSENCE: DrawState.SUPPLEMENT_PENDING,
            DrawEvent.START_SUPPLEMENT: DrawState.DRAWING,
            DrawEvent.WIDEN: DrawState.COMMITTING,
            DrawEvent.RELEASE: DrawState.RELEASED,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
            DrawEvent.END: DrawState.ENDED,
        },
        DrawState.SUPPLEMENT_PENDING: {
            DrawEvent.REGISTER_ABSENCE: DrawState.SUPPLEMENT_PENDING,
            DrawEvent.START_SUPPLEMENT: DrawState.DRAWING,
            DrawEvent.WIDEN: DrawState.COMMITTING,
            DrawEvent.RELEASE: DrawState.RELEASED,
            DrawEvent.TERMINATE: DrawState.TERMINATED,
            DrawEvent.END: DrawState.ENDED,
        },
    },
)


class InvitationState(Labelled):
    """State of an invitation, the same for every channel."""

    OPEN = "open", "等待答复"
    ACCEPTED = "accepted", "已同意"
    DECLINED = "declined", "已拒绝"
    SILENT = "silent", "未答复"
    LEFT = "left", "已请假"
    ABSENT = "absent", "缺席"
    RECUSED = "recused", "现场回避"
    RELEASED = "released", "已退选"
    CANCELLED = "cancelled", "已取消"


class InvitationEvent(Labelled):
    ACCEPT = "accept", "同意参加"
    DECLINE = "decline", "拒绝"
    EXPIRE = "expire", "按未答复处理"
    UNDO = "undo", "撤销同意"
    """By the expert, while the answer period runs and the draw still calls: the invitation is open again."""
    LEAVE = "leave", "请假"
    MISS = "miss", "登记缺席"
    RECUSE = "recuse", "登记回避"
    RELEASE = "release", "退选"
    CANCEL = "cancel", "取消"


INVITATION: Lifecycle[InvitationState, InvitationEvent] = Lifecycle(
    noun="该通知",
    initial=InvitationState.OPEN,
    moves={
        InvitationState.OPEN: {
            InvitationEvent.ACCEPT: InvitationState.ACCEPTED,
            InvitationEvent.DECLINE: InvitationState.DECLINED,
            InvitationEvent.EXPIRE: InvitationState.SILENT,
            InvitationEvent.CANCEL: InvitationState.CANCELLED,
        },
        InvitationState.ACCEPTED: {
            InvitationEvent.UNDO: InvitationState.OPEN,
            InvitationEvent.LEAVE: InvitationState.LEFT,
            InvitationEvent.MISS: InvitationState.ABSENT,
            InvitationEvent.RECUSE: InvitationState.RECUSED,
            InvitationEvent.RELEASE: InvitationState.RELEASED,
            InvitationEvent.CANCEL: InvitationState.CANCELLED,
        },
    },
)


class DiscardState(Labelled):
    """State of a request to give up an accepted expert's place (登记请假、现场回避)."""

    OPEN = "open", "待确认"
    CONFIRMED = "confirmed", "已确认"
    REFUSED = "refused", "未确认"
    LAPSED = "lapsed", "逾期未确认"
    VOID = "void", "已失效"
    """The expert gave up the place himself, or the draw is over."""


class DiscardEvent(Labelled):
    CONFIRM = "confirm", "确认"
    REFUSE = "refuse", "不确认"
    LAPSE = "lapse", "逾期"
    VOID = "void", "失效"


DISCARD: Lifecycle[DiscardState, DiscardEvent] = Lifecycle(
    noun="该登记",
    initial=DiscardState.OPEN,
    moves={
        DiscardState.OPEN: {
            DiscardEvent.CONFIRM: DiscardState.CONFIRMED,
            DiscardEvent.REFUSE: DiscardState.REFUSED,
            DiscardEvent.LAPSE: DiscardState.LAPSED,
            DiscardEvent.VOID: DiscardState.VOID,
        },
    },
)


class VerificationState(Labelled):
    """State of an agency's request for verification (核验)."""

    SUBMITTED = "submitted", "待核验"
    WITHDRAWN = "withdrawn", "已撤回"
    APPROVED = "approved", "核验通过"
    REFUSED = "refused", "核验未通过"


class VerificationEvent(Labelled):
    WITHDRAW = "withdraw", "撤回"
    APPROVE = "approve", "通过核验"
    REFUSE = "refuse", "退回核验"


VERIFICATION: Lifecycle[VerificationState, VerificationEvent] = Lifecycle(
    noun="该申请",
    initial=VerificationState.SUBMITTED,
    moves={
        VerificationState.SUBMITTED: {
            VerificationEvent.WITHDRAW: VerificationState.WITHDRAWN,
            VerificationEvent.APPROVE: VerificationState.APPROVED,
            VerificationEvent.REFUSE: VerificationState.REFUSED,
        },
    },
)


class VirtualCallState(Labelled):
    """State of a call that the platform connects between a member of staff and an expert (虚拟号通话)."""

    ASKED = "asked", "准备拨打"
    """The row is written before the vendor is called."""
    DIALLING = "dialling", "正在呼叫工作人员电话"
    """Perhaps placed: its report is awaited or queried, it is never dialled again."""
    CALLING = "calling", "工作人员已接听，正在呼叫专家"
    TALKING = "talking", "通话中"
    TALKED = "talked", "已通话"
    MISSED = "missed", "专家未接听"
    NOT_TAKEN = "not_taken", "工作人员未接听，没有呼叫专家"
    REFUSED = "refused", "未能拨出，请稍后再试或改用其他方式"
    LOST = "lost", "没有收到通话结果"


class VirtualCallEvent(Labelled):
    DIAL = "dial", "拨打"
    TAKE = "take", "记为工作人员已接听"
    CONNECT = "connect", "记为通话中"
    TALK = "talk", "记为已通话"
    MISS = "miss", "记为专家未接听"
    NOT_TAKE = "not_take", "记为工作人员未接听"
    REFUSE = "refuse", "记为未能拨出"
    LOSE = "lose", "记为结果不明"


_OVER = {
    VirtualCallEvent.TALK: VirtualCallState.TALKED,
    VirtualCallEvent.MISS: VirtualCallState.MISSED,
    VirtualCallEvent.NOT_TAKE: VirtualCallState.NOT_TAKEN,
    VirtualCallEvent.REFUSE: VirtualCallState.REFUSED,
}
VIRTUAL_CALL: Lifecycle[VirtualCallState, VirtualCallEvent] = Lifecycle(
    noun="该通话",
    initial=VirtualCallState.ASKED,
    # A report never undoes earlier knowledge, in whatever order reports come: "answered" stays true after the end.
    moves={
        VirtualCallState.ASKED: {
            VirtualCallEvent.DIAL: VirtualCallState.DIALLING,
            VirtualCallEvent.REFUSE: VirtualCallState.REFUSED,
        },
        VirtualCallState.DIALLING: {
            VirtualCallEvent.TAKE: VirtualCallState.CALLING,
            VirtualCallEvent.CONNECT: VirtualCallState.TALKING,
            **_OVER,
            VirtualCallEvent.LOSE: VirtualCallState.LOST,
        },
        VirtualCallState.CALLING: {
            VirtualCallEvent.CONNECT: VirtualCallState.TALKING,
            **_OVER,
            VirtualCallEvent.LOSE: VirtualCallState.LOST,
        },
        VirtualCallState.TALKING: {**_OVER, VirtualCallEvent.LOSE: VirtualCallState.LOST},
        VirtualCallState.LOST: _OVER,
        VirtualCallState.REFUSED: {
            VirtualCallEvent.TAKE: VirtualCallState.MISSED,
            VirtualCallEvent.CONNECT: VirtualCallState.TALKED,
        },
        VirtualCallState.MISSED: {VirtualCallEvent.CONNECT: VirtualCallState.TALKED},
        VirtualCallState.NOT_TAKEN: {
            VirtualCallEvent.TAKE: VirtualCallState.MISSED,
            VirtualCallEvent.CONNECT: VirtualCallState.TALKED,
        },
    },
)
