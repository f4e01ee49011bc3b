"""The description of the real API is complete and unambiguous, and the reference page agrees with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import schemathesis

from miniapp_api.__main__ import render
from miniapp_api.assembly import APIS
from miniapp_api.http.docs import render_page
from miniapp_api.http.openapi import describe
from miniapp_api.http.routes import Endpoint

ENDPOINTS = [endpoint for api in APIS for endpoint in api.endpoints]
SECRET = (
    "sessions_hand_over",
    "sessions_offer_code",
    "sessions_look_at_entry",
)
"""Operations whose answers must not be stored with a key."""
REPEATABLE = (
    *("exam_attempts_start", "exam_attempts_save", "exam_attempts_submit"),
    *("exam_faces_begin", "exam_faces_finish"),
    *("courses_open_item", "courses_beat", "courses_answer_presence", "courses_see_page"),
)
"""Operations whose bodies are idempotent: numbered events, intervals, one attempt, one verdict.

A second beginning of a check is a new one, and the one before counts no more."""
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "api.md"


def test_the_reference_page_is_up_to_date() -> None:
    assert REFERENCE.read_text(encoding="utf-8") == render(), "python -m miniapp_api > docs/reference/api.md"


def test_names_and_addresses_are_unique() -> None:
    assert len({endpoint.name for endpoint in ENDPOINTS}) == len(ENDPOINTS)
    assert len({(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}) == len(ENDPOINTS)


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda endpoint: endpoint.name)
def test_every_endpoint_is_explained(endpoint: Endpoint) -> None:
    assert endpoint.description.endswith(".")
    assert any("\u4e00" <= character <= "\u9fff" for character in endpoint.summary)
    if endpoint.method == "POST" and endpoint.access != "public":
        assert (endpoint.keyed == "no") is (endpoint.name in (*SECRET, *REPEATABLE)), "a POST takes an Idempotency-Key"


def test_the_document_is_openapi() -> None:
    schemathesis.openapi.from_dict(describe(APIS)).validate()


def test_schemas_are_named_by_their_class_alone() -> None:
    """Two of one name would get their modules into the published document, which moves of code would change."""
    assert [name for name in describe(APIS)["components"]["schemas"] if "__" in name] == []


def test_inputs_are_closed_and_their_texts_bounded() -> None:
    for endpoint in ENDPOINTS:
        if endpoint.body_model is None:
            continue
        for name, field in endpoint.body_model.model_json_schema()["properties"].items():
            if field.get("type") == "string" and "format" not in field and "enum" not in field:
                assert "maxLength" in field or "pattern" in field, f"{endpoint.name}.{name}"
        assert endpoint.body_model.model_config["extra"] == "forbid"


def test_the_page_names_every_endpoint() -> None:
    page = render_page(APIS, describe(APIS))
    for endpoint in ENDPOINTS:
        assert f'id="{endpoint.name}"' in page
