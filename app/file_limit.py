"""The system's limits on open connections and files per process."""

from __future__ import annotations

import resource
from pathlib import Path

from app.doctor.findings import CheckFinding, ok, problem
from config.settings import Settings

LIMITS = "系统上限"
SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
_OTHERS = 1000
"""Open files of a web process besides connections waiting to be accepted."""


def raise_file_limit() -> None:
    """Raise the soft limit to the hard limit. A thousand waiting browsers reach the usual soft limit of 1,024."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def check_limits(settings: Settings) -> list[CheckFinding]:
    """Check the limits of our own process; a service manager may grant others to its services."""
    backlog, findings = settings.http.backlog, []
    if SOMAXCONN.exists() and (most := int(SOMAXCONN.read_text())) < backlog:
        findings.append(
            problem(
                LIMITS,
                f"系统最多让 {most} 个连接等待接受，少于 PBT_HTTP__BACKLOG 的 {backlog}，"
                f"请执行 sysctl -w net.core.somaxconn={backlog}，并写入 /etc/sysctl.conf。",
            )
        )
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < backlog + _OTHERS:
        findings.append(
            problem(
                LIMITS,
                f"每个进程最多打开 {hard} 个文件和连接，至少需要 {backlog + _OTHERS} 个，"
                "请提高上限（systemd 中为 LimitNOFILE=65536）。",
            )
        )
    return findings or [ok(LIMITS, "等待连接数和文件数的上限够用。")]
