"""Answers on applying: how, who may, when, and what an expert does who was in the pool before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.replies import shorten
from bot.router import Handler
from bot.turn import Turn
from domain.applications.lifecycles import IN_HAND, ApplicationState
from domain.clock import print_until
from domain.rulebook.reading import print_length
from handlers import commands, people, wording
from handlers.answers.own_applications import actor_of, book_of, is_staff, page_line, read_applications
from handlers.applications import home_text
from handlers.registration import closed_text
from services.applications import CampaignView, Home, Progress
from services.experts import membership_status_of

_GUIDE_BYTES, _ANNOUNCEMENT_BYTES = 900, 400
_CAMPAIGNS_SHOWN = 3

APPLY_PAGE = "去申报"

BY_HIMSELF = "由本人注册、填写申报，手机、电脑都可以办理，他人不能代办。"
ALREADY_EXPERT = "您已是在库专家，不用再申请入库。"

AGE_MAX = "年龄：超过{age}周岁不能申请。"
INSTEAD_OF_TITLE = "没有{title}的，可以填{instead}。"
DECIDED_BY_REVIEW = "职称、学历、工作年限等条件以征集公告和审核为准，这里不能替审核下结论。"
ANNOUNCED = "“{name}”公告：{announcement}"
CONDITIONS_ASK = "拿不准的请拨打{hotline}咨询。"
RENEWAL_REFUSED = "您已在库，不用再申请入库。续聘：{reason}"
RENEWAL_OPEN = "您已在库，不用再申请入库；现在可以办理续聘。"
IN_POOL = "您已在库，不用再申请入库。"

ALL_YEAR = "全年都可以申请，没有截止时间。"
OPEN = "“{name}”正在报名：{since}至{until}。"
UPCOMING = "“{name}”{since}开始报名，至{until}截止。"
NONE_ANNOUNCED = "目前没有公布的征集，时间以征集公告为准，公布后在“申报”里能看到；可拨打{hotline}咨询。"
NOTICE_NONE = "本专家库入库前不公示，审核通过后按进度办理。"
NOTICE_RULES = "审核通过后公示{lasts}，期满没有异议的进入下一步，不用操作。"
NOTICE_LISTED = "名单任何人都能查，不用登录，可以按姓名找；公示期内可以在名单里点开一位提出异议。"
NOTICE_PAGE = "入库公示名单"
OWN_DEADLINE = "您的申请请在{until}前提交。"
NONE_FOR_EXPERTS = "目前没有需要您报名的事项；续聘、继续教育开始后，在“申报”里能看到。"

OLD_EXPERT_BINDS = "老专家不用重新申报：点“绑定身份”，用专家库登记的手机号收验证码，档案会自动关联。"
OLD_MOBILE = "登记的手机号停用或记不清的，请拨打{hotline}，管理机构登记新手机号后再绑定。"
INITIAL_PASSWORD = "管理机构发放过初始密码的，是身份证号的后{digits}位，登录后须立即修改。"
NO_INITIAL_PASSWORD = "没有初始密码，用手机验证码登录。"
IN_THE_POOL = "您就是在库专家，编号{number}（{status}），不用重新申报。"
TEMPORARY = "您已有专家档案，编号{number}，目前是{status}；成为正式专家请按“申报”办理。"
LEFT = "您是本库的老专家（编号{number}），目前{status}。重新入库请按“申报”办理；有疑问请拨打{hotline}。"
NOT_ON_FILE = (
    "您绑定的手机号没有登记为在库专家。您原来就是专家的，不用重新申报，请拨打{hotline}核对登记的手机号和身份证号。"
)


async def explain_applying(turn: Turn) -> str:
    """What the person does to get into the pool; a member of staff, who asks for another, the same as a guest."""
    account_id = turn.user.account_id
    if account_id is None or await is_staff(turn):
        return _steps(turn)
    home = await turn.services.applications.to_dos.home(turn.user.pool, account_id)
    if not home.to_do and not home.progress and people.find_expert(turn) is None:
        return await tell_when_open(turn)
    heads = [ALREADY_EXPERT] if _needs_no_entry(home) else []
    return "\n".join([*heads, home_text(turn, home)])


def _steps(turn: Turn) -> str:
    if closed := closed_text(turn):
        return closed
    guide = shorten(book_of(turn).help.guide, _GUIDE_BYTES)
    page = page_line(turn, APPLY_PAGE, f"/h5/{turn.user.pool}/apply")
    words = (commands.GUIDE,) if turn.user.bound else (commands.REGISTER, commands.BIND, commands.GUIDE)
    return "\n".join([BY_HIMSELF, guide, page, commands.tap_lines(*words)])


def _needs_no_entry(home: Home) -> bool:
    """False for a temporary expert, too, who enters by an application."""
    enters = any(item.code == "apply_first" for item in home.to_do)
    applies = any(each.ended_at is None and each.entry_type == "first" for each in home.progress)
    return home.membership_status.kind in ("formal", "suspended") and not enters and not applies


async def explain_conditions(turn: Turn) -> str:
    """What the rulebook says; what only the announcement and the reviewers decide is not judged here."""
    is_expert = people.find_expert(turn) is not None
    if is_expert and not await _is_temporary(turn):
        return await _renewal_text(turn)
    if not is_expert and (closed := await _closed_to(turn)):
        return closed
    campaigns = await _list_campaigns(turn)
    lines = await _own_refusal(turn, campaigns)
    lines += [*_rules_on_persons(turn), DECIDED_BY_REVIEW, *_announcement(campaigns)]
    lines.append(CONDITIONS_ASK.format(hotline=book_of(turn).pool.hotline))
    lines.append(page_line(turn, APPLY_PAGE, f"/h5/{turn.user.pool}/apply"))
    return "\n".join([*lines, commands.tap_lines(commands.GUIDE)])


async def _is_temporary(turn: Turn) -> bool:
    """Of an expert: whether he enters by an application as others do."""
    account_id = turn.user.account_id
    return account_id is not None and (await membership_status_of(turn.services.deps, account_id)).kind == "temporary"


async def _renewal_text(turn: Turn) -> str:
    """To an expert, for whom conditions are those of the renewal."""
    lines = [IN_POOL]
    if "renewal" in book_of(turn).campaigns.entry_types:
        reason = await turn.services.applications.drafts.find_refusal(actor_of(turn), "renewal")
        lines = [RENEWAL_REFUSED.format(reason=reason) if reason else RENEWAL_OPEN]
    return "\n".join([*lines, *_rules_on_persons(turn), commands.tap_lines(commands.APPLY, commands.STATUS)])


def _rules_on_persons(turn: Turn) -> list[str]:
    form = book_of(turn).form
    lines = [AGE_MAX.format(age=form.age_max)] if form.age_max is not None else []
    instead = [field for field in form.used().values() if field.instead_of == "title_level"]
    title = form.fields["title_level"].label if instead else ""
    return [*lines, *[INSTEAD_OF_TITLE.format(title=title, instead=field.label) for field in instead]]


async def _own_refusal(turn: Turn, campaigns: Sequence[CampaignView]) -> list[str]:
    """Why this person may not begin, where it is not only that applying is closed: age, an earlier refusal."""
    is_open = not book_of(turn).campaigns.required or any(campaign.state == "open" for campaign in campaigns)
    if turn.user.account_id is None or not is_open or await is_staff(turn):
        return []
    refusal = await turn.services.applications.drafts.find_refusal(actor_of(turn), "first")
    return [refusal] if refusal else []


def _announcement(campaigns: Sequence[CampaignView]) -> list[str]:
    announced = [campaign.data for campaign in campaigns if campaign.data.announcement]
    return [
        ANNOUNCED.format(
            name=wording.plain_text(data.name),
            announcement=shorten(wording.plain_text(data.announcement), _ANNOUNCEMENT_BYTES),
        )
        for data in announced[:1]
    ]


async def tell_when_open(turn: Turn) -> str:
    """When one may apply; to who has an application, until when that is handed in."""
    account_id = turn.user.account_id
    if people.find_expert(turn) is not None and account_id is not None:
        home = await turn.services.applications.to_dos.home(turn.user.pool, account_id)
        return "\n".join([*([] if home.to_do else [NONE_FOR_EXPERTS]), home_text(turn, home)])
    applications = await read_applications(turn)
    if not applications and (closed := closed_text(turn)):
        return closed
    own = [line for application in applications if (line := _own_deadline(turn, application))]
    words = [commands.PROGRESS] if own else [commands.APPLY, commands.GUIDE]
    return "\n".join([*own, *await _window_lines(turn), commands.tap_lines(*words)])


def _own_deadline(turn: Turn, application: Progress) -> str:
    """Empty for one that has ended."""
    if application.ended_at is not None:
        return ""
    if application.state not in IN_HAND or application.until is None:
        return f"{application.headline}。"
    now = turn.services.deps.now()
    if application.until <= now:
        return application.advice
    return OWN_DEADLINE.format(until=print_until(application.until, now))


async def _window_lines(turn: Turn) -> list[str]:
    book, now = book_of(turn), turn.services.deps.now()
    if not book.campaigns.required:
        return [ALL_YEAR]
    campaigns = await _list_campaigns(turn)
    lines = []
    for campaign in campaigns[:_CAMPAIGNS_SHOWN]:
        data, text = campaign.data, OPEN if campaign.state == "open" else UPCOMING
        since, until = print_until(data.enrol_from, now), print_until(data.enrol_until, now)
        lines.append(text.format(name=wording.plain_text(data.name), since=since, until=until))
    return lines or [NONE_ANNOUNCED.format(hotline=book.pool.hotline)]


async def _list_campaigns(turn: Turn) -> list[CampaignView]:
    """Open and upcoming ones that take new applicants, soonest first."""
    if not book_of(turn).campaigns.required:
        return []
    campaigns = await turn.services.applications.campaign_queries.list_announced(turn.user.pool)
    return [campaign for campaign in campaigns if "first" in campaign.data.entry_types]


async def _closed_to(turn: Turn) -> str:
    """The pool's words where it takes no registrations; empty where it does, or for a person who has applied."""
    closed = closed_text(turn)
    return "" if closed and await read_applications(turn) else closed


async def receive_old_expert(turn: Turn) -> str:
    """An expert on file binds his mobile and does not apply again."""
    book = book_of(turn)
    hotline, account_id = book.pool.hotline, turn.user.account_id
    if account_id is None:
        registration = book.registration
        digits = registration.password.initial_from_id if "password" in registration.login_ways else None
        password = INITIAL_PASSWORD.format(digits=digits) if digits is not None else NO_INITIAL_PASSWORD
        lines = [OLD_EXPERT_BINDS, OLD_MOBILE.format(hotline=hotline), password]
        return "\n".join([*lines, commands.tap_lines(commands.BIND)])
    status = await membership_status_of(turn.services.deps, account_id)
    words: tuple[str, ...]
    if status.kind == "temporary":
        text, words = TEMPORARY, (commands.APPLY, commands.STATUS)
    elif people.find_expert(turn) is not None:
        text, words = IN_THE_POOL, (commands.STATUS,)
    elif status.kind == "left":
        text, words = LEFT, (commands.APPLY, commands.STATUS)
    else:
        text, words = NOT_ON_FILE, (commands.STATUS, commands.UNBIND)
    answer = text.format(number=status.expert_number, status=status.text, hotline=hotline)
    return f"{answer}\n{commands.tap_lines(*words)}"


async def tell_public_notice(turn: Turn) -> str:
    """How long the notice before entry lasts, where the list stands, and the person's own application in it."""
    rules = book_of(turn).notice
    if rules is None:
        return f"{NOTICE_NONE}\n{commands.tap_lines(commands.PROGRESS, commands.GUIDE)}"
    own = [each for each in await read_applications(turn) if each.state == ApplicationState.NOTICE]
    lines = [f"{each.headline}。{each.advice}" for each in own] or [
        NOTICE_RULES.format(lasts=print_length(rules.lasts))
    ]
    lines += [NOTICE_LISTED, page_line(turn, NOTICE_PAGE, f"/h5/{turn.user.pool}/notice")]
    return "\n".join([*lines, commands.tap_lines(commands.PROGRESS if turn.user.bound else commands.GUIDE)])


ANSWERS: Mapping[str, Handler] = {
    "apply_how": explain_applying,
    "conditions": explain_conditions,
    "open_when": tell_when_open,
    "old_expert": receive_old_expert,
    "public_notice": tell_public_notice,
}
