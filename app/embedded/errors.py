"""Errors of the embedded servers, each one sentence that the operator can act on."""

from __future__ import annotations

import errno
from pathlib import Path

from app.command_error import CommandError


class EmbeddedError(CommandError):
    """The embedded servers can't start or go on."""


def explain(error: OSError, folder: Path) -> EmbeddedError:
    """Describe an operating-system error about ``folder`` in a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(folder)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return EmbeddedError(f"目录 {folder} 不能写入，请检查权限，或用 PBT_DATA_DIR 指定另一个目录。")
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return EmbeddedError(f"{folder} 不是目录，请移走同名文件，或用 PBT_DATA_DIR 指定另一个目录。")
    return EmbeddedError(
        f"目录 {folder} 出错：{error.strerror or error}。请检查磁盘，或用 PBT_DATA_DIR 指定另一个目录。"
    )


def disk_full(folder: Path) -> EmbeddedError:
    return EmbeddedError(f"磁盘空间不足：{folder} 所在的磁盘已满，请清理出至少 500 MB 后再启动。")
