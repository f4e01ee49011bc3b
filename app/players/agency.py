"""The agency, which sets a draw up in the steps of its pages and runs it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar

from app.players.browser import BrowserPage
from app.players.forms import EvaluationTimes, condition_fields, draw_fields, notice_fields, project_fields
from app.players.page_player import PagePlayer
from app.players.phones import NotArrived
from domain.draws.lifecycles import DrawState

_NUMBER = re.compile(r"CQ[A-Z]{2}\d{12}")
_BEFORE_CALLING = (DrawState.VERIFIED.label, DrawState.COMMITTING.label)


class Agency(PagePlayer):
    """Methods that are given a draw take its id, which ``begin_draw`` returns."""

    home: ClassVar[str] = "/agency"

    async def open_step(self, draw: str, step: str) -> BrowserPage:
        """A step of a draw that is being set up, or a tab of it afterwards."""
        return await self.open(f"/agency/draws/{draw}/{step}")

    # ---- setting up

    async def create_project(self, **change: str) -> str:
        """A project without lots; returns its id. Raises NotArrived."""
        await self.open("/agency/projects/new")
        page = await self.press("保存", "项目已保存", **project_fields(**change))
        return page.path.rpartition("/")[2]

    async def add_lot(self, name: str, investment: str = "100") -> None:
        """Add a lot to the project displayed; money in 万元."""
        await self.press("创建", name, name=name, investment=investment)

    async def begin_draw(
        self,
        project: str,
        times: EvaluationTimes,
        needed: int,
        supervisor: str,
        *,
        ticks: Sequence[str] = (),
        **change: str,
    ) -> str:
        """A draw under the supervisor of this name; ``ticks``: labels of lots and of earlier draws. Returns its id."""
        page = await self.open(f"/agency/draws/new?project={project}")
        ticked = page.form_of("保存，下一步").ticked(supervisor, *ticks)
        page = await self.press("保存，下一步", "回避", **draw_fields(times, needed, **change), **ticked)
        return page.path.split("/")[3]

    def read_number(self) -> str:
        """The number of the draw displayed. Raises NotArrived."""
        match = _NUMBER.search(self.page.text)
        if match is None:
            raise NotArrived(f"页面 {self.page.url} 上的活动编号")
        return match.group()

    async def add_notice(self, draw: str, times: EvaluationTimes, venue: str, address: str) -> None:
        await self.open_step(draw, "notices/new")
        await self.press("保存", "语音通知已保存", **notice_fields(times.gathering, venue, address))

    async def add_condition(self, draw: str, planned: int, **change: str) -> None:
        """On the only voice notice."""
        await self.open_step(draw, "conditions/new")
        await self.press("保存", "抽取条件已保存", **condition_fields(planned, **change))

    async def count_candidates(self, draw: str) -> str:
        """How many experts fulfil the only condition, as the page says."""
        await self.open_step(draw, "conditions")
        page = await self.press("预览人数", "还可预览")
        [count] = re.findall(r"主专业(\S*?人)", page.text)
        return str(count)

    async def attach_proof(self, draw: str, content: bytes, filename: str) -> None:
        """Attach a file to the application. Raises NotArrived."""
        await self.open_step(draw, "submit")
        await self.upload("上传", content, filename, "附件已上传")

    async def submit(self, draw: str, reason: str = "请核验") -> None:
        """Submit to the trading centre that the page proposes. Raises NotArrived."""
        await self.open_step(draw, "submit")
        await self.press("提交审核", "等待交易中心核验", reason=reason)

    # ---- running

    async def read_progress(self, draw: str) -> Mapping[str, str]:
        """The figures of the draw's page, by name."""
        return (await self.open_step(draw, "run")).facts

    async def open_round(self, draw: str) -> None:
        """Begin the draw of lots, or find it begun. Raises NotArrived."""
        page = await self.open_step(draw, "run")
        if "开始三方摇号" in page.buttons:
            await self.press("开始三方摇号", lambda page: "data-take-part" in page.html)

    async def start(self, draw: str) -> None:
        """Begin to call experts. Raises NotArrived."""
        await self.open_step(draw, "run")
        await self.press("启动抽取", lambda page: page.facts.get("label", _BEFORE_CALLING[0]) not in _BEFORE_CALLING)

    async def supplement(self, draw: str) -> None:
        """Go on calling for the places of those who don't come. Raises NotArrived."""
        await self.open_step(draw, "run")
        await self.press("启动补抽", "补抽已启动")

    async def end(self, draw: str, words: str) -> None:
        """End an activity whose evaluation has begun. Raises NotArrived."""
        await self.open(f"/draws/{draw}/exit")
        await self.press("结束活动", DrawState.ENDED.label, words=words)

    async def read_result(self, draw: str) -> BrowserPage:
        """The result, sealed or not."""
        return await self.open_step(draw, "result")
