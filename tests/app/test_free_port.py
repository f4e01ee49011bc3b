"""Ports for programs that others must know before they start."""

from __future__ import annotations

import os
import socket

import pytest

from app import free_port as module
from app.free_port import free_port


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    given: set[int] = set()
    monkeypatch.setattr(module, "_given", given)
    return given


def test_a_taken_port_is_left_out(monkeypatch: pytest.MonkeyPatch, nothing_given: set[int]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port()))
        taken.listen()
        number: int = taken.getsockname()[1]
        nothing_given.clear()
        monkeypatch.setattr(module, "_PORTS", [number])
        with pytest.raises(OSError, match="no port is free"):
            free_port()
    assert free_port() == number


def test_programs_that_start_together_get_different_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    few = [20_001, 20_002, 20_003]
    monkeypatch.setattr(module, "_PORTS", few)
    monkeypatch.setattr(module, "_is_free", lambda _port: True)
    assert {free_port() for _ in few} == set(few)
    with pytest.raises(OSError, match="no port is free"):
        free_port()


def test_processes_begin_with_different_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = []
    for pid in (7_001, 7_002):
        monkeypatch.setattr(os, "getpid", lambda pid=pid: pid)
        ports.append({free_port() for _ in range(20)})
    assert not ports[0] & ports[1]
