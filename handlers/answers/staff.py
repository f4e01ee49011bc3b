"""Answers for reviewers, verifiers, venues, supervisors and the office."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from bot.router import Handler
from bot.turn import Turn
from domain.clock import local
from handlers import commands, draws, people, texts, wording
from handlers.answers.own_draws import link_of
from services.accounts import RoleOption
from services.core.base import Actor
from services.office import Filter, SittingToday

REVIEW_OF_REVIEWER = (
    "您有{open}件待审{overdue}。打开一件，选通过、{ways}，写审核意见，申请人看得到；本人或有关系的请转交同范围的同事，"
    "外出可设代办。自己的决定在“已办”里更正，后面有人办了就不能改；超期不会自动通过。"
)
REVIEW_OVERDUE = "，其中{count}件超期"
SEND_BACK: Mapping[str, str] = {"whole": "退回整份", "specialty": "退回本专业", "fields": "只退回标出的内容"}
REVIEW_REFUSE = "不通过（{steps}）"
REVIEW_OF_VERIFIER = (
    "有{count}件抽取待核验：打开一件，选通过或退回并写意见，通过后不能撤回；评标开始时间过了只能退回；"
    "自己提交的由别人核验。"
)
REVIEW_OF_OFFICE = "管理员看得到全部申请，不代替审核人员做决定；谁审哪一步在审核分工里设置。"
REVIEW_OF_OTHERS = "您的身份没有审核事项。"
REVIEW_BY_WHOM = "申请由专家库管理机构安排的审核人员审核，抽取由交易中心的核验人员核验。"
REVIEW_GUIDE = "审什么、凭什么退回以管理机构的要求为准，不清楚的请拨打{hotline}。"
TASKS_PAGE, DONE_PAGE, AWAY_PAGE = "待审核", "已办", "外出代办"
APPLICATIONS_PAGE, DUTIES_PAGE, VERIFICATION_PAGE = "全部申请", "审核分工", "待核验"

OTHER_DAYS = "明天和以后的，打开全部活动按日期看；专家是谁，解密后在活动页看。"
SITTINGS = "今天另有考试：{at} {name}{others}。"
OTHERS = "等"
EXAMS_PAGE, ALL_DRAWS = "考试", "全部活动"

SUPERVISE_RIGHTS = (
    "在活动页看操作与通知记录，解密后稽核抽取理由；监督人不能叫停抽取，也不在系统里写意见，"
    "发现问题请向主管部门反映，或拨打{hotline}。"
)
SUPERVISE_OFFICE = "各活动的操作与通知记录在活动页；次数、到场率按月和地区看统计，系统没有异常预警。"
STATISTICS_PAGE, SUPERVISORS_PAGE = "统计", "监督人名册"

REPORTS_WAIT = "有{count}件举报等待查看。每次查看都有记录。"
NO_REPORT_WAITS = "没有等待查看的举报。"
REPORTS_PAGE = "收到的举报"
REPORTS_OF_READERS = "举报由受理举报的监督人查看和处理；没有这项职责的人看不到，也看不到件数。"

FIND_OF_OFFICE = (
    "聊天里不显示个人信息，请在网页上查、改、导出或群发。{applications}{waiting}"
    "查不到的，换编号、全名、手机号或身份证号再查。"
)
FIND_APPLICATIONS = "申请：{counts}。"
FIND_COUNT = "{label}{count}件"
FIND_WAITING = "待办{count}件。"
FIND_PAGES: Mapping[str, str] = {
    "专家": "/office/experts",
    "申请": "/office/applications",
    "人员与更正": "/office/people",
    "群发通知": "/office/group-notices",
    "统计": "/office/statistics",
}
FIND_OF_REVIEWER = "您可以查本人负责的申请："
FIND_OF_DRAWS = "您可以查自己有权看的抽取活动："
FIND_REFUSED = "专家和申请的资料只有专家库管理员可以查，要查的请拨打{hotline}。"
_COUNTS_SHOWN = 5

Block = Callable[[Turn, Actor], Awaitable[list[str]]]
"""Lines for one role."""


async def tell_review(turn: Turn) -> str:
    """How the person reviews or verifies, with what waits, role by role."""
    who = await people.find_who(turn)
    if who is None:
        return f"{REVIEW_BY_WHOM}\n{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    lines = await _role_lines(turn, who.roles, _REVIEW)
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    if not lines:
        return f"{REVIEW_OF_OTHERS}{REVIEW_BY_WHOM}\n{commands.tap_lines(commands.WORK)}"
    return "\n".join([*lines, REVIEW_GUIDE.format(hotline=hotline), commands.tap_lines(commands.WORK)])


async def _role_lines(turn: Turn, roles: tuple[RoleOption, ...], blocks: Mapping[str, Block]) -> list[str]:
    """Each role once, whatever its scopes, in the order of ``blocks``; what several roles share is said once."""
    by_role = {role.role: role for role in roles}
    held = [name for name in blocks if name in by_role]
    lines = [line for name in held for line in await blocks[name](turn, draws.actor_of(turn, by_role[name]))]
    return list(dict.fromkeys(lines))


async def _review_as_reviewer(turn: Turn, actor: Actor) -> list[str]:
    counts = await turn.services.reviews.queue.counts(actor)
    steps = turn.services.deps.book(turn.user.pool).review.steps
    own_steps = [step for step in steps if step.code in {count.step for count in counts}] or list(steps)
    ways = [text for way, text in SEND_BACK.items() if any(way in step.send_back for step in own_steps)]
    if refusing := [step.name for step in own_steps if step.may_refuse]:
        ways.append(REVIEW_REFUSE.format(steps="、".join(refusing)))
    late = sum(count.overdue for count in counts)
    text = REVIEW_OF_REVIEWER.format(
        open=sum(count.open for count in counts),
        overdue=REVIEW_OVERDUE.format(count=late) if late else "",
        ways="、".join(ways),
    )
    pages = {TASKS_PAGE: "/review", DONE_PAGE: "/review/done", AWAY_PAGE: "/review/away"}
    return [text, *_page_lines(turn, pages)]


async def _review_as_verifier(turn: Turn, actor: Actor) -> list[str]:
    count = await turn.services.draws.verification_queries.count_waiting(actor)
    return [REVIEW_OF_VERIFIER.format(count=count), *_page_lines(turn, {VERIFICATION_PAGE: "/draws/applications"})]


async def _review_as_office(turn: Turn, _: Actor) -> list[str]:
    pages = {APPLICATIONS_PAGE: "/office/applications", DUTIES_PAGE: "/office/reviewers"}
    return [REVIEW_OF_OFFICE, *_page_lines(turn, pages)]


def _page_lines(turn: Turn, pages: Mapping[str, str]) -> list[str]:
    return [f"▸ {link_of(turn, label, path)}" for label, path in pages.items()]


async def tell_today(turn: Turn) -> str:
    """Today's panels of every role of the person; raises Forbidden for who has none."""
    shown = await draws.show_list("today", turn)
    who = await draws.get_who(turn)
    lines = [shown, OTHER_DAYS]
    office = next((role for role in who.roles if role.role == "pool_admin"), None)
    if office is not None:
        today = await turn.services.office.dashboard.today(draws.actor_of(turn, office))
        if today.sittings:
            lines += [_sittings_text(today.sittings), *_page_lines(turn, {EXAMS_PAGE: "/office/exams"})]
    words = [commands.URGE] if any(draws.may_see("late", role.role) for role in who.roles) else []
    return "\n".join([*lines, commands.tap_lines(*words, commands.WORK)])


def _sittings_text(sittings: Sequence[SittingToday]) -> str:
    first = sittings[0]
    others = OTHERS if len(sittings) > 1 else ""
    return SITTINGS.format(at=f"{local(first.starts_at):%H:%M}", name=wording.plain_text(first.name), others=others)


async def tell_supervision(turn: Turn) -> str:
    """Draws that the person watches, and what may be done there; raises Forbidden for who watches none."""
    shown = await draws.show_list("watched", turn)
    roles = {role.role for role in (await draws.get_who(turn)).roles}
    lines = [shown]
    if "supervisor" in roles:
        hotline = turn.services.deps.book(turn.user.pool).pool.hotline
        lines.append(SUPERVISE_RIGHTS.format(hotline=hotline))
    if "pool_admin" in roles:
        pages = {STATISTICS_PAGE: "/office/statistics", SUPERVISORS_PAGE: "/office/supervisors"}
        lines += [SUPERVISE_OFFICE, *_page_lines(turn, pages)]
    return "\n".join([*lines, commands.tap_lines(commands.RECORDS)])


async def tell_reports(turn: Turn) -> str:
    """How many wait, to who reads them; anybody else doesn't even learn whether there are any."""
    who = await people.find_who(turn)
    supervisor = next((role for role in who.roles if role.role == "supervisor"), None) if who is not None else None
    actor = draws.actor_of(turn, supervisor) if supervisor is not None else None
    waiting = await turn.services.reports.examination.count_waiting(actor) if actor is not None else None
    if waiting is None:
        return f"{REPORTS_OF_READERS}\n{commands.tap_lines(commands.WORK if turn.user.bound else commands.BIND)}"
    text = REPORTS_WAIT.format(count=waiting) if waiting else NO_REPORT_WAITS
    return f"{text}\n▸ {link_of(turn, REPORTS_PAGE, '/reports')}\n{commands.tap_lines(commands.SUPERVISE)}"


async def tell_search(turn: Turn) -> str:
    """The pages for looking up; no person is looked up in the chat, where nothing masks or logs it."""
    who = await people.find_who(turn)
    lines = await _role_lines(turn, who.roles, _FIND) if who is not None else []
    if lines:
        return "\n".join([*lines, commands.tap_lines(commands.WORK)])
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    refused = FIND_REFUSED.format(hotline=hotline)
    if who is None:
        return f"{refused}\n{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    return f"{refused}\n{commands.tap_lines(commands.WORK, commands.MENU)}"


async def _find_as_office(turn: Turn, actor: Actor) -> list[str]:
    office = turn.services.office
    counts = await office.applications.counts(actor, Filter())
    shown = "、".join(FIND_COUNT.format(label=count.state_label, count=count.count) for count in counts[:_COUNTS_SHOWN])
    waiting = sum(part.count for part in await office.dashboard.list_waiting(actor))
    text = FIND_OF_OFFICE.format(
        applications=FIND_APPLICATIONS.format(counts=shown) if shown else "",
        waiting=FIND_WAITING.format(count=waiting) if waiting else "",
    )
    return [text, *_page_lines(turn, FIND_PAGES)]


async def _find_as_reviewer(turn: Turn, _: Actor) -> list[str]:
    return [FIND_OF_REVIEWER, *_page_lines(turn, {TASKS_PAGE: "/review", DONE_PAGE: "/review/done"})]


async def _find_draws(turn: Turn, _: Actor) -> list[str]:
    return [FIND_OF_DRAWS, *_page_lines(turn, {ALL_DRAWS: "/draws"})]


_REVIEW: Mapping[str, Block] = {
    "reviewer": _review_as_reviewer,
    "verifier": _review_as_verifier,
    "pool_admin": _review_as_office,
}
_FIND: Mapping[str, Block] = {
    "pool_admin": _find_as_office,
    "reviewer": _find_as_reviewer,
    **dict.fromkeys(("verifier", "venue", "supervisor"), _find_draws),
}
ANSWERS: Mapping[str, Handler] = {
    "review_how": tell_review,
    "today_panels": tell_today,
    "supervise": tell_supervision,
    "reports_received": tell_reports,
    "office_find": tell_search,
}
