"""Signatures of certificates; with pyHanko installed they are checked by its own validation."""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from config.settings import PdfSeal
from gateways.document_renderer import TypstRenderer
from gateways.pdf_seal import PadesSealer, SealUnusable
from tests.factories.document_contents import SAMPLES


def make_seal(folder: Path, password: str = "word") -> PdfSeal:
    """A key of the pool's own, certified by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "演示省综合评标专家库")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    cert = built.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    path = folder / "seal.p12"
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"seal", key, cert, None, BestAvailableEncryption(b"word")))
    return PdfSeal(file=path, password=SecretStr(password))


async def test_a_pool_without_a_seal_gets_its_document_back() -> None:
    assert await PadesSealer({}).seal("demo", b"%PDF-1.7", "颁发证书") == b"%PDF-1.7"


def test_without_the_extra_the_start_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyhanko", None)
    with pytest.raises(SealUnusable, match="pip install"):
        PadesSealer({"demo": make_seal(tmp_path)})


async def test_a_signed_certificate_is_intact_until_a_byte_is_changed(tmp_path: Path) -> None:
    pytest.importorskip("pyhanko")
    renderer = TypstRenderer()
    pdf = await renderer.render_pdf("certificate", SAMPLES["certificate"]())
    renderer.close()
    signed = await PadesSealer({"demo": make_seal(tmp_path)}).seal("demo", pdf, "颁发证书")
    assert signed.startswith(pdf)
    assert await is_intact(signed)
    at = len(pdf) // 2
    assert not await is_intact(signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :])


def test_a_wrong_password_stops_the_start(tmp_path: Path) -> None:
    pytest.importorskip("pyhanko")
    with pytest.raises(SealUnusable, match="打不开"):
        PadesSealer({"demo": make_seal(tmp_path, "other")})


async def is_intact(signed: bytes) -> bool:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import async_validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    (signature,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    status = await async_validate_pdf_signature(signature, ValidationContext(allow_fetching=False, trust_roots=[]))
    return bool(status.intact and status.coverage.name == "ENTIRE_FILE")
