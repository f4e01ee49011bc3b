"""Tender projects (招标项目) and their lots (标段)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row


class Project(Row):
    """A tender project with the fields of the manual's form; ``investment`` in fen. Read-only once a draw is linked.

    ``on_site`` (进场项目): evaluated at a trading centre, which assigned its number.
    """

    pool = fields.CharField(32)
    organisation: Any = fields.ForeignKeyField(
        "models.Organisation", on_delete=fields.RESTRICT, related_name="projects"
    )
    organisation_id: UUID
    agent: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="projects")
    agent_id: UUID
    name = fields.CharField(200)
    number = fields.CharField(60, default="")
    on_site = fields.BooleanField(default=False, db_default=False)
    category = fields.CharField(60)
    region = fields.CharField(6)
    funding_source = fields.CharField(60)
    tender_method = fields.CharField(60)
    organisation_form = fields.CharField(60)
    tenderee_category = fields.CharField(60)
    investment = fields.BigIntField()
    approval_number = fields.CharField(60, default="")
    investment_code = fields.CharField(60, default="")
    tenderee_name = fields.CharField(200)
    tenderee_code = fields.CharField(40)
    agency_name = fields.CharField(200)
    agency_code = fields.CharField(40, default="")
    contact = fields.CharField(50)
    contact_phone_sealed = fields.TextField(default="", db_default="")
    created_at = fields.DatetimeField()
    deleted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "project"
        indexes = (("pool", "organisation_id", "created_at"),)


class Lot(Row):
    """A lot; a project without lots counts as one. ``investment`` in fen."""

    project: Any = fields.ForeignKeyField("models.Project", on_delete=fields.RESTRICT, related_name="lots")
    project_id: UUID
    name = fields.CharField(100)
    number = fields.CharField(60, default="")
    investment = fields.BigIntField(default=0)
    position = fields.IntField(default=0)

    class Meta:
        table = "lot"
        indexes = (("project_id",),)
