"""ReportPusher: pushed as JSON arrays, repeated after 1, 5 and 10 minutes until the receiver answers ``{"code":0}``."""

from __future__ import annotations

import asyncio

import aiohttp

from sandbox import jsons
from sandbox.jsons import Json
from sandbox.world import World

BATCH = 100
GATHER_SECONDS = 0.05
OUT_OF_ORDER_SECONDS = 1.0


class ReportPusher:
    """One kind of report to one address. Reports of the same moment travel in one array."""

    def __init__(self, world: World, vendor: str, name: str, url: str) -> None:
        self._world = world
        self._vendor = vendor
        self._name = name
        self._url = url
        self._queue: list[Json] = []
        self._flushing = False

    def push(self, report: Json) -> None:
        """Send soon; nothing is sent when no address is set or a fault switch loses the report."""
        if not self._url:
            return
        faults = self._world.faults
        if faults.strikes(self._vendor, "lost"):
            self._world.ledger.add(self._vendor, "out", self._name, report, None, note="lost by a fault switch")
            return
        if late := faults.strikes(self._vendor, "out_of_order"):
            self._world.spawn(self._send_late([report], late.seconds or OUT_OF_ORDER_SECONDS))
            return
        self._queue.append(report)
        if faults.strikes(self._vendor, "twice"):
            self._world.spawn(self._send_late([report], 0))
        if not self._flushing:
            self._flushing = True
            self._world.spawn(self._flush())

    async def _flush(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        self._flushing = False
        waiting, self._queue = self._queue, []
        for start in range(0, len(waiting), BATCH):
            self._world.spawn(self._send(waiting[start : start + BATCH], 0))

    async def _send_late(self, reports: list[Json], seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._send(reports, 0)

    async def _send(self, reports: list[Json], tries: int) -> None:
        accepted, answer = await self._post(reports)
        retries = self._world.config.wire.report_retries
        note = "" if accepted else "repeated later" if tries < len(retries) else "given up"
        self._world.ledger.add(self._vendor, "out", self._name, reports, answer, note=note)
        if not accepted and tries < len(retries):
            self._world.timeline.run_after(retries[tries], lambda: self._world.spawn(self._send(reports, tries + 1)))

    async def _post(self, reports: list[Json]) -> tuple[bool, str]:
        """Whether the receiver accepted the reports, and its answer."""
        timeout = aiohttp.ClientTimeout(total=self._world.config.wire.report_timeout)
        headers = {"Content-Type": "application/json;charset=UTF-8"}
        try:
            async with self._world.http.post(
                self._url, data=jsons.dumps(reports).encode(), headers=headers, timeout=timeout
            ) as response:
                text = await response.text(errors="replace")
                return response.status == 200 and _is_accepted(text), text[:500]
        except (aiohttp.ClientError, TimeoutError) as error:
            return False, f"{type(error).__name__}"


def _is_accepted(text: str) -> bool:
    try:
        return jsons.text(jsons.loads(text), "code") == "0"
    except ValueError:
        return False
