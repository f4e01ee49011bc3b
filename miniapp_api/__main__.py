"""Writes the reference of the API: ``python -m miniapp_api > docs/reference/api.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from miniapp_api.assembly import APIS
from miniapp_api.http.openapi import INTRO, describe, who_may

_HEAD = """\
# The mini-program's API

<!-- Written by `python -m miniapp_api > docs/reference/api.md`; change the code, not this file. -->

A running service describes its API at `/api/docs` (to read) and `/api/openapi.json` (OpenAPI 3.1, for tools), made from
the same declarations that serve the requests; so is this page, which lists what there is.
"""
_ANSWERS = """\
What answers hold

A route that names a dataclass of a service serves all of its fields; this list changes with every one of them."""
_TAIL = """\
## How it is built

A package per noun in `miniapp_api/`, as in `services/`; a module holds schemas, then one async function per
endpoint, each of which calls one service. `miniapp_api/http/` holds what they share:

| module | does |
| --- | --- |
| `routes.py` | the decorator: reads a function's annotations into an `Endpoint` |
| `dispatch.py` | who asks, may they, what do they want, do it once, answer |
| `parsing.py` | path, query, JSON (at most 256 KB, strict), a part of a file |
| `problems.py` | every refusal as RFC 9457 `application/problem+json` in Chinese |
| `idempotency.py` | `Idempotency-Key`: the answer is kept, sealed, in the transaction of its action |
| `limits.py` | tries per client address, counted in Redis |
| `openapi.py`, `docs.py` | the description and its page |

An endpoint is there because the mini-program or a page's script calls it; `tests/miniapp_api/test_clients.py`
compares the two ([decision 22](../decisions/0022-api-keeps-what-has-a-client.md)). To add one: write the function in
its noun's package and its call, then write this page anew.
"""


def render() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, INTRO, *_tables(), *_answers(), _TAIL])


def _tables() -> Iterator[str]:
    for api in APIS:
        yield f"## {api.title}\n\n{api.description}\n"
        yield "| | address below `/api/v1/{pool}` | | who |\n| --- | --- | --- | --- |"
        for endpoint in api.endpoints:
            yield f"| {endpoint.method} | `{endpoint.path}` | {endpoint.summary} | {who_may(endpoint)} |"
        yield ""


def _answers() -> Iterator[str]:
    """The fields of each response, so that the page changes when one is added: most responses are dataclasses of the
    services."""
    yield f"## {_ANSWERS}\n\n| schema | fields |\n| --- | --- |"
    for name, schema in describe(APIS)["components"]["schemas"].items():
        if name.endswith("Out"):
            yield f"| `{name}` | {', '.join(schema['properties'])} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(render())
