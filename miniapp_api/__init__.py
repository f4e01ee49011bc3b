"""Edge: REST for the mini-program. A package per noun: routes and their schemas; ``http``: auth, OpenAPI 3.1."""

from miniapp_api.assembly import setup

__all__ = ["setup"]
