"""What the chat did not understand, and the meaning that the office gives to it."""

from __future__ import annotations

from uuid import UUID

from tortoise import fields

from models.base import Row, text_array


class MisunderstoodSentence(Row):
    """A sentence that the chat did not understand, scrubbed of personal data (``domain.understanding.scrubbing``).

    Nothing says who wrote it. ``state``: open; assigned, while a paraphrase gives it a meaning; dismissed.
    """

    pool = fields.CharField(32)
    sentence_hash = fields.CharField(64)
    """Keyed, of the plain sentence: the same sentence counts in one row."""
    sentence_sealed = fields.TextField()
    speakers = fields.CharField(60)
    """As whom it was written: codes of ``Speaker``, with commas between."""
    offered: list[str] = text_array()
    """Ids of the intents that were last offered for it."""
    count = fields.IntField()
    first_at = fields.DatetimeField()
    last_at = fields.DatetimeField()
    state = fields.CharField(12)

    class Meta:
        table = "misunderstood_sentence"
        unique_together = (("pool", "sentence_hash"),)
        indexes = (("pool", "state", "count", "last_at"), ("last_at",))


class MisunderstoodWriter(Row):
    """How many sentences of one person were kept on a day (Shanghai), which is limited.

    ``writer_hash`` is keyed and contains the day: it names nobody, and no two days tell the same person.
    """

    writer_hash = fields.CharField(64, unique=True)
    day = fields.DateField()
    count = fields.IntField()

    class Meta:
        table = "misunderstood_writer"
        indexes = (("day",),)


class IntentParaphrase(Row):
    """A sentence to which the office has given a meaning. ``plain``: as ``intents.plain`` compares sentences."""

    pool = fields.CharField(32)
    intent = fields.CharField(60)
    sentence = fields.CharField(60)
    plain = fields.CharField(200)
    at = fields.DatetimeField()
    actor_id: UUID = fields.UUIDField()

    class Meta:
        table = "intent_paraphrase"
        unique_together = (("pool", "plain"),)
        indexes = (("pool", "at"),)
