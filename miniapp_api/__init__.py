"""Edge: REST for the mini-program. One file per noun: routes and their schemas; auth; OpenAPI 3.1."""

from miniapp_api.assembly import setup

__all__ = ["setup"]
