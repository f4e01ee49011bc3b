"""Queries of the list of employers (单位列表) and of requests for missing units."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from tortoise.expressions import Q

from domain.errors import InvalidInput, NotFound
from models.campaigns import Employer, EmployerRequest
from services.core.base import Actor, Page, rows
from services.core.permissions import check
from services.core.short_texts import check_text

PAGE_MAX = 100


SEARCH_MAX = 50


_SEARCH = (
    "SELECT id, name, credit_code, region FROM employer WHERE pool = $1 AND retired_at IS NULL "
    "AND (name ILIKE $2 OR credit_code = upper($3)) "
    "ORDER BY starts_with(name, $3) DESC, length(name), name_sort, id LIMIT $4"
)


RequestState = Literal["open", "added", "refused"]


@dataclass(frozen=True)
class EmployerView:
    id: UUID
    name: str
    credit_code: str
    region: str


@dataclass(frozen=True)
class EmployerLine:
    """For staff. ``retired``: no longer offered."""

    id: UUID
    name: str
    credit_code: str
    region: str
    retired: bool


@dataclass(frozen=True)
class EmployerRequestView:
    """A person's request for a unit. ``employer_id``: the unit that was added."""

    id: UUID
    name: str
    credit_code: str
    region: str
    note: str
    state: RequestState
    answer: str
    employer_id: UUID | None
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True)
class EmployerQueries:
    async def search(self, actor: Actor, word: str, *, limit: int = 20) -> list[EmployerView]:
        """Units whose name contains ``word``, or with exactly this credit code; names that begin with it first."""
        check(actor, "employer.search")
        text = check_text(word, "word", "单位名称", 100, required=True)
        if not 1 <= limit <= SEARCH_MAX:
            raise InvalidInput(f"每次最多返回{SEARCH_MAX}条。", field="limit")
        return [EmployerView(**row) for row in await rows(_SEARCH, actor.pool, _pattern(text), text, limit)]

    async def list_own_requests(self, actor: Actor) -> list[EmployerRequestView]:
        """The actor's own requests, newest first."""
        check(actor, "employer.request")
        return [
            request_view(request)
            for request in await EmployerRequest.filter(account_id=account_of(actor)).order_by("-created_at", "-id")
        ]

    async def requests(
        self, actor: Actor, *, state: str = "open", page: int = 1, size: int = 20
    ) -> Page[EmployerRequestView]:
        """All requests, oldest first."""
        check(actor, "employer.manage")
        _check_page(page, size)
        query = EmployerRequest.filter(pool=actor.pool, state=state)
        employer_requests = await query.order_by("created_at", "id").offset((page - 1) * size).limit(size)
        return Page(tuple(request_view(request) for request in employer_requests), await query.count())

    async def page(
        self, actor: Actor, *, search: str = "", retired: bool = False, page: int = 1, size: int = 20
    ) -> Page[EmployerLine]:
        """The list for staff, in Chinese sort order."""
        check(actor, "employer.manage")
        _check_page(page, size)
        query = Employer.filter(pool=actor.pool, retired_at__isnull=not retired)
        if word := check_text(search, "search", "搜索词", 100):
            query = query.filter(Q(name__icontains=word) | Q(credit_code=word.upper()))
        employers = await query.order_by("name_sort", "id").offset((page - 1) * size).limit(size)
        return Page(tuple(employer_line(employer) for employer in employers), await query.count())


def _pattern(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def account_of(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise NotFound("请先登录并绑定手机号。")
    return actor.account_id


def _check_page(page: int, size: int) -> None:
    if not (1 <= page <= 1_000_000 and 1 <= size <= PAGE_MAX):
        raise InvalidInput(f"页码应从1开始，每页最多{PAGE_MAX}条。", field="page")


def request_view(request: EmployerRequest) -> EmployerRequestView:
    return EmployerRequestView(
        request.id,
        request.name,
        request.credit_code,
        request.region,
        request.note,
        cast(RequestState, request.state),
        request.answer,
        request.employer_id,
        request.created_at,
        request.decided_at,
    )


def employer_view(employer: Employer) -> EmployerView:
    return EmployerView(employer.id, employer.name, employer.credit_code, employer.region)


def employer_line(employer: Employer) -> EmployerLine:
    return EmployerLine(
        employer.id, employer.name, employer.credit_code, employer.region, employer.retired_at is not None
    )
