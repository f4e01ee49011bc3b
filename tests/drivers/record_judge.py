"""The browser's check of draw records, run by Node.js over as many records as a fuzz likes."""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

SCRIPTS = Path(__file__).parents[2] / "web" / "static" / "draws"
NODE = shutil.which("node")
Verdict = list[list[object]] | str
"""``[severity, code, entry]`` of each finding, or ``unreadable``."""


class Judge:
    """Questions go out at once; all answers are read at the end, in their order."""

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self._stdin = stdin
        self._answers: list[str] = []
        self._reader = threading.Thread(target=lambda: self._answers.extend(stdout))
        self._reader.start()

    def compare_with(self, record: object) -> None:
        """What the next questions differ from."""
        self._ask(json.dumps({"original": record}, ensure_ascii=False))

    def ask(self, keep: int, log: Sequence[str], head: str, lists: object, receipts: Sequence[str]) -> None:
        """A record of the original's first ``keep`` entries and of others, each as JSON; ``lists`` None: the same."""
        facts = {"keep": keep, "head": head, "receipts": receipts} | ({} if lists is None else {"lists": lists})
        self._ask(f'{json.dumps(facts, ensure_ascii=False)[:-1]},"log":[{",".join(log)}]}}')

    def ask_file(self, content: bytes, receipts: Sequence[str] = ()) -> None:
        self._ask(json.dumps({"text": base64.b64encode(content).decode(), "receipts": list(receipts)}))

    def answers(self) -> list[Verdict]:
        self._stdin.close()
        self._reader.join()
        return [json.loads(line) for line in self._answers]

    def _ask(self, line: str) -> None:
        self._stdin.write(line + "\n")


@contextmanager
def judge_of(folder: Path) -> Iterator[Judge]:
    """``folder`` is empty and takes a copy of the page's scripts, which Node.js is told to be modules.

    Without Node.js nothing is answered.
    """
    if NODE is None:
        with Path(os.devnull).open("w", encoding="utf-8") as nobody:
            yield Judge(nobody, io.StringIO())
        return
    for name in ("record_check.js", "record_bytes.js"):
        shutil.copy(SCRIPTS / name, folder)
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    program = [NODE, str(Path(__file__).with_suffix(".mjs")), f"folder={folder}"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8") as node:
        assert node.stdin is not None
        assert node.stdout is not None
        judge = Judge(node.stdin, node.stdout)
        try:
            yield judge
        finally:
            judge.answers()
    assert node.returncode == 0
