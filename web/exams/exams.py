"""``/h5/{pool}/exams/{candidate}``: a person's examination: information, the notice, the paper, the receipt.

``static/exams/exam.js`` draws the paper over the API, which the mini-program uses as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from uuid import UUID

import aiohttp.web as http

from domain.errors import Conflict, NotFound
from domain.exams.items import ItemKind
from services.exams import OwnExam, Phase
from web.accounts.person_pages import PersonPages
from web.core.form_values import FormValues
from web.core.pages import Visit, page, resource

_CHECKS = (30, 60)
"""Receipts compared per address and minute."""
_CODE_MAX = 256 * 1024
"""Bytes of a form with an answer file."""
PHASES: Mapping[Phase, str] = {
    "to_book": "待预约场次",
    "ahead": "未开始",
    "lobby": "即将开始",
    "open": "可以开始",
    "running": "答题中",
    "resting": "可再考一次",
    "marking": "评分中",
    "over": "已结束",
    "passed": "合格",
    "failed": "未合格",
    "left": "不再参加",
}


@dataclass(frozen=True)
class _Ticks:
    """Both boxes below the notice."""

    read: bool
    risk: bool


@dataclass(frozen=True)
class _Appeal:
    text: str


@dataclass(frozen=True)
class _Evidence:
    """``code``: what the phone could not send before the end."""

    code: str
    explanation: str


class ExamPages(PersonPages):
    form_name = "exam"

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/x/receipt/verify_receipt.py", self.program)
        self.site.get("/x/receipt/{token}", self.check)

    @page("/h5/{pool}/exams", "exams/list.html")
    async def exams(self, visit: Visit) -> Mapping[str, object]:
        return {"exams": await self.services.exams.own_exams.list(visit.actor), "phases": PHASES}

    @page("/h5/{pool}/exams/{candidate_id}", "exams/detail.html", longest=_CODE_MAX)
    async def exam(self, visit: Visit) -> Mapping[str, object]:
        exam = await self._exam(visit)
        return {
            "exam": exam,
            "results": await self.services.exams.scores.own(visit.actor, exam.candidate_id),
            "evidence": await self.services.exams.evidence.own(visit.actor, exam.candidate_id),
            "typed": visit.fields if "code" in visit.fields else {},
            "phases": PHASES,
            "hotline": self.services.deps.book(visit.actor.pool).pool.hotline,
        }

    @exam.command(_Ticks)
    async def accept(self, visit: Visit, form: _Ticks) -> None:
        """Confirm that the notice was read."""
        exam = await self._exam(visit)
        if not (form.read and form.risk):
            raise Conflict("请阅读考试须知，并勾选两项确认后继续。", code="notice_first")
        await self.services.exams.attempts.accept_notice(visit.actor, exam.candidate_id)

    @exam.command(_Appeal, path="/h5/{pool}/exams/{candidate_id}/appeals/{attempt_id}")
    async def appeal(self, visit: Visit, form: _Appeal) -> None:
        """Appeal against a result."""
        exam, attempt_id = await self._exam(visit), _attempt_id(visit)
        await self.services.exams.appeals.appeal(visit.actor, exam.candidate_id, attempt_id, form.text)

    @exam.command(_Evidence, path="/h5/{pool}/exams/{candidate_id}/evidence")
    async def hand_in(self, visit: Visit, form: _Evidence) -> None:
        """Upload an answer file."""
        exam = await self._exam(visit)
        await self.services.exams.evidence.hand_in(visit.actor, exam.candidate_id, form.code, form.explanation)

    @page("/h5/{pool}/exams/{candidate_id}/paper", "exams/paper.html")
    async def paper(self, visit: Visit) -> Mapping[str, object]:
        return {"exam": await self._exam(visit), "trial": False}

    @page("/h5/{pool}/exams/{candidate_id}/trial", "exams/trial.html")
    async def trial(self, visit: Visit) -> Mapping[str, object]:
        """Checks of the device, and the way to a trial paper, for everybody who is called."""
        hotline = self.services.deps.book(visit.actor.pool).pool.hotline
        return {"exam": await self._exam(visit), "hotline": hotline}

    @page("/h5/{pool}/exams/{candidate_id}/trial/paper", "exams/paper.html")
    async def trial_paper(self, visit: Visit) -> Mapping[str, object]:
        """A paper that the browser keeps to itself (试答): ``static/exams/trial_client.js``."""
        return {"exam": await self._exam(visit), "trial": True}

    @page("/h5/{pool}/exams/{candidate_id}/receipts/{attempt_id}", "exams/receipt.html")
    async def receipt(self, visit: Visit) -> Mapping[str, object]:
        exam = await self._exam(visit)
        return {"exam": exam, "receipt": await self.services.exams.attempts.receipt(visit.actor, _attempt_id(visit))}

    @page("/h5/{pool}/exams/{candidate_id}/papers/{attempt_id}", "exams/review.html")
    async def review(self, visit: Visit) -> Mapping[str, object] | http.StreamResponse:
        """One's own paper with keys, once the examination is over."""
        exam, attempt_id = await self._exam(visit), _attempt_id(visit)
        try:
            paper = await self.services.exams.review.get(visit.actor, exam.candidate_id, attempt_id)
        except Conflict as error:
            return await ExamPages.exam.show(self, replace(visit, form=FormValues(error=error)))
        return {"exam": exam, "paper": paper, "kinds": ItemKind}

    @resource("/h5/{pool}/exams/{candidate_id}/receipts/{attempt_id}/file")
    async def receipt_file(self, visit: Visit) -> http.Response:
        """The signed receipt, for download."""
        await self._exam(visit)
        receipt = await self.services.exams.receipts.file(visit.actor, _attempt_id(visit))
        body = json.dumps(receipt, ensure_ascii=False, indent=1).encode()
        return _download(body, "application/json", f"exam-receipt-{receipt['number']}.json")

    async def _exam(self, visit: Visit) -> OwnExam:
        candidate_id = _uuid(visit.request.match_info["candidate_id"])
        return await self.services.exams.own_exams.get(visit.actor, candidate_id)

    # ---- public

    async def check(self, request: http.Request) -> http.Response:
        """Comparison of a receipt with our record."""
        await self.site.check_rate(request, "exam_receipt", *_CHECKS)
        receipt = await self.services.exams.receipts.verify(request.match_info["token"])
        key = self.services.exams.receipts.public_key
        return self.site.render("exams/receipt_check.html", receipt=receipt, key=key)

    async def program(self, request: http.Request) -> http.Response:
        """The program that ``pbt verify-receipt`` runs; it needs nothing but Python."""
        body = files("domain.exams").joinpath("verify_receipt.py").read_bytes()
        return _download(body, "text/x-python", "verify_receipt.py")


def _attempt_id(visit: Visit) -> UUID:
    return _uuid(visit.request.match_info["attempt_id"])


def _download(body: bytes, content_type: str, name: str) -> http.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return http.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("找不到这场考试，请在公众号回复“考试”查看最新安排。", code="candidate_unknown") from error
