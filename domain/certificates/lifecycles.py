"""The lifecycle of a certificate. Expiry follows from its date and is no state."""

from __future__ import annotations

from domain.lifecycle import Labelled, Lifecycle


class CertificateState(Labelled):
    """State of a certificate (证书)."""

    VALID = "valid", "有效"
    REPLACED = "replaced", "已换发"
    """A new certificate with other data was issued in its place."""
    REVOKED = "revoked", "已撤销"


class CertificateEvent(Labelled):
    REPLACE = "replace", "换发"
    REVOKE = "revoke", "撤销"


CERTIFICATE: Lifecycle[CertificateState, CertificateEvent] = Lifecycle(
    noun="这张证书",
    initial=CertificateState.VALID,
    moves={
        CertificateState.VALID: {
            CertificateEvent.REPLACE: CertificateState.REPLACED,
            CertificateEvent.REVOKE: CertificateState.REVOKED,
        },
    },
)
