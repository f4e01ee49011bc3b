"""Documents come out whole: every template, rare characters, and texts that look like markup."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from domain.errors import Rejected, Transient
from gateways import document_renderer as module
from gateways.document_renderer import TEMPLATES, TypstRenderer
from gateways.fonts import FontsMissing
from gateways.typst_compiler import draw_code
from tests.drivers.documents import text_of
from tests.factories.document_contents import SAMPLES, application_form, commitment


@pytest.fixture(scope="module")
def renderer() -> Iterator[TypstRenderer]:
    made = TypstRenderer()
    yield made
    made.close()


def test_every_template_has_a_sample() -> None:
    assert {path.stem for path in TEMPLATES.glob("*.typ")} == SAMPLES.keys() | {"base"}


@pytest.mark.parametrize("template", SAMPLES)
async def test_a_document_is_a_pdf_with_its_title(renderer: TypstRenderer, template: str) -> None:
    content = SAMPLES[template]()
    pdf = await renderer.render_pdf(template, content)
    assert pdf.startswith(b"%PDF-")
    assert content["title"] in text_of(pdf)
    assert PdfReader(io.BytesIO(pdf)).metadata.title == content["title"]  # type: ignore[union-attr]


async def test_rare_characters_of_names_are_set_in_a_real_font(renderer: TypstRenderer) -> None:
    pdf = await renderer.render_pdf("commitment", commitment("甡㛃䶮𬬭𠮷"))
    assert "甡㛃䶮𬬭𠮷" in text_of(pdf)
    fonts = PdfReader(io.BytesIO(pdf)).pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    assert all("NotoSerifCJK" in font.get_object()["/BaseFont"] for font in fonts.values())


async def test_what_looks_like_markup_is_set_as_it_was_typed(renderer: TypstRenderer) -> None:
    nasty = '#panic("x")*_$a$`@ref<b>\\[]{}//#read("/etc/passwd")"'
    pdf = await renderer.render_pdf("commitment", {**commitment(), "employer": nasty})
    assert nasty in text_of(pdf)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(max_size=80))
async def test_no_text_stops_the_printer(renderer: TypstRenderer, typed: str) -> None:
    content: dict[str, Any] = application_form(typed)
    content["sections"][0]["rows"][0]["label"] = typed
    content["opinions"][0]["said"] = typed
    content["foot"] = [typed]
    try:
        typed.encode()
    except UnicodeEncodeError:
        with pytest.raises(ValueError, match="surrogates"):
            await renderer.render_pdf("application_form", content)
    else:
        assert (await renderer.render_pdf("application_form", content)).startswith(b"%PDF-")


async def test_the_form_holds_every_item(renderer: TypstRenderer) -> None:
    content = application_form()
    text = text_of(await renderer.render_pdf("application_form", content))
    for section in content["sections"]:
        for row in section["rows"]:
            assert "".join(row["label"].split()) in text
    for cell in ("A080101", "备选", "工作单位意见", "本人签字", "第1页共2页"):
        assert cell in text


async def test_a_form_without_photo_or_anything_optional_is_still_a_form(renderer: TypstRenderer) -> None:
    content = application_form() | {
        "photo": "",
        "qr": "",
        "specialties": None,
        "opinions": [],
        "declaration": "",
        "sections": [],
        "foot": [],
    }
    assert "贴一寸照片处" in text_of(await renderer.render_pdf("application_form", content))


async def test_a_word_that_is_wider_than_its_cell_goes_on_in_the_next_line(renderer: TypstRenderer) -> None:
    content = application_form()
    columns = ["单位名称", "部门", "职务", "统一社会信用代码", "开始年月", "结束年月"]
    row = [
        "广州市城市规划勘测设计研究院有限公司",
        "ABCDEFGHIJKLMNOPQ",
        "工程师",
        "91440101MA59ABCD0X",
        "2008-07",
        "至今",
    ]
    content["sections"][1]["lists"] = [{"label": "工作经历", "columns": columns, "rows": [row]}]
    pdf = await renderer.render_pdf("application_form", content)
    lines = [line for page in PdfReader(io.BytesIO(pdf)).pages for line in page.extract_text().splitlines()]
    whole = "\n".join(lines).replace("\u200b", "|")
    assert "91440101MA59ABCD0X" not in whole
    assert "ABCDEFGHIJKLMNOPQ" not in whole
    assert "2008-07" in whole
    assert "91440101MA59ABCD0X" in text_of(pdf)


async def test_a_very_long_form_runs_over_pages(renderer: TypstRenderer) -> None:
    content = application_form()
    content["sections"][2]["rows"].append({"label": "业务专长", "value": "长" * 5000, "wide": True})
    pdf = await renderer.render_pdf("application_form", content)
    assert len(PdfReader(io.BytesIO(pdf)).pages) >= 4


async def test_the_same_content_makes_the_same_document(renderer: TypstRenderer) -> None:
    first = await renderer.render_pdf("receipt", SAMPLES["receipt"]())
    assert first == await renderer.render_pdf("receipt", SAMPLES["receipt"]())


async def test_many_at_once_do_not_mix(renderer: TypstRenderer) -> None:
    names = [f"测试{n:02}" for n in range(12)]
    pdfs = await asyncio.gather(*(renderer.render_pdf("commitment", commitment(name)) for name in names))
    for name, pdf in zip(names, pdfs, strict=True):
        assert f"承诺人姓名：{name}" in text_of(pdf)


async def test_the_preview_is_the_first_page_as_a_picture(renderer: TypstRenderer) -> None:
    with Image.open(io.BytesIO(await renderer.preview("receipt", SAMPLES["receipt"]()))) as picture:
        assert picture.format == "PNG"
        assert picture.height > picture.width > 1000


async def test_content_that_does_not_fit_is_rejected(renderer: TypstRenderer) -> None:
    with pytest.raises(Rejected) as refusal:
        await renderer.render_pdf("receipt", {"title": "缴费凭证"})
    assert refusal.value.vendor_code == "template"


@pytest.mark.parametrize("template", ["nothing", "base", "../renderer", ""])
async def test_a_document_without_a_template_is_a_mistake_of_ours(renderer: TypstRenderer, template: str) -> None:
    with pytest.raises(ValueError, match="no template"):
        await renderer.render_pdf(template, {})


async def test_a_document_that_takes_too_long_is_transient(
    renderer: TypstRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.0)
    with pytest.raises(Transient):
        await renderer.render_pdf("receipt", SAMPLES["receipt"]())


def test_a_folder_without_fonts_fails_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FontsMissing, match="PBT_FONTS"):
        TypstRenderer(tmp_path)


def test_the_code_is_one_path_on_white() -> None:
    svg = draw_code("http://127.0.0.1:8080/p/ABC")
    assert svg.count("<path") == 1
    assert "viewBox" in svg
