"""Edge: REST for platforms that work for agencies (平台对接), below ``/platform``; parsing and refusals as in
``miniapp_api.http``."""

from platform_api.assembly import setup

__all__ = ["setup"]
