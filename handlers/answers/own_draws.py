"""An agency's own draws in an answer: what can be done with each now, and its page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from bot.turn import Turn
from domain.clock import print_time
from domain.draws.lifecycles import DrawState
from domain.rulebook.reading import print_length
from domain.rulebook.sections import DrawRules
from handlers import commands, draws, people, texts, wording
from services.core.base import Actor
from services.draws import WorkLine

AGENCY = ("agent", "organisation")
SEVERAL = "您有{count}个活动，请点开要办的一个："
SEVERAL_OF_MANY = "您有多个活动，请点开要办的一个，其余在列表里："
STEP_LABEL = "{act}：{draw}"
DRAWS_PAGE = "抽取活动列表"
NOT_AN_AGENT = "您目前没有法人或经办人身份：法人在下面登录；经办人请法人添加您。"
NEW_TIMES_FIRST = "现在离集合不到{lead}，要先改集合时间。{postpone}"
POSTPONEMENT = "评标开始可当天推迟，最多{most}。"
LOGIN_PAGE = "统一身份认证登录"
_SHOWN = 4
"""With their links these fill half a bubble."""
_READ = 30


@dataclass(frozen=True)
class DrawStep:
    """What holds for a draw and what can be done; ``label`` names the act in a few words, ``path`` is its page.

    ``brief`` stands instead of the label where several draws are listed.
    """

    text: str
    label: str
    path: str
    brief: str = ""


Steps = Callable[[WorkLine], DrawStep | None]
"""None: the question can't concern such a draw."""
Refine = Callable[[Actor, WorkLine, DrawStep], Awaitable[DrawStep]]
"""The step with what only a further look-up tells, asked for the only draw."""


@dataclass(frozen=True)
class DrawQuestion:
    """``nothing`` is said where no draw can be meant. ``general`` says how it goes: then, and to who is no agency.
    ``words`` can be tapped; ``first``: states of draws that are listed before others."""

    steps: Steps
    nothing: str
    general: str
    words: tuple[str, ...]
    first: tuple[DrawState, ...] = ()
    refine: Refine | None = None


async def agency_actors(turn: Turn) -> list[Actor]:
    """The person as agent or legal entity, once for each; empty for anyone else. Raises Forbidden for a closed
    account."""
    who = await people.find_who(turn)
    roles = who.roles if who is not None else ()
    return [draws.actor_of(turn, role) for role in roles if role.role in AGENCY]


async def answer(turn: Turn, question: DrawQuestion) -> str:
    """The step of the one draw that the question can concern, or a list of several."""
    actors = await agency_actors(turn)
    if not actors:
        return answer_stranger(turn, question.general)
    own_draws = await read_unfinished(turn, actors)
    own_draws.sort(key=lambda own: own[1].state not in question.first)
    offered = [(draw, step, actor) for actor, draw in own_draws if (step := question.steps(draw)) is not None]
    taps = commands.tap_lines(*question.words)
    if not offered:
        return f"{question.nothing}{question.general}\n{taps}"
    if len(offered) > 1:
        return "\n".join([*_list_steps(turn, [(draw, step) for draw, step, _ in offered]), taps])
    [(draw, step, actor)] = offered
    if question.refine is not None:
        step = await question.refine(actor, draw, step)
    label = STEP_LABEL.format(act=step.label, draw=name_draw(draw))
    return f"{step.text}\n▸ {link_of(turn, label, step.path.format(id=draw.id))}\n{taps}"


async def read_unfinished(turn: Turn, actors: Sequence[Actor]) -> list[tuple[Actor, WorkLine]]:
    """Draws from the draft to the evaluation's end, the next first and drafts last, each once."""
    own_draws: dict[UUID, tuple[Actor, WorkLine]] = {}
    for actor in actors:
        worklist = await turn.services.draws.worklists.read(actor, "unfinished", limit=_READ)
        own_draws |= {draw.id: (actor, draw) for draw in worklist.lines}
    return sorted(own_draws.values(), key=lambda own: (own[1].state == DrawState.EDITING, own[1].starts_at, own[1].id))


def answer_stranger(turn: Turn, general: str) -> str:
    """How it goes, and how to become who may do it."""
    if not turn.user.bound:
        return f"{general}\n{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    login = link_of(turn, LOGIN_PAGE, f"/h5/login?pool={turn.user.pool}")
    return f"{general}\n{NOT_AN_AGENT}\n▸ {login}\n{commands.tap_lines(commands.WORK)}"


def name_draw(draw: WorkLine) -> str:
    """Number and expected start."""
    return texts.DRAW_LABEL.format(number=draw.number, when=print_time(draw.starts_at))


def link_of(turn: Turn, label: str, path: str) -> str:
    return turn.services.notifications.entrances.link(label, turn.user.pool, path)


def release_until(draw: WorkLine, rules: DrawRules) -> datetime:
    """The last moment for beginning the release of the panel."""
    return draw.starts_at - rules.release.before_start


def new_times_first(draw: WorkLine, rules: DrawRules, now: datetime) -> str:
    """Empty while experts can still be called for the planned gathering."""
    lead = rules.calling.stop_before_gathering
    if draw.gathering_at is None or now < draw.gathering_at - lead:
        return ""
    return NEW_TIMES_FIRST.format(lead=print_length(lead), postpone=describe_postponement(rules))


def describe_postponement(rules: DrawRules) -> str:
    """Empty where the start can't be postponed."""
    most = rules.supplement.postpone_max
    return POSTPONEMENT.format(most=print_length(most)) if most else ""


def _list_steps(turn: Turn, offered: Sequence[tuple[WorkLine, DrawStep]]) -> list[str]:
    is_whole = len(offered) <= _SHOWN
    lines = [SEVERAL.format(count=len(offered)) if is_whole else SEVERAL_OF_MANY]
    for draw, step in offered[:_SHOWN]:
        lines += [f"▸ {link_of(turn, name_draw(draw), step.path.format(id=draw.id))}"]
        lines += [wording.own_draw(draw.name, f"{draw.label}：{step.brief or step.label}")]
    return lines if is_whole else [*lines, f"▸ {link_of(turn, DRAWS_PAGE, '/agency/draws')}"]
