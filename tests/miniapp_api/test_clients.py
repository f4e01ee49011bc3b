"""Every endpoint has a client: the mini-program or a script of a page; and every call of theirs has an endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from miniapp_api.assembly import APIS

ROOT = Path(__file__).parents[2]
CLIENT = Path("core/client.js")
"""Makes the requests of all pages' scripts."""
_OPENINGS = {"'": "'", '"': '"', "`": "`"}
_CALL = re.compile(r"\b(?:\w*\.)?client\.(get|post|put|delete|json|fetch|open)\(")
_METHOD = re.compile(r"\s*'([A-Z]+)',\s*")
_CONSTANT = re.compile(r"\bconst (\w+) = (?=[`'])")
_WRAPPER = re.compile(r"\bexport const (\w+) = \((\w+)[^)]*\) => (?=client\.)")
_NATIVE = re.compile(r"'(GET|POST|PUT|DELETE) (/[^']*)'")
_SEND = re.compile(r"method: '(\w+)', path: '([^']+)'")


def endpoints() -> set[str]:
    return {f"{endpoint.method} {shape(endpoint.path)}" for api in APIS for endpoint in api.endpoints}


def shape(path: str) -> str:
    """A path with ``{}`` for every parameter: of ``/exams/${id}/start`` as of ``/exams/{candidate_id}/start``."""
    return re.sub(r"\$?\{[^{}]*\}", "{}", path).partition("?")[0]


def calls_of_mini_program() -> set[str]:
    sources = [
        path for path in (ROOT / "miniprogram").rglob("*.js") if {"tests", "node_modules"}.isdisjoint(path.parts)
    ]
    return {
        f"{method} {shape(path)}"
        for source in sources
        for pattern in (_NATIVE, _SEND)
        for method, path in pattern.findall(source.read_text(encoding="utf-8"))
    }


def calls_of_scripts(folder: Path) -> set[str]:
    scripts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.js") if path != folder / CLIENT}
    return {call for path in scripts for call in _calls(path, scripts)}


def _calls(path: Path, scripts: dict[Path, str]) -> Iterator[str]:
    """``POST /exams/{}/start`` for each call of the client. Raises AssertionError for a call that can't be read."""
    text = scripts[path]
    constants = {match[1]: _literal(text, match.end()) for match in _CONSTANT.finditer(text)}
    wrappers = {match.end(): (match[1], match[2]) for match in _WRAPPER.finditer(text)}
    for match in _CALL.finditer(text):
        method, start = match[1].upper(), match.end()
        if match[1] in ("json", "fetch", "open"):
            named = _METHOD.match(text, start)
            assert named, f"{path}: no method in {text[match.start() : start + 40]}"
            method, start = named[1], named.end()
        template = _path(text, start, constants)
        assert template is not None, f"{path}: no path in {text[match.start() : start + 40]}"
        if match.start() not in wrappers:
            yield f"{method} {shape(template)}"
            continue
        name, parameter = wrappers[match.start()]
        for argument in _arguments(name, path, scripts):
            yield f"{method} {shape(template.replace(f'${{{parameter}}}', argument))}"


def _path(text: str, start: int, constants: dict[str, str]) -> str | None:
    """The literal or the constant that begins at ``start``, with constants in place of their names."""
    if text[start] in _OPENINGS:
        template = _literal(text, start)
        return re.sub(r"\$\{(\w+)\}", lambda match: constants.get(match[1], match[0]), template)
    name = re.match(r"\w+", text[start:])
    return constants.get(name[0]) if name else None


def _literal(text: str, start: int) -> str:
    return text[start + 1 : text.index(_OPENINGS[text[start]], start + 1)]


def _arguments(name: str, path: Path, scripts: dict[Path, str]) -> list[str]:
    """What scripts give to the exported function ``name`` of ``path``."""
    imported = re.compile(rf"import {{[^}}]*\b{name}\b[^}}]*}} from '[./\w]*/{path.name}'")
    users = [text for text in scripts.values() if imported.search(text)]
    return [argument for text in users for argument in re.findall(rf"(?<![.\w]){name}\('([^']*)'", text)]


def test_every_endpoint_is_called_and_every_call_has_an_endpoint() -> None:
    """An endpoint without a client is a door that only an intruder tries."""
    assert endpoints() == calls_of_mini_program() | calls_of_scripts(ROOT / "web" / "static")


def test_scripts_of_pages_reach_the_api_by_its_client_only() -> None:
    """A request that is put together elsewhere would not be counted here."""
    scripts = (ROOT / "web" / "static").rglob("*.js")
    assert [path.name for path in scripts if "/api/" in path.read_text(encoding="utf-8")] == [CLIENT.name]


SCRIPTS = {
    "core/study.js": "export const post = (path, body) => client.json('POST', `/courses/${course}${path}`, body);",
    "courses/pages.js": "import { post, show } from './study.js';\nawait post('/opening'); await post('/pages', page);",
    "courses/other.js": "client.post('/feedback', {});",
    "exams/exam.js": "const path = `/exams/${one.id}/face`;\nclient.json('POST', path); client.get(`${path}/result`);",
    "exams/answers.js": "this.client.open('PUT', '/answers', {});",
}


def test_calls_are_read_from_scripts(tmp_path: Path) -> None:
    for name, text in SCRIPTS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert calls_of_scripts(tmp_path) == {
        *("POST /courses/{}/opening", "POST /courses/{}/pages", "POST /feedback"),
        *("POST /exams/{}/face", "GET /exams/{}/face/result", "PUT /answers"),
    }


@pytest.mark.parametrize("call", ["client.get(address)", "client.json(method, '/a')"])
def test_a_call_that_cannot_be_read_is_refused(tmp_path: Path, call: str) -> None:
    (tmp_path / "page.js").write_text(call, encoding="utf-8")
    with pytest.raises(AssertionError, match=r"page\.js"):
        calls_of_scripts(tmp_path)
