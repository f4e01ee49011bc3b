"""Names for saving files."""

from __future__ import annotations

import re
import unicodedata

from domain.file_types import MaterialType

_NAME_MAX = 120
_FORBIDDEN_IN_NAMES = re.compile(r'[\\/:*?"<>|]')


def clean_name(name: str, kind: MaterialType | None = None) -> str:
    """A name for saving: no folders, no forbidden characters, and the ending of its type."""
    base = name.replace("\\", "/").rpartition("/")[2]
    visible = "".join(
        character for character in base if unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    )
    text = _FORBIDDEN_IN_NAMES.sub("_", visible).strip(" .")
    if kind is not None:
        stem, dot, ending = text.rpartition(".")
        has_ending = ending.lower() in ((kind, "jpeg", "jpe") if kind == "jpg" else (kind,))
        text = f"{(stem if dot and (has_ending or len(ending) <= 4) else text)[:_NAME_MAX]}.{kind}"
        return text if not text.startswith(".") else f"附件.{kind}"
    return text[-_NAME_MAX:] or "附件"
