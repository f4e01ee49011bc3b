"""Looking into a file in a process of its own: whatever a crafted file does to a decoder, it does it there.

``python -m services.file_checker attachment jpg,pdf`` (or ``material docx,pdf``) reads the file from standard input and
answers on standard output: a line of JSON, then the thumbnail, which only attachments have.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast, get_args

import structlog

from domain.errors import InvalidInput
from domain.rulebook_forms import FileType
from domain.rulebook_people import MaterialType
from services.file_contents import Found, inspect
from services.office_files import OFFICE_TYPES, inspect_material

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

TIMEOUT = 30.0
"""Seconds for one file, the start of the process included."""
MEMORY_MAX = 1536 * 1024 * 1024
CPU_MAX = 20
"""Seconds of processor time."""
AT_ONCE = 2
_ROOT = Path(__file__).parents[1]


class FileChecker:
    """Looks into at most two files at once; others wait."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def check(self, content: bytes, allowed: Collection[FileType]) -> Found:
        """Raises InvalidInput with what is wrong and what to do; a file that breaks the process is broken."""
        kind, thumbnail = await self._ask("attachment", content, allowed)
        return Found(cast(FileType, kind), thumbnail)

    async def check_material(self, content: bytes, allowed: Collection[MaterialType]) -> MaterialType:
        """The same for what the office offers, office documents too; what it is."""
        kind, _ = await self._ask("material", content, allowed)
        return kind

    async def _ask(self, way: str, content: bytes, allowed: Collection[str]) -> tuple[MaterialType, bytes]:
        async with self._turn:
            answer = await _run([sys.executable, "-m", "services.file_checker", way, ",".join(allowed)], content)
        if answer is None:
            raise InvalidInput("文件无法读取，请重新导出或拍照后再上传。", code="file_broken")
        head, _, thumbnail = answer.partition(b"\n")
        said = json.loads(head)
        if "message" in said:
            raise InvalidInput(said["message"], code=said["code"])
        return said["kind"], thumbnail


async def _run(command: Sequence[str], content: bytes) -> bytes | None:
    """What the process wrote; None when it failed or took too long. It gets none of our environment."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        cwd=_ROOT, env={"LANG": "C.UTF-8"},
    )  # fmt: skip
    try:
        async with asyncio.timeout(TIMEOUT):
            answer, _ = await process.communicate(content)
    except TimeoutError:
        log.warning("file_check_slow", bytes=len(content))
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        log.warning("file_check_failed", status=process.returncode, bytes=len(content))
        return None
    return answer


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_MAX, CPU_MAX))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    way, named = sys.argv[1], sys.argv[2].split(",")
    content, thumbnail = sys.stdin.buffer.read(), b""
    head: dict[str, str]
    try:
        if way == "material":
            head = {"kind": inspect_material(content, [kind for kind in OFFICE_TYPES if kind in named])}
        else:
            found = inspect(content, [kind for kind in get_args(FileType) if kind in named])
            head, thumbnail = {"kind": found.kind}, found.thumbnail
    except InvalidInput as refusal:
        head = {"message": refusal.message, "code": refusal.code}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + thumbnail)
    return 0


if __name__ == "__main__":
    sys.exit(main())
