"""``python -m benchmarks``: all of them, one after the other, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

NAMES = (
    "seed",
    "words",
    "pages",
    "board",
    "public_check",
    "storm",
    "full_draws",
    "memory",
    "scaling",
    "documents",
    "codec",
    "chat",
    "draw",
    "platform_draw",
    "notices",
    "payments",
    "applications",
    "experts",
    "dashboard",
    "exam",
    "exam_grading",
)


def main() -> int:
    failed = []
    for name in NAMES:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"failed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
