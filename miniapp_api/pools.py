"""Data of a pool that a client needs before it shows a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from domain.draws.record import TERMINATION_REASONS
from domain.rulebook.people import LoginName
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Output

api = Api("pools", "专家库", "Names, texts and choices of the pool; all from its rulebook.")


class VenueOut(Output):
    code: str
    name: str
    address: str


class ReasonOut(Output):
    code: str = Field(examples=["replanned"])
    label: str = Field(examples=["评标时间或地点变更"])


class ChoicesOut(Output):
    """Options of the forms of a draw, and their limits."""

    terminals: tuple[str, ...] = Field(description="Where an application is verified (抽取终端)")
    recusal_reasons: tuple[str, ...]
    release_causes: tuple[str, ...]
    recusal_evidence: tuple[str, ...] = Field(description="What a recusal may rest on (回避依据)")
    region_modes: tuple[str, ...]
    region_mode_note: str = Field(description="Show it at the choice: who pays for experts of other cities")
    several_regions: bool
    alternative_specialty: bool
    absence_causes: tuple[str, ...]
    termination_reasons: tuple[ReasonOut, ...]
    region_change: bool = Field(description="A supplementary draw may change the regions")
    quick_remarks: tuple[str, ...] = Field(description="Phrases for a notice's remark (快速提示)")
    remarks_max: int
    experts_max: int
    venues: tuple[VenueOut, ...]
    pay_ways: tuple[str, ...] = Field(description="How an agency pays remuneration (支付方式)")


class RegistrationOut(Output):
    """Data to show before a person registers or logs in."""

    open: bool
    closed: str = Field(description="Where to turn while it is not open")
    honesty: str = Field(description="Clause that a person agrees to when registering")
    password_rule: str = Field(examples=["至少8个字符，须含大写字母、小写字母、数字"])
    login_ways: tuple[Literal["code", "password"], ...]
    login_names: tuple[LoginName, ...]


class PoolOut(Output):
    name: str = Field(examples=["演示评标专家库"])
    hotline: str
    help: str
    privacy_version: str = Field(description="Send it with the consent")
    privacy_text: str
    leave_consequence: str = Field(description="Show it before an expert confirms a leave")
    registration: RegistrationOut
    code_length: int = Field(description="Digits of the code by which an expert is known at the door")
    pay_for_others: bool = Field(description="Whether fees of other persons may be looked up and paid")
    choices: ChoicesOut


@api.get("/pool", "专家库信息", access="public")
async def show(call: Call) -> PoolOut:
    """Name, hotline, privacy text, and options of forms."""
    book = call.book
    return PoolOut(
        name=book.pool.name,
        hotline=book.pool.hotline,
        help=book.pool.help,
        privacy_version=book.pool.privacy_version,
        privacy_text=book.pool.privacy_text,
        leave_consequence=book.draw.leave.consequence,
        code_length=book.draw.code_length,
        pay_for_others=book.fee is not None and book.fee.pay_for_others,
        registration=RegistrationOut(
            open=book.registration.open,
            closed=book.registration.closed,
            honesty=book.registration.honesty,
            password_rule=book.registration.password.rule(),
            login_ways=tuple(book.registration.login_ways),
            login_names=tuple(book.registration.login_names),
        ),
        choices=ChoicesOut(
            terminals=tuple(book.draw.terminals),
            recusal_reasons=tuple(book.draw.recusal_reasons),
            release_causes=tuple(book.draw.release.causes),
            recusal_evidence=tuple(book.draw.recusal_evidence),
            region_modes=_texts(book.draw.region_modes),
            region_mode_note=book.remuneration.payer_note,
            pay_ways=book.remuneration.pay_ways,
            several_regions=book.draw.several_regions,
            alternative_specialty=book.draw.alternative_specialty,
            absence_causes=_texts(book.draw.supplement.causes),
            termination_reasons=tuple(ReasonOut(code=code, label=label) for code, label in TERMINATION_REASONS.items()),
            region_change=book.draw.supplement.region_change,
            quick_remarks=tuple(book.draw.notice.quick_remarks),
            remarks_max=book.draw.notice.remarks_max,
            experts_max=book.draw.experts_max,
            venues=VenueOut.each(tuple(book.venues)),
        ),
    )


def _texts(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(values)
