"""The child of ``checker`` that inspects attachments and material, and renders images."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from domain.errors import InvalidInput
from services.inspection.child_process import Head, answer
from services.inspection.contents import inspect
from services.inspection.office_documents import inspect_material
from services.inspection.pdf_pages import render_pages
from services.inspection.pictures import render_picture


def work(request: Head, content: bytes) -> tuple[Head, Sequence[bytes]]:
    try:
        match request["way"]:
            case "material":
                return {"kind": inspect_material(content, request["allowed"])}, ()
            case "picture":
                return {}, (render_picture(content, request["kind"], request["side"]),)
            case "pages":
                return {}, render_pages(content, request["side"], request["most"])
            case _:
                inspected = inspect(content, request["allowed"])
                return {"kind": inspected.kind}, (inspected.thumbnail, inspected.preview, inspected.made)
    except InvalidInput as refusal:
        return {"message": refusal.message, "code": refusal.code}, ()


if __name__ == "__main__":
    sys.exit(answer(work))
