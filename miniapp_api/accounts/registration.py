"""Registration."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.identity import IdentityVerificationResult
from domain.parsing import NUMBER_LONGEST
from miniapp_api.http.call import Call
from miniapp_api.http.idempotency import read_key
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Output
from services.accounts import RegistrationForm

api = Api(
    "registration",
    "注册",
    "Register with real name and ID number, which are never changed. SMS codes come from `POST /codes`.",
)

TRIES = (60, 60)


class RegistrationIn(Input):
    """`mobile` and `code` (purpose `register`) are left out by a person whose mobile is bound already."""

    exact = frozenset({"password"})

    name: str = Field(min_length=1, max_length=50, description="As on the identity card", examples=["王小明"])
    id_number: str = Field(min_length=1, max_length=NUMBER_LONGEST, examples=["11010519491231002X"])
    privacy_version: str = Field(
        min_length=1, max_length=32, description="Version of the privacy text that was accepted"
    )
    agreed: bool = Field(description="To the clause on honesty, see `GET /pool`")
    mobile: str = Field("", max_length=NUMBER_LONGEST, examples=["13800001234"])
    code: str = Field("", max_length=8, description="SMS code", examples=["123456"])
    password: str = Field("", max_length=64, description="Empty: none for now, it can be set later")


IdentityVerificationOut = Annotated[
    IdentityVerificationResult,
    Field(
        description="What is known of name and ID number belonging together; empty: it was not asked. `waiting`: the "
        "register gave no answer and is asked again"
    ),
]


class RegisteredOut(Output):
    """`expert_number` not empty: the pool had this person's record already, which now belongs to the account."""

    masked_name: str = Field(examples=["王**"])
    masked_id_number: str = Field(examples=["1101***002X"])
    masked_mobile: str = Field(examples=["138****1234"])
    roles: tuple[str, ...]
    expert_number: str
    person_check: IdentityVerificationOut


@api.post("/registrations", "注册", access="session", keyed="service", limits=TRIES)
async def register(call: Call, body: RegistrationIn) -> RegisteredOut:
    """Register the visitor of this log-in, and bind its WeChat to the person.

    An expert whose record has the same name, ID number and mobile gets that record. Each refusal uses up the SMS code.
    """
    form = RegistrationForm(
        name=body.name,
        id_number=body.id_number,
        privacy_version=body.privacy_version,
        agreed=body.agreed,
        mobile=body.mobile,
        code=body.code,
        password=body.password,
    )
    registered = await call.services.accounts.registration.register(call.actor, form, key=read_key(call.request))
    return RegisteredOut(
        masked_name=registered.masked_name,
        masked_id_number=registered.masked_id_number,
        masked_mobile=registered.masked_mobile,
        roles=registered.roles,
        expert_number=registered.expert_number,
        person_check=registered.identity_verification,
    )
