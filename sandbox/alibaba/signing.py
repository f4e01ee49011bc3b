"""Both signatures of the RPC style, checked as the vendor's documents describe them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import quote

SKEW = 900.0
"""Seconds a request's time may be off."""


class SignatureError(Exception):
    """The request is refused; ``code`` is the vendor's error code."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


def encode(text: str) -> str:
    return quote(text, safe="~")


def canonical_query(parameters: Mapping[str, str]) -> str:
    return "&".join(f"{encode(key)}={encode(parameters[key])}" for key in sorted(parameters))


def sign_v1(secret: str, method: str, parameters: Mapping[str, str]) -> str:
    """HMAC-SHA1 over all parameters but Signature."""
    counted = {key: value for key, value in parameters.items() if key != "Signature"}
    text = f"{method}&%2F&{encode(canonical_query(counted))}"
    digest = hmac.new(f"{secret}&".encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A received V3 request; ``headers`` by lower-case name."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


def sign_v3(secret: str, request: SignedRequest, signed: list[str]) -> str:
    """Hex HMAC-SHA256 over the canonical request; ``signed`` names the headers in lower case, sorted."""
    lines = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed)
    digest = hashlib.sha256(request.body).hexdigest()
    canonical = "\n".join(
        (request.method, request.path, canonical_query(request.query), lines, ";".join(signed), digest)
    )
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


_AUTHORIZATION = re.compile(
    r"ACS3-HMAC-SHA256 Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})"
)


def parse_time(text: str) -> float:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise SignatureError(
            "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted."
        ) from error


def check_v1(key_id: str, secret: str, method: str, parameters: Mapping[str, str]) -> tuple[str, str]:
    """Nonce and timestamp of a request whose signature is right; SignatureError otherwise."""
    _check_key(parameters.get("AccessKeyId", ""), key_id)
    if parameters.get("SignatureMethod") != "HMAC-SHA1" or parameters.get("SignatureVersion") != "1.0":
        raise SignatureError("InvalidParameter", "SignatureMethod or SignatureVersion is not supported.")
    _compare(sign_v1(secret, method, parameters), parameters.get("Signature", ""))
    return parameters.get("SignatureNonce", ""), parameters.get("Timestamp", "")


def check_v3(key_id: str, secret: str, request: SignedRequest) -> tuple[str, str]:
    """As ``check_v1``, for V3. The path may count as ``/``: our prefix isn't the vendor's."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None:
        raise SignatureError("IncompleteSignature", "The Authorization header is missing or malformed.")
    _check_key(match.group(1), key_id)
    signed = match.group(2).split(";")
    needed = {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"}
    if request.body:
        needed.add("content-type")
    if signed != sorted(signed) or not needed <= set(signed):
        raise SignatureError(
            "IncompleteSignature", "SignedHeaders must be sorted and hold host and all x-acs- headers."
        )
    if request.headers.get("x-acs-content-sha256") != hashlib.sha256(request.body).hexdigest():
        raise SignatureError("InvalidContentSha256", "x-acs-content-sha256 does not match the body.")
    wanted = [sign_v3(secret, item, signed) for item in (replace(request, path="/"), request)]
    if match.group(3) not in wanted:
        _compare(wanted[0], match.group(3))
    return request.headers.get("x-acs-signature-nonce", ""), request.headers.get("x-acs-date", "")


def _check_key(key_given: str, key_known: str) -> None:
    if key_given != key_known:
        raise SignatureError("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)


def _compare(expected: str, signature: str) -> None:
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise SignatureError("SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
