"""E-mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class MailAttachment:
    filename: str
    media_type: str
    content: bytes


class Mailer(Protocol):
    async def send(
        self, pool: str, to: str, subject: str, text: str, attachments: Sequence[MailAttachment], *, message_id: str
    ) -> None:
        """Hand a mail to the server. The same ``message_id`` again is the same mail for the recipient."""
        ...
