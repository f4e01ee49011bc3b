"""Data of a pool that the mini-program shows before anything else."""

from __future__ import annotations

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Output

api = Api("pools", "专家库", "Names and texts of the pool; all from its rulebook.")


class RegistrationOut(Output):
    """Data to show before a person registers."""

    open: bool
    closed: str = Field(description="Where to turn while it is not open")
    honesty: str = Field(description="Clause that a person agrees to when registering")


class LateArrivalOut(Output):
    """What an expert may announce, and what it means."""

    shortest: int = Field(description="Minutes")
    longest: int = Field(description="Minutes")
    consequence: str = Field(description="Show it before an expert confirms that he comes late")


class PoolOut(Output):
    name: str = Field(examples=["演示评标专家库"])
    hotline: str
    privacy_version: str = Field(description="Send it with the consent")
    privacy_text: str
    leave_consequence: str = Field(description="Show it before an expert confirms a leave")
    late_leave_consequence: str = Field(description="Show it instead once the time for a leave is over")
    late_arrival: LateArrivalOut
    registration: RegistrationOut
    pay_for_others: bool = Field(description="Whether fees of other persons may be looked up and paid")


@api.get("/pool", "专家库信息", access="public")
async def show(call: Call) -> PoolOut:
    """Name, hotline, texts, and whether people may register."""
    book = call.book
    late_arrival = book.attendance.late_arrival
    return PoolOut(
        name=book.pool.name,
        hotline=book.pool.hotline,
        privacy_version=book.pool.privacy_version,
        privacy_text=book.pool.privacy_text,
        leave_consequence=book.draw.leave.consequence,
        late_leave_consequence=book.draw.leave.late_consequence,
        late_arrival=LateArrivalOut(
            shortest=int(late_arrival.shortest.total_seconds() // 60),
            longest=int(late_arrival.longest.total_seconds() // 60),
            consequence=late_arrival.consequence,
        ),
        pay_for_others=book.fee is not None and book.fee.pay_for_others,
        registration=RegistrationOut(
            open=book.registration.open,
            closed=book.registration.closed,
            honesty=book.registration.honesty,
        ),
    )
