"""Applying for the pool, and the status of an application: one bubble with a link to the next step."""

from __future__ import annotations

from uuid import UUID

from bot.replies import shorten
from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.applications.lifecycles import ApplicationState
from domain.clock import print_until
from handlers import commands, overview, people, texts, wording
from services.applications import Progress, ToDo
from services.core.base import Actor

_OPINION_BYTES = 600
_SPECIALTIES_SHOWN = 6
_MENDING = ("correct", "withdraw", "fill_in", "upload")
"""Statuses of a review step in which the application can still be changed."""


def register(router: Router) -> None:
    router.keyword(apply, commands.APPLY, "申请", "我要申报", "报名", "续聘", "入库", "我要报名", "申请入库")
    router.menu("APPLY", apply)
    router.keyword(progress, commands.PROGRESS, "审核进度", "我的申请", "申请进度", "查询进度", "审核")
    router.menu("PROGRESS", progress)
    router.keyword(show_corrections, commands.MEND, "修改", "修改申请", "修改资料", "补正", "退回")
    router.keyword(change, "异动", "异动申请", "变更信息", "更换单位", "更换专业", "更换市州", "修改专业", "修改单位")
    router.remember(ask_giving_up)
    router.keyword(give_up, commands.GIVE_UP, "撤回申请", "取消申请", "不申请了", "放弃入库")


async def apply(turn: Turn) -> str:
    """What the person can do now, each with its page; an unregistered person is asked to register first."""
    if turn.user.account_id is None:
        link = _link(turn, f"/h5/{turn.user.pool}/apply")
        return f"{texts.APPLY_FIRST.format(link=link)}\n{commands.tappable(commands.BIND, commands.GUIDE)}"
    if work := await _of_staff(turn):
        return work
    found = await turn.services.applications.to_dos.home(turn.user.pool, turn.user.account_id)
    items = [_item(turn, one) for one in found.to_do] or [texts.NOTHING_TO_DO]
    taps = [commands.PROGRESS, commands.GUIDE] if found.progress else [commands.GUIDE]
    return "\n".join(
        [texts.MEMBERSHIP_STATUS_IS.format(status=found.membership_status.text), *items, commands.tappable(*taps)]
    )


async def progress(turn: Turn) -> str:
    """The application's status, who handles it, since when, and what the applicant does next."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tappable(commands.BIND)}"
    if work := await _of_staff(turn):
        return work
    found = await turn.services.applications.to_dos.progress(turn.user.account_id)
    if found is None:
        return f"{texts.NO_APPLICATION}\n{commands.tappable(commands.APPLY, commands.GUIDE)}"
    return "\n".join([*_lines(turn, found), *_taps(found)])


async def show_corrections(turn: Turn) -> str:
    """What was returned for correction, why, and a link to the form that corrects it."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tappable(commands.BIND)}"
    found = await turn.services.applications.to_dos.progress(turn.user.account_id)
    if found is None or found.step is None or found.step.code not in _MENDING:
        return f"{texts.NOTHING_TO_MEND}\n{commands.tappable(commands.PROGRESS)}"
    return "\n".join(_lines(turn, found))


async def change(turn: Turn) -> str:
    """Link to the page on which an expert changes prefecture, employer or specialty; says what must be done before."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tappable(commands.BIND)}"
    book = turn.services.deps.book(turn.user.pool)
    found = await turn.services.applications.to_dos.home(turn.user.pool, turn.user.account_id)
    if "change" not in book.campaigns.entry_types or found.membership_status.kind not in ("formal", "suspended"):
        return f"{texts.NO_CHANGES.format(hotline=book.pool.hotline)}\n{commands.tappable(commands.PROGRESS)}"
    link = _link(turn, f"/h5/{turn.user.pool}/apply?entry_type=change")
    return f"{texts.CHANGES}\n{texts.PAGE.format(link=link, label=book.campaigns.change_title)}"


async def _of_staff(turn: Turn) -> str:
    """Staff who type “审核” get their work list instead of the reply for applicants."""
    who = await people.find_who(turn) if people.may_work(turn) else None
    if who is None or not people.is_staff_only(who):
        return ""
    return await overview.first_things(turn, who)


async def give_up(turn: Turn) -> Answer:
    """Withdraw the application: asks for confirmation first and states the consequence."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tappable(commands.BIND)}"
    found = await turn.services.applications.to_dos.progress(turn.user.account_id)
    if found is None or not found.give_up:
        return f"{texts.NOTHING_TO_GIVE_UP}\n{commands.tappable(commands.APPLY, commands.GUIDE)}"
    return ask_giving_up.start(found.application_id, found.number, found.give_up)


@conversation(commands.GIVE_UP)
async def ask_giving_up(talk: Talk, application_id: UUID, number: str, consequence: str) -> None:
    """``consequence`` is the text that was shown with the question."""
    sure = await talk.choose(
        texts.GIVE_UP_READ_BACK.format(number=number, consequence=consequence),
        {texts.GIVE_UP_YES: True, texts.GIVE_UP_NO: False},
    )
    if not sure:
        await talk.say(texts.NOT_GIVEN_UP)
        return
    actor = Actor(talk.user.pool, "applicant", talk.user.account_id)
    await talk.once(talk.services.workflows.applications.cancel, actor, application_id)
    await talk.say(texts.GIVEN_UP, number=number)
    await talk.say(commands.tappable(commands.APPLY))


def _lines(turn: Turn, found: Progress) -> list[str]:
    now = turn.services.deps.now()
    lines = [texts.PROGRESS_HEAD.format(headline=found.headline, number=found.number)]
    if found.ended_at is not None:
        lines.append(texts.PROGRESS_ENDED.format(at=print_until(found.ended_at, now)))
    else:
        lines.append(texts.PROGRESS_WHO.format(who=found.who, since=print_until(found.since, now)))
    lines += [f"{one.state_label}　{wording.plain(one.name)}" for one in found.specialties[:_SPECIALTIES_SHOWN]]
    if found.opinion:
        lines.append(texts.PROGRESS_OPINION.format(opinion=shorten(wording.plain(found.opinion), _OPINION_BYTES)))
    lines += [texts.PROGRESS_NEXT.format(advice=found.advice), texts.PROGRESS_ASK.format(ask=wording.plain(found.ask))]
    route, label = (found.step.route, found.step.label) if found.step else (_status(turn), texts.PROGRESS_MORE)
    lines.append(texts.PAGE.format(link=_link(turn, route), label=label))
    return lines


def _taps(found: Progress) -> list[str]:
    """Choices that the chat handles itself: a payment code beside the link, or a new application after a final
    state."""
    if found.ended_at is not None:
        return [] if found.state == ApplicationState.ENTERED else [commands.tappable(commands.APPLY)]
    return [commands.tappable(*[commands.PAY] * (found.state == ApplicationState.FEE), commands.GIVE_UP)]


def _item(turn: Turn, item: ToDo) -> str:
    said = f"【{item.title}】{item.detail}"
    return f"{said}\n{texts.PAGE.format(link=_link(turn, item.route), label=item.action)}" if item.route else said


def _status(turn: Turn) -> str:
    return f"/h5/{turn.user.pool}/apply/status"


def _link(turn: Turn, route: str) -> str:
    return f"{turn.services.deps.public_url}{route}"
