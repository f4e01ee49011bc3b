"""Limits the memory for received bodies: forms and files of pages and of the API, which one process answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from domain.errors import Unavailable

BODIES_MAX = 128 * 1024 * 1024
"""Bytes of all bodies that a process holds at once, until their responses."""

Take = Callable[[int], None]
"""Called with the number of further bytes read; raises Unavailable when there is no room for them."""


class BodyAccount:
    """The bytes that one request holds."""

    def __init__(self, room: BodyRoom) -> None:
        self._room = room
        self._held = 0

    def take(self, count: int) -> None:
        """``count`` further bytes were read. Raises Unavailable when there is no room for them."""
        self._room.occupy(count)
        self._held += count

    def release(self) -> None:
        self._room.occupy(-self._held)
        self._held = 0


class BodyRoom:
    """Limits the total size of the bodies that a process holds. Only received bytes count, so that a slow sender blocks
    no other."""

    def __init__(self, most: int = BODIES_MAX) -> None:
        self._left = most

    @contextmanager
    def request_account(self) -> Iterator[BodyAccount]:
        """The account of one request, whose bytes are released afterwards."""
        account = BodyAccount(self)
        try:
            yield account
        finally:
            account.release()

    def occupy(self, count: int) -> None:
        """Raises Unavailable when fewer bytes are left."""
        if count > self._left:
            raise Unavailable("现在上传文件的人较多，请一分钟后再试。", code="files_busy")
        self._left -= count
