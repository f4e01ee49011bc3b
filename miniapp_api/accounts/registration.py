"""Registration, and credentials: password and mobile."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from domain.identity import IdentityVerificationResult
from miniapp_api.http.call import Call
from miniapp_api.http.idempotency import read_key
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Moment, Output
from services.accounts import InitialPassword, MobileChanged, PasswordSet, RegistrationForm, Source
from services.experts import MembershipStatus, membership_status_of

api = Api(
    "registration",
    "注册与账号",
    "Register with real name and ID number, which are never changed; keep password and mobile. SMS codes come from "
    "`POST /codes`.",
)

TRIES = (60, 60)
_CODE = Field("", max_length=8, description="SMS code", examples=["123456"])
_PASSWORD = Field(min_length=1, max_length=64, description="By the pool's rule, see `GET /pool`", examples=["Abcd1234"])


class RegistrationIn(Input):
    """`mobile` and `code` (purpose `register`) are left out by a person whose mobile is bound already."""

    name: str = Field(min_length=1, max_length=50, description="As on the identity card", examples=["王小明"])
    id_number: str = Field(min_length=1, max_length=24, examples=["11010519491231002X"])
    privacy_version: str = Field(
        min_length=1, max_length=32, description="Version of the privacy text that was accepted"
    )
    agreed: bool = Field(description="To the clause on honesty, see `GET /pool`")
    mobile: str = Field("", max_length=11, examples=["13800001234"])
    code: str = _CODE
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


class ProfileOut(Output):
    """One's own account, masked. `mobile_free_at`: from when the mobile may be changed again; null: now."""

    masked_name: str
    masked_id_number: str
    masked_mobile: str
    registered: bool
    person_check: IdentityVerificationOut
    has_password: bool
    password_initial: bool
    mobile_free_at: Moment | None
    consent: bool = Field(description="The accepted privacy text is today's")
    standing: MembershipStatus


class ConsentIn(Input):
    privacy_version: str = Field(min_length=1, max_length=32, examples=["2026-11-01"])


class PasswordIn(Input):
    """Authorised by `old` or by `code` (purpose `password`). An initial password doesn't authorise."""

    new: str = _PASSWORD
    old: str = Field("", max_length=64)
    code: str = _CODE


class ResetIn(Input):
    mobile: str = Field(min_length=11, max_length=11, examples=["13800001234"])
    code: str = Field(min_length=4, max_length=8, description="SMS code with purpose `password`", examples=["123456"])
    id_tail: str = Field(min_length=4, max_length=4, description="Last characters of the ID number", examples=["002X"])
    new: str = _PASSWORD


class MobileIn(Input):
    """`code` verifies the new mobile; `password` or `old_code` the owner. Codes have purpose `mobile`."""

    mobile: str = Field(min_length=11, max_length=11, examples=["13800001234"])
    code: str = Field(min_length=4, max_length=8, examples=["123456"])
    password: str = Field("", max_length=64)
    old_code: str = _CODE


class InitialIn(Input):
    numbers: tuple[str, ...] = Field(
        min_length=1, max_length=200, description="Expert numbers", examples=[["ZJ0000001"]]
    )


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
    done = await call.services.accounts.registration.register(call.actor, form, key=read_key(call.request))
    return RegisteredOut(
        masked_name=done.masked_name,
        masked_id_number=done.masked_id_number,
        masked_mobile=done.masked_mobile,
        roles=done.roles,
        expert_number=done.expert_number,
        person_check=done.identity_verification,
    )


@api.get("/accounts/me", "我的账号")
async def profile(call: Call) -> ProfileOut:
    """Name, numbers and mobile, masked, and the person's membership status in the pool."""
    found = await call.services.accounts.credentials.profile(call.actor)
    membership_status = await membership_status_of(call.services.deps, found.account_id)
    return ProfileOut(
        masked_name=found.masked_name,
        masked_id_number=found.masked_id_number,
        masked_mobile=found.masked_mobile,
        registered=found.registered,
        person_check=found.identity_verification,
        has_password=found.has_password,
        password_initial=found.password_initial,
        mobile_free_at=found.mobile_free_at,
        consent=found.consent,
        standing=membership_status,
    )


@api.put("/accounts/me/consent", "同意隐私说明")
async def consent(call: Call, body: ConsentIn) -> None:
    """Accept the current privacy text, after it has changed."""
    await call.services.accounts.credentials.consent(call.actor, body.privacy_version)


@api.put("/accounts/me/password", "设置或修改密码", access="session", limits=TRIES)
async def set_password(call: Call, body: PasswordIn) -> PasswordSet:
    """Set one's own password; all other log-ins end. A log-in by an initial password can do nothing else."""
    return await call.services.accounts.credentials.set_password(call.actor, body.new, old=body.old, code=body.code)


@api.put("/passwords", "重设忘记的密码", access="public", limits=TRIES)
async def reset_password(call: Call, body: ResetIn) -> PasswordSet:
    """Reset a forgotten password; each try uses up the SMS code. All log-ins of the person end."""
    return await call.services.accounts.credentials.reset_password(
        call.pool, body.mobile, body.code, body.id_tail, body.new, Source(call.address)
    )


@api.put("/accounts/me/mobile", "更换手机号", limits=TRIES)
async def change_mobile(call: Call, body: MobileIn) -> MobileChanged:
    """Change one's mobile, as often as the pool allows; the expert's record follows, and both numbers are notified."""
    return await call.services.accounts.credentials.change_mobile(
        call.actor, body.mobile, body.code, password=body.password, old_code=body.old_code
    )


@api.post("/initial-passwords", "发放初始密码", action="person.manage", limits=(20, 60))
async def issue_initial(call: Call, body: InitialIn) -> Listing[InitialPassword]:
    """Give experts the initial password by the pool's rule; an expert with an own password keeps it."""
    issued = await call.services.accounts.initial_passwords.issue(call.actor, body.numbers)
    return Listing(items=issued)
