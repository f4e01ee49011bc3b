"""Answer files (离线作答): what a phone that had no network at the end could not send, sealed in the browser.

``PBT1.`` and the attempt's id in hex, then base64url of an ephemeral P-256 point (65 bytes), a nonce (12) and AES-GCM;
the key is HKDF-SHA-256 of the ECDH secret with ``info`` ``pbt-answer-file-v1``, the id in hex is bound in. ``PBT0.`` is
the same unencrypted, for a browser without WebCrypto: it proves no less, since a phone's data prove nothing.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from domain.errors import InvalidInput
from domain.exams.answers import TEXT_MAX, ExamAnswer
from services.core.crypto import Keyring

CODE_MAX = 200_000
_INFO = b"pbt-answer-file-v1"
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Order of the curve P-256."""
_POINT, _NONCE = 65, 12


class _Line(BaseModel):
    slot: int = Field(ge=0, lt=400)
    mask: int = Field(ge=0, le=32_767)
    text: str = Field(max_length=TEXT_MAX)
    at: AwareDatetime | None = None


class _Content(BaseModel):
    device: int = Field(ge=0, le=32_767)
    made_at: AwareDatetime
    answers: tuple[_Line, ...] = Field(max_length=400)


@dataclass(frozen=True)
class FiledAnswer:
    """``at``: time of the answer by the phone's clock, corrected to ours; a claim, no proof."""

    answer: ExamAnswer
    at: datetime | None


@dataclass(frozen=True)
class AnswerFile:
    """The last answer of each slot that the phone had not sent. ``made_at``: when the file was written."""

    attempt_id: UUID
    device: int
    made_at: datetime
    answers: Mapping[int, FiledAnswer]


@dataclass(frozen=True)
class AnswerFiles:
    """Decrypts files with a key derived from the service's own, so that no further key is needed."""

    keys: Keyring

    @cached_property
    def _private_key(self) -> ec.EllipticCurvePrivateKey:
        seed = HKDF(hashes.SHA256(), 48, None, _INFO + b" key").derive(self.keys.signing)
        return ec.derive_private_key(int.from_bytes(seed, "big") % (_ORDER - 1) + 1, ec.SECP256R1())

    @cached_property
    def public_key(self) -> str:
        """The point, uncompressed, in base64url: what browsers seal to."""
        point = self._private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    def unseal(self, code: str) -> tuple[UUID, bytes]:
        """The attempt and the content. Raises InvalidInput."""
        kind, _, rest = "".join(code.split())[:CODE_MAX].partition(".")
        name, _, body = rest.partition(".")
        try:
            attempt_id, raw = UUID(hex=name), base64.b64decode(body + "=" * (-len(body) % 4), b"-_", validate=True)
            if kind == "PBT1":
                return attempt_id, self._decrypt(attempt_id, raw)
        except (ValueError, binascii.Error, InvalidTag) as error:
            raise _unreadable_file() from error
        if kind != "PBT0":
            raise _unreadable_file()
        return attempt_id, raw

    def _decrypt(self, attempt_id: UUID, raw: bytes) -> bytes:
        point, nonce, body = raw[:_POINT], raw[_POINT : _POINT + _NONCE], raw[_POINT + _NONCE :]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        key = HKDF(hashes.SHA256(), 32, None, _INFO).derive(self._private_key.exchange(ec.ECDH(), theirs))
        return AESGCM(key).decrypt(nonce, body, attempt_id.hex.encode())

    @staticmethod
    def read(attempt_id: UUID, content: bytes) -> AnswerFile:
        """Raises InvalidInput."""
        try:
            body = _Content.model_validate_json(content)
        except ValidationError as error:
            raise _unreadable_file() from error
        answers = {line.slot: FiledAnswer(ExamAnswer(line.mask, line.text), line.at) for line in body.answers}
        return AnswerFile(attempt_id, body.device, body.made_at, answers)


def _unreadable_file() -> InvalidInput:
    return InvalidInput(
        "作答文件不完整或已损坏，请在答题的手机上重新复制，从“PBT”开头到结尾全部粘贴。",
        code="answer_file_unreadable",
        field="code",
    )
