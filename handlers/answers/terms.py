"""Answers about staying in the pool: term and age, renewal, continuing education, leaving it, and coming back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from bot.router import Handler
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import local, print_date
from domain.experts.lifecycles import SanctionKind
from domain.identity import age_on
from domain.rulebook.book import Rulebook
from domain.rulebook.labels import WORDS
from handlers import commands, courses, people, texts, wording
from services.applications import Home
from services.core.base import Actor
from services.experts import OwnTerm

TERM_UNTIL = "您的聘期至{date}。到期后不再抽取，档案保留，续聘通过后恢复；到期前会提醒您。"
TERM_OVER = "您的聘期已于{date}届满，现在不抽取您；您仍在库，档案保留，{renewal}通过后恢复抽取。"
NO_TERM = "您的档案没有登记聘期截止日期，目前不会因聘期停下抽取；聘期以专家库管理机构的通知为准。"
AGE_MAX = "在库年龄上限是{age}周岁，满{over}周岁起不再抽取。"
AGE_OWN = "按登记的出生日期，您从{year}年{month}月{day}日起不再抽取。"
AGE_REACHED = "按登记的出生日期，您已满{over}周岁，现在不抽取您；日期有误请拨打{hotline}更正。"
NO_AGE_MAX = "本专家库在系统里没有设置在库年龄上限。"
RENEWAL_AGE = "续聘、申请另有年龄要求：不超过{age}周岁。"
FILE_PAGE = "我的档案"
RENEWAL_HOW = "办法与首次申报相同：登记的资料会带入，可修改后提交，审核通过后{stages}"
RENEWAL_STAGES = "还有{stages}，完成后续聘生效。"
RENEWAL_AT_ONCE = "生效。"
NOT_RENEWED = "不会自动续聘：没有续聘的，到期后不再抽取。"
NO_RENEWAL_NEEDED = "您的档案没有聘期截止日期，目前不会因聘期停下抽取，不用着急续聘。"

EDUCATION_NOT_OFFERED = (
    "本专家库不在这里组织继续教育，系统也不会因此暂停抽取。其他部门有要求的，请以通知为准，或拨打{hotline}咨询。"
)
EDUCATION_UNDRAWN = "必修课程逾期没有学完的，暂停抽取，补学完成后自动恢复；不会因此退库。"
EDUCATION_MAKE_UPS = "逾期后可以{paid}补学{count}次，再不行请拨打{hotline}。"
EDUCATION_WITHOUT_END = "没有按时学完的，系统不会因此暂停抽取。"
EDUCATION_EXEMPTION = "免修、延期、其他地方的学时能否抵扣，由专家库管理机构认定，请拨打{hotline}。"
EDUCATION_HOURS = "每门课程的学时和期限，以课程页面为准。"
ENROL_FIRST = "请先办理{title}：{detail}"

LEAVING = (
    "退库由您本人办理：注销账号即同时退库，不再抽取，不能恢复。不用申请书和盖章，用短信验证码确认后立即生效；"
    "以前的评标和酬劳记录保留。"
)
LEAVING_BLOCKED = "现在还不能注销：{reasons}，请先处理："
OPEN_CALLS = "有待答复的评标邀请"
PANELS_AHEAD = "有没结束的评标"
APPLICATIONS_LIVE = "有办理中的申请"
LEAVING_SOFTER = (
    "只是一段时间不评标的，可以设置不接受抽取的时间或暂停，不用退库。想保留账号、只退库的，请拨打{hotline}。"
)
LEAVING_MONEY = "有酬劳没核对的，请先核对："

BACK_FROM_OUTSIDE = "可以重新申请入库，按首次申请办理；系统没有设间隔年限，以征集公告的条件为准。"
BACK_AFTER_LEAVING = (
    "可以重新申请入库：重新填表并经审核{stages}，通过后沿用原来的专家编号。系统没有设间隔年限，以征集公告的条件为准。"
)
BACK_STAGES = "，之后还有{stages}"
BACK_REMOVED = "您是被退库的，原因：{reason}（{date}）。"
BACK_APPEAL = "认为有误的，可在{until}前申诉，成立后恢复入库："
BACK_ASK = "对退库有疑问的，请拨打{hotline}。"
BACK_APPLYING = "您的申请正在办理，不用重新申请："
BACK_INSIDE = "您现在就在库，编号{number}，身份：{status}，不用重新申请。"
NO_CAMPAIGN = "现在没有开始的征集，开始后会列在待办里。"

_STAGE_NAMES = WORDS["entry.stages"]
_ASKS_AGE = re.compile(r"岁|年龄|年纪|多大|几大|老专家|老汉|出生|生日|[六七]十")
_ASKS_HOW = re.compile(r"考试|考核|材料|填|表|步骤|流程|盖章|一样|从头|重新|类型|首次")
_ASKS_WITHOUT_RENEWAL = re.compile(r"不续聘|不续|没续|自动|放弃|忘记续|断档")
_ASKS_CONSEQUENCE = re.compile(
    r"后果|影响|会怎|怎么处理|[暂要被会]停|退库|出库|退出|清出|强制|必须|[没不]?(?:做|学完|完成|参加)(?:了)?会|没(?:做|完成|参加|学)|义务"
)
_ASKS_EXEMPTION = re.compile(r"免|延期|推迟|抵|认不认|通用|外省|职称|注册|产假|怀孕|住院|国外|出国")
_ASKS_HOURS = re.compile(r"学时|小时|多少|任务")


def _for_guest(general: str) -> str:
    """What holds for everybody, to a person of whom nothing is known yet."""
    return f"{general}\n{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"


# ---- term and renewal


async def show_term(turn: Turn) -> str:
    book = turn.services.deps.book(turn.user.pool)
    if not turn.user.bound and book.entry.age_max is not None:
        return _for_guest(AGE_MAX.format(age=book.entry.age_max, over=book.entry.age_max + 1))
    me = await people.get_expert(turn)
    own = await turn.services.experts.terms.own_term(me.actor)
    term, age = _term_line(turn, book, own), _age_lines(turn, book, own)
    lines = [*age, term] if _ASKS_AGE.search(turn.message.text) else [term]
    page = f"▸ {link(FILE_PAGE, f'{turn.services.deps.public_url}/h5/{turn.user.pool}/file')}"
    return "\n".join([*lines, *(_renewal_lines(turn, own) if own.until is not None else []), page])


def _term_line(turn: Turn, book: Rulebook, own: OwnTerm) -> str:
    if own.until is None:
        return NO_TERM
    over, renewal = own.until <= turn.services.deps.now(), book.campaigns.name_of("renewal")
    return (TERM_OVER if over else TERM_UNTIL).format(date=print_date(own.until), renewal=renewal)


def _age_lines(turn: Turn, book: Rulebook, own: OwnTerm) -> list[str]:
    age_max, today = book.entry.age_max, local(turn.services.deps.now()).date()
    if age_max is None:
        return [NO_AGE_MAX]
    lines = [AGE_MAX.format(age=age_max, over=age_max + 1)]
    if own.born_on is not None:
        if age_on(own.born_on, today) > age_max:
            lines.append(AGE_REACHED.format(over=age_max + 1, hotline=book.pool.hotline))
        else:
            day = _birthday(own.born_on, age_max + 1)
            lines.append(AGE_OWN.format(year=day.year, month=day.month, day=day.day))
    return lines


def _birthday(born_on: date, age: int) -> date:
    """A person born on 29 February completes a year on 1 March in other years."""
    try:
        return born_on.replace(year=born_on.year + age)
    except ValueError:
        return date(born_on.year + age, 3, 1)


def _renewal_lines(turn: Turn, own: OwnTerm) -> list[str]:
    """What can be done now, with its page."""
    renewal = own.renewal
    lines = [f"{renewal.advice}。"]
    if renewal.route:
        lines.append(f"▸ {link(renewal.action, turn.services.deps.public_url + renewal.route)}")
    return lines


async def explain_renewal(turn: Turn) -> str:
    book = turn.services.deps.book(turn.user.pool)
    if not turn.user.bound and "renewal" in book.campaigns.entry_types:
        return _for_guest(_how_to_renew(book))
    me = await people.get_expert(turn)
    own = await turn.services.experts.terms.own_term(me.actor)
    text, taps = turn.message.text, commands.tap_lines(commands.TO_DO, commands.PROGRESS, commands.MATERIALS)
    term = NO_RENEWAL_NEEDED if own.until is None else f"{_term_line(turn, book, own)}{NOT_RENEWED}"
    is_needed = own.until is not None or not own.renewal.route
    now = _renewal_lines(turn, own) if is_needed else []
    how, limit = list[str](), book.form.age_max
    if "renewal" in book.campaigns.entry_types:
        how.append(_how_to_renew(book))
    age = [RENEWAL_AGE.format(age=limit)] if limit is not None and _ASKS_AGE.search(text) else []
    if _ASKS_WITHOUT_RENEWAL.search(text):
        return "\n".join([term, *now, *how, taps])
    lines = [*how, *now] if how and _ASKS_HOW.search(text) else [*now, *how]
    return "\n".join([*age, *lines, term, taps])


def _how_to_renew(book: Rulebook) -> str:
    stages = "、".join(_STAGE_NAMES[stage] for stage in book.entry.stages_of("renewal"))
    return RENEWAL_HOW.format(stages=RENEWAL_STAGES.format(stages=stages) if stages else RENEWAL_AT_ONCE)


# ---- continuing education


async def explain_education(turn: Turn) -> str:
    """What is asked of this person now; what follows, where that is asked."""
    book, text = turn.services.deps.book(turn.user.pool), turn.message.text
    if not turn.user.bound and book.course.offered:
        return _for_guest("".join(_consequence_lines(book)))
    if not book.course.offered:
        return f"{EDUCATION_NOT_OFFERED.format(hotline=book.pool.hotline)}\n{commands.tap_lines(commands.STATUS)}"
    lines: list[str] = []
    if _ASKS_EXEMPTION.search(text):
        lines.append(EDUCATION_EXEMPTION.format(hotline=book.pool.hotline))
    elif _ASKS_CONSEQUENCE.search(text):
        lines += _consequence_lines(book)
    elif _ASKS_HOURS.search(text):
        lines.append(EDUCATION_HOURS)
    await people.get_expert(turn)
    lines += await _enrolment_lines(turn)
    return "\n".join([*lines, await courses.my_courses(turn)])


def _consequence_lines(book: Rulebook) -> list[str]:
    if not book.course.undrawn:
        return [EDUCATION_WITHOUT_END]
    lines = [EDUCATION_UNDRAWN]
    if book.course.make_ups and book.course.make_up_on_request:
        paid, count = "缴费" if book.course.make_up_paid else "", book.course.make_ups
        lines.append(EDUCATION_MAKE_UPS.format(paid=paid, count=count, hotline=book.pool.hotline))
    return lines


async def _enrolment_lines(turn: Turn) -> list[str]:
    """A campaign in which the person has to enrol first."""
    account_id = turn.user.account_id
    if account_id is None or "education" not in turn.services.deps.book(turn.user.pool).campaigns.entry_types:
        return []
    home = await turn.services.applications.to_dos.home(turn.user.pool, account_id)
    return _to_do_lines(turn, home, "apply_education")


def _to_do_lines(turn: Turn, home: Home, *codes: str) -> list[str]:
    lines = []
    for item in home.to_do:
        if item.code in codes:
            lines.append(ENROL_FIRST.format(title=item.title, detail=wording.plain_text(item.detail)))
            lines += [f"▸ {link(item.action, turn.services.deps.public_url + item.route)}"] if item.route else []
    return lines


# ---- leaving, and coming back


async def explain_leaving(turn: Turn) -> str:
    """Nothing is done by the sentence: the page asks for a code."""
    if not turn.user.bound:
        return _for_guest(LEAVING)
    me, book = await people.get_expert(turn), turn.services.deps.book(turn.user.pool)
    page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/account/data"
    lines = [LEAVING, f"▸ {link(texts.CLOSING_PAGE, page)}"]
    reasons = await _what_keeps(turn, me)
    if reasons:
        lines += [LEAVING_BLOCKED.format(reasons="，".join(reasons)), commands.tap_lines(*reasons.values())]
    lines += [LEAVING_SOFTER.format(hotline=book.pool.hotline), commands.tap_lines(commands.AVAILABILITY)]
    return "\n".join([*lines, LEAVING_MONEY, commands.tap_lines(commands.REMUNERATION)])


async def _what_keeps(turn: Turn, me: people.Me) -> dict[str, str]:
    """What has to end before the account can be closed, and the word that leads there."""
    reasons: dict[str, str] = {}
    if await people.open_invitations(turn, me):
        reasons[OPEN_CALLS] = commands.INVITATIONS
    if await people.panels_ahead(turn, me):
        reasons[PANELS_AHEAD] = commands.PANELS
    account_id = turn.user.account_id
    applications = await turn.services.applications.to_dos.progress(account_id) if account_id is not None else ()
    if any(application.ended_at is None for application in applications):
        reasons[APPLICATIONS_LIVE] = commands.GIVE_UP
    return reasons


async def explain_coming_back(turn: Turn) -> str:
    account_id, book = turn.user.account_id, turn.services.deps.book(turn.user.pool)
    if account_id is None:
        first = BACK_FROM_OUTSIDE if book.registration.open else book.registration.closed
        taps = [commands.BIND, commands.REGISTER] if book.registration.open else [commands.BIND]
        return f"{first}\n{commands.tap_lines(*taps)}"
    home = await turn.services.applications.to_dos.home(turn.user.pool, account_id)
    status = home.membership_status
    if status.kind == "applying":
        return f"{BACK_APPLYING}\n{commands.tap_lines(commands.PROGRESS)}"
    if status.kind in ("formal", "temporary", "suspended"):
        inside = BACK_INSIDE.format(number=status.expert_number, status=status.text)
        return f"{inside}\n{commands.tap_lines(commands.STATUS, commands.CHANCES)}"
    lines = await _removal_lines(turn) if status.kind == "left" else []
    first = _back_head(book, has_left=status.kind == "left")
    campaign = _to_do_lines(turn, home, "register", "apply_first") or [NO_CAMPAIGN]
    return "\n".join([first, *lines, *campaign, commands.tap_lines(commands.APPLY)])


def _back_head(book: Rulebook, *, has_left: bool) -> str:
    if not has_left:
        return BACK_FROM_OUTSIDE
    stages = "、".join(_STAGE_NAMES[stage] for stage in book.entry.stages)
    return BACK_AFTER_LEAVING.format(stages=BACK_STAGES.format(stages=stages) if stages else "")


async def _removal_lines(turn: Turn) -> list[str]:
    """Why the office removed the person, and until when he may appeal; empty: he left by himself."""
    actor = Actor(turn.user.pool, "applicant", turn.user.account_id)
    sanctions = await turn.services.sanctions.queries.own(actor)
    removals = [each for each in sanctions if each.title == SanctionKind.REMOVAL.label and each.in_force]
    if not removals:
        return []
    removal, book = removals[0], turn.services.deps.book(turn.user.pool)
    lines = [BACK_REMOVED.format(reason=wording.plain_text(removal.reason), date=print_date(removal.at))]
    if removal.appeal_until is None:
        return [*lines, BACK_ASK.format(hotline=book.pool.hotline)]
    page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/sanctions"
    return [
        *lines,
        BACK_APPEAL.format(until=print_date(removal.appeal_until)),
        f"▸ {link(texts.SANCTIONS_PAGE, page)}",
    ]


ANSWERS: Mapping[str, Handler] = {
    "term": show_term,
    "renewal": explain_renewal,
    "education": explain_education,
    "leave_pool": explain_leaving,
    "come_back": explain_coming_back,
}
