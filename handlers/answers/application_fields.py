"""Answers on what is entered: employer, specialties, region, identity card, and how each is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.router import Handler
from bot.turn import Turn
from domain.applications.lifecycles import IN_HAND
from domain.forms.display import show_specialty
from domain.rulebook.form import Specialties
from handlers import commands, people, wording
from handlers.answers.application_states import changing_text
from handlers.answers.own_applications import (
    actor_of,
    ask_of,
    book_of,
    is_staff,
    live_applications,
    page_line,
    read_applications,
)
from handlers.applications import show_change_page
from handlers.registration import closed_text
from services.applications import Progress
from services.catalogue_codes import load_codes
from services.organisations import EmployerRequestView

_REQUESTS_SHOWN, _NAMES_SHOWN = 3, 6
_SPECIALTY_CODE = re.compile(r"(?<![A-Za-z0-9])[A-Z](?:\d{2}){1,3}(?!\d)")

UNIT_FROM_LIST = "填写工作单位时，输入名称的一部分搜索；没有的点“申请添加”，添加后会通知您。"
UNIT_TYPED = "工作单位直接填写名称。"
UNIT_HINT = "填写说明：{hint}"
NO_UNIT = "填写现在的任职单位；退休、没有单位或有几个单位的，请咨询{ask}。"
UNIT_STATES = {"open": "等待添加", "added": "已添加，请搜索并选择", "refused": "没有添加"}
UNIT_REQUEST = "您申请添加的“{name}”：{state}"
UNIT_OF_AGENCY = (
    "单位名称和统一社会信用代码取自统一身份认证平台，有误的请在平台更正后重新登录；仍不对的请拨打{hotline}。"
)

SPECIALTIES = "评标专业{rule}。"
SPECIALTIES_CHOSEN = "按名称或代码搜索，应与职称、学历和从事的工作相符；选哪个由您决定，审核人员核对。"
CODE_IS = "{code}是“{name}”。"
OWN_SPECIALTIES = "您登记的评标专业：{names}。"
MORE_NAMES = "等{count}项"

REGION = "{label}：{hint}"
REGION_PLAIN = "{label}只能选一个地区，请按实际情况选择。"
REGION_CITY = "选到市州，不选区县。"
REGION_WHOLE_CITY = "市区的选市本级，县里的选该县。"
BY_BOTH_REGIONS = "抽取可以按常驻地，也可以按意愿评标地。"
BY_PERMANENT_REGION = "抽取只按常驻地。"
OWN_REGION = "您的常驻地是{region}。"
OWN_WILLING = "意愿评标地：{regions}；要改请拨打{hotline}。"
OWN_WILLING_NONE = "没有登记意愿评标地；要登记请拨打{hotline}。"

ID_NOT_KEPT = (
    "专家库不登记证件有效期，不会因为证件到期暂停抽取，也不发到期提醒；到场请带有效身份证。"
    "自称专家库催办证件的短信，请拨打{hotline}核实。"
)
ID_NEW_SCAN = "还在填写或被退回的申请，请换上新证件的扫描件。"
ID_NAME = "姓名或身份证号有变化的，请拨打{hotline}更正。"
NOT_CHANGED_HERE = "不能在这里更换的，请拨打{hotline}，由管理机构更换。"


async def explain_units(turn: Turn) -> str:
    """How the employer is entered, and what became of units that the person requested."""
    book = book_of(turn)
    if turn.user.account_id is not None and await is_staff(turn):
        return f"{UNIT_OF_AGENCY.format(hotline=book.pool.hotline)}\n{commands.tap_lines(commands.WORK, commands.HELP)}"
    applications = await read_applications(turn)
    live = live_applications(applications)
    if people.find_expert(turn) is not None and not live:
        return await show_change_page(turn)
    employer, from_list = book.form.fields.get("employer"), book.form.employer_from_list
    lines = [UNIT_FROM_LIST if from_list else UNIT_TYPED]
    lines += [UNIT_HINT.format(hint=employer.hint)] if employer is not None and employer.hint and not from_list else []
    lines += await _request_lines(turn) if from_list else []
    lines.append(NO_UNIT.format(ask=ask_of(turn, applications)))
    return "\n".join([*lines, await _way_of_applicant(turn, live)])


async def _request_lines(turn: Turn) -> list[str]:
    if turn.user.account_id is None:
        return []
    requests = await turn.services.organisations.employer_queries.list_own_requests(actor_of(turn))
    return [_request_line(request) for request in requests[:_REQUESTS_SHOWN]]


def _request_line(request: EmployerRequestView) -> str:
    line = UNIT_REQUEST.format(name=wording.plain_text(request.name), state=UNIT_STATES[request.state])
    return f"{line}（{wording.plain_text(request.answer)}）" if request.answer else line


# ---- specialties and region


async def explain_specialties(turn: Turn) -> str:
    """How many specialties and which; what an expert has; how a choice is changed. Never which are drawn more."""
    me = people.find_expert(turn)
    if me is None and turn.user.account_id is None and (closed := closed_text(turn)):
        return closed
    applications = await read_applications(turn)
    lines = [*await _named_codes(turn), SPECIALTIES.format(rule=specialty_rule(book_of(turn).form.specialties))]
    lines.append(SPECIALTIES_CHOSEN)
    if me is not None:
        profile = await turn.services.experts.profiles.profile(me.actor)
        names = [wording.plain_text(specialty.name or specialty.code) for specialty in profile.specialties]
        lines += [OWN_SPECIALTIES.format(names=_shortened(names))] if names else []
    lines += await _ways(turn, applications)
    return "\n".join([*lines, *[commands.tap_lines(commands.CHANCES)] * (me is not None)])


def specialty_rule(rule: Specialties) -> str:
    """How many and which, as the form says it."""
    count_min, count_max = rule.count_min, rule.count_max
    parts = [f"须选{count_max}个" if count_min == count_max else f"可选{count_min}至{count_max}个"]
    parts += [f"一级类别不超过{rule.level_1_max}个"] if rule.level_1_max else []
    parts += [f"二级类别不超过{rule.level_2_max}个"] if rule.level_2_max else []
    parts += ["只能选同一个大类"] * rule.one_class
    parts += ["只选三级专业"] * rule.third_level_only
    parts += ["首选必入库，备选视情入库"] * rule.preferred
    parts += ["提交后本次征集期间不可修改"] * rule.fixed_once_submitted
    return "，".join(parts)


async def _named_codes(turn: Turn) -> list[str]:
    """The names of codes of the catalogue that stand in the sentence."""
    typed_codes = _SPECIALTY_CODE.findall(turn.message.text.upper())[:2]
    if not typed_codes:
        return []
    codes = await load_codes(book_of(turn), typed_codes)
    named = [code for code in typed_codes if ("specialty", code) in codes.entries]
    return [CODE_IS.format(code=code, name=wording.plain_text(show_specialty(code, codes))) for code in named]


async def explain_regions(turn: Turn) -> str:
    """Which region is entered and what for; an expert's own, and how it is changed."""
    me, book = people.find_expert(turn), book_of(turn)
    if me is None and turn.user.account_id is None and (closed := closed_text(turn)):
        return closed
    applications = await read_applications(turn)
    lines = _region_rules(turn)
    if me is not None:
        profile = await turn.services.experts.profiles.profile(me.actor)
        region = profile.permanent_region
        own = [OWN_REGION.format(region=wording.plain_text(region.name or region.code))]
        if profile.willing_regions is not None:
            names = [wording.plain_text(each.name or each.code) for each in profile.willing_regions]
            text = OWN_WILLING if names else OWN_WILLING_NONE
            own.append(text.format(regions=_shortened(names), hotline=book.pool.hotline))
        lines = [*own, *lines]
    return "\n".join([*lines, *await _ways(turn, applications)])


def _region_rules(turn: Turn) -> list[str]:
    book = book_of(turn)
    field = book.form.used().get("region")
    lines = []
    if field is not None:
        text = (
            REGION.format(label=field.label, hint=field.hint) if field.hint else REGION_PLAIN.format(label=field.label)
        )
        lines = [
            text.format(label=field.label, hint=field.hint),
            *[REGION_CITY] * field.city_only,
            *[REGION_WHOLE_CITY] * (not field.districts),
        ]
    return [*lines, BY_BOTH_REGIONS if book.draw.by_willing_region else BY_PERMANENT_REGION]


# ---- identity card


async def explain_expired_id(turn: Turn) -> str:
    """That the pool keeps no validity of cards, and how a new scan is handed in."""
    hotline = book_of(turn).pool.hotline
    lines = [ID_NOT_KEPT.format(hotline=hotline)]
    if turn.user.account_id is None:
        return "\n".join([*lines, ID_NEW_SCAN, commands.tap_lines(commands.BIND, commands.HELP)])
    applications = await read_applications(turn)
    if any(application.state in IN_HAND for application in applications):
        lines.append(ID_NEW_SCAN)
    lines += await _ways(turn, applications)
    lines += [NOT_CHANGED_HERE.format(hotline=hotline)] * (people.find_expert(turn) is not None)
    return "\n".join([*lines, ID_NAME.format(hotline=hotline)])


# ---- how what was entered is changed


async def _ways(turn: Turn, applications: Sequence[Progress]) -> list[str]:
    """How the form or the expert's file is changed now."""
    live = live_applications(applications)
    me = people.find_expert(turn)
    if me is None:
        return [await _way_of_applicant(turn, live)]
    lines = [await changing_text(turn, live)] if live else []
    if any(application.entry_type == "change" for application in live):
        return lines
    way = await turn.services.expert_file_views.own_files.find_way_to_change(me.actor)
    return [*lines, page_line(turn, way.text, way.route) if way.route else wording.plain_text(way.text)]


async def _way_of_applicant(turn: Turn, live: Sequence[Progress]) -> str:
    if live:
        return await changing_text(turn, live)
    words = (commands.APPLY,) if turn.user.bound else (commands.BIND, commands.APPLY)
    return commands.tap_lines(*words, commands.GUIDE)


def _shortened(names: Sequence[str]) -> str:
    more = MORE_NAMES.format(count=len(names)) if len(names) > _NAMES_SHOWN else ""
    return "、".join(names[:_NAMES_SHOWN]) + more


ANSWERS: Mapping[str, Handler] = {
    "unit_missing": explain_units,
    "specialty_choice": explain_specialties,
    "region_choice": explain_regions,
    "id_expired": explain_expired_id,
}
