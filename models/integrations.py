"""Platforms that work for organisations by the integrators' API (平台对接), and the events posted to them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tortoise import fields

from models.base import Row, text_array


class IntegrationClient(Row):
    """A platform (对接系统) that works for an organisation, under the responsibility of ``agent``, one of its persons.

    It reaches what this person's own draws and projects are, and nothing before ``accepted_at``, when the person or the
    legal entity accepted it.
    """

    organisation: Any = fields.ForeignKeyField(
        "models.Organisation", on_delete=fields.RESTRICT, related_name="integration_clients"
    )
    organisation_id: UUID
    agent: Any = fields.ForeignKeyField("models.Account", on_delete=fields.RESTRICT, related_name="integration_clients")
    agent_id: UUID
    pool = fields.CharField(32)
    name = fields.CharField(60)
    scopes = text_array()
    networks = text_array()
    """CIDR; requests from elsewhere are refused."""
    webhook_url = fields.CharField(500)
    """Where events are posted; empty: none are."""
    webhook_secret_sealed = fields.TextField()
    former_secret_sealed = fields.TextField()
    """The signing secret before ``secret_changed_at``, which signs beside the present one for a while."""
    secret_changed_at = fields.DatetimeField(null=True)
    created_by_id = fields.UUIDField()
    created_at = fields.DatetimeField()
    accepted_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)

    class Meta:
        table = "integration_client"
        indexes = (("pool", "created_at"), ("agent_id",))


class IntegrationSecret(Row):
    """A secret with which a client logs in; a new one is valid beside the former one until that one's ``ends_at``."""

    client: Any = fields.ForeignKeyField("models.IntegrationClient", on_delete=fields.RESTRICT, related_name="secrets")
    client_id: UUID
    secret_hash = fields.CharField(64, unique=True)
    """Keyed hash; the secret itself is shown once and stored nowhere."""
    ending = fields.CharField(4)
    """Its last characters, by which people tell secrets apart."""
    created_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(null=True)

    class Meta:
        table = "integration_secret"
        indexes = (("client_id",),)


class IntegrationEvent(Row):
    """An event of a draw for a client, written by the trigger ``draw_event`` beside the change of the draw.

    ``next_at``: when it is posted (again); None: delivered, or given up. Its times are the database's own, as those of
    all technical repetitions.
    """

    client: Any = fields.ForeignKeyField("models.IntegrationClient", on_delete=fields.CASCADE, related_name="events")
    client_id: UUID
    draw: Any = fields.ForeignKeyField(
        "models.Draw", on_delete=fields.CASCADE, related_name="integration_events", null=True
    )
    draw_id: UUID | None
    """None: a test event."""
    kind = fields.CharField(30)
    state = fields.CharField(20)
    former_state = fields.CharField(20)
    happened_at = fields.DatetimeField()
    attempts = fields.SmallIntField()
    next_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)
    last_result = fields.CharField(60)
    """Status of the last answer, or why there was none."""

    class Meta:
        table = "integration_event"
        indexes = (("client_id", "happened_at"), ("draw_id",))
