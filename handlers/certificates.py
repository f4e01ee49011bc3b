"""A person's certificates (证书): one bubble of links."""

from __future__ import annotations

from collections.abc import Sequence

from bot.router import Router
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_date
from domain.errors import Unauthenticated
from handlers import commands, people, texts
from services.certificates import LABELS, CertificateView
from services.core.base import Actor

_SHOWN = 5


def register(router: Router) -> None:
    router.keyword(list_certificates, commands.CERTIFICATES, "我的证书", "合格证", "合格证书", "下载证书")
    router.menu("CERTIFICATES", list_certificates)


async def list_certificates(turn: Turn) -> str:
    """Newest first; the page has all of them, with the files."""
    certificates = await find_own_certificates(turn)
    if not certificates:
        return f"{texts.NO_CERTIFICATE}\n{commands.tap_lines(commands.STATUS, commands.HELP)}"
    return certificate_links(turn, certificates)


async def find_own_certificates(turn: Turn) -> tuple[CertificateView, ...]:
    """The person's certificates, newest first. Raises Unauthenticated for who is not bound."""
    who = await people.find_who(turn)
    if who is None:
        raise Unauthenticated(f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}")
    actor = Actor(turn.user.pool, "expert" if who.expert_id else "applicant", who.account_id, who.expert_id)
    return await turn.services.certificates.queries.own(actor)


def certificate_links(turn: Turn, certificates: Sequence[CertificateView]) -> str:
    """A link to each of the newest, and to the page of all."""
    page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/certificates"
    lines = [texts.CERTIFICATES, *(_line(certificate, page) for certificate in certificates[:_SHOWN])]
    return "\n".join([*lines, link(texts.ALL_CERTIFICATES.format(count=len(certificates)), page)])


def _line(certificate: CertificateView, page: str) -> str:
    until = f"有效期至{print_date(certificate.valid_until)}" if certificate.valid_until else "长期有效"
    state = until if certificate.validity == "valid" else LABELS[certificate.validity]
    return f"▸ {link(certificate.title, f'{page}/{certificate.id}')}\n{certificate.number} {state}"
