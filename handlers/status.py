"""My status: role, permitted actions, next step. One bubble."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from domain.errors import Unauthenticated
from handlers import commands, overview, people, pools, texts, wording
from handlers.applications import message_lines
from handlers.courses import course_lines
from handlers.exams import exam_lines
from services.accounts import Who
from services.core.base import Actor
from services.experts import ExpertProfile, Named, Suspension

_SHOWN = 5
"""Specialties shown; more would fill the bubble."""


def register(router: Router) -> None:
    router.keyword(my_status, commands.STATUS, "状态", "我的", "我的身份", "我的申报", "我的首页")
    router.menu("STATUS", my_status)
    router.keyword(
        open_account, texts.ACCOUNT_PAGE, "账号", "我的账户", "查看账号", "退出登录", "退出全部设备", "只退出本设备"
    )


async def my_status(turn: Turn) -> str:
    who = await people.find_who(turn)
    if who is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    lines = [texts.STATUS_WHO.format(name=f"{who.masked_name} " if who.masked_name else "", mobile=who.masked_mobile)]
    roles = "、".join(wording.plain_text(role.label) for role in who.roles)
    lines.append(texts.STATUS_ROLES.format(roles=roles) if roles else texts.STATUS_NO_ROLE)
    if who.expert_id is None:
        return "\n".join([*lines, *await _non_expert_lines(turn, who)])
    lines += await _expert_lines(turn, who)
    lines.append(await overview.expert_overview(turn, who.expert_id))
    lines += await exam_lines(turn, who.account_id)
    lines += await course_lines(turn, who.account_id)
    lines += await overview.work_lines(turn, who)
    lines.append(commands.tap_lines(commands.AVAILABILITY, commands.CHANCES))
    return "\n".join(lines)


async def open_account(turn: Turn) -> str:
    return f"{texts.ACCOUNT}\n{pools.page_line(turn, texts.ACCOUNT_PAGE, 'account')}"


async def _non_expert_lines(turn: Turn, who: Who) -> list[str]:
    """The status of an application, if there is one; and the work of staff."""
    applications = await turn.services.applications.to_dos.progress(who.account_id) if who.account_id else ()
    lines: list[str] = []
    for each in applications:
        lines.append(texts.STATUS_APPLYING.format(headline=each.headline, advice=each.advice))
        lines += message_lines(turn, each, share=3)
    lines += await exam_lines(turn, who.account_id)
    lines += await overview.work_lines(turn, who) if who.roles else [texts.MENU_AGENCY]
    taps = [commands.PROGRESS if applications else commands.APPLY] if people.is_applicant(who) or applications else []
    return [*lines, commands.tap_lines(*taps, commands.UNBIND)]


async def _expert_lines(turn: Turn, who: Who) -> list[str]:
    profile = await turn.services.experts.profiles.profile(
        Actor(turn.user.pool, "expert", who.account_id, who.expert_id)
    )
    lines = [texts.STATUS_EXPERT.format(number=profile.number, status=profile.membership_status.text)]
    lines += [_suspension_line(turn, suspension) for suspension in profile.membership_status.suspensions]
    lines.append(texts.STATUS_REGION.format(region=_name(profile.permanent_region)))
    if profile.specialties:
        lines.append(texts.STATUS_SPECIALTIES.format(names=_specialties(profile)))
    if profile.unavailable:
        lines.append(texts.STATUS_AWAY.format(periods=wording.period_lines(profile.unavailable, limit=3)))
    return lines


def _suspension_line(turn: Turn, why: Suspension) -> str:
    line = f"{why.title}：{wording.plain_text(why.detail)}"
    return f"{line}\n▸ {link(why.action, turn.services.deps.public_url + why.route)}" if why.route else line


def _specialties(profile: ExpertProfile) -> str:
    names = "、".join(_name(specialty) for specialty in profile.specialties[:_SHOWN])
    more = texts.STATUS_MORE.format(count=len(profile.specialties)) if len(profile.specialties) > _SHOWN else ""
    return names + more


def _name(named: Named) -> str:
    return wording.plain_text(named.name) or named.code
