"""Builds the services of files."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.core.signed_links import Links
from services.files.delivery import FileDelivery
from services.files.garbage_collection import REMOVALS_DUE, SEARCH_DUE, FileGarbageCollector
from services.files.material_queries import MaterialQueries
from services.files.materials import Materials
from services.files.previews import Previews
from services.files.sealed_files import SealedFiles
from services.inspection.checker import FileChecker
from services.ports import Files, Mailer


@dataclass(frozen=True)
class FileServices:
    store: SealedFiles
    previews: Previews
    materials: Materials
    material_queries: MaterialQueries
    delivery: FileDelivery
    due_tasks: tuple[DueTask, ...]


def build(deps: Deps, links: Links, files: Files, checker: FileChecker, mailer: Mailer) -> FileServices:
    store = SealedFiles(files, deps.keys)
    material_queries = MaterialQueries(deps, store)
    collector = FileGarbageCollector(deps, store)
    return FileServices(
        store=store,
        previews=Previews(store, checker),
        materials=Materials(deps, store, checker, material_queries),
        material_queries=material_queries,
        delivery=FileDelivery(deps, links, mailer),
        due_tasks=(
            DueTask("file_removals", REMOVALS_DUE, collector.remove_due),
            DueTask("store_search", SEARCH_DUE, collector.search),
        ),
    )
