"""Keyed hashes under which rows of a person are found, although no row names him."""

from __future__ import annotations

from uuid import UUID

from services.core.crypto import Keyring


def reporter_hash(keys: Keyring, account_id: UUID) -> str:
    """Of who reports in the chat under the own name."""
    return keys.lookup_hash("reporter", str(account_id))


def asked_hash(keys: Keyring, invitation_id: UUID) -> str:
    """Of who is asked whether anybody contacted him about an evaluation."""
    return keys.lookup_hash("contact_question", str(invitation_id))
