"""The experts' files: reading them, and the one way to change them."""

from services.expert_files.changes import (
    append_change,
    change_file,
    expert_columns,
    open_file,
    read_facts,
    seal_values,
)
from services.expert_files.reading import (
    change_of,
    changes_of,
    file_of,
    get_own_expert,
    lock_file,
    lock_files,
    read_listed_employers,
)
from services.expert_files.records import record_values

__all__ = [
    "append_change",
    "change_file",
    "change_of",
    "changes_of",
    "expert_columns",
    "file_of",
    "get_own_expert",
    "lock_file",
    "lock_files",
    "open_file",
    "read_facts",
    "read_listed_employers",
    "record_values",
    "seal_values",
]
