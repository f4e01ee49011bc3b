"""What examinations are made of, put together once."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.core.signed_links import Links
from services.exams.bank import ItemBank
from services.exams.bank_export import BankExport
from services.exams.bank_queries import BankQueries
from services.exams.item_import import ItemImport
from services.exams.item_pictures import ItemPictures
from services.files import FileServices
from services.inspection.checker import FileChecker


@dataclass(frozen=True)
class ExamServices:
    bank: ItemBank
    bank_queries: BankQueries
    bank_export: BankExport
    item_import: ItemImport
    pictures: ItemPictures
    due_tasks: tuple[DueTask, ...]


def build(deps: Deps, links: Links, stored: FileServices, checker: FileChecker) -> ExamServices:
    pictures = ItemPictures(deps, links, stored.store, checker)
    queries = BankQueries(deps, pictures)
    return ExamServices(
        bank=ItemBank(deps, pictures),
        bank_queries=queries,
        bank_export=BankExport(deps, queries),
        item_import=ItemImport(deps, checker),
        pictures=pictures,
        due_tasks=(),
    )
