"""Words that can be tapped: the same as typing them, and possible in the middle of a talk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.router import Answer, Router
from bot.talk import Conversation
from bot.turn import Turn
from domain.chat_links import choice

BIND = "绑定身份"
REGISTER = "注册"
UNBIND = "解绑"
STATUS = "我的状态"
INVITATIONS = "评标邀请"
PANELS = "我的活动"
PAST_PANELS = "以往活动"
LEAVE = "请假"
CHECK_IN = "签到"
LATE = "晚到"
ON_TIME = "不晚到了"
ON_THE_WAY = "在路上"
AVAILABILITY = "日程"
RECUSAL = "申报回避"
RESUME = "恢复接受抽取"
GO_ON = "继续暂停"
HELP = "帮助"
MENU = "菜单"
APPLY = "申报"
PROGRESS = "进度"
PAY = "缴费"
GUIDE = "办理指南"
FEEDBACK = "意见反馈"
MY_FEEDBACK = "我的反馈"
COMPLAINT = "投诉"
APPEAL = "申诉"
REMIND_PAYMENT = "催付酬劳"
MATERIALS = "资料下载"
GIVE_UP = "放弃申请"
CONFIRM_LEAVE = "确认请假"
WILL_COME = "按时到场"
AGREE_MOVE = "同意改期"
REFUSE_MOVE = "不能改期"
WORK = "我的工作"
MEND = "修改信息"
NOT_ME = "不是我本人"
EXAM = "考试"
BOOK_EXAM = "预约考试"
CERTIFICATES = "证书"
COURSES = "培训"
TO_DO = "待办"
PROJECTS = "项目"
DRAWS = "抽取进度"
SUPPLEMENT = "补抽"
URGE = "催促"
VERIFY = "待核验"
SUPERVISE = "监督"
TODAY = "今日评标"
REMUNERATION = "酬劳"
NOTICES = "消息"
RECORDS = "核对抽取记录"
CHANCES = "为什么没抽到我"
REPORT = "我要举报"
FOLLOW_REPORT = "查询举报"
NOBODY_CONTACTED = "没有人联系我"
SOMEBODY_CONTACTED = "有人联系过我"

BY_ROLE: Mapping[str, tuple[str, ...]] = {
    "agent": (TO_DO, DRAWS, SUPPLEMENT, URGE, PROJECTS),
    "organisation": (TO_DO, DRAWS, SUPPLEMENT, URGE, PROJECTS),
    "verifier": (VERIFY, TODAY),
    "supervisor": (SUPERVISE, TODAY),
    "venue": (TODAY, URGE),
    "pool_admin": (TODAY, SUPERVISE),
}
"""Commands for people who run draws, by role."""

MEANINGS: Mapping[str, str] = {
    BIND: "绑定手机号，之后就能在这里办事",
    REGISTER: "申请成为评标专家，先注册",
    APPLY: "填写、提交申请",
    PROGRESS: "申请办到哪一步，谁在办",
    MEND: "修改被退回的申请",
    PAY: "缴纳费用",
    EXAM: "考试时间、须知和进入考试",
    NOTICES: "发给您的通知",
    GUIDE: "办理流程和常见问题",
    RECORDS: "任何人都可以核对抽取记录",
    WORK: "您的身份，各有多少要办",
    TO_DO: "等您办理的活动和事项",
    DRAWS: "正在抽取的活动到哪一步",
    SUPPLEMENT: "缺人、等待补抽的活动",
    URGE: "还没有签到的专家",
    PROJECTS: "招标项目和标段",
    VERIFY: "等待核验的申请",
    SUPERVISE: "您监督的抽取到哪一步",
    TODAY: "今天的评标和到场情况",
}
"""What a word brings, in a few characters, for the help of those for whom the pool words none itself."""

TAPS: Mapping[str, int] = {
    BIND: 101,
    UNBIND: 102,
    STATUS: 103,
    INVITATIONS: 104,
    PANELS: 105,
    PAST_PANELS: 106,
    LEAVE: 107,
    CHECK_IN: 108,
    AVAILABILITY: 109,
    HELP: 110,
    MENU: 111,
    APPLY: 112,
    PROGRESS: 113,
    PAY: 114,
    GUIDE: 115,
    FEEDBACK: 116,
    REGISTER: 117,
    MATERIALS: 118,
    GIVE_UP: 119,
    CONFIRM_LEAVE: 120,
    WILL_COME: 121,
    AGREE_MOVE: 122,
    REFUSE_MOVE: 123,
    RESUME: 124,
    GO_ON: 125,
    WORK: 130,
    MEND: 131,
    NOT_ME: 132,
    CERTIFICATES: 134,
    EXAM: 135,
    BOOK_EXAM: 136,
    COURSES: 137,
    TO_DO: 140,
    PROJECTS: 141,
    DRAWS: 142,
    SUPPLEMENT: 143,
    URGE: 144,
    VERIFY: 145,
    SUPERVISE: 146,
    TODAY: 147,
    RECORDS: 148,
    REMUNERATION: 138,
    NOTICES: 139,
    CHANCES: 149,
    RECUSAL: 150,
    REPORT: 151,
    NOBODY_CONTACTED: 152,
    SOMEBODY_CONTACTED: 153,
    COMPLAINT: 154,
    APPEAL: 155,
    MY_FEEDBACK: 156,
    REMIND_PAYMENT: 157,
    LATE: 158,
    ON_TIME: 159,
    ON_THE_WAY: 160,
    FOLLOW_REPORT: 161,
}
"""Keyword → ``bizmsgmenuid``. Invitations' own ids begin far above (70001), the engine's further up still."""

_WORDS = {tap: word for word, tap in TAPS.items()}


def tap_lines(*words: str) -> str:
    """One tappable command a line."""
    return "\n".join(f"▸ {choice(word, TAPS[word])}" for word in words)


def explain(*words: str) -> str:
    """``待办 — 等您办理的活动和事项``, a line each."""
    return "\n".join(f"{word} — {MEANINGS[word]}" for word in words)


def words_of(roles: Iterable[str]) -> tuple[str, ...]:
    """The words of all these roles, each once."""
    return tuple(dict.fromkeys(word for role in roles for word in BY_ROLE.get(role, ())))


def register(router: Router) -> None:
    """Register after all other subjects, since each word must have a handler."""

    async def run_tapped_word(turn: Turn, tap: int) -> Answer:
        word = _WORDS.get(tap)
        target = router.find_keyword(word) if word is not None else None
        if target is None:
            return None
        return target.start() if isinstance(target, Conversation) else await target(turn)

    missing = [word for word in TAPS if router.find_keyword(word) is None]
    if missing:
        raise ValueError(f"nobody answers {', '.join(missing)}, which can be tapped")
    router.tap(run_tapped_word)
