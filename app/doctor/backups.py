"""Checks that a backup can be made."""

from __future__ import annotations

from app.backup import read_tool_version
from app.command_error import CommandError
from app.doctor.findings import CheckFinding, ok, problem
from config.connection_limits import TOOL
from config.settings import Settings
from models.database_connection import connect

BACKUPS = "备份"


async def check_backup_tools(settings: Settings) -> list[CheckFinding]:
    """The service runs without the programs of PostgreSQL; pg_dump must not be older than the server."""
    try:
        tool_version = min([await read_tool_version(name) for name in ("pg_dump", "pg_restore")])
    except CommandError as error:
        return [problem(BACKUPS, str(error))]
    connection = await connect(settings.database_url, TOOL)
    try:
        server = connection.get_server_version().major
    finally:
        await connection.close(timeout=2)
    if tool_version < server:
        advice = f"请安装 PostgreSQL {server} 的客户端程序。"
        return [
            problem(
                BACKUPS, f"pg_dump 或 pg_restore 的版本（{tool_version}）低于数据库（{server}），不能备份：{advice}"
            )
        ]
    return [ok(BACKUPS, f"pg_dump 和 pg_restore 可用（版本 {tool_version}）。")]
