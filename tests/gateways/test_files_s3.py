"""The file store on a bucket: against an S3 that checks every signature, over good lines and bad ones."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from yarl import URL

from domain.errors import NeedsOperator, Rejected, Transient
from gateways import files
from gateways.files import PART, StoredFiles
from tests.gateways.s3_server import BUCKET, S3, BadLine, bad_line, serve_s3


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with serve_s3() as server:
        yield server


@pytest.fixture
async def store(s3: S3) -> AsyncIterator[StoredFiles]:
    """An empty bucket."""
    opened = s3.open()
    yield opened
    async for batch in opened.walk():
        for entry in batch:
            await opened.delete(entry.key)


@pytest.fixture
async def line(s3: S3) -> AsyncIterator[BadLine]:
    async with bad_line(s3.url) as bad_line_to_store:
        yield bad_line_to_store


async def keys_of(store: StoredFiles) -> list[str]:
    return sorted([entry.key async for batch in store.walk() for entry in batch])


async def test_what_was_put_comes_back_and_lies_below_the_prefix(store: StoredFiles, s3: S3) -> None:
    content = os.urandom(300_000)
    await store.put("demo/2026/11/abc", content)
    assert await store.get("demo/2026/11/abc") == content
    objects = s3.client.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert [stored_object["Key"] for stored_object in objects] == ["pbt/demo/2026/11/abc"]
    await store.put("demo/2026/11/abc", b"second")
    assert await store.get("demo/2026/11/abc") == b"second"


async def test_a_film_comes_in_pieces_and_browsers_fetch_it_by_a_signed_address(
    store: StoredFiles, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = os.urandom(PART + 12_345)

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(content), 1_000_000):
            yield content[at : at + 1_000_000]

    await store.put_stream("demo/film", chunks())
    assert await store.get_range("demo/film", PART - 5, 10) == content[PART - 5 : PART + 5]
    address = URL(str(await store.locate("demo/film", timedelta(minutes=10))))
    made = datetime.strptime(address.query["X-Amz-Date"], "%Y%m%dT%H%M%S%z")
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: made.replace(tzinfo=None))
    request = AWSRequest("GET", str(address.with_query(None)))
    S3SigV4QueryAuth(Credentials(s3.key, s3.secret), "s3", "us-east-1", expires=600).add_auth(request)
    assert address.query == URL(request.url).query, "as Amazon's own library signs it, for ten minutes"


async def test_a_big_file_goes_in_parts(store: StoredFiles, s3: S3) -> None:
    content = os.urandom(2 * PART + 12_345)
    await store.put("demo/big", content)
    assert await store.get("demo/big") == content
    assert s3.client.head_object(Bucket=BUCKET, Key="pbt/demo/big")["ETag"].endswith('-3"')
    await store.put("demo/small", content[:PART])
    assert "-" not in s3.client.head_object(Bucket=BUCKET, Key="pbt/demo/small")["ETag"]


async def test_deleting_and_clearing_touch_nothing_else(store: StoredFiles) -> None:
    for key in ("a/x", "a/x.parts/1", "a/x.parts/2", "a/x.parts2/1"):
        await store.put(key, key.encode())
    assert await store.clear("a/x.parts") == 2
    assert await store.clear("a/x.parts") == 0
    await store.delete("a/x")
    await store.delete("a/x")
    assert await keys_of(store) == ["a/x.parts2/1"]


async def test_the_walk_sees_everything_once_however_much_there_is(
    store: StoredFiles, s3: S3, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = sorted(f"demo/2026/11/{number:03}" for number in range(60))
    for key in wanted:
        await store.put(key, b"x")
    s3.client.put_object(Bucket=BUCKET, Key="elsewhere/theirs", Body=b"x")
    monkeypatch.setattr(files, "LISTED_AT_ONCE", 25)
    batches = [batch async for batch in store.walk()]
    assert [len(batch) for batch in batches] == [25, 25, 10]
    assert sorted(entry.key for batch in batches for entry in batch) == wanted
    assert all(entry.written_at.tzinfo is not None for batch in batches for entry in batch)


async def test_a_missing_key_is_rejected_as_missing(store: StoredFiles) -> None:
    with pytest.raises(Rejected) as refusal:
        await store.get("demo/nothing")
    assert refusal.value.vendor_code == "missing"


@pytest.mark.parametrize(
    ("wrong", "meaning"),
    [({"bucket": "no-such-bucket"}, "bucket"), ({"key": "AKIANOBODY"}, "key"), ({"secret": "x"}, "secret")],
)
async def test_a_refusal_names_the_wrong_setting(s3: S3, wrong: dict[str, str], meaning: str) -> None:
    """None of them is taken for a file that got lost."""
    store = s3.open(**wrong)
    for act in (store.put("demo/x", b"x"), store.get("demo/x"), store.delete("demo/x"), keys_of(store)):
        with pytest.raises(NeedsOperator) as refusal:
            await act
        assert refusal.value.vendor_code == meaning
        assert s3.secret not in str(refusal.value)


# ---- a bad line


async def test_a_store_that_is_busy_once_is_asked_again(store: StoredFiles, s3: S3, line: BadLine) -> None:
    far = s3.open(endpoint=line.url)
    line.faults = ["busy"]
    await far.put("demo/x", b"once")
    line.faults = ["busy", "busy"]
    assert await far.get("demo/x") == b"once"


async def test_a_store_that_stays_busy_is_transient(store: StoredFiles, s3: S3, line: BadLine) -> None:
    far = s3.open(endpoint=line.url)
    line.always = "busy"
    for act in (far.put("demo/x", b"x"), far.get("demo/x"), far.delete("demo/x"), keys_of(far)):
        with pytest.raises(Transient):
            await act
    line.always = None
    await far.put("demo/x", b"x")
    assert await far.get("demo/x") == b"x"


async def test_a_slow_store_is_waited_for(store: StoredFiles, s3: S3, line: BadLine) -> None:
    far = s3.open(endpoint=line.url)
    line.always = "slow"
    await far.put("demo/x", b"slowly")
    assert await far.get("demo/x") == b"slowly"


async def test_a_store_that_never_answers_is_given_up(s3: S3, line: BadLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "TIMEOUT", 0.3)
    far = s3.open(endpoint=line.url)
    line.always = "hang"
    for act in (far.put("demo/x", b"x"), far.get("demo/x"), keys_of(far)):
        with pytest.raises(Transient):
            await act


async def test_a_cut_answer_is_never_taken_for_the_file(store: StoredFiles, s3: S3, line: BadLine) -> None:
    content = os.urandom(200_000)
    await store.put("demo/x", content)
    far = s3.open(endpoint=line.url)
    line.always = "cut"
    with pytest.raises(Transient):
        await far.get("demo/x")
    line.always = None
    assert await far.get("demo/x") == content


async def test_of_a_big_file_only_the_part_that_broke_is_sent_again(store: StoredFiles, s3: S3, line: BadLine) -> None:
    content = os.urandom(2 * PART + 1)
    line.only, line.faults = b"partNumber=2", ["cut"]
    await s3.open(endpoint=line.url).put("demo/big", content)
    assert await store.get("demo/big") == content
    sent = [sum(b"partNumber=%d&" % part in head for head in line.heads) for part in (1, 2, 3)]
    assert sent == [1, 2, 1]


async def test_a_big_file_that_came_to_nothing_leaves_nothing(store: StoredFiles, s3: S3, line: BadLine) -> None:
    line.only, line.always = b"partNumber=2", "cut"
    with pytest.raises(Transient):
        await s3.open(endpoint=line.url).put("demo/big", os.urandom(2 * PART + 1))
    assert await keys_of(store) == []
    assert "Uploads" not in s3.client.list_multipart_uploads(Bucket=BUCKET), "parts would lie there, and cost, for ever"
