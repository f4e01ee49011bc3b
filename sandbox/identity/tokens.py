"""Signing keys and the id_token."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox import jsons
from sandbox.jsons import Json
from sandbox.phones import Phone


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def pkce_challenge(verifier: str) -> str:
    """The S256 challenge of a code verifier."""
    return b64(hashlib.sha256(verifier.encode()).digest())


def access_token_hash(access_token: str) -> str:
    """``at_hash`` of a token that is signed with RS256."""
    return b64(hashlib.sha256(access_token.encode()).digest()[:16])


class TokenSigner:
    """An RSA key made at first use, since making one takes a while."""

    def __init__(self) -> None:
        self._key: rsa.RSAPrivateKey | None = None
        self._making = threading.Lock()
        self.key_id = secrets.token_hex(8)

    @property
    def key(self) -> rsa.RSAPrivateKey:
        """One key for all threads: the published key is the one that signs."""
        with self._making:
            if self._key is None:
                self._key = rsa.generate_private_key(65537, 2048)
            return self._key

    def jwk(self) -> Json:
        numbers = self.key.public_key().public_numbers()
        modulus = numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big")
        return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key_id, "n": b64(modulus), "e": "AQAB"}

    def sign(self, claims: Json, *, forged: bool = False) -> str:
        """A JWT; ``forged``: signed by another key under our key id."""
        key = rsa.generate_private_key(65537, 2048) if forged else self.key
        head: Json = {"alg": "RS256", "typ": "JWT", "kid": self.key_id}
        text = f"{b64(jsons.dumps(head).encode())}.{b64(jsons.dumps(claims).encode())}"
        return f"{text}.{b64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def person_claims(phone: Phone) -> Json:
    """Claims of the platform about a person. ``sub`` stays the same for a person."""
    claims: Json = {
        "sub": hashlib.sha256(f"identity|{phone.mobile}".encode()).hexdigest()[:32],
        "name": phone.name,
        "mobile": phone.mobile,
        "id_number": phone.id_number,
        "level": phone.level,
        "user_type": phone.user_type,
    }
    if phone.organisation:
        claims["organisation"] = {"name": phone.organisation, "credit_code": phone.credit_code}
    return claims
