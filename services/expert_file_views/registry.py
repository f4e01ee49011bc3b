"""Views of experts' files, as other packages and edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

from services.expert_file_views.drawing_chances import OwnChances
from services.expert_file_views.office_file import OfficeFiles
from services.expert_file_views.own_file import OwnFiles


@dataclass(frozen=True)
class ExpertFileViewServices:
    own_files: OwnFiles
    own_chances: OwnChances
    office_files: OfficeFiles
