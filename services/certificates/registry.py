"""Use cases of certificates, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.certificates.files import CertificateFiles
from services.certificates.issuing import Issuing
from services.certificates.queries import CertificateQueries
from services.core.due_tasks import DueTask


@dataclass(frozen=True)
class CertificateServices:
    issuing: Issuing
    queries: CertificateQueries
    files: CertificateFiles

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("certificate_ending", "", self.issuing.remind_ending),)
