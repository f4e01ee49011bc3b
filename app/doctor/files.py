"""Checks of files and documents, through the same clients that the service uses."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import aclosing

import asyncpg

from app.container import NO_FONTS, open_files
from app.doctor.findings import CheckFinding, ok, problem, skipped
from config.connection_limits import TOOL
from config.settings import Settings
from domain.errors import NeedsOperator, Rejected, Transient
from gateways.document_renderer import TypstRenderer
from gateways.fonts import FontsMissing
from gateways.pdf_seal import PadesSealer, SealUnusable
from models.database_connection import connect

FILES, SEARCH, DOCUMENTS, SEALS = "附件", "附件清理", "文书", "证书签名"
_LAST_SEARCH = """
SELECT withheld, orphans, files FROM store_search WHERE finished_at IS NOT NULL ORDER BY started_at DESC LIMIT 1
"""


async def check_files(settings: Settings) -> list[CheckFinding]:
    """Write, read and remove one small file, and list the store, as the search for orphaned files does."""
    key, content = f"doctor/{secrets.token_hex(16)}", secrets.token_bytes(16)
    where = settings.files.url or str(settings.data_dir / "files")
    try:
        store = open_files(settings.files, settings.data_dir / "files")
        await store.put(key, content)
        same = await store.get(key) == content
        await store.delete(key)
        async with aclosing(store.walk()) as keys:
            await anext(keys, None)
    except (Rejected, NeedsOperator) as error:
        return [problem(FILES, f"{where}：{_STORE_REFUSALS.get(error.vendor_code, _NO_RIGHT)}")]
    except (Transient, OSError):
        return [problem(FILES, f"{where} 不能读写，请检查 PBT_FILES__URL、ENDPOINT 或目录的权限。")]
    return [ok(FILES, f"{where} 可以读写。")] if same else [problem(FILES, f"{where} 读回的内容与写入的不同。")]


_NO_RIGHT = "没有读写权限，请核对存储桶的授权（要能写、读、列出和删除）或目录的权限。"
_STORE_REFUSALS = {
    "bucket": "没有这个存储桶，请核对 PBT_FILES__URL 中的桶名和 PBT_FILES__ENDPOINT。",
    "region": "存储桶在另一个地域，请核对 PBT_FILES__REGION 和 PBT_FILES__ENDPOINT。",
    "key": "访问密钥不存在或已停用，请核对 PBT_FILES__ACCESS_KEY_ID。",
    "secret": "签名没有被接受，请核对 PBT_FILES__SECRET_ACCESS_KEY，并检查本机时间。",
    "clock": "本机时间与存储相差太大，请启用网络对时（NTP）。",
    "quota": "存储的账号欠费或容量用完，请到服务商的控制台处理。",
}


async def check_fonts(settings: Settings) -> list[CheckFinding]:
    try:
        renderer = TypstRenderer(settings.fonts)
        try:
            await asyncio.to_thread(renderer.load)
        finally:
            renderer.close()
    except FontsMissing:
        return [problem(DOCUMENTS, NO_FONTS)]
    return [ok(DOCUMENTS, "中文字体可用。")]


async def check_seals(settings: Settings) -> list[CheckFinding]:
    try:
        PadesSealer(settings.seals)
    except SealUnusable as error:
        return [problem(SEALS, str(error))]
    if not settings.seals:
        return [skipped(SEALS, "没有设置 PBT_SEALS，证书不签名，靠二维码核验。")]
    return [ok(SEALS, f"{'、'.join(settings.seals)} 的证书签名可用。")]


async def check_search(settings: Settings) -> list[CheckFinding]:
    """Whether the last daily search found most of the store to be without rows."""
    connection = await connect(settings.database_url, TOOL)
    try:
        last_search = await connection.fetchrow(_LAST_SEARCH)
    except asyncpg.UndefinedTableError:
        return [skipped(SEARCH, "数据库还没有升级，请先运行 pbt migrate。")]
    finally:
        await connection.close(timeout=2)
    if last_search is None:
        return [skipped(SEARCH, "还没有清理过无主文件，服务运行后每天一次。")]
    if last_search["withheld"]:
        return [
            problem(
                SEARCH,
                f"存储中{last_search['files']}个文件有{last_search['orphans']}个在数据库里找不到，为免误删没有清理。"
                "请核对 PBT_DATABASE_URL 与 PBT_FILES__URL 是否属于同一套系统。",
            )
        ]
    return [ok(SEARCH, f"最近一次清理：{last_search['files']}个文件中有{last_search['orphans']}个无主，已删除。")]
