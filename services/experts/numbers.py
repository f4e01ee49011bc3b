"""Expert numbers (专家编号): assigned at approval, permanent."""

from __future__ import annotations

from uuid import UUID

from domain.rulebook.book import Rulebook
from models.applications import Application
from models.experts import Expert
from services.core.base import rows

_OWN = """
SELECT e.number FROM expert e JOIN account a ON a.id = $1
 WHERE e.pool = a.pool AND (e.id = $2 OR e.id_number_hash = a.id_number_hash)
 ORDER BY e.id_number_hash = a.id_number_hash DESC NULLS LAST LIMIT 1
"""


async def expert_number(application: Application, book: Rulebook) -> str:
    """The number of the person's record if there is one, else the next free number."""
    own = await rows(_OWN, application.account_id, application.expert_id)
    return str(own[0]["number"]) if own else await _next_number(application.pool, book)


async def is_taken(pool: str, number: str, id_number_hash: str | None, expert_id: UUID | None) -> bool:
    """Whether another expert's record has the number."""
    holder = await Expert.get_or_none(pool=pool, number=number)
    return holder is not None and holder.id != expert_id and holder.id_number_hash != id_number_hash


async def _next_number(pool: str, book: Rulebook) -> str:
    while True:
        serial = (await rows("SELECT nextval('expert_number') AS n"))[0]["n"]
        number = f"{book.entry.number_prefix}{serial:0{book.entry.number_digits}d}"
        if not await Expert.exists(pool=pool, number=number):
            return number
