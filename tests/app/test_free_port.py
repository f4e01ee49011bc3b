"""Ports for programs that others must know before they start."""

from __future__ import annotations

import socket

import pytest

from app import free_port as module
from app.free_port import free_port


def test_a_taken_port_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        number: int = taken.getsockname()[1]
        monkeypatch.setattr(module, "_PORTS", [number])
        with pytest.raises(OSError, match="no port is free"):
            free_port()
    assert free_port() == number
