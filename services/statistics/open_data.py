"""Public data of finished draws (公开数据): numbers and times, no names of persons, units or projects.

A draw appears with its public record, when nothing of it changes any more; the record's number leads to its whole
course.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from domain.draws.lifecycles import DrawState
from domain.draws.record import Ended
from domain.errors import InvalidInput, NotFound
from services.core.base import Deps, rows
from services.core.months import month_bounds

PAGE_MAX = 500
_DRAWS = """
SELECT d.number, d.kind, d.state, p.region, d.started_at, d.finished_at, d.ended_at, d.starts_at AS evaluation_at,
  (SELECT json_agg(json_build_object('specialty', c.specialty, 'region_mode', c.region_mode, 'regions', c.regions,
     'needed', c.needed, 'agreed', c.accepted) ORDER BY c.position) FROM draw_condition c WHERE c.draw_id = d.id)
    AS conditions,
  count(i.id) AS called,
  count(i.id) FILTER (WHERE i.state IN ('accepted', 'left', 'absent', 'released')) AS agreed,
  count(i.id) FILTER (WHERE i.state = 'declined') AS declined,
  count(i.id) FILTER (WHERE i.state = 'silent') AS silent,
  count(i.id) FILTER (WHERE EXISTS (SELECT FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in'))
    AS present
FROM draw d JOIN project p ON p.id = d.project_id JOIN draw_log l ON l.draw_id = d.id AND l.seq = d.log_length
  LEFT JOIN invitation i ON i.draw_id = d.id
WHERE d.pool = $1 AND d.ended_at >= $2 AND d.ended_at < $3 AND d.starts_at <= $6 AND l.act = $4 AND d.number > $5
GROUP BY d.id, p.region ORDER BY d.number LIMIT $7
"""


@dataclass(frozen=True)
class OpenCondition:
    specialty: Annotated[str, Field(description="评标专业代码（发改法规〔2010〕1538号），空为不限", examples=["A0401"])]
    region_mode: Annotated[str, Field(description="permanent按常驻地区，willing按愿意评标地区", examples=["permanent"])]
    regions: Annotated[tuple[str, ...], Field(description="抽取的地区，行政区划代码", examples=["430100"])]
    needed: Annotated[int, Field(description="需要的专家人数", examples=[3])]
    agreed: Annotated[int, Field(description="结束时同意参加的专家人数", examples=[3])]


@dataclass(frozen=True)
class OpenDraw:
    number: Annotated[str, Field(description="活动编号", examples=["CQSQ202611210001"])]
    record: Annotated[str, Field(description="完整抽取记录的地址，任何人可以核对", examples=["https://…/record/…"])]
    kind: Annotated[str, Field(description="normal首次抽取，redraw重新抽取，recall通知原专家评标", examples=["normal"])]
    state: Annotated[str, Field(description="ended已结束，terminated已终止，released已退选", examples=["ended"])]
    region: Annotated[str, Field(description="项目所在地，行政区划代码", examples=["430102"])]
    started_at: Annotated[datetime | None, Field(description="启动抽取的时间，没有启动的为空", examples=[""])]
    filled_at: Annotated[datetime | None, Field(description="抽满的时间，没有抽满的为空", examples=[""])]
    evaluation_at: Annotated[datetime, Field(description="评标开始时间", examples=[""])]
    ended_at: Annotated[datetime, Field(description="活动结束的时间", examples=[""])]
    called: Annotated[int, Field(description="通知的专家人数", examples=[7])]
    agreed: Annotated[int, Field(description="同意参加的人数，含后来请假、缺席的", examples=[5])]
    declined: Annotated[int, Field(description="答复不参加的人数", examples=[1])]
    silent: Annotated[int, Field(description="未答复的人数", examples=[1])]
    present: Annotated[int, Field(description="到场的人数", examples=[5])]
    conditions: Annotated[tuple[OpenCondition, ...], Field(description="抽取条件，见下表", examples=[""])]


@dataclass(frozen=True)
class OpenMonth:
    """``after``: the number from which the next page begins; empty: this is the last one."""

    pool: str
    month: str
    draws: tuple[OpenDraw, ...]
    after: str


@dataclass(frozen=True)
class OpenData:
    deps: Deps

    async def month(self, pool: str, month: str, after: str = "") -> OpenMonth:
        """Draws that ended in a month such as ``2026-11`` and whose evaluation has begun, by number. Raises
        InvalidInput, NotFound for an unknown pool."""
        if pool not in self.deps.rulebooks:
            raise NotFound("没有这个专家库，请核对地址。", code="pool_unknown")
        since, until = month_bounds(month, month)
        if not (len(after) <= 24 and ((after.isascii() and after.isalnum()) or not after)):
            raise InvalidInput("after应是上一页返回的活动编号。", code="bad_after", field="after")
        listed = await rows(_DRAWS, pool, since, until, Ended.name, after, self.deps.now(), PAGE_MAX)
        return OpenMonth(
            pool,
            month,
            tuple(self._draw(pool, row) for row in listed),
            listed[-1]["number"] if len(listed) == PAGE_MAX else "",
        )

    def _draw(self, pool: str, row: Any) -> OpenDraw:
        numbers = {name: row[name] for name in ("called", "agreed", "declined", "silent", "present")}
        return OpenDraw(
            number=row["number"],
            record=f"{self.deps.public_url}/record/{pool}/{row['number']}",
            kind=row["kind"],
            state=DrawState(row["state"]).value,
            region=row["region"],
            started_at=row["started_at"],
            filled_at=row["finished_at"],
            evaluation_at=row["evaluation_at"],
            ended_at=row["ended_at"],
            conditions=tuple(
                OpenCondition(**{**condition, "regions": tuple(condition["regions"])})
                for condition in json.loads(row["conditions"] or "[]")
            ),
            **numbers,
        )
