"""Remuneration of experts (专家酬劳), from the venue's proposal to the agency's payment mark."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from pydantic import Field

from miniapp_api.draws.activities import DrawPath
from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Output, PageOut, PageQuery, PoolPath
from services.inspection.file_types import XLSX
from services.remuneration import (
    DrawRemuneration,
    DrawSums,
    MonthTotal,
    OfficeTotals,
    OwnRemuneration,
    RemunerationRow,
)

api = Api(
    "remuneration",
    "专家酬劳",
    "Hours of trusted attendance become an amount by the pool's standard. The venue proposes it, the expert confirms "
    "or objects, the agency pays elsewhere and marks it. Amounts are in fen.",
)


class RemunerationPath(PoolPath):
    remuneration_id: UUID


class ProposalPath(DrawPath):
    invitation_id: UUID


class PaidPath(DrawPath):
    remuneration_id: UUID


class ProposalIn(Input):
    amount: int | None = Field(None, ge=0, le=10_000_000, description="金额, fen; null: as computed", examples=[120000])
    words: str = Field(
        "", max_length=200, description="说明: why it differs, or the answer to the objection", examples=["担任组长"]
    )


class ConfirmationIn(Input):
    version: int = Field(ge=1, description="Of what the expert has seen; another one is refused with 409")


class DisputeIn(ConfirmationIn):
    reason: str = Field(
        "", max_length=200, description="异议说明, shown to the venue and the agency", examples=["离场更晚"]
    )


class SeenIn(Input):
    id: UUID
    version: int = Field(ge=1, description="Of what was seen; another one is refused with 409, and none is marked")


class PaymentIn(Input):
    paid_on: date = Field(description="支付日期", examples=["2026-11-23"])
    way: str = Field("", max_length=20, description="支付方式, one of the pool's", examples=["银行转账"])
    seen: tuple[SeenIn, ...] = Field((), max_length=200, description="要登记的酬劳; at least one")


class PaidOut(Output):
    marked: int = Field(description="Marked anew")


class ProposedOut(Output):
    proposed: int = Field(description="Experts who had no amount yet")


class OrganisationPath(PoolPath):
    organisation_id: UUID


class MonthsQuery(PageQuery):
    since: str = Field(max_length=7, description="起始月份, whole", examples=["2026-01"])
    until: str = Field(max_length=7, description="截止月份, whole", examples=["2026-11"])


class TotalsQuery(MonthsQuery):
    search: str = Field("", max_length=60, description="Part of the organisation's name")


@api.get("/remuneration", "我的酬劳", action="remuneration.own")
async def own(call: Call) -> Listing[OwnRemuneration]:
    """The expert's own, newest first."""
    return Listing(items=await call.services.remuneration.answers.own(call.actor))


@api.post("/remuneration/{remuneration_id}/confirmation", "确认酬劳", action="remuneration.own")
async def confirm(call: Call, path: RemunerationPath, body: ConfirmationIn) -> OwnRemuneration:
    """Agree to the amount in the given version. A repetition is harmless."""
    return await call.services.remuneration.answers.confirm(call.actor, path.remuneration_id, body.version, by="mini")


@api.post("/remuneration/{remuneration_id}/dispute", "提出酬劳异议", action="remuneration.own")
async def dispute(call: Call, path: RemunerationPath, body: DisputeIn) -> OwnRemuneration:
    """Object with a reason; the venue answers and the expert is asked again."""
    return await call.services.remuneration.answers.dispute(
        call.actor, path.remuneration_id, body.version, body.reason, by="mini"
    )


@api.get("/draws/{draw_id}/remuneration", "专家酬劳支付情况", action="remuneration.read")
async def of_draw(call: Call, path: DrawPath) -> DrawRemuneration:
    """All present experts of a draw, with hours, lines and state. Each access is logged."""
    return await call.services.remuneration.proposals.of_draw(call.actor, path.draw_id)


@api.post("/draws/{draw_id}/remuneration", "按标准提出酬劳", action="remuneration.propose")
async def propose_all(call: Call, path: DrawPath) -> ProposedOut:
    """Propose the computed amount to everyone without a proposal. A repetition is harmless."""
    return ProposedOut(proposed=await call.services.remuneration.proposals.propose_all(call.actor, path.draw_id))


@api.put("/draws/{draw_id}/remuneration/experts/{invitation_id}", "提出或更正酬劳", action="remuneration.propose")
async def propose(call: Call, path: ProposalPath, body: ProposalIn) -> RemunerationRow:
    """Propose one expert's amount, change it, or answer an objection. The same amount again is harmless."""
    return await call.services.remuneration.proposals.propose(
        call.actor, path.draw_id, path.invitation_id, body.amount, body.words
    )


@api.post("/draws/{draw_id}/remuneration/payments", "登记支付酬劳", action="remuneration.pay")
async def pay(call: Call, path: DrawPath, body: PaymentIn) -> PaidOut:
    """Mark amounts as paid outside this system. A repetition is harmless."""
    marked = await call.services.remuneration.payouts.mark_paid(
        call.actor, path.draw_id, body.paid_on, body.way, {one.id: one.version for one in body.seen}
    )
    return PaidOut(marked=marked)


@api.delete("/draws/{draw_id}/remuneration/payments/{remuneration_id}", "撤销支付登记", action="remuneration.pay")
async def take_back(call: Call, path: PaidPath) -> None:
    """Undo a mistaken mark."""
    await call.services.remuneration.payouts.unmark_paid(call.actor, path.draw_id, path.remuneration_id)


@api.get("/draws/{draw_id}/remuneration.xlsx", "酬劳支付表", action="remuneration.pay", media_type=XLSX)
async def sheet(call: Call, path: DrawPath) -> Download:
    """Names, full ID numbers and confirmed amounts. Logged."""
    body = await call.services.remuneration.sheets.of_draw(call.actor, path.draw_id)
    return Download(body, XLSX, "remuneration.xlsx")


@api.get("/remuneration/months", "酬劳按月合计", action="remuneration.totals")
async def months(call: Call) -> Listing[MonthTotal]:
    """Totals by organisation and month in which the draws ended, newest first."""
    return Listing(items=await call.services.remuneration.payouts.months(call.actor))


@api.get("/remuneration/organisations", "酬劳按代理机构合计", action="remuneration.report")
async def organisations(call: Call, query: TotalsQuery) -> OfficeTotals:
    """Totals by organisation over draws that ended in these months, largest first; without names of experts."""
    return await call.services.remuneration.totals.by_organisation(
        call.actor, query.since, query.until, query.search, offset=query.offset, limit=query.size
    )


@api.get("/remuneration/organisations/{organisation_id}", "一个代理机构的酬劳", action="remuneration.report")
async def organisation(call: Call, path: OrganisationPath, query: MonthsQuery) -> PageOut[DrawSums]:
    """An organisation's draws that ended in these months, newest first."""
    _, found = await call.services.remuneration.totals.of_organisation(
        call.actor, path.organisation_id, query.since, query.until, offset=query.offset, limit=query.size
    )
    return PageOut.of_query(found, query)


@api.get("/remuneration/organisations.xlsx", "导出酬劳合计", action="remuneration.report", media_type=XLSX)
async def organisations_sheet(call: Call, query: TotalsQuery) -> Download:
    """All organisations that match the same filter. Logged."""
    body = await call.services.remuneration.totals.sheet(call.actor, query.since, query.until, query.search)
    return Download(body, XLSX, "remuneration-totals.xlsx")
