"""The file store on a folder: stored files are read back, and each failure is transient or permanent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from obstore.exceptions import GenericError, PermissionDeniedError
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from domain.errors import NeedsOperator, Rejected, Transient
from gateways import files
from gateways.files import StoredFiles, open_bucket, open_folder
from gateways.operator_faults import OperatorFaults


@pytest.fixture
def store(tmp_path: Path) -> StoredFiles:
    return open_folder(tmp_path / "files")


async def test_what_was_put_comes_back_byte_for_byte(store: StoredFiles) -> None:
    content = os.urandom(3_000_000)
    await store.put("demo/2026/11/abc", content)
    assert await store.get("demo/2026/11/abc") == content


async def test_an_empty_file_is_a_file(store: StoredFiles) -> None:
    await store.put("demo/empty", b"")
    assert await store.get("demo/empty") == b""


async def test_putting_again_replaces(store: StoredFiles) -> None:
    await store.put("demo/one", b"first")
    await store.put("demo/one", b"second")
    assert await store.get("demo/one") == b"second"


async def _chunks(*sizes: int) -> AsyncIterator[bytes]:
    for number, size in enumerate(sizes):
        yield bytes([number]) * size


async def test_a_film_comes_in_pieces_and_goes_out_by_ranges(store: StoredFiles) -> None:
    await store.put_stream("demo/film", _chunks(3_000_000, 9_000_000, 10))
    assert await store.get_range("demo/film", 2_999_999, 2) == b"\0\1"
    assert await store.get_range("demo/film", 12_000_005, 100) == b"\2" * 5, "the end is the end"


async def test_a_film_that_breaks_off_leaves_nothing(store: StoredFiles) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(100)
        raise ValueError("the line broke")

    with pytest.raises(ValueError, match="the line broke"):
        await store.put_stream("demo/film", broken())
    with pytest.raises(Rejected):
        await store.get("demo/film")


async def test_a_folder_returns_the_path_of_a_film(store: StoredFiles) -> None:
    await store.put("demo/film", b"x")
    path = await store.locate("demo/film", timedelta(minutes=10))
    assert isinstance(path, Path)
    assert path.read_bytes() == b"x"


async def test_a_missing_key_is_rejected_as_missing(store: StoredFiles) -> None:
    with pytest.raises(Rejected) as refusal:
        await store.get("demo/nothing")
    assert refusal.value.vendor_code == "missing"


async def test_deleting_twice_is_harmless(store: StoredFiles) -> None:
    await store.put("demo/one", b"x")
    await store.delete("demo/one")
    await store.delete("demo/one")
    with pytest.raises(Rejected):
        await store.get("demo/one")


async def test_clearing_a_folder_leaves_its_neighbours(store: StoredFiles) -> None:
    for key in ("a/x.parts/1", "a/x.parts/2", "a/x", "a/x.parts2/1"):
        await store.put(key, key.encode())
    assert await store.clear("a/x.parts") == 2
    assert await store.clear("a/x.parts") == 0
    assert await store.get("a/x") == b"a/x"
    assert await store.get("a/x.parts2/1") == b"a/x.parts2/1"


async def test_the_walk_sees_everything_and_when_it_was_written(
    store: StoredFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    wanted = sorted(f"demo/2026/{number:02}/x" for number in range(12))
    for key in wanted:
        await store.put(key, b"x")
    monkeypatch.setattr(files, "LISTED_AT_ONCE", 5)
    entries = [entry async for batch in store.walk() for entry in batch]
    assert sorted(entry.key for entry in entries) == wanted
    assert all(before <= entry.written_at <= datetime.now(UTC) for entry in entries)


async def test_an_empty_folder_is_walked_too(store: StoredFiles) -> None:
    assert [batch async for batch in store.walk()] == []


async def test_a_walk_survives_files_deleted_meanwhile(store: StoredFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LISTED_AT_ONCE", 3)
    for number in range(30):
        await store.put(f"demo/{number}/x", b"x")
    seen = 0
    async for batch in store.walk():
        seen += len(batch)
        await asyncio.gather(*(store.delete(f"demo/{number}/x") for number in range(30)))
    assert 3 <= seen <= 30


async def test_no_key_leads_out_of_the_folder(store: StoredFiles, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("ours")
    for key in ("../secret", "demo/../../secret", "/../secret"):
        with pytest.raises(ValueError, match="path"):
            await store.get(key)


async def test_the_folder_is_ours_alone(tmp_path: Path) -> None:
    open_folder(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0


async def test_many_at_once_do_not_mix(store: StoredFiles) -> None:
    await asyncio.gather(*(store.put(f"demo/{n}", b"%d" % n * 1000) for n in range(50)))
    contents = await asyncio.gather(*(store.get(f"demo/{n}") for n in range(50)))
    assert contents == [b"%d" % n * 1000 for n in range(50)]


async def test_an_outage_is_transient_and_logged_once_down_once_back(
    store: StoredFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> None:
        raise GenericError("connection refused")

    with capture_logs() as logs:
        with monkeypatch.context() as patch:
            patch.setattr(obstore, "put_async", away)
            for _ in range(3):
                with pytest.raises(Transient):
                    await store.put("demo/x", b"x")
        await store.put("demo/x", b"x")
    assert [entry["event"] for entry in logs] == ["files_down", "files_back"]


async def test_refused_credentials_are_not_tried_again(store: StoredFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    async def denied(*_: object, **__: object) -> None:
        raise PermissionDeniedError("403")

    monkeypatch.setattr(obstore, "get_async", denied)
    with pytest.raises(NeedsOperator) as refusal:
        await store.get("demo/x")
    assert refusal.value.vendor_code == "denied"


@pytest.mark.parametrize("code", sorted(files.S3_CODES))
async def test_a_code_of_our_own_side_is_for_the_operator_and_no_lost_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    registry = CollectorRegistry()
    store = files.open_folder(tmp_path, OperatorFaults(registry))

    async def refused(*_: object, **__: object) -> None:
        raise GenericError(f"403: <Error><Code>{code}</Code></Error>")

    def alarm() -> float | None:
        labels = {"vendor": "files", "account": "", "call": ""}
        return registry.get_sample_value("pbt_gateway_needs_operator", labels)

    with monkeypatch.context() as broken:
        broken.setattr(obstore, "put_async", refused)
        with pytest.raises(NeedsOperator) as refusal:
            await store.put("demo/x", b"x")
    assert refusal.value.vendor_code == files.S3_CODES[code]
    assert refusal.value.vendor_code in files.OPERATOR
    assert alarm() == 1
    await store.put("demo/x", b"x")
    assert alarm() == 0


async def test_a_store_that_never_answers_is_transient(store: StoredFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(*_: object, **__: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(files, "TIMEOUT", 0.05)
    monkeypatch.setattr(obstore, "put_async", hang)
    with pytest.raises(Transient):
        await store.put("demo/x", b"x")


async def test_a_bucket_that_is_not_there_is_transient() -> None:
    """The address is a port of loopback without a listener."""
    store = open_bucket(
        "files", region="", access_key_id="a", secret_access_key="b", endpoint="http://127.0.0.1:9", prefix="pbt"
    )
    with pytest.raises(Transient):
        await store.put("demo/x", b"x")
