"""The demonstration's item bank: questions on the law of bid evaluation, imported as the office imports a sheet."""

from __future__ import annotations

from pathlib import Path

from app.demo.data import POOL
from app.players.people import CAST
from models.exams import ExamItem
from services.accounts import account_by_mobile
from services.core.base import Actor, Deps
from services.exams import ItemImport
from services.inspection.checker import FileChecker


async def load_exam_items(deps: Deps, folder: Path) -> int:
    """Import the items and return their number; none if the bank has items already. The cast must exist."""
    if await ExamItem.exists(pool=POOL):
        return 0
    admin = next(person for person in CAST if person.role == "admin")
    account = await account_by_mobile(deps, POOL, admin.mobile)
    actor = Actor(POOL, "pool_admin", account.id)
    item_import = ItemImport(deps, FileChecker())
    view = await item_import.read(actor, (folder / f"{POOL}.csv").read_bytes())
    if view.errors:
        first = view.errors[0]
        raise RuntimeError(f"the demo's items are bad at line {first.line}, {first.column}: {first.reason}")
    done = await item_import.apply(actor, view.id, "skip")
    return done.counts["add"]
