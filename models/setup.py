"""Tortoise's configuration for the database."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

MODULES = [
    "models.accounts",
    "models.applications",
    "models.attendance",
    "models.audit",
    "models.campaigns",
    "models.certificates",
    "models.courses",
    "models.draws",
    "models.exams",
    "models.experts",
    "models.failures",
    "models.files",
    "models.helpdesk",
    "models.invitations",
    "models.materials",
    "models.notices",
    "models.organisations",
    "models.payments",
    "models.projects",
    "models.reviews",
]


async def _as_it_is(_connection: object) -> None:
    """Instead of asyncpg's CLOSE ALL, UNLISTEN, RESET ALL at every return of a connection to the pool.

    That is a round trip beside every single statement, and nothing of ours leaves state in a session. A transaction
    left open is rolled back by asyncpg all the same.
    """


def tortoise_config(database_url: str, *, pool_size: int = 10) -> dict[str, Any]:
    """Tortoise's configuration for ``postgres://user:password@host:port/name`` on asyncpg."""
    url = urlsplit(database_url)
    return {
        "connections": {
            "default": {
                "engine": "tortoise.backends.asyncpg",
                "credentials": {
                    "host": url.hostname or "127.0.0.1",
                    "port": url.port or 5432,
                    "user": unquote(url.username or ""),
                    "password": unquote(url.password or ""),
                    "database": url.path.lstrip("/"),
                    "minsize": 1,
                    "maxsize": pool_size,
                    "command_timeout": 30,
                    "application_name": "pingbiaotong",
                    "reset": _as_it_is,
                },
            }
        },
        "apps": {"models": {"models": MODULES, "default_connection": "default", "migrations": "models.migrations"}},
        "use_tz": True,
        "timezone": "UTC",
    }


SHAPE = tortoise_config("postgres://shape@127.0.0.1:5432/shape")
"""For ``tortoise -c models.setup.SHAPE makemigrations``, which compares models with migrations and connects nowhere."""
