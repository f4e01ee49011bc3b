"""``/review``: a reviewer's pages on a phone: the queue by age, one application, and the decision.

Everything works by links and forms; ``static/reviews/review.js`` adds keyboard shortcuts, the bottom sheet and image
previews.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, cast, get_args
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.applications.lifecycles import LOG_LABELS, TaskState
from domain.errors import NotFound
from domain.rulebook.reviews import OPINION_MAX, RETURN_WORDS_MAX
from services.applications import AttachmentView
from services.core.base import Actor
from services.ports import MailAttachment
from services.registry import Services
from services.reviews import NOTE_MAX, REASON_MAX, Decision, Form, Mark, TaskCard, TaskFilter
from web.accounts.login import AuthPages
from web.core.form_values import NOBODY, PAGE_SIZE, last_page, redirect
from web.core.forms import FORM_LIMIT
from web.core.pages import Listed, PageGroup, Visit, Wanted, list_page, page, resource
from web.core.site import Site, page_number, show_picture
from web.core.typed_forms import Codes, Lines, OneOf, OptionalId
from web.files.file_links import FileMail, go_to_file, mail_attachment

DECIDED = {TaskState.APPROVED: "已通过", TaskState.SENT_BACK: "已退回", TaskState.REFUSED: "已作出不通过决定"}
_FORM_LONGEST = 64 * 1024
"""Bytes of a decision with its marks, each with words of up to 900."""
_NAMED_MAX = 3
"""Number of specialties that a line lists by name."""
LABELS = {
    "approve": "通过",
    "send_back": "退回本专业",
    "send_back_fields": "只退回标出的内容",
    "send_back_whole": "退回整份申请",
    "refuse": "不通过",
}
EFFECTS = {
    "send_back": "退回本专业：申请人只改这个专业，其他专业照常审核。",
    "send_back_fields": "只退回标出的内容：申请人只能改标出的几项，改好后接着审核。",
    "send_back_whole": "退回整份申请：申请人可以改全部内容，其他正在办的审核停下；改好提交后从没完成的环节接着审核。",
}
"""What a return does to the application, where a reviewer chooses between several."""


@dataclass(frozen=True)
class _Decision:
    decision: Annotated[str, OneOf(get_args(Decision), "没有收到您的决定，请重新点选。", "no_decision")]
    opinion: str


@dataclass(frozen=True)
class _Approval:
    """``tasks`` that the page listed; later ones need their own review."""

    opinion: str
    tasks: Annotated[tuple[str, ...], Codes()]


@dataclass(frozen=True)
class _Correction:
    """Why a decision is corrected."""

    reason: str


@dataclass(frozen=True)
class _Masked:
    """The name of a masked field."""

    field: Annotated[str, Lines(40)]


@dataclass(frozen=True)
class _Handing:
    """The colleague who is to decide the task."""

    to: Annotated[UUID | None, OptionalId("这位同事")]
    note: str


class ReviewPages(PageGroup):
    notes: ClassVar[Mapping[str, str]] = {"handed": "已转交，并通知了对方。"}

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services)
        self.auth = auth
        self._mail = FileMail(site, services, auth)

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/review/{task_id}/files/{attachment_id}/mail", self.mail_form)
        self.site.post("/review/{task_id}/files/{attachment_id}/mail", self.mail)

    async def actor(self, request: http.Request) -> Actor:
        return await self.auth.actor(request)

    async def fields(self, request: http.Request, actor: Actor, *, longest: int = FORM_LIMIT) -> dict[str, str]:
        subject_id = _task_id(request)
        return await self.site.read_form(request, "review", subject_id, actor.account_id or NOBODY, longest=longest)

    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        """The forms of a task belong to it, the one of the queue logs out."""
        if "task_id" in request.match_info:
            return {"form": self._token(actor, "review", _task_id(request))}
        return {"form": self._token(actor, "logout", actor.session_id)}

    def _token(self, actor: Actor, action: str, subject_id: UUID | None) -> str:
        return self.site.form_token(action, subject_id or NOBODY, actor.account_id or NOBODY)

    # ---- the queue

    @page("/review", "reviews/queue.html")
    async def queue(self, visit: Visit) -> Mapping[str, object]:
        actor, number, wanted = visit.actor, page_number(visit.request), _wanted(visit)
        cards, counts = await self.services.reviews.queue.overview(
            actor, wanted, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return {
            "who": self.auth.role_label(actor),
            "pool": actor.pool,
            "cards": cards.items,
            "total": cards.total,
            "page": number,
            "wanted": wanted,
            "counts": counts,
            "last": last_page(cards.total),
            "now": self.services.deps.now(),
            "link": urlencode(_query(wanted)),
            "kept_query": [*_query(wanted).items()],
            "chips": urlencode(_query(replace(wanted, step="", overdue=False))),
            "filtered": bool(wanted.region or wanted.specialty or wanted.kind or wanted.waiting),
            "note": await self._outcome(visit) or self.notes.get(visit.request.query.get("note", ""), ""),
        }

    @list_page("/review/done", "reviews/done.html")
    async def done(self, visit: Visit, wanted: Wanted) -> Listed:
        """This reviewer's decisions, newest first."""
        listed = await self.services.reviews.decided_tasks.page(visit.actor, **wanted.window)
        return Listed(listed, {"decided": DECIDED})

    # ---- one task

    @page("/review/{task_id}", "reviews/task.html", longest=_FORM_LONGEST)
    async def task(self, visit: Visit) -> Mapping[str, object]:
        view = await self.services.reviews.queue.get(visit.actor, _task_id(visit.request))
        wanted = _wanted(visit)
        neighbours = await self.services.reviews.queue.neighbours(visit.actor, view.card.id, wanted)
        note = "" if visit.fields else await self._outcome(visit)
        done = self.notes.get(visit.request.query.get("note", ""), "") if not visit.fields else ""
        is_decided = view.decided_at is not None
        book = self.services.deps.book(visit.actor.pool)
        is_open = view.state.value == "open" and view.application_state.value in ("reviewing", "sent_back")
        marking = {"typed": visit.fields, "phrases": book.review.file_phrases, "longest": RETURN_WORDS_MAX}
        return {
            "view": view,
            "card": view.card,
            "note": f"{note}下一件：{view.card.name} · {_name_cards([view.card])}。" if note else done,
            "uncorrectable": await self.services.reviews.reopening.find_refusal(visit.actor, view.card.id)
            if is_decided
            else None,
            "reason_longest": REASON_MAX,
            "opinion": visit.form.value("opinion")[: 2 * OPINION_MAX],
            "shown": {},
            "labels": LABELS,
            "effects": EFFECTS,
            "events": LOG_LABELS,
            "phrases": book.review.phrases,
            "back": marking if is_open else None,
            "longest": OPINION_MAX,
            "now": self.services.deps.now(),
            "typed": visit.fields,
            "open": is_open,
            "link": urlencode(_query(wanted)),
            "following": neighbours.next if neighbours.next != view.card.id else None,
            "together": neighbours.same_person if neighbours.same_person > 1 and not view.alternatives else 0,
        }

    @task.command(_Decision)
    async def decide(self, visit: Visit, form: _Decision) -> None:
        """Carry the decision out and open the next task."""
        task_id, decision = _task_id(visit.request), cast(Decision, form.decision)
        admitted = _admitted_specialties(visit.fields) if decision == "approve" else None
        await self.services.workflows.reviews.decide(
            visit.actor, task_id, decision, form.opinion, admitted=admitted, marks=_marks(visit.fields)
        )
        raise await self._go_on(visit, task_id)

    @task.command(_Correction, path="/review/{task_id}/reopening", note="原决定已撤销，请重新审核。")
    async def reopen(self, visit: Visit, form: _Correction) -> None:
        """Open an own decided task again."""
        await self.services.reviews.reopening.reopen(visit.actor, _task_id(visit.request), form.reason)

    @task.command(_Masked, path="/review/{task_id}/show")
    async def reveal(self, visit: Visit, form: _Masked) -> Mapping[str, object]:
        """The page with one masked value shown, this time only, beside the file's where it changes; the reading is
        logged."""
        revealed = await self.services.reviews.queue.reveal(visit.actor, _task_id(visit.request), form.field)
        return {"shown": {form.field: revealed}}

    async def _go_on(self, visit: Visit, task_id: UUID, **note: str) -> http.HTTPSeeOther:
        """Redirect to the next task of the filter, where a line shows what was decided."""
        wanted = _wanted(visit)
        following = await self.services.reviews.queue.find_next(visit.actor, task_id, wanted)
        return redirect(
            f"/review/{following}" if following else "/review", **_query(wanted), **(note or {"done": str(task_id)})
        )

    async def _outcome(self, visit: Visit) -> str:
        """已退回：苏航 · 设计 › 建筑工程。 Empty unless ``?done=`` names a decision of this reviewer."""
        try:
            task_id = UUID(visit.request.query.get("done", ""))
        except ValueError:
            return ""
        tasks = await self.services.reviews.decided_tasks.list_decided_together(visit.actor, task_id)
        if not tasks:
            return ""
        cards = [task.card for task in tasks]
        decided = "已退回整份申请" if tasks[0].whole else DECIDED[tasks[0].state]
        return f"{decided}：{cards[0].name} · {_name_cards(cards)}。"

    # ---- a task for a colleague

    @page("/review/{task_id}/hand", "reviews/hand.html")
    async def hand_page(self, visit: Visit) -> Mapping[str, object]:
        task_id = _task_id(visit.request)
        colleagues = await self.services.reviews.handing.list_colleagues(visit.actor, task_id)
        link = urlencode(_query(_wanted(visit)))
        return {
            "colleagues": colleagues,
            "options": [(str(colleague.account_id), colleague.text) for colleague in colleagues],
            "task_id": task_id,
            "longest": NOTE_MAX,
            "link": link,
        }

    @hand_page.command(_Handing)
    async def hand(self, visit: Visit, form: _Handing) -> None:
        """Hand the task on, and open the next one."""
        task_id = _task_id(visit.request)
        await self.services.reviews.handing.hand(visit.actor, task_id, form.to, form.note)
        raise await self._go_on(visit, task_id, note="handed")

    @task.command(path="/review/{task_id}/take-back", note="任务不再转交，回到各审核人员的列表。")
    async def take_back(self, visit: Visit) -> None:
        await self.services.reviews.handing.take_back(visit.actor, _task_id(visit.request))

    # ---- all tasks of one application at once

    @page("/review/{task_id}/all", "reviews/all.html")
    async def all_tasks(self, visit: Visit) -> Mapping[str, object]:
        task_id = _task_id(visit.request)
        cards = await self.services.reviews.queue.list_same_person(visit.actor, task_id)
        query = _query(_wanted(visit))
        if not cards:
            raise redirect(f"/review/{task_id}", **query)
        opinion = visit.form.value("opinion")[: 2 * OPINION_MAX]
        link = urlencode(query)
        return {"cards": cards, "task_id": task_id, "opinion": opinion, "longest": OPINION_MAX, "link": link}

    @all_tasks.command(_Approval)
    async def approve_all(self, visit: Visit, form: _Approval) -> None:
        tasks = [_uuid(task) for task in form.tasks[:200]]
        await self.services.workflows.reviews.approve_all(visit.actor, tasks, form.opinion)
        raise await self._go_on(visit, _task_id(visit.request))

    # ---- files of the application

    @resource("/review/{task_id}/files/{attachment_id}")
    async def file(self, visit: Visit) -> http.Response:
        """An image for display, or (``?form=original``) a redirect to the file itself."""
        actor, task_id = visit.actor, _task_id(visit.request)
        form, file_id = visit.request.query.get("form", "preview"), _uuid(visit.request.match_info["attachment_id"])
        if form not in get_args(Form):
            raise NotFound("没有这个文件，请返回后重试。")
        await self.services.reviews.queue.check_readable(actor, task_id)
        if form == "original":
            handed_out = await self.services.reviews.attachment_access.get_for_link(actor, file_id)
            raise go_to_file(self.services, actor, "attachment", file_id, handed_out.filename)
        return show_picture(await self.services.reviews.attachment_access.open(actor, file_id, cast(Form, form)))

    async def mail_form(self, request: http.Request) -> http.Response:
        actor, task_id, attachment = await self._file(request)
        return self._mail.form(request, actor, attachment.filename, ("返回审核", f"/review/{task_id}"))

    async def mail(self, request: http.Request) -> http.Response:
        actor, task_id, attachment = await self._file(request)

        async def read() -> MailAttachment:
            return mail_attachment(await self.services.reviews.attachment_access.open(actor, attachment.id))

        return await self._mail.send(request, actor, attachment.filename, ("返回审核", f"/review/{task_id}"), read)

    async def _file(self, request: http.Request) -> tuple[Actor, UUID, AttachmentView]:
        actor, task_id = await self.actor(request), _task_id(request)
        await self.services.reviews.queue.check_readable(actor, task_id)
        file_id = _uuid(request.match_info["attachment_id"])
        return actor, task_id, await self.services.reviews.attachment_access.get(actor, file_id)


def _task_id(request: http.Request) -> UUID:
    """The task in the address. Raises NotFound."""
    return _uuid(request.match_info["task_id"])


def _name_cards(cards: Sequence[TaskCard]) -> str:
    """The specialties, or the step for a whole application."""
    named = [card.specialty_name or card.step_name for card in cards]
    return "、".join(named) if len(named) <= _NAMED_MAX else f"{len(named)}个专业"


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("没有这项审核任务，请返回列表。", code="task_unknown") from error


def _admitted_specialties(sent: Mapping[str, str]) -> list[str] | None:
    """Codes answered yes, among those on the page; None if the page had none, or not all were answered."""
    codes = [code for code in sent.get("alternatives", "").split(",") if code]
    answers = {code: sent.get(f"admit-{code}", "") for code in codes}
    if not codes or not all(answers.values()):
        return None
    return [code for code, answer in answers.items() if answer == "yes"]


def _marks(sent: Mapping[str, str]) -> list[Mark]:
    """The boxes that were ticked, each with its words. Raises NotFound for a file that is none."""
    marks = []
    for box in sent:
        if not box.startswith("back-"):
            continue
        name = box.removeprefix("back-")
        words = " ".join(sent.get(f"words-{name}", "").split())
        if name.startswith("file-"):
            marks.append(Mark(file=_uuid(name.removeprefix("file-")), words=words))
        else:
            marks.append(Mark(field=name, words=words))
    return marks


def _wanted(visit: Visit) -> TaskFilter:
    """The filter in the address, which stays from task to task."""
    query, days = visit.request.query, visit.query("days", 3)
    return TaskFilter(
        step=query.get("step", "")[:20],
        overdue=query.get("late") == "1",
        search=visit.query("q", 50),
        specialty=visit.query("specialty", 32),
        region=visit.query("region", 6),
        kind=visit.query("kind", 12),
        waiting=int(days) if days.isascii() and days.isdigit() else 0,
    )


def _query(wanted: TaskFilter) -> dict[str, str]:
    """The filter as a query of an address."""
    query = {
        "step": wanted.step,
        "late": "1" if wanted.overdue else "",
        "q": wanted.search,
        "region": wanted.region,
        "specialty": wanted.specialty,
        "kind": wanted.kind,
        "days": str(wanted.waiting or ""),
    }
    return {name: value for name, value in query.items() if value}
