"""What the office has done, and can do, about one application beside decisions on it; and who has to decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.applications.office_acts import ActKind, ActState
from models.applications import Application
from services.applications import OfficeAct, read_acts
from services.core.base import Actor, Deps
from services.notifications import NoticeDelivery, deliveries_of
from services.reviews import TaskHolders, is_own, read_holders
from services.workflows import OpenDeadline, Reinstatement, find_deadline, message_key, preview_reinstatement


@dataclass(frozen=True)
class ActLine:
    """``may_decide``: the reader may confirm or refuse the proposal; ``may_withdraw``: it is his own. ``delivery`` of a
    message."""

    act: OfficeAct
    may_decide: bool
    may_withdraw: bool
    delivery: NoticeDelivery | None


@dataclass(frozen=True)
class ApplicationWork:
    """``is_own``: the reader's application, of which he does nothing and reads no notes. ``deadline``: what the
    applicant has to do now, or has missed: ``is_late``. ``reinstatement``: what taking up the ended application would
    do."""

    is_own: bool
    acts: tuple[ActLine, ...]
    deadline: OpenDeadline | None
    is_late: bool
    reinstatement: Reinstatement | None
    holders: tuple[TaskHolders, ...]

    @property
    def waiting(self) -> ActLine | None:
        """The reinstatement that waits for a second member of the office."""
        return next((line for line in self.acts if line.act.state is ActState.WAITING), None)


async def read_work(deps: Deps, actor: Actor, application: Application, now: datetime) -> ApplicationWork:
    own = actor.account_id is None or await is_own(application.id, actor.account_id)
    acts = await read_acts(deps, application.id, with_notes=not own)
    keys = {act.id: message_key(application, act.id) for act in acts if act.kind is ActKind.MESSAGE}
    deliveries = await deliveries_of(application.pool, list(keys.values()))
    deadline = await find_deadline(deps, application)
    return ApplicationWork(
        is_own=own,
        acts=tuple(_line(act, actor, deliveries, keys.get(act.id, ""), own=own) for act in acts),
        deadline=deadline,
        is_late=deadline is not None and deadline.until <= now,
        reinstatement=await preview_reinstatement(deps, application),
        holders=await read_holders(deps, deps.book(application.pool), application.id),
    )


def _line(act: OfficeAct, actor: Actor, deliveries: Mapping[str, NoticeDelivery], key: str, *, own: bool) -> ActLine:
    waits, begun_by_reader = act.state is ActState.WAITING, act.by_id == actor.account_id
    return ActLine(
        act,
        may_decide=waits and not begun_by_reader and not own,
        may_withdraw=waits and begun_by_reader,
        delivery=deliveries.get(key),
    )
