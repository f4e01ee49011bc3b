"""Use cases of files, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.files.delivery import FileDelivery
from services.files.garbage_collection import REMOVALS_DUE, SEARCH_DUE, FileGarbageCollector
from services.files.material_queries import MaterialQueries
from services.files.materials import Materials
from services.files.previews import Previews
from services.files.sealed_files import SealedFiles


@dataclass(frozen=True)
class FileServices:
    store: SealedFiles
    previews: Previews
    materials: Materials
    material_queries: MaterialQueries
    delivery: FileDelivery
    garbage_collector: FileGarbageCollector

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (
            DueTask("file_removals", REMOVALS_DUE, self.garbage_collector.remove_due),
            DueTask("store_search", SEARCH_DUE, self.garbage_collector.search_store),
        )
