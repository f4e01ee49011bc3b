"""Legal entities (法人) and the persons who act for them (经办人)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Organisation(Row):
    """``assurance_level`` is the identity platform's, 1–4; drawing needs the rulebook's minimum."""

    pool = fields.CharField(32)
    name = fields.CharField(200)
    credit_code = fields.CharField(40)
    assurance_level = fields.SmallIntField(default=0)
    legal_account: Any = fields.ForeignKeyField(
        "models.Account", on_delete=fields.RESTRICT, related_name="legal_of", null=True
    )
    legal_account_id: UUID | None
    """The account that logs in as the legal entity itself and sees the draws of all its agents."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "organisation"
        unique_together = (("pool", "credit_code"),)


class AgentLink(Row):
    """An agent of a legal entity for a period; counts once the person has accepted."""

    organisation: Any = fields.ForeignKeyField("models.Organisation", on_delete=fields.RESTRICT, related_name="agents")
    organisation_id: UUID
    account: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="agencies")
    account_id: UUID
    valid_from = fields.DatetimeField()
    valid_until = fields.DatetimeField()
    accepted_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    """When the organisation revoked it."""
    declined_at = fields.DatetimeField(null=True)
    """When the person declined or gave it up."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "agent_link"
        unique_together = (("organisation_id", "account_id"),)
