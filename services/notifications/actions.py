"""Actions offered with a notice: the page it opens, or chat commands to tap. Pure.

Every kind has an action, or is in ``WITHOUT`` with the reason; a test checks all kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Action:
    """``label`` of the button and the ``route`` it opens; both and ``mini`` are filled with the notice's params.

    ``mini`` is a page of the mini-program, for work that is done there. ``words`` are commands of the chat that do or
    show something else than the page: one tap for a thing. ``INVITATION`` stands for the invitation's own page.
    """

    label: str
    route: str
    mini: str = ""
    words: tuple[str, ...] = ()
    agency: str = ""
    """The agency's route, where it differs from others'; the notice's param ``side`` names the recipient's side."""

    def path(self, params: Mapping[str, str]) -> str:
        route = self.agency if params.get("side") == "agency" else ""
        return (route or self.route).format_map(_PresentParams(params))

    def mini_page(self, params: Mapping[str, str]) -> str:
        return self.mini.format_map(_PresentParams(params))


class _PresentParams(dict[str, str]):
    """Notices written before a param was introduced open the list instead."""

    def __missing__(self, key: str) -> str:
        return ""


INVITATION = "/i/{invitation}"
_PANEL = Action("查看这场评标", INVITATION)
_EXAM = "/h5/{pool}/exams/{candidate}"
_COURSE = "/h5/{pool}/courses/{enrolment}"
_STATUS = Action("查看申请进度", "/h5/{pool}/apply/status?number={number}")
_MONEY = Action("查看缴费与发票", "/h5/{pool}/pay")
_AGENCY = "/agency/draws/{draw}"
_REMUNERATION = "/h5/{pool}/remuneration"
_CERTIFICATES = Action("查看证书", "/h5/{pool}/certificates")
_ACCOUNT = Action("查看账号", "/h5/{pool}/account")
_SANCTIONS = Action("查看处理", "/h5/{pool}/sanctions")


def _draw_action(label: str, page: str = "", mini: str = "draw", agency: str = "") -> Action:
    return Action(label, f"/draws/{{draw}}{page}", f"pages/{mini}?id={{draw}}" if mini else "", agency=agency)


def _agency_action(label: str) -> Action:
    """The step that fits the draw's state."""
    return Action(label, _AGENCY, "pages/draw?id={draw}")


ACTIONS: Mapping[str, Action] = {
    "draw_call": Action("去答复", INVITATION),
    "recall_call": Action("去答复", INVITATION),
    "recall_stated": Action("去答复", INVITATION),
    "draw_accepted": Action("查看这场评标", INVITATION, words=("请假",)),
    "draw_declined": _PANEL,
    "draw_unclear": _PANEL,
    "draw_lapsed": _PANEL,
    "draw_unconfirmed": Action("去确认", INVITATION),
    "gathering_changed": Action("去答复", INVITATION, words=("同意改期", "不能改期")),
    "gathering_stays": _PANEL,
    "draw_cancelled": _PANEL,
    "draw_released": _PANEL,
    "draw_release_text": _PANEL,
    "panel_stays": Action("查看这场评标", INVITATION, words=("请假",)),
    "panel_waits": Action("去答复", INVITATION, words=("同意改期", "不能改期")),
    "time_reminder": Action("去答复", INVITATION, words=("同意改期", "不能改期")),
    "leave_confirmed": _PANEL,
    "recusal_declared": _PANEL,
    "leave_asked": Action("去确认", INVITATION, words=("确认请假", "按时到场")),
    "absence_registered": _PANEL,
    "desk_registered": _PANEL,
    "late_recorded": Action("查看或更正", INVITATION, words=("晚到", "不晚到了")),
    "recusal_asked": _PANEL,
    "recusal_confirmed": _PANEL,
    "recusal_refused": _PANEL,
    "recusal_waiting": Action("去确认", "/draws/{draw}/absences"),
    "supervisor_discard": _draw_action("查看这次抽取", mini="supervised"),
    "evaluation_postponed": Action("查看这次抽取", "/draws/{draw}"),
    "draw_terminated": Action("查看这次抽取", "/draws/{draw}", agency=_AGENCY),
    "check_in_reminder": Action("去签到", INVITATION),
    "urging": Action("去签到", INVITATION),
    "account_joined": Action("查看账号", "/h5/{pool}/account", words=("解绑",)),
    "account_bound": Action("查看账号", "/h5/{pool}/account", words=("解绑",)),
    "mini_program_bound": Action("查看账号", "/h5/{pool}/account", words=("不是我本人",)),
    "commitment_wanted": _draw_action("去提交我的随机数", mini="supervised"),
    "reveal_wanted": _draw_action("去公开我的随机数", mini="supervised"),
    "verification_waiting": Action(
        "去核验", "/draws/{draw}/application", "pages/application?id={application}&draw={draw}&state=submitted"
    ),
    "draw_news": _draw_action("查看这次抽取", mini="", agency=_AGENCY),
    "supervisors_changed": _draw_action("查看这次抽取", mini=""),
    "venue_news": _draw_action("查看这次抽取", mini=""),
    "draw_ended": _draw_action("查看这次抽取", mini="", agency=_AGENCY),
    "agency_round": _agency_action("进入抽取"),
    "agency_news": _agency_action("查看这次抽取"),
    "platform_asked": Action("查看并确认", "/agency/integrations"),
    "agent_asked": Action("查看并答复", "/h5/{pool}/agent-requests"),
    "agency_verified": _agency_action("进入抽取"),
    "agency_refused": _agency_action("去修改"),
    "agency_agreed": _agency_action("查看进度"),
    "agency_full": _agency_action("查看这次抽取"),
    "agency_short": _agency_action("去处理"),
    "agency_leave": _agency_action("去补抽"),
    "agency_kept": _agency_action("查看这次抽取"),
    "agency_late": Action("去催促", f"{_AGENCY}/attendance", "pages/door?id={draw}"),
    "agency_unsealed": Action("查看名单", f"{_AGENCY}/result", "pages/result?id={draw}"),
    "agency_checked_in": Action("查看到场", f"{_AGENCY}/attendance", "pages/door?id={draw}"),
    "remuneration_proposed": Action("核对并确认", _REMUNERATION),
    "remuneration_paid": Action("查看酬劳", _REMUNERATION),
    "remuneration_unpaid": Action("查看酬劳", _REMUNERATION),
    "role_changed": _ACCOUNT,
    "report_news": Action("去查看", "/reports"),
    "report_readers": Action("查看举报", "/reports"),
    "contact_question": Action("去回答", "/h5/{pool}/contacts", words=("没有人联系我", "有人联系过我")),
    "remuneration_disputed": Action("去答复", "/draws/{draw}/remuneration"),
    "agency_pay_reminder": Action("去核对", "/agency/draws/{draw}/remuneration"),
    "agency_remuneration": Action("去支付", "/agency/draws/{draw}/remuneration"),
    "application_progress": _STATUS,
    "campaign_changed": Action("去提交", "/h5/{pool}/apply/form"),
    "application_extended": Action("查看申请进度", "/h5/{pool}/{page}"),
    "application_reinstated": Action("查看申请进度", "/h5/{pool}/{page}"),
    "application_message": Action("查看留言", "/h5/{pool}/{page}"),
    "application_sent_back": Action("修改信息", "/h5/{pool}/{page}"),
    "application_refused": _STATUS,
    "application_exam": replace(_STATUS, words=("资料下载",)),
    "exam_called": Action("进入考试", _EXAM),
    "exam_changed": Action("查看考试", _EXAM),
    "exam_decided": Action("查看考试", _EXAM),
    "exam_reminder": Action("进入考试", _EXAM),
    "exam_place": Action("查看考试", _EXAM),
    "exam_cancelled": Action("查看申请进度", "/h5/{pool}/apply/status"),
    "exam_passed": Action("查看成绩", _EXAM),
    "exam_failed": Action("查看成绩", _EXAM),
    "exam_again": Action("再考一次", _EXAM),
    "appeal_answered": Action("查看成绩", _EXAM),
    "evidence_answered": Action("查看成绩", _EXAM),
    "course_called": Action("查看课程", _COURSE),
    "course_opened": Action("去学习", _COURSE),
    "course_reminder": Action("继续学习", _COURSE),
    "course_changed": Action("查看课程", _COURSE),
    "course_cancelled": Action("查看课程", _COURSE, words=("缴费",)),
    "course_finished": Action("查看学习记录", _COURSE, words=("证书",)),
    "course_make_up": Action("去补学", _COURSE),
    "course_unfinished": Action("查看课程", _COURSE),
    "application_ended": _STATUS,
    "application_entered": Action("查看我的专家信息", "/h5/{pool}/apply"),
    "pause_reminder": Action("查看和修改", "/h5/{pool}/periods", words=("恢复接受抽取", "继续暂停")),
    "term_ending": Action("查看续聘", "/h5/{pool}/apply"),
    "term_extended": Action("查看我的档案", "/h5/{pool}/file"),
    "certificate_issued": _CERTIFICATES,
    "certificate_ending": _CERTIFICATES,
    "certificate_revoked": _CERTIFICATES,
    "expert_left": _SANCTIONS,
    "expert_restored": Action("查看我的档案", "/h5/{pool}/file"),
    "sanction_imposed": _SANCTIONS,
    "sanction_ended": _SANCTIONS,
    "sanction_answered": _SANCTIONS,
    "fee_open": Action("去缴费", "/h5/{pool}/pay"),
    "fee_paid": _MONEY,
    "fee_refunded": _MONEY,
    "fee_redirected": _MONEY,
    "invoice_sent": _MONEY,
    "invoice_reversed": _MONEY,
    "employer_answered": Action("继续填写", "/h5/{pool}/apply/form"),
    "mobile_changed": _ACCOUNT,
    "file_changed": Action("查看我的档案", "/h5/{pool}/file"),
    "person_corrected": _ACCOUNT,
    "person_differs": Action("核对我的信息", "/h5/{pool}/account"),
    "password_changed": Action("查看登录设备", "/h5/{pool}/account"),
    "objection_answered": Action("查看答复", "/h5/{pool}/notice/objections"),
    "chat_reply": Action("查看帮助", "/h5/{pool}/help", words=("菜单",)),
    "office_notice": Action("查看全文", "/h5/{pool}/announcements/{announcement}"),
    "feedback_answered": Action("查看并回复", "/h5/{pool}/feedback/{thread}"),
    "feedback_handed": Action("去答复", "/office/feedback/{thread}"),
    "review_waiting": Action("去审核", "/review"),
    "review_handed": Action("去审核", "/review/{task}"),
    "review_absence": Action("查看代办", "/review/away"),
    "review_moved": Action("查看待审核", "/review"),
    "review_stuck": Action("去分工", "/office/reviewers"),
    "code_budget": Action("打开管理台", "/office"),
}
WITHOUT: Mapping[str, str] = {
    "account_closed": "There is no account any more in which to do anything.",
    "mobile_filed": "Its owner logs in as always; nobody must learn to log in by a link in a message.",
    "verification_code": "It is typed where it was asked for; people must not learn to tap links beside codes.",
    "supervisor_removed": "He may not open the activity any more.",
    "recall_hindered": "He calls the number that stands in it; there is no invitation.",
    "recall_asked": "One calls the number that stands in it; there is no invitation to answer yet.",
}
"""Kinds without action, each with the reason."""

_MOVE = ("同意改期", "不能改期")
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "draw_call": ("评标邀请",),
    "recall_call": ("评标邀请",),
    "recall_stated": ("评标邀请",),
    "draw_unconfirmed": ("评标邀请",),
    "gathering_changed": _MOVE,
    "panel_waits": _MOVE,
    "time_reminder": _MOVE,
    "leave_asked": ("确认请假", "按时到场"),
    "late_recorded": ("晚到", "不晚到了"),
    "contact_question": ("没有人联系我", "有人联系过我"),
    "pause_reminder": ("恢复接受抽取", "继续暂停"),
}
"""Kinds whose text asks something that a person may answer by typing below it, with the words that answer it or lead to
its choices. An answer typed after one of them is not taken for an older question of the chat."""
