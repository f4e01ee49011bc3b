"""``pbt demo``: plays one whole draw over HTTP, without a browser, and checks the resulting record and database.

With ``--exam`` an examination instead.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import click

from app.command_error import CommandError
from app.commands.sandbox import check_packages
from app.demo.data import POOL
from app.demo.exam_story import ExamStory
from app.demo.stage import DemoStage, stage
from app.demo.story import Story
from app.players.http_client import Refused
from app.players.phones import NotArrived
from app.preparations import bring_demo_items, bring_demo_people
from config.logging import configure_logging
from domain.draws import verify_draw
from services.operations import find_broken, find_broken_audit

_STARTING = "正在启动数据库、服务和沙箱（约十秒）……"


@click.command()
@click.option("--exam", is_flag=True, help="演示一次考试：断线、换设备、自动交卷、成绩、证书")
@click.option("--keep", is_flag=True, help="结束后保留临时目录（日志、抽取记录、数据库）")
def command(exam: bool, keep: bool) -> int:
    check_packages()
    configure_logging(json=False, level="error")
    folder = Path(tempfile.mkdtemp(prefix="pbt-demo-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user, who needs to traverse the folder
    try:
        faults = asyncio.run(_play_exam(folder) if exam else _play(folder))
        keep = keep or bool(faults)
    except (NotArrived, Refused, LookupError, aiohttp.ClientError) as error:
        keep = True
        raise CommandError(f"演示没有完成：{error}\n日志在 {folder / 'output.log'}。") from error
    finally:
        if keep:
            print(f"\n临时目录保留在 {folder}，看完请自行删除。", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if faults else 0


async def _play(folder: Path) -> list[str]:
    began = time.monotonic()
    print(_STARTING, flush=True)
    async with stage(folder / "var", prepare=[bring_demo_people], durable=False) as running:
        story = Story(running, lambda line: print(line, flush=True))
        await story.play()
        faults = await _check(running, story, folder / "record.json")
        print(f"\n{await story.summary()}\n用时{time.monotonic() - began:.0f}秒。")
    return _verdict(faults)


async def _play_exam(folder: Path) -> list[str]:
    began = time.monotonic()
    print(_STARTING, flush=True)
    async with stage(folder / "var", prepare=[bring_demo_people, bring_demo_items], durable=False) as running:
        bank = running.settings.rulebooks.parent / "exam_items" / f"{POOL}.csv"
        story = ExamStory(running, bank, lambda line: print(line, flush=True))
        await story.play()
        story.transcript.heading("五、检查数据")
        faults = story.faults() + await _broken(running)
        print(f"\n{story.summary()}\n用时{time.monotonic() - began:.0f}秒。")
    return _verdict(faults)


def _verdict(faults: list[str]) -> list[str]:
    for fault in faults:
        print(f"  ✗ {fault}")
    print("演示通过。" if not faults else f"演示未通过，有{len(faults)}处问题。")
    return faults


async def _check(running: DemoStage, story: Story, record: Path) -> list[str]:
    """Verify the public record, the invariants of the database, and the end of the story."""
    story.transcript.heading("十、验算抽取记录，检查数据")
    await story.save_record(record)
    receipts = [word for receipt in story.receipts for word in ("--receipt", receipt)]
    faults = await story.faults()
    if verify_draw.main([str(record), *receipts]) != 0:
        faults.append("抽取记录没有通过验算。")
    return faults + await _broken(running)


async def _broken(running: DemoStage) -> list[str]:
    """Violated invariants of the database."""
    broken = await find_broken() + await find_broken_audit(running.deps)
    print("数据检查通过。" if not broken else "数据检查发现问题。")
    return broken
