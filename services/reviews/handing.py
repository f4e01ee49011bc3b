"""Handing a single task to a colleague (转交), who decides it in the giver's place."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.applications.lifecycles import TaskState
from domain.errors import Conflict, InvalidInput
from models.accounts import Account
from models.applications import Application
from models.reviews import ReviewTask
from services.applications import lock
from services.core.base import Actor, Deps, record, rows
from services.core.idempotency import once
from services.core.limits import check_repeats
from services.core.permissions import check
from services.core.short_texts import check_text
from services.notifications import Notices
from services.reviews.colleagues import Colleague, colleagues_for
from services.reviews.decisions import UNDER_REVIEW, lock_task, unknown_task
from services.reviews.scope import may_decide_task

NOTE_MAX = 200
_HANDED = """
SELECT t.id, p.name, p.number, (SELECT c.real_name FROM account c WHERE c.id = t.handed_to) AS to_name, t.handed_note
  FROM review_task t JOIN application p ON p.id = t.application_id
 WHERE t.pool = $1 AND t.state = 'open' AND t.handed_by = $2 ORDER BY t.opened_at, t.id LIMIT 100
"""


@dataclass(frozen=True)
class Handed:
    task_id: UUID
    to: UUID | None
    """None: it is everybody's again."""


@dataclass(frozen=True)
class HandedTask:
    """An open task that the reviewer has handed to a colleague."""

    id: UUID
    name: str
    number: str
    to_name: str
    note: str


@dataclass(frozen=True)
class Handing:
    deps: Deps
    notices: Notices

    async def list_colleagues(self, actor: Actor, task_id: UUID) -> list[Colleague]:
        """To whom the actor can hand the task. Raises NotFound outside the scope."""
        check(actor, "review.decide")
        if actor.account_id is None or not await may_decide_task(
            actor.pool, task_id, actor.account_id, self.deps.now()
        ):
            raise unknown_task()
        return await colleagues_for(self.deps, actor.pool, actor.account_id, task_id)

    async def list_handed(self, actor: Actor) -> list[HandedTask]:
        """Open tasks that the actor has handed on, oldest first."""
        check(actor, "review.decide")
        return [
            HandedTask(row["id"], row["name"], row["number"], row["to_name"] or "", row["handed_note"])
            for row in await rows(_HANDED, actor.pool, actor.account_id)
        ]

    async def hand(
        self, actor: Actor, task_id: UUID, to: UUID | None, note: str = "", *, key: str | None = None
    ) -> Handed:
        """Hand an open task to a colleague whose own assignments cover it; he is notified.

        The queues of others leave it out; who is in scope may decide it all the same, so that nothing waits for one
        person. Raises NotFound outside the scope, Conflict for a decided task, InvalidInput for anyone else.
        """
        check(actor, "review.decide")
        words = check_text(" ".join(note.split()), "note", "说明", NOTE_MAX)
        if to is None:
            raise InvalidInput("请选择转交给哪位同事。", code="missing", field="to")

        async def run() -> Handed:
            application, task = await self._lock(actor, task_id)
            await check_repeats("application", application.id, ["review.hand"], self.deps.now(), task=str(task.id))
            colleagues = await self.list_colleagues(actor, task_id)
            if to not in {colleague.account_id for colleague in colleagues}:
                raise InvalidInput(
                    "只能转交给审核范围包含这项任务的同事，请重新选择。", code="out_of_scope", field="to"
                )
            task.handed_to, task.handed_by, task.handed_note = to, actor.account_id, words
            await self._save(actor, task, "review.hand", to=str(to))
            await self._notify(actor, application, task)
            return Handed(task.id, to)

        return await once(
            owner=f"hand:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Handed,
            run=run,
            request=f"{task_id} {to} {words}",
        )

    async def take_back(self, actor: Actor, task_id: UUID) -> Handed:
        """The giver takes the task back, or the colleague gives it back: it is everybody's again. A repetition is
        harmless."""
        check(actor, "review.decide")

        async def run() -> Handed:
            _, task = await self._lock(actor, task_id)
            if task.handed_to is None:
                return Handed(task.id, None)
            if actor.account_id not in (task.handed_to, task.handed_by):
                raise Conflict(
                    "这项任务由其他同事转交，只有转交双方可以收回；急需办理的可以直接审核。", code="not_handed"
                )
            task.handed_to, task.handed_by, task.handed_note = None, None, ""
            await self._save(actor, task, "review.take_back")
            return Handed(task.id, None)

        return await once(owner="take_back", key=None, deps=self.deps, answer=Handed, run=run)

    async def _lock(self, actor: Actor, task_id: UUID) -> tuple[Application, ReviewTask]:
        """Both rows locked, the application first."""
        unlocked_task = await ReviewTask.get_or_none(id=task_id, pool=actor.pool)
        if unlocked_task is None or actor.account_id is None:
            raise unknown_task()
        application, task = await lock(unlocked_task.application_id), await lock_task(task_id)
        if not await may_decide_task(actor.pool, task.id, actor.account_id, self.deps.now()):
            raise unknown_task()
        if task.state != TaskState.OPEN or application.state not in UNDER_REVIEW:
            raise Conflict("这项任务已办理或已失效，不用转交。请返回列表。", code="task_void")
        return application, task

    async def _save(self, actor: Actor, task: ReviewTask, action: str, **facts: str) -> None:
        await task.save(update_fields=["handed_to", "handed_by", "handed_note"])
        await record(
            actor,
            self.deps.now(),
            action,
            "application",
            task.application_id,
            step=task.step_code,
            task=str(task.id),
            **facts,
        )

    async def _notify(self, actor: Actor, application: Application, task: ReviewTask) -> None:
        giver = await Account.get(id=actor.account_id)
        await self.notices.notify(
            pool=task.pool,
            kind="review_handed",
            dedupe_key=f"review_handed:{task.id}:{self.deps.now().isoformat()}",
            params={
                "number": application.number,
                "what": f"{giver.real_name}请您办理{application.name}的申请",
                "task": str(task.id),
            },
            account_id=task.handed_to,
        )
