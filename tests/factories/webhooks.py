"""Receivers of events, in place of platforms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass
class FakeWebhooks:
    """Answers with ``answers`` in turn, then with 204; an exception is raised. ``posted``: url, body and headers."""

    answers: list[int | Exception] = field(default_factory=list)
    posted: list[tuple[str, bytes, Mapping[str, str]]] = field(default_factory=list)

    def refuse(self, url: str) -> str:
        return "" if url.startswith("https://") else "请使用https网址。"

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.posted.append((url, body, headers))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, Exception):
            raise answer
        return answer
