"""An S3 on loopback that checks signatures (moto), and a bad line to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any, Literal

import boto3
import pytest
from moto import settings
from moto.core.responses import ActionAuthenticatorMixin  # type: ignore[attr-defined]
from moto.server import ThreadedMotoServer

from gateways.files import StoredFiles, open_bucket
from tests.drivers.waiting import let_others_run

Fault = Literal["slow", "busy", "cut", "hang"]
BUCKET = "attachments"


@dataclass(frozen=True)
class S3:
    """A bucket and its keys. ``client`` is an independent client, to inspect the bucket."""

    url: str
    key: str
    secret: str
    client: Any = field(repr=False)

    def open(self, bucket: str = BUCKET, *, key: str = "", secret: str = "", endpoint: str = "") -> StoredFiles:
        return open_bucket(
            bucket,
            region="us-east-1",
            access_key_id=key or self.key,
            secret_access_key=secret or self.secret,
            endpoint=endpoint or self.url,
            prefix="pbt",
        )


@contextmanager
def serve_s3() -> Iterator[S3]:
    """Serve a bucket; requests with unknown keys or wrong signatures are refused."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    _forget_everything(host, port)
    url = f"http://{host}:{port}"
    maker = {
        "endpoint_url": url,
        "region_name": "us-east-1",
        "aws_access_key_id": "root",
        "aws_secret_access_key": "root",
    }
    try:
        with pytest.MonkeyPatch.context() as patch:
            iam = boto3.client("iam", **maker)
            iam.create_user(UserName="pbt")
            made = iam.create_access_key(UserName="pbt")["AccessKey"]
            everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
            iam.put_user_policy(UserName="pbt", PolicyName="files", PolicyDocument=policy)
            patch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", 0)
            patch.setattr(ActionAuthenticatorMixin, "request_count", 0)
            own = {"aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
            client = boto3.client("s3", **maker | own)
            client.create_bucket(Bucket=BUCKET)
            yield S3(url, made["AccessKeyId"], made["SecretAccessKey"], client)
    finally:
        server.stop()


def _forget_everything(host: str, port: int) -> None:
    """Reset the data of an earlier server of this process."""
    connection = HTTPConnection(host, port, timeout=10)
    connection.request("POST", "/moto-api/reset", headers={"Content-Length": "0"})
    assert connection.getresponse().status == 200
    connection.close()


@dataclass
class BadLine:
    """Passes requests on to the bucket; ``faults`` apply to the next ones whose head holds ``only``, one each."""

    url: str = ""
    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None
    only: bytes = b""
    heads: list[bytes] = field(default_factory=list)

    def next_fault(self, head: bytes) -> Fault | None:
        self.heads.append(head)
        if self.only not in head:
            return None
        return self.always or (self.faults.pop(0) if self.faults else None)


@asynccontextmanager
async def bad_line(to: str) -> AsyncIterator[BadLine]:
    line = BadLine()
    host, port = to.removeprefix("http://").split(":")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await _pass_on(reader, writer, host, int(port), line)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    line.url = "http://{}:{}".format(*server.sockets[0].getsockname()[:2])
    try:
        yield line
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, line: BadLine
) -> None:
    """Pass one request and its answer on. Heads are unchanged, as the bucket must see the signed host."""
    head = await reader.readuntil(b"\r\n\r\n")
    fault = line.next_fault(head)
    if fault == "hang":
        await asyncio.Event().wait()
    if fault == "slow":
        await let_others_run()
    lengths = [row for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")]
    length = int(lengths[0].split(b":")[1]) if lengths else 0
    if fault == "cut" and length:
        await reader.readexactly(length // 2)
        writer.transport.abort()
        return
    body = await reader.readexactly(length)
    if fault == "busy":
        refusal = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
        writer.write(
            b"HTTP/1.1 503 Slow Down\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(refusal) + refusal
        )
        await writer.drain()
        return
    behind, ahead = await asyncio.open_connection(host, port)
    ahead.write(head.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + body)
    answer = await behind.read()
    ahead.close()
    writer.write(answer[: len(answer) - 1000] if fault == "cut" else answer)
    await writer.drain()
