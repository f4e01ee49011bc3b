"""Accounts: persons, their WeChat identities, sessions and roles."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Account(Row):
    """A person in one pool. Mobile and ID number are stored encrypted and found by their hashes.

    A registered person has ``registered_at`` and an ID number, which only a correction by the office changes.
    ``password_hash`` is argon2's own encoding; empty: no password was set. ``password_initial``: set by the office and
    to be changed before all else.
    """

    pool = fields.CharField(32)
    mobile_sealed = fields.TextField()
    mobile_hash = fields.CharField(64)
    real_name = fields.CharField(50, default="")
    id_number_sealed = fields.TextField(default="", db_default="")
    id_number_hash = fields.CharField(64, null=True)
    registered_at = fields.DatetimeField(null=True)
    identity_verification = fields.CharField(12, default="", db_default="")
    """Whether name and number belong together: a value of ``domain.identity.IdentityVerificationResult``."""
    identity_verified_at = fields.DatetimeField(null=True)
    identity_verification_due_at = fields.DatetimeField(null=True)
    """When the register is to be queried (again); None: never."""
    mobile_changed_at = fields.DatetimeField(null=True)
    weak_identity_at = fields.DatetimeField(null=True)
    """Since when the identity platform's assurance level of the person is below the rulebook's; None: high enough, or
    never queried.

    Such a person acts for no organisation, and no agent acts for an organisation whose legal account it is.
    """
    password_hash = fields.CharField(200, default="", db_default="")
    password_set_at = fields.DatetimeField(null=True)
    password_initial = fields.BooleanField(default=False, db_default=False)
    privacy_version = fields.CharField(32, default="")
    privacy_accepted_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    disabled_at = fields.DatetimeField(null=True)

    class Meta:
        table = "account"
        unique_together = (("pool", "mobile_hash"), ("pool", "id_number_hash"))


class WechatIdentity(Row):
    """An openid of the official account (``app`` oa) or the mini-program (mini); bound when ``account_id`` is set."""

    pool = fields.CharField(32)
    app = fields.CharField(8)
    appid = fields.CharField(64)
    openid = fields.CharField(64)
    unionid = fields.CharField(64, null=True)
    account: Any = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="identities", null=True
    )
    account_id: UUID | None
    following = fields.BooleanField(default=True)
    blocked = fields.BooleanField(default=False)
    """The user switched our messages off (failed:user block, 48002)."""
    subscribe_credits: Any = fields.JSONField(default=dict)
    """Messages that the user's consents still permit, by template id; of a template of the long-term kind 1 or 0."""
    subscribe_refusals: Any = fields.JSONField(default=dict, db_default={})
    """When a template was last refused, banned by WeChat, or its consent ended, by its id: ``{"at": ISO time, "how":
    "reject", "ban" or "ended"}``."""
    subscribe_accepts: Any = fields.JSONField(default=dict, db_default={})
    """When a template was last accepted, by its id: ISO time."""
    menu_group = fields.CharField(8, default="", db_default="")
    """Which of the official account's menus by role the follower has; empty: its own."""
    created_at = fields.DatetimeField()
    bound_at = fields.DatetimeField(null=True)

    class Meta:
        table = "wechat_identity"
        unique_together = (("appid", "openid"),)
        indexes = (("account_id",),)


class RoleGrant(Row):
    """``role``: verifier, supervisor, venue or pool_admin; ``scope`` a region or venue code, empty for the whole pool.

    Expert and agent roles are not granted here: they follow from the expert's record and the organisation's agent link.
    """

    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="grants")
    account_id: UUID
    role = fields.CharField(20)
    scope = fields.CharField(64, default="")
    granted_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "role_grant"
        unique_together = (("account_id", "role", "scope"),)


class Session(Row):
    """A log-in of a mini-program or H5 page. Tokens are stored as SHA-256 only.

    ``role`` and ``scope`` are the role chosen for this session, empty before the choice; ``organisation_id`` is the
    organisation that an agent acts for in it. Whether the person still holds the role is checked at every request.
    """

    account: Any = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="sessions", null=True
    )
    account_id: UUID | None
    pool = fields.CharField(32)
    identity: Any = fields.ForeignKeyField("models.WechatIdentity", on_delete=fields.RESTRICT, null=True)
    identity_id: UUID | None
    organisation: Any = fields.ForeignKeyField("models.Organisation", on_delete=fields.RESTRICT, null=True)
    organisation_id: UUID | None
    role = fields.CharField(20, default="")
    scope = fields.CharField(64, default="")
    access_hash = fields.CharField(64, unique=True)
    refresh_hash = fields.CharField(64, unique=True)
    access_until = fields.DatetimeField()
    refresh_until = fields.DatetimeField()
    device = fields.CharField(20, default="", db_default="")
    """Where the session began, for the person's own list: 微信小程序, 电脑浏览器…"""
    created_at = fields.DatetimeField()
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "session"


class VerificationCode(Row):
    """An SMS code for one purpose (bind, login, register …). Only the newest unused one of a mobile counts."""

    pool = fields.CharField(32)
    mobile_hash = fields.CharField(64)
    purpose = fields.CharField(20)
    source = fields.CharField(80, default="", db_default="")
    """The requester, as ``services.accounts.sources.Source`` counts: a network, a WeChat account or an account of
    ours."""
    sent = fields.BooleanField(default=True, db_default=True)
    """False: no account has this mobile, so no message was sent; the response doesn't reveal that."""
    code_hash = fields.CharField(64)
    sent_at = fields.DatetimeField()
    valid_until = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)

    class Meta:
        table = "verification_code"
        indexes = (("pool", "mobile_hash", "sent_at"), ("pool", "sent_at"))


class WrongTry(Row):
    """A wrong code or password.

    ``subject``: the mobile's hash, the account's id, or the hash of an unknown name. ``source`` is where it came from,
    as ``services.accounts.sources.Source`` counts: tries of a stranger lock that stranger out, not the owner.
    """

    pool = fields.CharField(32)
    kind = fields.CharField(8)
    """code or password."""
    subject = fields.CharField(64)
    source = fields.CharField(80)
    familiar = fields.BooleanField()
    """It came from the person's own WeChat account, or from a browser in which the person has logged in before."""
    at = fields.DatetimeField()

    class Meta:
        table = "wrong_try"
        indexes = (("pool", "kind", "subject", "at"), ("at",))


class KnownBrowser(Row):
    """A browser in which a person has logged in before.

    ``browser_id`` stands in a cookie of its own, which outlasts log-ins.
    """

    browser_id = fields.UUIDField()
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.CASCADE, related_name="browsers")
    account_id: UUID
    seen_at = fields.DatetimeField()

    class Meta:
        table = "known_browser"
        unique_together = (("browser_id", "account_id"),)
        indexes = (("account_id", "seen_at"),)


class SpentToken(Row):
    """A single-use token that was used.

    Kept until the token's expiry; ``digest`` is its SHA-256.
    """

    digest = fields.CharField(64, unique=True)
    until = fields.DatetimeField()

    class Meta:
        table = "spent_token"
        indexes = (("until",),)


class IdentityVerificationRequest(Row):
    """One query to the authority's register of persons, with its response.

    Kept for a day or two: limits how often a person may cause queries, and repeats the response to the same query.
    """

    pool = fields.CharField(32)
    mobile_hash = fields.CharField(64)
    number_hash = fields.CharField(64)
    pair_hash = fields.CharField(64)
    answer = fields.CharField(12, default="")
    """A value of ``domain.identity.IdentityVerificationResult``; empty: no response."""
    asked_at = fields.DatetimeField()

    class Meta:
        table = "identity_verification_request"
        indexes = (("pool", "mobile_hash", "asked_at"), ("pool", "number_hash", "asked_at"), ("asked_at",))


class FormDraft(Row):
    """Unsaved input of a person in a form, to continue on any device; one per form."""

    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.CASCADE, related_name="drafts")
    account_id: UUID
    name = fields.CharField(60)
    """Kind and subject of the form: ``basic:<project id>``."""
    values_sealed = fields.TextField()
    saved_at = fields.DatetimeField()

    class Meta:
        table = "form_draft"
        unique_together = (("account_id", "name"),)
        indexes = (("saved_at",),)


class IdempotencyKey(Row):
    """The response to a request that must not be carried out twice.

    ``owner`` names the requester (a session, or a talk's id) and the operation; ``fingerprint`` is the keyed hash of
    the request, so that the same key with another body is refused. ``answer_sealed`` is empty while the action is under
    way.
    """

    owner = fields.CharField(80)
    key = fields.CharField(120)
    fingerprint = fields.CharField(64, default="")
    answer_sealed = fields.TextField(default="", db_default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "idempotency_key"
        unique_together = (("owner", "key"),)
        indexes = (("created_at",),)
