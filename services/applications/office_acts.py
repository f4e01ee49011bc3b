"""The record of what the office does about one application beside decisions, and who reads which part of it.

The applicant reads messages, and reasons of what was done in the log; notes are for office and reviewers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.applications.office_acts import ActKind, ActState, Deadline
from models.accounts import Account
from models.applications import Application, ApplicationAct
from services.core.base import Actor, Deps, from_row, record
from services.core.crypto import TEXT


@dataclass(frozen=True)
class OfficeAct:
    """``text``: the reason, the note, or the message. ``by`` and ``ended_by``: names of members of the office, empty
    for one who is not known any more. ``deadline``: what has to be done ``until`` then; None where nothing has."""

    id: UUID
    kind: ActKind
    state: ActState
    text: str
    deadline: Deadline | None
    until: datetime | None
    former_until: datetime | None
    by: str
    by_id: UUID | None
    at: datetime
    ended_by: str
    ended_at: datetime | None
    second_person: bool
    refusal: str


@dataclass(frozen=True)
class OfficeMessage:
    """What the office has written to an applicant about his application."""

    at: datetime
    text: str


@dataclass(frozen=True)
class OfficeNote:
    """What the office has noted for itself and for reviewers, by whom."""

    at: datetime
    by: str
    text: str


_NOTES = """application_act n LEFT JOIN account w ON w.id = n.begun_by
  WHERE n.application_id = {application} AND n.kind = 'note' ORDER BY n.begun_at DESC, n.id DESC"""


def notes_column(application: str) -> str:
    """SQL: the columns ``notes`` and ``note_authors`` of an application, for ``notes_of``."""
    listed = _NOTES.format(application=application)
    return (
        f"ARRAY(SELECT n FROM {listed}) AS notes, ARRAY(SELECT coalesce(w.real_name, '') FROM {listed}) AS note_authors"
    )


def notes_of(deps: Deps, row: Mapping[str, Any]) -> tuple[OfficeNote, ...]:
    """Newest first."""
    acts = [from_row(ApplicationAct, note) for note in row["notes"]]
    return tuple(
        OfficeNote(act.begun_at, by, act_text(deps, act)) for act, by in zip(acts, row["note_authors"], strict=True)
    )


def message_of(deps: Deps, act: ApplicationAct) -> OfficeMessage:
    return OfficeMessage(act.begun_at, act_text(deps, act))


async def write_act(
    deps: Deps,
    actor: Actor,
    application: Application,
    kind: ActKind,
    text: str,
    *,
    deadline: Deadline | None = None,
    until: datetime | None = None,
    former_until: datetime | None = None,
    waits: bool = False,
) -> ApplicationAct:
    """With its audit entry, which does not repeat what was written; inside the caller's transaction. ``waits``: for a
    second member of the office."""
    now = deps.now()
    act = await ApplicationAct.create(
        pool=application.pool,
        application_id=application.id,
        kind=kind.value,
        state=(ActState.WAITING if waits else ActState.DONE).value,
        text_sealed=deps.keys.seal(text, TEXT),
        deadline=deadline.value if deadline else "",
        until=until,
        former_until=former_until,
        second_person=waits,
        begun_by=actor.account_id,
        begun_at=now,
        ended_at=None if waits else now,
    )
    facts = {"until": until.isoformat()} if until else {}
    step = "begin" if waits else "done"
    await record(
        actor, now, f"application.{kind.value}", "application", application.id, act=str(act.id), step=step, **facts
    )
    return act


async def end_act(actor: Actor, act: ApplicationAct, state: ActState, now: datetime, *, refusal: str = "") -> None:
    """End a waiting act, whose row the caller has locked."""
    act.state, act.ended_by, act.ended_at, act.refusal = state.value, actor.account_id, now, refusal
    await act.save(update_fields=["state", "ended_by", "ended_at", "refusal"])
    await record(
        actor,
        now,
        f"application.{act.kind}",
        "application",
        act.application_id,
        act=str(act.id),
        step=state.value,
        reason=refusal,
    )


def act_text(deps: Deps, act: ApplicationAct) -> str:
    return deps.keys.read(act.text_sealed, TEXT)


async def read_acts(deps: Deps, application_id: UUID, *, with_notes: bool) -> tuple[OfficeAct, ...]:
    """Newest first."""
    wanted = ApplicationAct.filter(application_id=application_id)
    acts = await (wanted if with_notes else wanted.exclude(kind=ActKind.NOTE.value)).order_by("-begun_at", "-id")
    return await _show(deps, acts)


async def _show(deps: Deps, acts: list[ApplicationAct]) -> tuple[OfficeAct, ...]:
    ids = {by for act in acts for by in (act.begun_by, act.ended_by) if by}
    names = {account.id: account.real_name for account in await Account.filter(id__in=ids)} if ids else {}
    return tuple(
        OfficeAct(
            id=act.id,
            kind=ActKind(act.kind),
            state=ActState(act.state),
            text=act_text(deps, act),
            deadline=Deadline(act.deadline) if act.deadline else None,
            until=act.until,
            former_until=act.former_until,
            by=names.get(act.begun_by, "") if act.begun_by else "",
            by_id=act.begun_by,
            at=act.begun_at,
            ended_by=names.get(act.ended_by, "") if act.ended_by else "",
            ended_at=act.ended_at,
            second_person=act.second_person,
            refusal=act.refusal,
        )
        for act in acts
    )
