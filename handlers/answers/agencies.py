"""Answers for agencies and tenderers: how one joins, agents, how a draw is applied for, and its conditions."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler
from bot.turn import Turn
from domain.clock import print_date
from domain.draws.lifecycles import DrawState
from domain.rulebook.book import Rulebook
from domain.rulebook.reading import print_length
from domain.rulebook.sections import DrawRules
from handlers import commands, draws, people, wording
from handlers.answers import own_draws
from services.accounts import RoleOption, Who
from services.core.base import Actor
from services.draws import to_do_of
from services.organisations import Agent

JOIN = (
    "不用申请、不用审核，也不收费：用法人账号从统一身份认证登录，实名等级不低于{level}级，登录后就能办理，不在这里交材料。"
    "单位名称和信用代码取自该平台，要改请在那里改。只是受请当经办人的，绑定手机号就可以。{person}"
)
NO_PERSON = "个人不能发起抽取。"
JOINED = "您已经可以办理抽取：{roles}。别的单位、分公司用自己的执照登录，不用在这里添加。"
INVITED = "{organisation}请您担任经办人，接受后就能办理："
WEAK_IDENTITY = "您的实名等级不够，请在统一身份认证平台升到{level}级，再重新登录。"
REQUESTS_PAGE = "经办人关联"
HELPLINE = "办不了的请拨打{hotline}。"

STAFF_OF_ENTITY = (
    "您单位现有经办人{active}人，等待接受{waiting}人。在“我的经办人”添加：填姓名、手机号和有效期（不填为{usual}，最长{most}，"
    "一天最多请{asks}人），对方登录后在“经办人关联”接受。续期再添加一次；取消马上生效，他办过的活动仍在本单位名下。"
)
STAFF_RIGHTS = "经办人只看到自己办的，法人账号看到并能办全部；目前没有只读权限，也不能把项目转给同事。"
STAFF_OF_AGENT = "您是{organisation}的经办人，有效期至{until}{paused}。添加、续期和取消经办人，由法人账号办理。"
STAFF_PAUSED: Mapping[str, str] = {
    "": "",
    "person": "，现在暂停：您的实名等级不够，请升级后重新登录",
    "entity": "，现在暂停：单位法人的实名等级不够，请法人升级后重新登录",
}
STAFF_GENERAL = "经办人由单位的法人账号添加，凭姓名和手机号；本人绑定手机号后，在“经办人关联”接受才生效。"
AGENTS_PAGE = "我的经办人"

CREATE = (
    "在“新建抽取”依次填活动信息、回避信息、语音通知和抽取条件，提交审核；{terminals}核验通过后三方摇号、启动抽取。"
    "全程网上办，手机电脑都行，不收费；监督人从管理机构的名册里选。"
)
CREATE_HOURS = "呼叫时段{hours}，周末也呼叫；{earliest}，集合前{stop}不再呼叫新的专家。"
EARLIEST_ANY = "核验后多早都可以启动"
EARLIEST_SPAN = "最早评标开始前{span}启动"
EARLIEST_DAYS = "最早评标前{days}个工作日启动"
CREATE_URGENT = "没有加急通道。"
CREATE_EMERGENCY = "没有加急通道；{span}内就要评标的，抽取条件可以只抽应急专家。"
CREATE_REDRAW = "要重新抽取的，从原活动点“重新抽取”。"
CREATE_OPEN = "您在办的{number}：{due}。"
NEW_PAGE = "新建抽取"
OPEN_PAGE = "继续办理"

CONDITIONS = (
    "人数填要从库里抽的人数，各条件相加等于它，最多{experts}人、{conditions}个条件。可按地区、专业、职称、执业资格和主管部门设，"
    "不能按年龄或点名；{modes}。提交审核前都能改，提交后先撤回；人数预览只显示区间。"
)
MODES: Mapping[str, str] = {"permanent": "常驻地", "willing": "意愿评标地"}
MODES_TEXT = "地区按{modes}"
SEVERAL_REGIONS = "，一个条件可选几个地区"
ALTERNATIVE = "，主专业抽完才抽备选专业"
CONDITIONS_EMERGENCY = "{span}内就要评标的，可以只抽应急专家。"
CONDITIONS_LAW = "抽几人、要不要单数、招标人代表几人，由法律和招标文件定，系统不核对，请问主管部门。"
CONDITIONS_PAGE = "抽取条件"


async def tell_joining(turn: Turn) -> str:
    """How an entity begins; who has been asked to be an agent accepts first."""
    book = turn.services.deps.book(turn.user.pool)
    level = book.login.assurance_level_minimum
    person = "" if book.login.natural_person_may_draw else NO_PERSON
    text = JOIN.format(level=level, person=person)
    who = await people.find_who(turn)
    if who is None:
        return f"{text}\n▸ {_login_link(turn)}\n{commands.tap_lines(commands.BIND)}"
    if own := [role for role in who.roles if role.role in own_draws.AGENCY]:
        return f"{JOINED.format(roles=_labels(own))}\n{commands.tap_lines(commands.WORK, commands.PROJECTS)}"
    queries, actor = turn.services.organisations.agents, _guest(turn)
    if waiting := await _find_waiting(turn, actor):
        return f"{INVITED.format(organisation=_name(waiting))}\n▸ {_requests_link(turn)}"
    if await queries.has_weak_identity(actor):
        text = WEAK_IDENTITY.format(level=level)
    help_text = HELPLINE.format(hotline=book.pool.hotline)
    return f"{text}{help_text}\n▸ {_login_link(turn)}\n{commands.tap_lines(commands.WORK)}"


async def tell_agents(turn: Turn) -> str:
    """An entity's agents and what they may do; an agent's own appointment."""
    who = await people.find_who(turn)
    if who is None:
        return own_draws.answer_stranger(turn, STAFF_GENERAL)
    if entity := _role_of(who, "organisation"):
        return await _tell_entity(turn, draws.actor_of(turn, entity))
    actor = _guest(turn)
    if waiting := await _find_waiting(turn, actor):
        return f"{INVITED.format(organisation=_name(waiting))}\n▸ {_requests_link(turn)}"
    links = await turn.services.organisations.agents.list_own_links(actor)
    current = next((link for link in links if link.state == "active"), None)
    if current is None:
        return own_draws.answer_stranger(turn, STAFF_GENERAL)
    text = STAFF_OF_AGENT.format(
        organisation=_name(current), until=print_date(current.valid_until), paused=STAFF_PAUSED[current.paused_by]
    )
    return f"{text}{STAFF_RIGHTS}\n▸ {_requests_link(turn)}\n{commands.tap_lines(commands.WORK)}"


async def _tell_entity(turn: Turn, actor: Actor) -> str:
    login = turn.services.deps.book(turn.user.pool).login
    states = [agent.state for agent in await turn.services.organisations.agents.list_agents(actor)]
    text = STAFF_OF_ENTITY.format(
        active=states.count("active"),
        waiting=states.count("waiting"),
        usual=print_length(login.agent_link_default),
        most=print_length(login.agent_link_max),
        asks=login.agent_asks_per_day,
    )
    page = own_draws.link_of(turn, AGENTS_PAGE, "/agency/agents")
    return f"{text}{STAFF_RIGHTS}\n▸ {page}\n{commands.tap_lines(commands.WORK)}"


async def tell_applying(turn: Turn) -> str:
    """How a draw is applied for, with the province's numbers, and what of the person's own draws comes next."""
    book = turn.services.deps.book(turn.user.pool)
    general = _applying_text(book)
    actors = await own_draws.agency_actors(turn)
    if not actors:
        return own_draws.answer_stranger(turn, general)
    lines = [general]
    waiting = [await turn.services.draws.worklists.read(actor, "to_do", limit=1) for actor in actors]
    for draw in [worklist.lines[0] for worklist in waiting if worklist.lines][:1]:
        lines.append(CREATE_OPEN.format(number=draw.number, due=to_do_of(draw, turn.now)))
        lines.append(f"▸ {own_draws.link_of(turn, OPEN_PAGE, f'/agency/draws/{draw.id}')}")
    lines.append(f"▸ {own_draws.link_of(turn, NEW_PAGE, '/agency/draws/new')}")
    return "\n".join([*lines, commands.tap_lines(commands.TO_DO, commands.PROJECTS)])


def _applying_text(book: Rulebook) -> str:
    rules = book.draw
    emergency = CREATE_EMERGENCY.format(span=rules.emergency.span) if rules.emergency.conditions else CREATE_URGENT
    hours = CREATE_HOURS.format(
        hours=rules.calling.hours, earliest=_earliest(rules), stop=print_length(rules.calling.stop_before_gathering)
    )
    return f"{CREATE.format(terminals='、'.join(rules.terminals))}{hours}{emergency}{CREATE_REDRAW}"


def _earliest(rules: DrawRules) -> str:
    if rules.earliest_working_days is not None:
        return EARLIEST_DAYS.format(days=rules.earliest_working_days)
    if rules.earliest_before_evaluation is not None:
        return EARLIEST_SPAN.format(span=print_length(rules.earliest_before_evaluation))
    return EARLIEST_ANY


async def tell_conditions(turn: Turn) -> str:
    """What a draw may ask for, and the conditions of the person's own draft."""
    general = _conditions_text(turn.services.deps.book(turn.user.pool))
    actors = await own_draws.agency_actors(turn)
    if not actors:
        return own_draws.answer_stranger(turn, general)
    editable = (DrawState.EDITING, DrawState.REFUSED)
    drafts = [draw for _, draw in await own_draws.read_unfinished(turn, actors) if draw.state in editable]
    lines = [general]
    for draw in drafts[:2]:
        label = own_draws.STEP_LABEL.format(act=CONDITIONS_PAGE, draw=own_draws.name_draw(draw))
        lines.append(f"▸ {own_draws.link_of(turn, label, f'/agency/draws/{draw.id}/conditions')}")
    if not drafts:
        lines.append(f"▸ {own_draws.link_of(turn, own_draws.DRAWS_PAGE, '/agency/draws')}")
    return "\n".join([*lines, commands.tap_lines(commands.TO_DO)])


def _conditions_text(book: Rulebook) -> str:
    rules = book.draw
    modes = MODES_TEXT.format(modes="或".join(MODES[mode] for mode in rules.region_modes))
    modes += SEVERAL_REGIONS if rules.several_regions else ""
    modes += ALTERNATIVE if rules.alternative_specialty else ""
    text = CONDITIONS.format(experts=rules.experts_max, conditions=rules.conditions_max, modes=modes)
    payer = book.remuneration.payer_note if rules.by_willing_region else ""
    emergency = CONDITIONS_EMERGENCY.format(span=rules.emergency.span) if rules.emergency.conditions else ""
    return f"{text}{emergency}{CONDITIONS_LAW}\n{payer}".strip()


def _guest(turn: Turn) -> Actor:
    return Actor(turn.user.pool, "guest", turn.user.account_id)


async def _find_waiting(turn: Turn, actor: Actor) -> Agent | None:
    """An organisation that waits for the person's answer."""
    links = await turn.services.organisations.agents.list_own_links(actor)
    return next((link for link in links if link.state == "waiting"), None)


def _role_of(who: Who, name: str) -> RoleOption | None:
    return next((role for role in who.roles if role.role == name), None)


def _labels(roles: list[RoleOption]) -> str:
    return "、".join(wording.plain_text(role.label) for role in roles[:2])


def _name(link: Agent) -> str:
    return wording.plain_text(link.organisation_name)


def _login_link(turn: Turn) -> str:
    return own_draws.link_of(turn, own_draws.LOGIN_PAGE, f"/h5/login?pool={turn.user.pool}")


def _requests_link(turn: Turn) -> str:
    return own_draws.link_of(turn, REQUESTS_PAGE, f"/h5/{turn.user.pool}/agent-requests")


ANSWERS: Mapping[str, Handler] = {
    "agency_join": tell_joining,
    "agency_staff": tell_agents,
    "draw_create": tell_applying,
    "draw_conditions": tell_conditions,
}
