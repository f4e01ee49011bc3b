"""Certificates (证书): issued, replaced, revoked; shown to their holders, the office, and anyone who scans one."""

from services.certificates.data_export import collect_certificates
from services.certificates.issuing import REASON_MAX, CertificateSubject, Issuing
from services.certificates.queries import LABELS, CertificateView, PublicCertificate
from services.certificates.registry import CertificateServices

__all__ = [
    "LABELS",
    "REASON_MAX",
    "CertificateServices",
    "CertificateSubject",
    "CertificateView",
    "Issuing",
    "PublicCertificate",
    "collect_certificates",
]
