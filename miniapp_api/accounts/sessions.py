"""Log-in of the mini-program, and choice of a role."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from domain.parsing import NUMBER_LONGEST
from miniapp_api.http.call import Call
from miniapp_api.http.idempotency import read_key
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Output
from services.accounts import Entrance, LinkCode, Tokens

api = Api(
    "sessions",
    "登录与身份",
    "Log in with `wx.login`, bind the mobile, choose as whom to act. A person may hold several roles; each session "
    "acts as one of them.",
)

Role = Literal[
    "expert",
    "applicant",
    "agent",
    "organisation",
    "verifier",
    "supervisor",
    "venue",
    "reviewer",
    "pool_admin",
]

TRIES = (120, 60)
"""Log-ins per address and minute: many phones share one address behind a carrier's gateway."""


class LoginIn(Input):
    code: str = Field(min_length=1, max_length=128, description="Code of `wx.login`", examples=["0a3xYz"])


class RefreshIn(Input):
    refresh: str = Field(min_length=1, max_length=200, description="The refresh token")


class BindPhoneIn(Input):
    """Either `phone_code`, or `mobile` and `sms_code`."""

    privacy_version: str = Field(
        min_length=1,
        max_length=32,
        description="Version of the privacy text that the person accepted",
        examples=["2026-11-01"],
    )
    phone_code: str | None = Field(None, min_length=1, max_length=128, description="Code of `getPhoneNumber`")
    mobile: str | None = Field(None, min_length=1, max_length=NUMBER_LONGEST, examples=["13800001234"])
    sms_code: str | None = Field(
        None, min_length=4, max_length=8, description="Sent by `POST /codes`", examples=["123456"]
    )

    @model_validator(mode="after")
    def _check_one_way(self) -> BindPhoneIn:
        if (self.phone_code is None) == (self.mobile is None or self.sms_code is None):
            raise PydanticCustomError("one_way", "请用微信手机号授权，或填写手机号和短信验证码，二者选一")
        return self


class EntryIn(Input):
    token: str = Field(min_length=1, max_length=100, description="`entry` of the page's query")


class EnterIn(EntryIn):
    privacy_version: str = Field(min_length=1, max_length=32, examples=["2026-11-01"])


class RoleIn(Input):
    role: Role
    scope: str = Field("", max_length=64, description="Region or venue of an office, as offered")
    organisation_id: UUID | None = Field(None, description="For agents and legal entities")


class RoleOut(Output):
    """A role in which the person may act. `label` is shown to the person."""

    role: Role
    scope: str
    organisation_id: UUID | None
    organisation_name: str
    label: str = Field(examples=["经办人 · 广州示范招标代理有限公司"])


class LoginOut(Output):
    """`bound` false: bind the mobile next. `role` empty: let the person choose."""

    tokens: Tokens
    bound: bool
    role: str
    roles: tuple[RoleOut, ...]


class BoundOut(Output):
    masked_name: str = Field(examples=["王**"])
    masked_mobile: str = Field(examples=["138****1234"])
    roles: tuple[str, ...]


class MeOut(Output):
    """The session's role, and the other roles that the person may choose."""

    bound: bool
    role: str = Field(description="`guest` while nothing is chosen", examples=["agent"])
    scope: str
    organisation_id: UUID | None
    expert_id: UUID | None
    roles: tuple[RoleOut, ...]
    in_chat: bool = Field(description="The official account knows the person, so that its messages arrive")


class WorkCountOut(Output):
    """One count of the open work of a role: 待核验3个."""

    name: str = Field(examples=["待核验"])
    number: int
    unit: str = Field(examples=["个"])


class ChosenOut(Output):
    role: Role
    scope: str
    organisation_id: UUID | None
    expert_id: UUID | None


class LinkOut(Output):
    url: str = Field(examples=["https://expert.example.cn/h5/login/AbC"])


class EndedOut(Output):
    ended: int = Field(description="How many log-ins ended")


@api.post("/sessions", "微信登录", access="public", keyed="no", limits=TRIES, status=201)
async def login(call: Call, body: LoginIn) -> LoginOut:
    """Begin a log-in with a `wx.login` code.

    A person bound to the pool's official account is recognised here too. A code is valid once.
    """
    return LoginOut.from_source(await call.services.accounts.sessions.login(call.pool, body.code))


@api.post("/sessions/refresh", "刷新登录", access="public", keyed="no", limits=TRIES)
async def refresh(call: Call, body: RefreshIn) -> Tokens:
    """Exchange the refresh token for a new pair. One that comes back a second time ends the session."""
    return await call.services.accounts.sessions.refresh(body.refresh)


@api.get("/sessions/current", "我的身份", access="session")
async def me(call: Call) -> MeOut:
    """The session's role, and the roles that the person holds at this moment."""
    roles = await call.services.accounts.sessions.roles(call.actor)
    actor = call.actor
    return MeOut(
        bound=actor.account_id is not None,
        role=actor.role,
        scope=actor.scope,
        organisation_id=actor.organisation_id,
        expert_id=actor.expert_id,
        roles=RoleOut.from_sources(roles),
        in_chat=actor.account_id is not None
        and await call.services.accounts.linking.is_bound_to_chat(actor.account_id),
    )


@api.get("/sessions/current/work", "当前身份的待办数")
async def count_work(call: Call) -> Listing[WorkCountOut]:
    """What waits for the session's role at an agency, an office or a venue; empty for applicants and experts."""
    held, actor = await call.services.accounts.sessions.roles(call.actor), call.actor
    current = [
        option
        for option in held
        if (option.role, option.scope, option.organisation_id) == (actor.role, actor.scope, actor.organisation_id)
    ]
    assert actor.account_id is not None  # noqa: S101  # the endpoint wants an account
    works = await call.services.office.staff_work.list_work(call.pool, actor.account_id, current)
    return Listing[WorkCountOut](
        items=tuple(WorkCountOut.from_source(count) for work in works for count in work.counts)
    )


@api.post("/sessions/current/phone", "绑定手机号", access="session", keyed="service", limits=(60, 60))
async def bind_phone(call: Call, body: BindPhoneIn) -> BoundOut:
    """Identify the visitor by WeChat's phone code or by an SMS code. Wrong codes count; too many lock the mobile.

    A phone code is valid once: if the response is lost, ask for the phone number again.
    """
    bound = await call.services.accounts.sessions.bind_phone(
        call.actor,
        privacy_version=body.privacy_version,
        phone_code=body.phone_code,
        mobile=body.mobile,
        sms_code=body.sms_code,
        key=read_key(call.request),
    )
    return BoundOut.from_source(bound)


@api.post("/sessions/current/entry", "从公众号进入", access="session", keyed="no", limits=(60, 60))
async def look_at_entry(call: Call, body: EntryIn) -> Entrance:
    """The account for which a page's `entry` was issued. It lives five minutes, is valid once, and this call changes
    nothing.

    Let the person confirm it: the address may have been passed on by someone else.
    """
    return await call.services.accounts.mini_program_entry.show(call.actor, body.token)


@api.put("/sessions/current/entry", "确认从公众号进入", access="session", limits=(60, 60))
async def enter(call: Call, body: EnterIn) -> BoundOut:
    """Bind this WeChat account to that account, without SMS code or repeated consent to an accepted privacy text."""
    return BoundOut.from_source(
        await call.services.accounts.mini_program_entry.enter(call.actor, body.token, body.privacy_version)
    )


@api.post("/sessions/current/chat", "绑定公众号", keyed="no", limits=(60, 60))
async def offer_code(call: Call) -> LinkCode:
    """A code that binds the official account to the person: sent to it as a message, or scanned.

    Where both are known to belong to one person (one unionid), none is needed: see `in_chat` of `GET
    /sessions/current`. Show it to no one else: the first sender is bound. Another call invalidates the previous code.
    """
    return await call.services.accounts.linking.issue_code(call.actor)


@api.put("/sessions/current/role", "选择身份")
async def choose_role(call: Call, body: RoleIn) -> ChosenOut:
    """Act in one of the offered roles from now on in this session."""
    chosen = await call.services.accounts.sessions.choose_role(
        call.actor, body.role, scope=body.scope, organisation_id=body.organisation_id
    )
    return ChosenOut.from_source(chosen)


@api.post("/sessions/current/browser", "在浏览器打开", keyed="no")
async def hand_over(call: Call) -> LinkOut:
    """A link on which the person goes on in a browser in the same role, for instance at `/draws`; three minutes."""
    token = await call.services.accounts.web_sessions.issue_hand_over(call.actor)
    return LinkOut(url=f"{call.services.deps.public_url}/h5/login/{token}")


@api.delete("/sessions/current", "退出登录", access="session")
async def logout(call: Call) -> EndedOut:
    """End every log-in of the person (of this visitor, while unbound)."""
    return EndedOut(ended=await call.services.accounts.sessions.logout(call.actor))
