"""What the answers on applications share: the person as their owner, what is under way, whom to ask, pages."""

from __future__ import annotations

from collections.abc import Sequence

from bot.turn import Turn
from domain.applications.lifecycles import IN_HAND
from domain.chat_links import link
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from handlers import commands, people, texts, wording
from services.applications import Progress
from services.core.base import Actor

APPLY_PAGE = "我的申报"


def book_of(turn: Turn) -> Rulebook:
    return turn.services.deps.book(turn.user.pool)


def actor_of(turn: Turn) -> Actor:
    """The bound person as the owner of applications."""
    me = people.find_expert(turn)
    return me.actor if me is not None else Actor(turn.user.pool, "applicant", turn.user.account_id)


def bind_first() -> str:
    return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"


def page_line(turn: Turn, label: str, route: str) -> str:
    """``route`` is a path below the service's address."""
    return f"▸ {link(label, turn.services.deps.public_url + route)}"


async def is_staff(turn: Turn) -> bool:
    """Whether the bound person only works for an agency, an office or a venue."""
    who = await people.find_who(turn) if people.may_work(turn) else None
    return who is not None and people.is_staff_only(who)


def name_of(turn: Turn, entry_type: EntryType) -> str:
    """What the pool calls such applications; empty for a first one, of which people say 申请 alone."""
    return "" if entry_type == "first" else book_of(turn).campaigns.name_of(entry_type)


def stages_ahead(application: Progress) -> str:
    return "、".join(stage.name for stage in application.stages if stage.state == "next")


async def read_applications(turn: Turn) -> tuple[Progress, ...]:
    """The person's live applications, else the last one; empty for a guest."""
    account_id = turn.user.account_id
    return await turn.services.applications.to_dos.progress(account_id) if account_id is not None else ()


def live_applications(applications: Sequence[Progress]) -> list[Progress]:
    return [application for application in applications if application.ended_at is None]


def form_line(turn: Turn, applications: Sequence[Progress]) -> str:
    """The form that is being filled in, else the page of one's applications."""
    steps = [each.step for each in applications if each.state in IN_HAND and each.step is not None]
    if steps:
        return page_line(turn, steps[0].label, steps[0].route)
    return page_line(turn, APPLY_PAGE, f"/h5/{turn.user.pool}/apply")


def ask_of(turn: Turn, applications: Sequence[Progress]) -> str:
    """Whom to ask: the line of the person's region where it is known, else the hotline."""
    return wording.plain_text(applications[0].ask) if applications else book_of(turn).pool.hotline
