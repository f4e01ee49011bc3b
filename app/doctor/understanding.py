"""Checks that the chat understands sentences."""

from __future__ import annotations

from app.doctor.findings import CheckFinding, ok, problem
from app.intent_files import MODEL, SHIPPED_INTENTS, load_model
from config.settings import Settings
from domain.understanding.intents import UNKNOWN, BadIntents
from domain.understanding.model import BadModel

UNDERSTANDING = "聊天理解"


async def check_understanding(_settings: Settings) -> list[CheckFinding]:
    """Whether the intents and their model are whole and fit each other."""
    files = SHIPPED_INTENTS
    try:
        intents, model = files.intents, load_model(files.folder / MODEL)
    except (BadIntents, BadModel) as error:
        advice = "聊天只认得固定的词语和点选；请重新安装本服务，或恢复 config/intents 目录。"
        return [problem(UNDERSTANDING, f"{error}。{advice}")]
    if missing := {UNKNOWN, *intents} - set(model.labels):
        return [problem(UNDERSTANDING, f"模型没有学过：{'、'.join(sorted(missing))}。请执行 make intents。")]
    return [ok(UNDERSTANDING, f"能理解 {len(intents)} 种意思。")]
