"""Intents, their sentences and the trained model, read from ``config/intents/``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import structlog

from domain.understanding.intents import BadIntents, Intent, read_intents
from domain.understanding.model import BadModel, LinearModel
from domain.understanding.sentences import Sentences, read_sentences

FOLDER = Path(__file__).parents[1] / "config" / "intents"
SENTENCES = "sentences"
MODEL = "model.bin"

log = structlog.get_logger()


@dataclass(frozen=True)
class IntentFiles:
    """Port ``IntentSource``: each part is read when it is first asked for."""

    folder: Path = FOLDER

    @cached_property
    def intents(self) -> dict[str, Intent]:
        """Raises BadIntents."""
        return read_intents(_parse(self.folder))

    @cached_property
    def model(self) -> LinearModel | None:
        """None for a missing or unreadable model, which is logged: exact words and taps work on."""
        try:
            return load_model(self.folder / MODEL)
        except BadModel as error:
            log.error("intent_model_unreadable", error=str(error))
            return None

    def read_sentences(self) -> Sentences:
        """Not kept: some megabytes that only training and the office's editing need. Raises BadIntents."""
        return read_sentences(_parse(self.folder / SENTENCES), self.intents)


SHIPPED_INTENTS = IntentFiles()
"""One for the process, so that each file is read once."""


def load_model(path: Path) -> LinearModel:
    """Raises BadModel, also for a file that can't be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadModel(f"{path.name}: {error.strerror}") from error
    return LinearModel.from_bytes(content)


def _parse(folder: Path) -> dict[str, dict[str, Any]]:
    try:
        return {path.name: tomllib.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.toml"))}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadIntents([f"{folder.name}: {error}"]) from error
