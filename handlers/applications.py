"""Applying for the pool, and the status of an application: one bubble with a link to the next step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from bot.replies import shorten
from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.applications.lifecycles import IN_HAND, ApplicationState
from domain.clock import print_until
from domain.rulebook.book import Rulebook
from handlers import commands, overview, people, texts, wording
from handlers.picking import PickOption, pick_option
from handlers.registration import closed_text
from services.applications import Home, Progress, ToDo
from services.core.base import Actor

_OPINION_BYTES, _MESSAGE_BYTES = 600, 300
_SPECIALTIES_SHOWN = 6
_CORRECTIONS_SHOWN = 6


def register(router: Router) -> None:
    router.keyword(apply, commands.APPLY, "申请", "我要申报", "报名", "续聘", "入库", "我要报名", "申请入库")
    router.menu("APPLY", apply)
    router.keyword(progress, commands.PROGRESS, "审核进度", "我的申请", "申请进度", "查询进度", "审核")
    router.menu("PROGRESS", progress)
    router.keyword(show_corrections, commands.MEND, "修改", "修改申请", "修改资料", "补正", "退回")
    router.keyword(
        show_change_page,
        *("异动", "异动申请", "变更", "变更信息", "信息变更", "变更申请", "信息管理", "变更区划", "申请变更区划"),
        *("更换单位", "更换专业", "更换市州", "更换区划", "修改专业", "修改单位", "变更单位", "变更专业", "换单位"),
    )
    router.remember(ask_giving_up)
    router.keyword(begin_giving_up, commands.GIVE_UP, "放弃入库")


async def apply(turn: Turn) -> str:
    """What the person can do now, each with its page; an unregistered person is asked to register first, where the pool
    takes registrations."""
    if turn.user.account_id is None:
        if closed := closed_text(turn):
            return closed
        link = _link(turn, f"/h5/{turn.user.pool}/apply")
        return f"{texts.APPLY_FIRST.format(link=link)}\n{commands.tap_lines(commands.BIND, commands.GUIDE)}"
    if work := await _staff_overview(turn):
        return work
    return home_text(turn, await turn.services.applications.to_dos.home(turn.user.pool, turn.user.account_id))


def home_text(turn: Turn, home: Home) -> str:
    """Membership status, what is to be done, each with its page, and words to tap."""
    registration = turn.services.deps.book(turn.user.pool).registration
    is_outside = home.membership_status.kind in ("outside", "left")
    nothing = registration.closed if is_outside and not registration.open else texts.NOTHING_TO_DO
    items = [_item(turn, to_do) for to_do in home.to_do] or [nothing]
    taps = [commands.PROGRESS, commands.GUIDE] if home.progress else [commands.GUIDE]
    return "\n".join(
        [texts.MEMBERSHIP_STATUS_IS.format(status=home.membership_status.text), *items, commands.tap_lines(*taps)]
    )


async def progress(turn: Turn) -> str:
    """The application's status, who handles it, since when, and what the applicant does next."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    if work := await _staff_overview(turn):
        return work
    applications = await turn.services.applications.to_dos.progress(turn.user.account_id)
    return progress_text(turn, applications)


def progress_text(turn: Turn, applications: Sequence[Progress]) -> str:
    """A block for each application, or that there is none, and words to tap."""
    if not applications:
        return f"{texts.NO_APPLICATION}\n{commands.tap_lines(commands.APPLY, commands.GUIDE)}"
    return "\n".join([blocks(turn, applications), *_taps(applications)])


async def show_corrections(turn: Turn) -> str:
    """What was returned for correction, why, and a link to the form that corrects it; or that it is too late."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    applications = await turn.services.applications.to_dos.progress(turn.user.account_id)
    mending = [each for each in applications if each.state in IN_HAND]
    if not mending:
        return f"{texts.NOTHING_TO_MEND}\n{commands.tap_lines(commands.PROGRESS)}"
    return blocks(turn, mending)


async def show_change_page(turn: Turn) -> str:
    """Link to the page on which an expert changes region, employer or specialty; or what must be done before."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    me, campaigns = people.find_expert(turn), turn.services.deps.book(turn.user.pool).campaigns
    if me is None or "change" not in campaigns.entry_types:
        hotline = turn.services.deps.book(turn.user.pool).pool.hotline
        return f"{texts.NO_CHANGES.format(hotline=hotline)}\n{commands.tap_lines(commands.PROGRESS)}"
    way = await turn.services.expert_file_views.own_files.find_way_to_change(me.actor)
    head = texts.CHANGES.format(title=campaigns.change_title) if way.route else wording.plain_text(way.text)
    page, label = (way.route, way.text) if way.route else (f"/h5/{turn.user.pool}/file", texts.OWN_FILE_PAGE)
    return f"{head}\n{texts.PAGE.format(link=_link(turn, page), label=label)}\n{commands.tap_lines(commands.RECUSAL)}"


async def _staff_overview(turn: Turn) -> str:
    """Staff who type “审核” get their work list instead of the reply for applicants."""
    who = await people.find_who(turn) if people.may_work(turn) else None
    if who is None or not people.is_staff_only(who):
        return ""
    return await overview.overview_text(turn, who)


async def begin_giving_up(turn: Turn) -> Answer:
    """Withdraw the application: asks for confirmation first and states the consequence."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    applications = await turn.services.applications.to_dos.progress(turn.user.account_id)
    live = [application for application in applications if application.give_up]
    if not live:
        return f"{texts.NOTHING_TO_GIVE_UP}\n{commands.tap_lines(commands.APPLY, commands.GUIDE)}"
    book = turn.services.deps.book(turn.user.pool)
    return ask_giving_up.start(tuple(_live(book, application) for application in live))


@dataclass(frozen=True)
class LiveApplication:
    """An application that can be given up, as it was offered: ``name`` is its kind, ``consequence`` that of giving it
    up."""

    id: UUID
    name: str
    number: str
    consequence: str


def _live(book: Rulebook, application: Progress) -> LiveApplication:
    name = f"{book.campaigns.name_of(application.entry_type)}申请"
    return LiveApplication(application.application_id, name, application.number, application.give_up)


@conversation(commands.GIVE_UP, version=2)
async def ask_giving_up(talk: Talk, live: tuple[LiveApplication, ...]) -> None:
    options = tuple(PickOption(application.id, f"{application.name}{application.number}") for application in live)
    chosen_id = await pick_option(talk, texts.GIVE_UP_WHICH, options)
    chosen = next(application for application in live if application.id == chosen_id)
    sure = await talk.choose(
        texts.GIVE_UP_READ_BACK.format(number=chosen.number, consequence=chosen.consequence),
        {texts.GIVE_UP_YES: True, texts.GIVE_UP_NO: False},
    )
    if not sure:
        await talk.say(texts.NOT_GIVEN_UP)
        return
    actor = Actor(talk.user.pool, "applicant", talk.user.account_id)
    await talk.once(talk.services.workflows.applications.cancel, actor, chosen.id)
    await talk.say(texts.GIVEN_UP, number=chosen.number)
    await talk.say(commands.tap_lines(commands.APPLY))


def blocks(turn: Turn, applications: Sequence[Progress]) -> str:
    """A block for each, all in one bubble."""
    share = 1 if len(applications) == 1 else 3
    return "\n\n".join("\n".join(_lines(turn, application, share)) for application in applications)


def _lines(turn: Turn, application: Progress, share: int) -> list[str]:
    """``share``: opinion, message and specialties are shortened to this part of a bubble's."""
    now = turn.services.deps.now()
    lines = [texts.PROGRESS_HEAD.format(headline=application.headline, number=application.number)]
    if application.ended_at is not None:
        lines.append(texts.PROGRESS_ENDED.format(at=print_until(application.ended_at, now)))
    else:
        lines.append(texts.PROGRESS_WHO.format(who=application.who, since=print_until(application.since, now)))
    lines += [
        f"{specialty.state_label}　{wording.plain_text(specialty.name)}"
        for specialty in application.specialties[: _SPECIALTIES_SHOWN // share]
    ]
    if application.opinion:
        opinion = shorten(wording.plain_text(application.opinion), _OPINION_BYTES // share)
        lines.append(texts.PROGRESS_OPINION.format(opinion=opinion))
    lines += [
        texts.PROGRESS_CORRECTION.format(place=wording.plain_text(place.label))
        for place in application.corrections[: _CORRECTIONS_SHOWN // share]
        if place.label.rstrip("。；") not in application.opinion
    ]
    lines += message_lines(turn, application, share)
    lines += [
        texts.PROGRESS_NEXT.format(advice=application.advice),
        texts.PROGRESS_ASK.format(ask=wording.plain_text(application.ask)),
    ]
    route, label = (
        (application.step.route, application.step.label)
        if application.step
        else (application.page, texts.PROGRESS_MORE)
    )
    lines.append(texts.PAGE.format(link=_link(turn, route), label=label))
    return lines


def message_lines(turn: Turn, application: Progress, share: int) -> list[str]:
    """The office's newest message, shortened to this share of a bubble's part, and where all are read; empty: none."""
    if not application.messages:
        return []
    now, newest = turn.services.deps.now(), application.messages[0]
    text = shorten(wording.plain_text(newest.text), _MESSAGE_BYTES // share)
    count = len(application.messages)
    label = texts.PROGRESS_MESSAGES.format(count=count) if count > 1 else texts.PROGRESS_WHOLE_MESSAGE
    line = texts.PROGRESS_MESSAGE.format(at=print_until(newest.at, now), text=text)
    return [line, texts.PAGE.format(link=_link(turn, f"{application.page}#messages"), label=label)]


def _taps(applications: Sequence[Progress]) -> list[str]:
    """Choices that the chat handles itself: a payment code beside the link, or a new application after a final
    state."""
    if all(application.ended_at is not None for application in applications):
        entered = any(application.state == ApplicationState.ENTERED for application in applications)
        return [] if entered else [commands.tap_lines(commands.APPLY)]
    owes = any(application.state == ApplicationState.FEE for application in applications)
    return [commands.tap_lines(*[commands.PAY] * owes, commands.GIVE_UP)]


def _item(turn: Turn, item: ToDo) -> str:
    line = f"【{item.title}】{item.detail}"
    return f"{line}\n{texts.PAGE.format(link=_link(turn, item.route), label=item.action)}" if item.route else line


def _link(turn: Turn, route: str) -> str:
    return f"{turn.services.deps.public_url}{route}"
