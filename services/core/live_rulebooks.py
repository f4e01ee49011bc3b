"""The rulebooks that hold now: those of the files, with what the office has edited laid over them."""

from __future__ import annotations

from collections.abc import Mapping

from domain.rulebook.book import Rulebook
from domain.rulebook.office_texts import Edit, lay_edits


class LiveRulebooks(dict[str, Rulebook]):
    """Rulebooks by pool. Each look-up returns the newest that this process knows, without asking the database:
    ``services.office_texts`` lays new edits over the ``files``."""

    def __init__(self, files: Mapping[str, Rulebook]) -> None:
        super().__init__(files)
        self.files = dict(files)
        self.versions: Mapping[str, int] = {}
        """The newest edit that was laid over each pool's file."""

    def lay(self, edits: Mapping[str, Mapping[str, Edit]], versions: Mapping[str, int]) -> dict[str, list[str]]:
        """Hold all pools' ``edits`` from now on. Returns the codes of those that don't fit the files, by pool."""
        laid = {pool: lay_edits(book, edits.get(pool, {})) for pool, book in self.files.items()}
        self.update({pool: book for pool, (book, _) in laid.items()})
        self.versions = versions
        return {pool: unfit for pool, (_, unfit) in laid.items() if unfit}
