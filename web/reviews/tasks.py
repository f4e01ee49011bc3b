"""``/review``: a reviewer's pages on a phone: the queue by age, one application, and the decision.

Everything works by links and forms; ``static/reviews/review.js`` adds keyboard shortcuts, the bottom sheet and image
previews.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast, get_args
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.applications.lifecycles import LOG_LABELS, TaskState
from domain.errors import AppError, InvalidInput, NotFound
from domain.rulebook.reviews import OPINION_MAX
from services.applications import AttachmentView
from services.core.base import Actor
from services.ports import MailAttachment
from services.registry import Services
from services.reviews import Decision, Form, TaskCard, TaskFilter, TaskView
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site, page_number, show_picture
from web.files.file_links import FileMail, go_to_file, mail_attachment

PAGE_SIZE = 20
_NOBODY = UUID(int=0)
DECIDED = {TaskState.APPROVED: "已通过", TaskState.SENT_BACK: "已退回", TaskState.REFUSED: "已作出不通过决定"}
_NAMED_MAX = 3
"""Number of specialties that a line lists by name."""
LABELS = {
    "approve": "通过",
    "send_back": "退回本专业",
    "send_back_whole": "退回整份申请",
    "refuse": "不通过",
}


class ReviewPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth
        self._mail = FileMail(site, services, auth)

    def add_routes(self) -> None:
        self._site.get("/review", self.queue)
        self._site.get("/review/done", self.done)
        self._site.get("/review/{task_id}", self.task)
        self._site.post("/review/{task_id}", self.decide)
        self._site.get("/review/{task_id}/all", self.confirm_all)
        self._site.post("/review/{task_id}/all", self.approve_all)
        self._site.post("/review/{task_id}/show", self.show)
        self._site.get("/review/{task_id}/files/{attachment_id}", self.file)
        self._site.get("/review/{task_id}/files/{attachment_id}/mail", self.mail_form)
        self._site.post("/review/{task_id}/files/{attachment_id}/mail", self.mail)

    # ---- the queue

    async def queue(self, request: http.Request) -> http.Response:
        actor = await self._auth.actor(request)
        query, page = request.query, page_number(request)
        wanted = TaskFilter(query.get("step", "")[:20], query.get("late") == "1", query.get("q", "").strip()[:50])
        queue = self._services.reviews.queue
        cards, counts = await queue.overview(actor, wanted, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        return self._site.render(
            "reviews/queue.html",
            who=self._auth.role_label(actor),
            pool=actor.pool,
            cards=cards.items,
            total=cards.total,
            page=page,
            wanted=wanted,
            counts=counts,
            open=sum(count.open for count in counts),
            late=sum(count.overdue for count in counts),
            last=max(1, -(-cards.total // PAGE_SIZE)),
            now=self._services.deps.now(),
            link=_link(wanted),
            note=await self._outcome(actor, request),
            form=self._token(actor, "logout", actor.session_id),
        )

    # ---- one task

    async def task(self, request: http.Request) -> http.Response:
        actor, task_id = await self._who(request)
        view = await self._services.reviews.queue.get(actor, task_id)
        note = await self._outcome(actor, request)
        card = view.card
        return await self._page(actor, view, note=f"{note}下一件：{card.name} · {_what([card])}。" if note else "")

    async def _page(
        self,
        actor: Actor,
        view: TaskView,
        *,
        note: str = "",
        error: AppError | None = None,
        opinion: str = "",
        shown: dict[str, str] | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> http.Response:
        neighbours = await self._services.reviews.queue.neighbours(actor, view.card.id)
        return self._site.render(
            "reviews/task.html",
            status=error.status if error else 200,
            view=view,
            card=view.card,
            note=note,
            error=error.message if error else "",
            opinion=opinion,
            shown=shown or {},
            labels=LABELS,
            events=LOG_LABELS,
            phrases=self._services.deps.book(actor.pool).review.phrases,
            longest=OPINION_MAX,
            now=self._services.deps.now(),
            typed=typed or {},
            open=view.state.value == "open" and view.application_state.value in ("reviewing", "sent_back"),
            following=neighbours.next if neighbours.next != view.card.id else None,
            together=neighbours.same_person if neighbours.same_person > 1 and not view.alternatives else 0,
            form=self._token(actor, "review", view.card.id),
        )

    async def decide(self, request: http.Request) -> http.Response:
        """Carry the decision out and redirect to the next task."""
        actor, task_id = await self._who(request)
        fields = await self._site.read_form(request, "review", task_id, actor.account_id or _NOBODY)
        decision, opinion = fields.get("decision", ""), fields.get("opinion", "")
        try:
            admitted = _admitted(fields) if decision == "approve" else None
            await self._services.workflows.reviews.decide(
                actor, task_id, _decision(decision), opinion, admitted=admitted
            )
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            view = await self._services.reviews.queue.get(actor, task_id)
            return await self._page(actor, view, error=error, opinion=opinion[: 2 * OPINION_MAX], typed=fields)
        raise await self._go_on(actor, task_id)

    async def _go_on(self, actor: Actor, task_id: UUID) -> http.HTTPSeeOther:
        """Redirect to the next task, where a line shows what was decided."""
        following = await self._services.reviews.queue.next(actor, task_id)
        return http.HTTPSeeOther(f"/review/{following}?done={task_id}" if following else f"/review?done={task_id}")

    async def _outcome(self, actor: Actor, request: http.Request) -> str:
        """已退回：苏航 · 设计 › 建筑工程。 Empty unless ``?done=`` names a decision of this reviewer."""
        try:
            task_id = UUID(request.query.get("done", ""))
        except ValueError:
            return ""
        done = await self._services.reviews.decided_tasks.decided_together(actor, task_id)
        if not done:
            return ""
        cards = [one.card for one in done]
        decided = "已退回整份申请" if done[0].whole else DECIDED[done[0].state]
        return f"{decided}：{cards[0].name} · {_what(cards)}。"

    # ---- all tasks of one application at once

    async def confirm_all(self, request: http.Request) -> http.Response:
        actor, task_id = await self._who(request)
        return await self._all_page(actor, task_id)

    async def _all_page(
        self, actor: Actor, task_id: UUID, *, error: AppError | None = None, opinion: str = ""
    ) -> http.Response:
        cards = await self._services.reviews.queue.same_person(actor, task_id)
        if not cards:
            raise http.HTTPSeeOther(f"/review/{task_id}")
        return self._site.render(
            "reviews/all.html",
            status=error.status if error else 200,
            cards=cards,
            task_id=task_id,
            opinion=opinion,
            error=error.message if error else "",
            longest=OPINION_MAX,
            form=self._token(actor, "review", task_id),
        )

    async def approve_all(self, request: http.Request) -> http.Response:
        """Approve the tasks that the page listed; later ones need their own review."""
        actor, task_id = await self._who(request)
        fields = await self._site.read_form(request, "review", task_id, actor.account_id or _NOBODY)
        opinion, tasks = fields.get("opinion", ""), [_uuid(one) for one in fields.get("tasks", "").split(",")[:200]]
        try:
            await self._services.workflows.reviews.approve_all(actor, tasks, opinion)
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            return await self._all_page(actor, task_id, error=error, opinion=opinion[: 2 * OPINION_MAX])
        raise await self._go_on(actor, task_id)

    # ---- decided tasks

    async def done(self, request: http.Request) -> http.Response:
        """This reviewer's decisions, newest first."""
        actor, page = await self._auth.actor(request), page_number(request)
        found = await self._services.reviews.decided_tasks.page(actor, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE)
        return self._site.render(
            "reviews/done.html",
            found=found.items,
            total=found.total,
            page=page,
            last=max(1, -(-found.total // PAGE_SIZE)),
            decided=DECIDED,
        )

    async def show(self, request: http.Request) -> http.Response:
        """The page with one masked value shown, this time only; the reading is logged."""
        actor, task_id = await self._who(request)
        fields = await self._site.read_form(request, "review", task_id, actor.account_id or _NOBODY)
        field = fields.get("field", "")[:40]
        value = await self._services.reviews.queue.reveal(actor, task_id, field)
        view = await self._services.reviews.queue.get(actor, task_id)
        return await self._page(actor, view, shown={field: value})

    async def file(self, request: http.Request) -> http.Response:
        """An image for display, or (``?form=original``) a redirect to the file itself."""
        actor, task_id = await self._who(request)
        form, file_id = request.query.get("form", "preview"), _uuid(request.match_info["attachment_id"])
        if form not in get_args(Form):
            raise NotFound("没有这个文件，请返回后重试。")
        await self._services.reviews.queue.check_readable(actor, task_id)
        if form == "original":
            found = await self._services.reviews.attachment_access.hand_out(actor, file_id)
            raise go_to_file(self._services, actor, "attachment", file_id, found.filename)
        return show_picture(await self._services.reviews.attachment_access.open(actor, file_id, cast(Form, form)))

    async def mail_form(self, request: http.Request) -> http.Response:
        actor, task_id, found = await self._file(request)
        return self._mail.form(request, actor, found.filename, ("返回审核", f"/review/{task_id}"))

    async def mail(self, request: http.Request) -> http.Response:
        actor, task_id, found = await self._file(request)

        async def read() -> MailAttachment:
            return mail_attachment(await self._services.reviews.attachment_access.open(actor, found.id))

        return await self._mail.send(request, actor, found.filename, ("返回审核", f"/review/{task_id}"), read)

    async def _file(self, request: http.Request) -> tuple[Actor, UUID, AttachmentView]:
        actor, task_id = await self._who(request)
        await self._services.reviews.queue.check_readable(actor, task_id)
        file_id = _uuid(request.match_info["attachment_id"])
        return actor, task_id, await self._services.reviews.attachment_access.find(actor, file_id)

    async def _who(self, request: http.Request) -> tuple[Actor, UUID]:
        return await self._auth.actor(request), _uuid(request.match_info["task_id"])

    def _token(self, actor: Actor, action: str, subject_id: UUID | None) -> str:
        return self._site.form_token(action, subject_id or _NOBODY, actor.account_id or _NOBODY)


def _what(cards: Sequence[TaskCard]) -> str:
    """The specialties, or the step for a whole application."""
    named = [card.specialty_name or card.step_name for card in cards]
    return "、".join(named) if len(named) <= _NAMED_MAX else f"{len(named)}个专业"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("没有这项审核任务，请返回列表。", code="task_unknown") from error


def _decision(text: str) -> Decision:
    if text not in get_args(Decision):
        raise InvalidInput("没有收到您的决定，请重新点选。", code="no_decision", field="decision")
    return cast(Decision, text)


def _admitted(fields: Mapping[str, str]) -> list[str] | None:
    """Codes answered yes, among those on the page; None if the page had none, or not all were answered."""
    asked = [code for code in fields.get("alternatives", "").split(",") if code]
    answers = {code: fields.get(f"admit-{code}", "") for code in asked}
    if not asked or not all(answers.values()):
        return None
    return [code for code, answer in answers.items() if answer == "yes"]


def _link(wanted: TaskFilter) -> str:
    """The filter as a query, to be followed by ``page=``."""
    said = {"step": wanted.step, "late": "1" if wanted.overdue else "", "q": wanted.search}
    return urlencode({name: value for name, value in said.items() if value})
