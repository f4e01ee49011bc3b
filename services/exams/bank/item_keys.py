"""Keys of items (答案), stored apart from their text. No module that serves a candidate may import this one.

A person who sits a running examination sees no key, whatever the person's role.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.errors import Forbidden
from models.exams import ExamCandidate, ExamItemKey
from services.core.base import Actor
from services.core.permissions import check


@dataclass(frozen=True)
class ItemKey:
    """``mask``: correct options; ``answer``: the model answer of a short answer."""

    mask: int = 0
    answer: str = ""
    explanation: str = ""


async def check_may_see(actor: Actor) -> None:
    """Raises Forbidden."""
    check(actor, "exam.keys")
    called = ExamCandidate.filter(account_id=actor.account_id, exam__pool=actor.pool, exam__state="published")
    if actor.account_id and await called.exclude(state="left").exists():
        raise Forbidden("您是一场考试的考生，考试结束前不能查看题库答案，请由其他管理员办理。", code="own_exam")


async def read_keys(versions: Iterable[UUID]) -> Mapping[UUID, ItemKey]:
    """Keys by version. The caller has called ``check_may_see``."""
    keys = await ExamItemKey.filter(version_id__in=list(versions))
    return {key.version_id: ItemKey(key.mask, key.answer, key.explanation) for key in keys}


async def write_keys(keys: Mapping[UUID, ItemKey]) -> None:
    """Insert keys of new versions, in the running transaction."""
    await ExamItemKey.bulk_create(
        [
            ExamItemKey(version_id=version_id, mask=key.mask, answer=key.answer, explanation=key.explanation)
            for version_id, key in keys.items()
        ]
    )
