"""What is stored of an open talk between two messages, encrypted for one user.

The talk has no other state: any process continues it by running its coroutine again over the journal.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, cast

from bot.journal_values import Json, ValueBroken, decode, encode
from bot.messages import Message, Value
from services.core.crypto import Keyring, SealBroken

JOURNAL_TTL = timedelta(minutes=30)
"""How long a question stays open."""

_FORMAT = 1


class JournalBroken(Exception):
    """Damaged, of another user, or of a format or types that this version can't read."""


@dataclass(frozen=True)
class JournalEntry:
    """A completed step: ``value`` is encoded, ``at`` the time of the message that completed it.

    ``label`` is the kind of question, or the name of the service method.
    """

    kind: Literal["answer", "result", "error"]
    label: str
    value: Json
    at: datetime


@dataclass(frozen=True)
class Pending:
    """The open question. ``taps`` maps the ids offered with it to encoded values, ``labels`` in that order."""

    step: int
    label: str
    failed: int = 0
    taps: dict[int, Json] = field(default_factory=dict)
    labels: tuple[str, ...] = ()


@dataclass
class Journal:
    """``trigger`` is the message that began the talk; ``touched`` the time of the last one."""

    talk_id: str
    conversation: str
    version: int
    trigger: Message
    arguments: tuple[object, ...]
    touched: datetime
    entries: list[JournalEntry] = field(default_factory=list)
    pending: Pending | None = None

    def is_stale(self, now: datetime) -> bool:
        return now - self.touched > JOURNAL_TTL


def seal(journal: Journal, keys: Keyring) -> str:
    """Raises TypeError when an argument is of a type that a journal can't hold."""
    pending = journal.pending
    body: Json = {
        "format": _FORMAT,
        "talk": journal.talk_id,
        "conversation": journal.conversation,
        "version": journal.version,
        "trigger": message_to_json(journal.trigger),
        "arguments": [encode(item) for item in journal.arguments],
        "touched": journal.touched.isoformat(),
        "entries": [[entry.kind, entry.label, entry.value, entry.at.isoformat()] for entry in journal.entries],
        "pending": None
        if pending is None
        else [
            pending.step,
            pending.label,
            pending.failed,
            [[tap, value] for tap, value in pending.taps.items()],
            list(pending.labels),
        ],
    }
    return keys.seal(json.dumps(body, ensure_ascii=False, separators=(",", ":")), _purpose(journal.trigger))


def unseal(sealed: str, keys: Keyring, message: Message) -> Journal:
    """The open talk of the user of ``message``. Raises JournalBroken."""
    try:
        body = json.loads(keys.open(sealed, _purpose(message)))
        if body["format"] != _FORMAT:
            raise JournalBroken(f"format {body['format']}")
        return _journal(body)
    except (SealBroken, ValueBroken, KeyError, TypeError, ValueError) as error:
        raise JournalBroken(str(error)) from error


def _journal(body: dict[str, Json]) -> Journal:
    entries = cast("list[tuple[Literal['answer', 'result', 'error'], str, Json, str]]", body["entries"])
    return Journal(
        talk_id=cast("str", body["talk"]),
        conversation=cast("str", body["conversation"]),
        version=cast("int", body["version"]),
        trigger=message_from_json(body["trigger"]),
        arguments=tuple(decode(item) for item in cast("list[Json]", body["arguments"])),
        touched=datetime.fromisoformat(cast("str", body["touched"])),
        entries=[JournalEntry(kind, label, value, datetime.fromisoformat(at)) for kind, label, value, at in entries],
        pending=_pending(body["pending"]),
    )


_PendingRow: TypeAlias = "tuple[int, str, int, list[tuple[int, Json]], list[str]]"


def _pending(row: Json) -> Pending | None:
    if row is None:
        return None
    step, label, failed, taps, labels = cast("_PendingRow", row)
    return Pending(step, label, failed, dict(taps), tuple(labels))


def _purpose(message: Message) -> str:
    return f"journal:{message.appid}:{message.openid}"


def message_to_json(message: Message) -> Json:
    """Plain data, not yet encrypted."""
    return {
        "pool": message.pool,
        "appid": message.appid,
        "fields": cast("dict[str, Json]", dict(message.fields)),
        "received_at": message.received_at.isoformat(),
        "digest": message.digest,
    }


def message_from_json(body: Json) -> Message:
    """Raises KeyError, TypeError or ValueError when it isn't what ``message_to_json`` wrote."""
    row = cast("dict[str, str]", body)
    fields = cast("dict[str, Value]", cast("dict[str, Json]", body)["fields"])
    received_at = datetime.fromisoformat(row["received_at"])
    return Message(row["pool"], row["appid"], fields, received_at, row["digest"])
