"""``pbt doctor`` on file store and documents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from app.command_error import CommandError
from app.container import open_seals
from app.doctor.files import check_files, check_fonts, check_seals, check_search
from app.doctor.findings import CheckFinding
from config.settings import FileStore, PdfSeal, Settings
from tests.factories.settings import make_settings
from tests.gateways.s3_server import BUCKET, S3, serve_s3

_SEARCH = """
INSERT INTO store_search (id, started_at, finished_at, next_at, files, orphans, withheld)
VALUES (gen_random_uuid(), now() + %s * interval '1 day', %s, now(), 90, 60, %s)
"""


def single_finding(findings: list[CheckFinding]) -> CheckFinding:
    [finding] = findings
    return finding


async def test_a_folder_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    assert (single_finding(await check_files(make_settings(data_dir=tmp_path)))).state == "ok"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


async def test_an_unusable_data_folder_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    finding = single_finding(await check_files(make_settings(data_dir=tmp_path / "taken")))
    assert (finding.state, "PBT_FILES__URL" in finding.text) == ("problem", True)


async def test_a_bucket_is_tried_with_all_that_it_is_needed_for() -> None:
    with serve_s3() as s3:
        assert (single_finding(await check_files(settings_with_store(s3)))).state == "ok"
        assert "Contents" not in s3.client.list_objects_v2(Bucket=BUCKET)
        for changed, told in (
            ({"url": "s3://no-such-bucket/pbt"}, "PBT_FILES__URL"),
            ({"access_key_id": "AKIANOBODY"}, "PBT_FILES__ACCESS_KEY_ID"),
            ({"secret_access_key": SecretStr("x")}, "PBT_FILES__SECRET_ACCESS_KEY"),
            ({"endpoint": "http://127.0.0.1:9"}, "ENDPOINT"),
        ):
            finding = single_finding(await check_files(settings_with_store(s3, **changed)))
            assert (finding.state, told in finding.text) == ("problem", True), finding.text
            assert s3.secret not in finding.text


def settings_with_store(s3: S3, **changed: Any) -> Settings:
    values = {"url": f"s3://{BUCKET}/pbt", "endpoint": s3.url, "region": "us-east-1", "access_key_id": s3.key}
    return make_settings(files=FileStore(**values | {"secret_access_key": SecretStr(s3.secret)} | changed))


async def test_seals_are_opened(tmp_path: Path) -> None:
    assert single_finding(await check_seals(make_settings())).state == "skipped"
    broken = single_finding(await check_seals(make_settings(seals={"demo": {"file": str(tmp_path / "none.p12")}})))
    assert (broken.state, "PBT_SEALS" in broken.text) == ("problem", True)


async def test_fonts_are_looked_for(tmp_path: Path) -> None:
    assert (single_finding(await check_fonts(make_settings()))).state == "ok"
    finding = single_finding(await check_fonts(make_settings(fonts=tmp_path)))
    assert (finding.state, "PBT_FONTS" in finding.text) == ("problem", True)


async def test_a_file_search_that_stopped_at_too_many_ownerless_files_is_a_problem(
    database: str, empty_database: str
) -> None:
    settings = make_settings(database_url=database)
    assert (single_finding(await check_search(settings))).state == "skipped"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(_SEARCH, (-2, "2026-11-19", False))
        assert "60个无主，已删除" in single_finding(await check_search(settings)).text
        connection.execute(_SEARCH, (-1, "2026-11-20", True))
        connection.execute(_SEARCH, (0, None, False))
    finding = single_finding(await check_search(settings))
    assert (finding.state, "PBT_FILES__URL" in finding.text) == ("problem", True)
    assert (single_finding(await check_search(make_settings(database_url=empty_database)))).state == "skipped"


def test_a_key_that_cannot_sign_stops_the_start_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyhanko.sign", None)
    seal = PdfSeal(file=tmp_path / "seal.p12", password=SecretStr("word"))
    with pytest.raises(CommandError, match="需要 pyHanko"):
        open_seals({"demo": seal})
