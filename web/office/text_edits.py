"""What the pages of texts and of venues share: the way back to an earlier version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from web.core.typed_forms import Id, Version


@dataclass(frozen=True)
class RestoreForm:
    """``id``: of an edit; ``seen``: the newest version that the page showed."""

    id: Annotated[UUID, Id("这个版本")]
    seen: Annotated[int, Version()]
