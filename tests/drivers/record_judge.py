"""The browser's check of draw records, run by Node.js over many records."""

from __future__ import annotations

import base64
import json
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tests.drivers.programs import converse, require

SCRIPTS = Path(__file__).parents[2] / "web" / "static" / "draws"
Verdict = list[list[object]] | str
"""``[severity, code, entry]`` of each finding, or ``unreadable``."""


class Judge:
    """Sends questions at once; all answers are read at the end, in their order."""

    def __init__(self, stdin: IO[str], stdout: IO[str]) -> None:
        self._stdin = stdin
        self._answers: list[str] = []
        self._reader = threading.Thread(target=lambda: self._answers.extend(stdout))
        self._reader.start()

    def compare_with(self, record: object, receipts: Sequence[str]) -> None:
        """Set the record from which the next questions differ, and the data to check them with."""
        self._ask(json.dumps({"original": record, "receipts": receipts}, ensure_ascii=False))

    def ask(self, keep: int, log: Sequence[str], head: str, lists: object) -> None:
        """A record of the original's first ``keep`` entries and of others, each as JSON; ``lists`` None: the same."""
        changed = "" if lists is None else f',"lists":{json.dumps(lists, ensure_ascii=False)}'
        self._ask(f'{{"keep":{keep},"head":"{head}"{changed},"log":[{",".join(log)}]}}')

    def ask_file(self, content: bytes, receipts: Sequence[str] = ()) -> None:
        self._ask(json.dumps({"text": base64.b64encode(content).decode(), "receipts": list(receipts)}))

    def ask_beside(self, record: object, originals: Sequence[object]) -> None:
        """Ask whether these are the records of the activities before it."""
        self._ask(json.dumps({"record": record, "beside": originals}, ensure_ascii=False))

    def ask_story(self, record: object, words: Mapping[str, Mapping[str, str]]) -> None:
        """Ask for the page's account of the record: sections with ``title`` and ``lines``."""
        self._ask(json.dumps({"record": record, "words": words}, ensure_ascii=False))

    def answers(self) -> list[Any]:
        """A ``Verdict`` for each record; of a story its sections."""
        self._stdin.close()
        self._reader.join()
        return [json.loads(line) for line in self._answers]

    def _ask(self, line: str) -> None:
        self._stdin.write(line + "\n")


@contextmanager
def judge_of(folder: Path) -> Iterator[Judge]:
    """``folder`` is empty; the page's scripts are copied into it, with a package.json that declares them as modules."""
    node = require("node")
    for name in ("record_check.js", "record_history.js", "record_bytes.js", "record_story.js"):
        shutil.copy(SCRIPTS / name, folder)
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    program = [node, "--max-semi-space-size=64", str(Path(__file__).with_suffix(".mjs")), f"folder={folder}"]
    with converse(program) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        judge = Judge(process.stdin, process.stdout)
        try:
            yield judge
        finally:
            judge.answers()
    assert process.returncode == 0
