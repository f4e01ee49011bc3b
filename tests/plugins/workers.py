"""``--workers N``: collect once, then let N forked processes run the tests, a file at a time.

pytest-xdist collects in each of its workers, which costs 20 s of processor time each. A worker is forked after the
collection, before any server, browser, thread or event loop exists, and takes the next file whenever it has finished
one. A worker that dies fails the test that it was running, and the rest of that file is failed as not run.
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import struct
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import pytest

IN_WORKER = "PBT_TEST_WORKER"
"""Environment variable that is set in the workers."""
_NUMBER = struct.Struct("!I")
_CHUNK = 1 << 16


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--workers", type=int, default=0, metavar="N", help="run the tests in N forked processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    """Leave it to pytest without ``--workers``, and where nothing is to be run."""
    wanted, option = session.config.getoption("--workers"), session.config.option
    failed = session.testsfailed and not option.continue_on_collection_errors
    if not wanted or failed or option.collectonly or not session.items:
        return None
    files = [list(items) for _, items in groupby(session.items, key=lambda item: item.path)]
    Crew(session, files).work(min(wanted, len(files)))
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    if session.shouldstop:
        raise session.Interrupted(session.shouldstop)
    return True


@dataclass
class Worker:
    """A forked process, as its parent sees it: what it has begun, and the part of a message that has arrived."""

    pid: int
    results: int
    buffer: bytearray = field(default_factory=bytearray)
    waiting: deque[pytest.Item] = field(default_factory=deque)
    """Tests of its file without an outcome, the running one first."""


class Crew:
    """The parent's side. The numbers of the files wait in a pipe, from which each worker takes the next."""

    def __init__(self, session: pytest.Session, files: Sequence[Sequence[pytest.Item]]) -> None:
        self._session, self._hook, self._files = session, session.config.hook, files
        self._queue, filled = os.pipe()
        os.set_blocking(filled, False)  # a pipe holds 16,000 numbers; more would block for ever, so fail instead
        os.write(filled, b"".join(map(_NUMBER.pack, range(len(files)))))
        os.close(filled)
        self._workers: dict[int, Worker] = {}
        self._selector = selectors.DefaultSelector()

    def work(self, count: int) -> None:
        """Fork the workers, and report what they report, until the last has ended."""
        try:
            for _ in range(count):
                self._fork()
            while self._workers:
                for key, _ in self._selector.select():
                    self._hear(self._workers[key.fd])
                if self._session.shouldfail or self._session.shouldstop:
                    self._empty_queue()
        finally:
            for worker in self._workers.values():
                os.kill(worker.pid, signal.SIGTERM)
                os.waitpid(worker.pid, 0)
            os.close(self._queue)

    def _fork(self) -> None:
        results, speaks = os.pipe()
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            pid = os.fork()
        if not pid:
            _run_worker(self._session, self._files, self._queue, speaks)
        os.close(speaks)
        self._workers[results] = Worker(pid, results)
        self._selector.register(results, selectors.EVENT_READ)

    def _hear(self, worker: Worker) -> None:
        heard = os.read(worker.results, _CHUNK)
        if not heard:
            self._end(worker)
            return
        worker.buffer += heard
        while len(worker.buffer) >= _NUMBER.size:
            end = _NUMBER.size + _NUMBER.unpack_from(worker.buffer)[0]
            if len(worker.buffer) < end:
                return
            kind, value = pickle.loads(worker.buffer[_NUMBER.size : end])  # noqa: S301  (written by our own fork)
            del worker.buffer[:end]
            getattr(self, f"_note_{kind}")(worker, value)

    def _note_file(self, worker: Worker, number: int) -> None:
        worker.waiting.extend(self._files[number])

    def _note_begun(self, _worker: Worker, nodeid_and_location: tuple[str, Any]) -> None:
        nodeid, location = nodeid_and_location
        self._hook.pytest_runtest_logstart(nodeid=nodeid, location=location)

    def _note_report(self, _worker: Worker, data: dict[str, Any]) -> None:
        report = self._hook.pytest_report_from_serializable(config=self._session.config, data=data)
        self._hook.pytest_runtest_logreport(report=report)

    def _note_finished(self, _worker: Worker, nodeid_and_location: tuple[str, Any]) -> None:
        nodeid, location = nodeid_and_location
        self._hook.pytest_runtest_logfinish(nodeid=nodeid, location=location)

    def _note_done(self, worker: Worker, _value: None) -> None:
        """Once for each test, however often it was run."""
        worker.waiting.popleft()

    def _note_warning(self, _worker: Worker, arguments: dict[str, Any]) -> None:
        self._hook.pytest_warning_recorded.call_historic(kwargs=arguments)

    def _note_error(self, _worker: Worker, text: str) -> None:
        sys.stderr.write(text)

    def _end(self, worker: Worker) -> None:
        self._selector.unregister(worker.results)
        os.close(worker.results)
        del self._workers[worker.results]
        status = os.waitstatus_to_exitcode(os.waitpid(worker.pid, 0)[1])
        for at, item in enumerate(worker.waiting):
            how = f"the worker ended with {status} in this test" if at == 0 else "not run: its worker had ended"
            report = pytest.TestReport(item.nodeid, item.location, {}, "failed", how, "call")
            self._hook.pytest_runtest_logreport(report=report)
        if status:
            self._fork()

    def _empty_queue(self) -> None:
        while os.read(self._queue, _CHUNK):
            pass


class Speaker:
    """A worker's side: sends its parent what pytest would print."""

    def __init__(self, config: pytest.Config, pipe: int) -> None:
        self._config, self._pipe = config, pipe

    def say(self, kind: str, value: object) -> None:
        message = pickle.dumps((kind, value))
        whole = memoryview(_NUMBER.pack(len(message)) + message)
        while whole:
            whole = whole[os.write(self._pipe, whole) :]

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self.say("begun", (nodeid, location))

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self.say("finished", (nodeid, location))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self.say("report", data)

    def pytest_warning_recorded(self, warning_message: Any, when: Any, nodeid: str, location: Any) -> None:
        sent = warnings.WarningMessage(
            str(warning_message.message),  # type: ignore[arg-type]  # shown only; its own class may not be picklable
            warning_message.category if _can_pickle(warning_message.category) else Warning,
            warning_message.filename,
            warning_message.lineno,
        )
        self.say("warning", {"warning_message": sent, "when": when, "nodeid": nodeid, "location": location})


def _can_pickle(category: type[Warning]) -> bool:
    try:
        pickle.dumps(category)
    except (pickle.PicklingError, AttributeError):  # a class inside a function
        return False
    return True


def _run_worker(session: pytest.Session, files: Sequence[Sequence[pytest.Item]], queue: int, pipe: int) -> None:
    """Run file after file, then exit without pytest's own end, which is the parent's."""
    status = 1
    try:
        plugins = session.config.pluginmanager
        capture = plugins.getplugin("capturemanager")
        capture.stop_global_capturing()  # its files would be shared with the parent and the other workers
        capture.start_global_capturing()
        plugins.unregister(plugins.getplugin("terminalreporter"))
        os.environ[IN_WORKER] = "1"
        speaker = Speaker(session.config, pipe)
        plugins.register(speaker)
        _run_files(session, files, queue, speaker)
        status = 0
    except KeyboardInterrupt:
        pass
    except BaseException:  # noqa: BLE001  (the parent prints it, and fails the test that was running)
        speaker.say("error", traceback.format_exc())
    finally:
        os._exit(status)


def _run_files(session: pytest.Session, files: Sequence[Sequence[pytest.Item]], queue: int, speaker: Speaker) -> None:
    """The next file is taken before the last test of one, since that test's teardown must know what follows."""
    waiting: deque[pytest.Item] = deque()
    while True:
        while len(waiting) < 2 and (number := os.read(queue, _NUMBER.size)):
            at = _NUMBER.unpack(number)[0]
            speaker.say("file", at)
            waiting.extend(files[at])
        if not waiting:
            return
        item = waiting.popleft()
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=waiting[0] if waiting else None)
        speaker.say("done", None)
        if session.shouldfail or session.shouldstop:
            return
