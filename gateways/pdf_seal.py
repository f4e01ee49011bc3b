"""Signs PDFs of certificates (数字签名) as PAdES, by pyHanko, which is an optional extra: ``pip install '.[seal]'``.

A certifying signature that allows no change, by the pool's PKCS#12. A pool without one gets its PDF back unchanged;
validity is checked on the QR code's page in any case. No SM2: seals by GB/T 38540 need a licensed authority's service,
another implementation of the same port.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from typing import Any

from config.settings import PdfSeal
from domain.errors import Rejected

FIELD = "Seal"


class SealUnusable(Exception):
    """A seal in the settings can't be used; the text says what to do."""


class PadesSealer:
    """Implements the port Sealer. Raises SealUnusable at start-up rather than at the first certificate."""

    def __init__(self, seals: Mapping[str, PdfSeal]) -> None:
        self._signers = {pool: _signer(pool, seal) for pool, seal in seals.items()}

    async def seal(self, pool: str, pdf: bytes, reason: str) -> bytes:
        """Raises Rejected for a PDF or a key that can't be signed with. Some 100 ms, beside the event loop."""
        signer = self._signers.get(pool)
        return pdf if signer is None else await asyncio.to_thread(_sign, signer, pdf, reason)


def _signer(pool: str, seal: PdfSeal) -> Any:
    try:
        from pyhanko.sign import signers  # noqa: PLC0415 (an extra that few install)
    except ImportError as error:
        raise SealUnusable("PBT_SEALS 需要 pyHanko，请运行 pip install '.[seal]' 后重新启动。") from error
    signer = signers.SimpleSigner.load_pkcs12(str(seal.file), passphrase=seal.password.get_secret_value().encode())
    if signer is None:
        raise SealUnusable(f"PBT_SEALS 中 {pool} 的证书文件 {seal.file} 打不开，请核对路径和密码。")
    return signer


def _sign(signer: Any, pdf: bytes, reason: str) -> bytes:
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter  # noqa: PLC0415 (as above)
    from pyhanko.pdf_utils.misc import PdfError  # noqa: PLC0415
    from pyhanko.sign import signers  # noqa: PLC0415
    from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter  # noqa: PLC0415
    from pyhanko.sign.general import SigningError  # noqa: PLC0415

    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        reason=reason,
        certify=True,
        docmdp_permissions=MDPPerm.NO_CHANGES,
        subfilter=SigSeedSubFilter.PADES,
    )
    try:
        signed = signers.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), meta, signer=signer)
    except (SigningError, PdfError) as error:
        raise Rejected("not_signed", type(error).__name__) from error
    return bytes(signed.getvalue())
