"""The file store: encrypted files, previews, material for download, and the deletion of unneeded files."""

from services.files.delivery import LINK_TTL, FileDelivery, FileKind, account_of, check_address
from services.files.evidence import EVIDENCE_MAX, NO_EVIDENCE, EvidenceFiles, StoredEvidence
from services.files.garbage_collection import schedule_removal
from services.files.material_queries import Audience, MaterialQueries, MaterialView
from services.files.materials import POSITION_MAX, MaterialData, Materials
from services.files.names import clean_name
from services.files.previews import Previews, preview_key
from services.files.registry import FileServices
from services.files.sealed_files import FileLost, SealedFiles, new_key

__all__ = [
    "EVIDENCE_MAX",
    "LINK_TTL",
    "NO_EVIDENCE",
    "POSITION_MAX",
    "Audience",
    "EvidenceFiles",
    "FileDelivery",
    "FileKind",
    "FileLost",
    "FileServices",
    "MaterialData",
    "MaterialQueries",
    "MaterialView",
    "Materials",
    "Previews",
    "SealedFiles",
    "StoredEvidence",
    "account_of",
    "check_address",
    "clean_name",
    "new_key",
    "preview_key",
    "schedule_removal",
]
