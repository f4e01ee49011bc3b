"""Platforms that work for organisations by the integrators' API (平台对接): clients, log-in, events."""

from services.integrations.access_tokens import Integrator, PlatformToken
from services.integrations.client_queries import STATES, ClientView, PostedEvent
from services.integrations.clients import SIGNING, ClientChange, ClientForm, NewSecrets, hash_secret
from services.integrations.event_rows import GIVEN_UP
from services.integrations.events import Event
from services.integrations.registry import IntegrationServices

__all__ = [
    "GIVEN_UP",
    "SIGNING",
    "STATES",
    "ClientChange",
    "ClientForm",
    "ClientView",
    "Event",
    "IntegrationServices",
    "Integrator",
    "NewSecrets",
    "PlatformToken",
    "PostedEvent",
    "hash_secret",
]
