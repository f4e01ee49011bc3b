"""``/h5/{pool}/exams/{candidate}``: a person's examination: information, the notice, the paper, the receipt.

``static/exams/exam.js`` draws the paper over the API, which the mini-program uses as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError, Conflict, NotFound
from domain.exams.items import ItemKind
from services.core.base import Actor
from services.exams import OwnExam, Phase
from services.registry import Services
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site

_CHECKS = (30, 60)
"""Receipts compared per address and minute."""
_FORM = "exam"
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


class ExamPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def add_routes(self) -> None:
        self._site.get("/h5/{pool}/exams", self.list)
        self._site.get("/h5/{pool}/exams/{candidate_id}", self.lobby)
        self._site.post("/h5/{pool}/exams/{candidate_id}", self.accept)
        self._site.get("/h5/{pool}/exams/{candidate_id}/paper", self.paper)
        self._site.get("/h5/{pool}/exams/{candidate_id}/receipts/{attempt_id}", self.receipt)
        self._site.get("/h5/{pool}/exams/{candidate_id}/receipts/{attempt_id}/file", self.receipt_file)
        self._site.get("/h5/{pool}/exams/{candidate_id}/papers/{attempt_id}", self.review)
        self._site.post("/h5/{pool}/exams/{candidate_id}/appeals/{attempt_id}", self.appeal)
        self._site.post("/h5/{pool}/exams/{candidate_id}/evidence", self.hand_in)
        self._site.get("/x/receipt/verify_receipt.py", self.program)
        self._site.get("/x/receipt/{token}", self.check)

    async def list(self, request: http.Request) -> http.Response:
        person = await self._auth.person(request)
        found = await self._services.exams.own_exams.list(person)
        return self._site.render("exams/list.html", pool=person.pool, found=found, phases=PHASES)

    async def lobby(self, request: http.Request) -> http.Response:
        person, exam = await self._asked(request)
        return await self._lobby(person, exam)

    async def _lobby(
        self,
        person: Actor,
        exam: OwnExam,
        error: AppError | None = None,
        typed: Mapping[str, str] | None = None,
    ) -> http.Response:
        return self._site.render(
            "exams/detail.html",
            status=error.status if error else 200,
            pool=person.pool,
            exam=exam,
            results=await self._services.exams.scores.own(person, exam.candidate_id),
            evidence=await self._services.exams.evidence.own(person, exam.candidate_id),
            typed=typed or {},
            phases=PHASES,
            hotline=self._services.deps.book(person.pool).pool.hotline,
            error=error.message if error else "",
            form=self._auth.form(person, _FORM),
        )

    async def accept(self, request: http.Request) -> http.Response:
        """Confirm that the notice was read; both boxes must be ticked."""
        person, exam = await self._asked(request)
        fields = await self._auth.fields(request, person, _FORM)
        try:
            if not (fields.get("read") and fields.get("risk")):
                raise Conflict("请阅读考试须知，并勾选两项确认后继续。", code="notice_first")
            await self._services.exams.attempts.accept_notice(person, exam.candidate_id)
        except AppError as error:
            if error.status != http.HTTPConflict.status_code:
                raise
            return await self._lobby(person, exam, error)
        raise http.HTTPSeeOther(f"/h5/{person.pool}/exams/{exam.candidate_id}")

    async def paper(self, request: http.Request) -> http.Response:
        person, exam = await self._asked(request)
        return self._site.render("exams/paper.html", pool=person.pool, exam=exam)

    async def receipt(self, request: http.Request) -> http.Response:
        person, exam = await self._asked(request)
        attempt_id = _uuid(request.match_info["attempt_id"])
        found = await self._services.exams.attempts.receipt(person, attempt_id)
        return self._site.render("exams/receipt.html", pool=person.pool, exam=exam, receipt=found)

    async def review(self, request: http.Request) -> http.Response:
        """One's own paper with keys, once the examination is over."""
        person, exam = await self._asked(request)
        attempt_id = _uuid(request.match_info["attempt_id"])
        try:
            found = await self._services.exams.review.get(person, exam.candidate_id, attempt_id)
        except Conflict as error:
            return await self._lobby(person, exam, error)
        return self._site.render("exams/review.html", pool=person.pool, exam=exam, paper=found, kinds=ItemKind)

    async def appeal(self, request: http.Request) -> http.Response:
        """Appeal against a result."""
        person, exam = await self._asked(request)
        fields = await self._auth.fields(request, person, _FORM)
        attempt_id = _uuid(request.match_info["attempt_id"])
        try:
            await self._services.exams.appeals.appeal(person, exam.candidate_id, attempt_id, fields.get("text", ""))
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            return await self._lobby(person, exam, error)
        raise http.HTTPSeeOther(f"/h5/{person.pool}/exams/{exam.candidate_id}")

    async def hand_in(self, request: http.Request) -> http.Response:
        """Upload an answer file with what the phone could not send before the end."""
        person, exam = await self._asked(request)
        fields = await self._auth.fields(request, person, _FORM, longest=_CODE_MAX)
        code, words = fields.get("code", ""), fields.get("explanation", "")
        try:
            await self._services.exams.evidence.hand_in(person, exam.candidate_id, code, words)
        except AppError as error:
            if error.status not in ON_PAGE:
                raise
            return await self._lobby(person, exam, error, {"code": code, "explanation": words})
        raise http.HTTPSeeOther(f"/h5/{person.pool}/exams/{exam.candidate_id}")

    async def check(self, request: http.Request) -> http.Response:
        """Public comparison of a receipt with our record."""
        await self._site.check_rate(request, "exam_receipt", *_CHECKS)
        found = await self._services.exams.receipts.verify(request.match_info["token"])
        key = self._services.exams.receipts.public_key
        return self._site.render("exams/receipt_check.html", one=found, key=key)

    async def receipt_file(self, request: http.Request) -> http.Response:
        """The signed receipt, for download."""
        person, _ = await self._asked(request)
        found = await self._services.exams.receipts.file(person, _uuid(request.match_info["attempt_id"]))
        body = json.dumps(found, ensure_ascii=False, indent=1).encode()
        return _download(body, "application/json", f"exam-receipt-{found['number']}.json")

    async def program(self, request: http.Request) -> http.Response:
        """The program that ``pbt verify-receipt`` runs; it needs nothing but Python."""
        body = files("domain.exams").joinpath("verify_receipt.py").read_bytes()
        return _download(body, "text/x-python", "verify_receipt.py")

    async def _asked(self, request: http.Request) -> tuple[Actor, OwnExam]:
        person = await self._auth.person(request)
        return person, await self._services.exams.own_exams.get(person, _uuid(request.match_info["candidate_id"]))


def _download(body: bytes, content_type: str, name: str) -> http.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return http.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("找不到这场考试，请在公众号回复“考试”查看最新安排。", code="candidate_unknown") from error
