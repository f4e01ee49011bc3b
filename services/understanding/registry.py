"""Use cases of understanding, for the edges."""

from __future__ import annotations

from dataclasses import dataclass

from services.understanding.meanings import Meanings
from services.understanding.misunderstood import Misunderstood
from services.understanding.paraphrase_editing import ParaphraseEditing
from services.understanding.paraphrases import Paraphrases


@dataclass(frozen=True)
class UnderstandingServices:
    meanings: Meanings
    misunderstood: Misunderstood
    paraphrases: Paraphrases
    paraphrase_editing: ParaphraseEditing
