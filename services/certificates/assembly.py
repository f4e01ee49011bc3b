"""Builds the services of certificates."""

from __future__ import annotations

from dataclasses import dataclass

from services.certificates.files import CertificateFiles
from services.certificates.issuing import Issuing
from services.certificates.queries import CertificateQueries
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.core.signed_links import Links
from services.files import FileDelivery
from services.notifications import Notices
from services.ports import DocumentRenderer, Sealer


@dataclass(frozen=True)
class CertificateServices:
    issuing: Issuing
    queries: CertificateQueries
    files: CertificateFiles
    due_tasks: tuple[DueTask, ...]


def build(
    deps: Deps, notices: Notices, links: Links, renderer: DocumentRenderer, delivery: FileDelivery, sealer: Sealer
) -> CertificateServices:
    issuing = Issuing(deps, notices)
    return CertificateServices(
        issuing,
        CertificateQueries(deps),
        CertificateFiles(deps, links, renderer, delivery, sealer),
        (DueTask("certificate_ending", "", issuing.remind_ending),),
    )
