"""Answers about the expert's own file: what it holds, how each part is changed, the bank account, and his record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from bot.replies import shorten
from bot.router import Handler
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_date, print_time
from domain.experts.timeline import TimelineKind
from handlers import commands, people, pools, texts, wording
from handlers.people import Me
from services.expert_file_views import PAGE_SIZE, check_choice
from services.experts import ExpertProfile, Named

FILE_CARD = "您的专家编号{number}，身份：{status}。"
FILE_REGION = "常驻地：{region}"
FILE_SPECIALTIES = "评标专业：{names}"
FILE_EMPLOYER = "工作单位：{names}"
FILE_FIELD = "您登记的{label}：{value}"
NOT_FILED = "没有登记"
FILE_ENTERED = "系统里您的档案自{date}起：{title}。"
FILE_PAGE = "我的档案（全部登记内容、怎样变更、履职记录）"
LAST_PANEL = "您最近一次评标：{time}。"
PANELS_COUNTED = "系统里您参加过的评标{count}场："
PANELS_NEWEST = "最近的{count}场："
RECORD_PAGE = "按日期查看全部记录"

CHANGE_HEAD = "职称、学历、执业资格、照片等登记的资料，请办理{title}：改好后上传证明，审核通过后生效。"
CONTACTS_AT_ONCE = "{labels}可以自己修改，立即生效："
CONTACTS_PAGE = "修改联系方式"
IDENTITY_FIXED = "姓名和身份证号不能自己修改，有误请拨打{hotline}；换手机号："
MOBILE_PAGE = "更换手机号"
WAYS_PAGE = "每一项怎么改"

EMPLOYER_HEAD = "换单位、单位改名或合并，请办理{title}：填新单位并上传证明，审核通过后生效。"
EMPLOYER_RECUSED = "审核通过前，请先把新单位登记为回避单位，立即生效："
EMPLOYER_FORMER = "原单位在离开后{years}年内由系统自动回避。"
RETIRE_HEAD = "退休的登记退休日期即可，立即生效，不影响抽取；登记的工作单位不会因此改变："
RETIRED = "您已登记退休日期{date}，可以修改或取消。工作单位没有变化的，不用再办："
RETIREMENT_PAGE = "登记退休"
REHIRED = "返聘到别的单位的，请把返聘单位登记为回避单位，立即生效："
NO_EMPLOYER = "暂时没有单位，或证明不能盖章的，请拨打{hotline}。"

BANK_FILED = "您登记的收款账户：{values}。"
BANK_EMPTY = "您还没有登记收款账户。"
BANK_CHANGE = "可以自己填写或修改，要用短信验证码确认，立即生效："
BANK_RULES = "只登记一个，须是您本人名下的银行账户。{label}：{hint}"
BANK_UNDER_WAY = "已经在办的酬劳仍按原来的账户，要换请告诉抽取单位。请不要把卡号发到聊天里。"
BANK_PAGE = "登记或修改银行账户"
NO_BANK = "本专家库不登记银行账户。评标酬劳由抽取单位支付，收款账户请直接告诉现场人员或抽取单位。"
NO_CARD_NUMBER = "请不要把卡号发到聊天里。"

NO_POINTS = "这里没有积分、扣分和考核等级，代理机构也不在这里给专家打分。"
SANCTION = "{title}{period}，原因：{reason}"
APPEAL_UNTIL = "（{until}前可以申诉）"
SANCTIONS_OVER = "另有{count}条处理已解除或到期。"
NO_SANCTIONS = "没有对您的处理记录。"
MISSED = "未参加的记录{count}条，最近一条：{date}，{title}。"
NO_MISSED = "没有未参加的记录。"
MISSED_PAGE = "查看未参加的记录"
SCORED_ELSEWHERE = "收到扣分、评级通知的，是其他部门发的，请向发通知的单位查询，或拨打{hotline}。"

_SHOWN = 5
"""Panels, specialties or sanctions in one bubble."""
_SANCTIONS_SHOWN = 3
_FOREIGN_BYTES = 150
_PANELS_COUNTED_MAX = 20
"""As many past panels as the look-up returns at most."""
_ASKS_ENTRY = re.compile(r"入库(?:时间|日期)|哪[一]?[年批].{0,4}入|什么时候入|几时入|何时入")
_FIELD_WORDS = (
    "单位",
    "职称",
    "学历",
    "学位",
    "院校",
    "邮箱",
    "政治",
    "年限",
    "地址",
    "电话",
    "执业",
    "专长",
    "资格",
    "照片",
    "经历",
    "应急",
)
_ASKS_POINTS = re.compile("[分评级星奖]|考核")
_RETIRES = re.compile(r"(?<!内)[退推]休")
_WITHOUT_EMPLOYER = re.compile(r"没有?单位|盖章|自由职业|[辞离]职|没找到")


# ---- the file


async def show_file(turn: Turn) -> str:
    """The fields that the sentence names; else a card, and always the page."""
    me = await people.get_expert(turn)
    profile = await turn.services.experts.profiles.profile(me.actor)
    lines = await _asked_lines(turn, me) or _card_lines(profile)
    card = FILE_CARD.format(number=profile.number, status=profile.membership_status.text)
    taps = commands.tap_lines(commands.STATUS)
    return "\n".join([card, *lines, pools.page_line(turn, FILE_PAGE, "file"), taps])


def _card_lines(profile: ExpertProfile) -> list[str]:
    lines = [FILE_REGION.format(region=_name(profile.permanent_region))]
    if profile.specialties:
        names = "、".join(_name(each) for each in profile.specialties[:_SHOWN])
        more = len(profile.specialties) - _SHOWN
        lines.append(
            FILE_SPECIALTIES.format(names=names) + (texts.STATUS_MORE.format(count=more + _SHOWN) if more > 0 else "")
        )
    if profile.employers:
        lines.append(FILE_EMPLOYER.format(names=_foreign("、".join(profile.employers))))
    return lines


async def _asked_lines(turn: Turn, me: Me) -> list[str]:
    """What the sentence asks about: single fields, or since when the person is in the pool; empty: neither."""
    text = turn.message.text
    words = [word for word in _FIELD_WORDS if word in text]
    if not words and not _ASKS_ENTRY.search(text):
        return []
    file = await turn.services.expert_file_views.own_files.read(me.actor, check_choice(TimelineKind.STANDING, 1))
    if not words:
        entries = file.timeline
        if not entries.items or entries.total > PAGE_SIZE:
            return []
        first = entries.items[-1]
        return [FILE_ENTERED.format(date=print_date(first.at), title=wording.plain_text(first.title))]
    fields = [line for part in file.parts for line in part.lines if any(word in line.label for word in words)]
    return [FILE_FIELD.format(label=line.label, value=_foreign(line.value) or NOT_FILED) for line in fields[:_SHOWN]]


async def show_past_panels(turn: Turn) -> str:
    """The newest panels, and how many there were."""
    me = await people.get_expert(turn)
    panels = await turn.services.draws.invitation_queries.list_panels(me.expert_id, past=True)
    page = pools.page_line(turn, RECORD_PAGE, "file?kind=panel#timeline")
    if not panels:
        return f"{texts.NO_PAST_PANELS}\n{page}\n{commands.tap_lines(commands.PANELS)}"
    is_all = len(panels) < _PANELS_COUNTED_MAX
    head = PANELS_COUNTED.format(count=len(panels)) if is_all else PANELS_NEWEST.format(count=_SHOWN)
    lines = [
        f"{print_time(view.gathering_at)}（{texts.NOT_ATTENDED if view.checked_in_at is None else texts.ATTENDED}）"
        for view in panels[:_SHOWN]
    ]
    if is_all and len(panels) > _SHOWN:
        lines.append(texts.AND_MORE.format(count=len(panels) - _SHOWN))
    last = LAST_PANEL.format(time=print_time(panels[0].gathering_at))
    return "\n".join([last, head, *lines, page, commands.tap_lines(commands.PANELS)])


# ---- changes


async def explain_change(turn: Turn) -> str:
    me, book = await people.get_expert(turn), turn.services.deps.book(turn.user.pool)
    reviewed = await _way_lines(turn, me, CHANGE_HEAD)
    mine = await turn.services.applications.own_changes.read(me.actor)
    at_once: list[str] = []
    if mine.contacts:
        labels = "、".join(field.label for field in mine.contacts)
        at_once = [CONTACTS_AT_ONCE.format(labels=labels), pools.page_line(turn, CONTACTS_PAGE, "file/contacts")]
    asks_contacts = any(field.label in turn.message.text or "邮箱" in turn.message.text for field in mine.contacts)
    lines = [*at_once, *reviewed] if asks_contacts else [*reviewed, *at_once]
    fixed = IDENTITY_FIXED.format(hotline=book.pool.hotline)
    pages = [pools.page_line(turn, MOBILE_PAGE, "account/mobile"), pools.page_line(turn, WAYS_PAGE, "file#ways")]
    return "\n".join([*lines, fixed, *pages])


async def explain_employer_change(turn: Turn) -> str:
    me, book, text = await people.get_expert(turn), turn.services.deps.book(turn.user.pool), turn.message.text
    changing = await _way_lines(turn, me, EMPLOYER_HEAD)
    retiring = await _retirement_lines(turn, me)
    recusal = commands.tap_lines(commands.RECUSAL)
    if _RETIRES.search(text):
        return "\n".join([*retiring, *([REHIRED, recusal] if "聘" in text else []), *changing])
    lines = [*changing, EMPLOYER_RECUSED, recusal]
    if book.draw.employment_recusal_years:
        lines.append(EMPLOYER_FORMER.format(years=book.draw.employment_recusal_years))
    if _WITHOUT_EMPLOYER.search(text):
        lines.append(NO_EMPLOYER.format(hotline=book.pool.hotline))
    return "\n".join([*lines, *retiring])


async def _way_lines(turn: Turn, me: Me, head: str) -> list[str]:
    """How what must be reviewed is changed; ``head`` says what it is where a change can begin now."""
    book = turn.services.deps.book(turn.user.pool)
    way = await turn.services.expert_file_views.own_files.find_way_to_change(me.actor)
    if not way.route:
        return [wording.plain_text(way.text)]
    page = f"▸ {link(way.text, turn.services.deps.public_url + way.route)}"
    begins = "entry_type=change" in way.route
    return [head.format(title=book.campaigns.change_title), page] if begins else [page]


async def _retirement_lines(turn: Turn, me: Me) -> list[str]:
    mine = await turn.services.applications.own_changes.read(me.actor)
    page = pools.page_line(turn, RETIREMENT_PAGE, "file/retirement")
    if not mine.retired_on:
        return [RETIRE_HEAD, page]
    day = date.fromisoformat(mine.retired_on)
    return [RETIRED.format(date=f"{day.year}年{day.month}月{day.day}日"), page]


async def show_bank_account(turn: Turn) -> str:
    """Numbers are masked for their owner, too; one that is typed is neither stored nor repeated."""
    me = await people.get_expert(turn)
    bank = (await turn.services.applications.own_changes.read(me.actor)).bank
    if not bank:
        return f"{NO_BANK}{NO_CARD_NUMBER}\n{commands.tap_lines(commands.REMUNERATION)}"
    filed = "，".join(f"{field.label}{wording.plain_text(field.filed)}" for field in bank if field.filed)
    rules = [BANK_RULES.format(label=field.label, hint=field.hint) for field in bank[:1] if field.hint]
    return "\n".join(
        [
            f"{BANK_FILED.format(values=filed) if filed else BANK_EMPTY}{BANK_CHANGE}",
            pools.page_line(turn, BANK_PAGE, "file/bank"),
            *rules,
            BANK_UNDER_WAY,
            commands.tap_lines(commands.REMUNERATION),
        ]
    )


# ---- the record


async def show_record(turn: Turn) -> str:
    if not turn.user.bound:
        return f"{NO_POINTS}\n{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    me, book = await people.get_expert(turn), turn.services.deps.book(turn.user.pool)
    lines = await _sanction_lines(turn, me)
    missed = await turn.services.expert_file_views.own_files.read(me.actor, check_choice(TimelineKind.MISSED, 1))
    if missed.timeline.items:
        newest = missed.timeline.items[0]
        title = wording.plain_text(newest.title)
        lines.append(MISSED.format(count=missed.timeline.total, date=print_date(newest.at), title=title))
    else:
        lines.append(NO_MISSED)
    lines.insert(0 if _ASKS_POINTS.search(turn.message.text) else len(lines), NO_POINTS)
    pages = [
        pools.page_line(turn, texts.SANCTIONS_PAGE, "sanctions"),
        pools.page_line(turn, MISSED_PAGE, f"file?kind={TimelineKind.MISSED}#timeline"),
    ]
    return "\n".join([*lines, SCORED_ELSEWHERE.format(hotline=book.pool.hotline), *pages])


async def _sanction_lines(turn: Turn, me: Me) -> list[str]:
    sanctions = await turn.services.sanctions.queries.own(me.actor)
    if not sanctions:
        return [NO_SANCTIONS]
    lines = []
    in_force = [sanction for sanction in sanctions if sanction.in_force]
    for sanction in in_force[:_SANCTIONS_SHOWN]:
        period = f"（{sanction.period}）" if sanction.period else ""
        line = SANCTION.format(title=sanction.title, period=period, reason=_foreign(sanction.reason))
        until = sanction.appeal_until
        lines.append(line + (APPEAL_UNTIL.format(until=print_date(until)) if until is not None else ""))
    over = len(sanctions) - len(in_force)
    return [*lines, SANCTIONS_OVER.format(count=over)] if over else lines


def _foreign(text: str) -> str:
    """What others have written, as much of it as fits beside the rest."""
    return shorten(wording.plain_text(text), _FOREIGN_BYTES)


def _name(named: Named) -> str:
    return named.name or named.code


ANSWERS: Mapping[str, Handler] = {
    "my_file": show_file,
    "past_panels": show_past_panels,
    "change_data": explain_change,
    "change_employer": explain_employer_change,
    "bank_card": show_bank_account,
    "points": show_record,
}
