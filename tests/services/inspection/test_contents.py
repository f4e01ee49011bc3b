"""Inspection of file contents: each defect is found, and its message says what to do."""

from __future__ import annotations

import asyncio
import io
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfWriter

import services.inspection.heic
from domain.errors import InvalidInput, Unavailable
from domain.file_types import FileType
from services.inspection.checker import FILES_AT_ONCE, FILES_OF_POOL, FileChecker
from services.inspection.contents import inspect
from services.inspection.file_types import PREVIEW
from services.inspection.limited_process import LimitedProcess, ProcessLimits
from services.inspection.pdf_pages import render_pages
from services.inspection.pictures import render_picture
from tests.drivers.waiting import let_others_run
from tests.factories.files import (
    heic,
    jpeg,
    pdf,
    png,
    png_bomb,
    with_action,
    with_action_on_page,
    with_attachment,
    with_beginning,
    with_link,
    with_link_to,
    with_script,
    with_stream_elsewhere,
)

ALL: list[FileType] = ["jpg", "png", "pdf"]


def code_of(content: bytes, allowed: list[FileType] | None = None) -> str:
    with pytest.raises(InvalidInput) as refusal:
        inspect(content, allowed or ALL)
    assert refusal.value.message.endswith("。")
    return refusal.value.code


def make_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    return out.getvalue()


def test_good_files_are_taken_for_what_they_are() -> None:
    assert inspect(jpeg(), ALL).kind == "jpg"
    assert inspect(png(), ALL).kind == "png"
    assert inspect(pdf(3), ALL).kind == "pdf"
    assert inspect(pdf(2, with_link), ALL).kind == "pdf", "links of word processors do no harm"


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_jpeg_of_any_colours_gets_a_thumbnail(mode: str) -> None:
    with Image.open(io.BytesIO(inspect(jpeg(mode=mode), ALL).thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.mode, max(thumbnail.size)) == ("JPEG", "RGB", 320)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_png_of_any_colours_gets_a_thumbnail(mode: str) -> None:
    with Image.open(io.BytesIO(inspect(png(mode=mode), ALL).thumbnail)) as thumbnail:
        assert thumbnail.format == "JPEG"


def test_what_is_clear_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (200, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(inspect(out.getvalue(), ALL).thumbnail)) as thumbnail:
        assert thumbnail.getpixel((20, 20)) == (255, 255, 255)


def test_our_pictures_stand_upright_and_keep_nothing_the_camera_wrote() -> None:
    original = jpeg(800, 400, orientation=6)
    assert b"Uhlandstrasse" in original
    for drawn in (inspect(original, ALL).thumbnail, render_picture(original, "jpg", PREVIEW)):
        with Image.open(io.BytesIO(drawn)) as picture:
            assert picture.height == 2 * picture.width
            assert not picture.getexif()
        assert b"Uhlandstrasse" not in drawn


def test_a_type_that_the_field_does_not_take_is_refused_by_its_name() -> None:
    with pytest.raises(InvalidInput, match="只能上传JPG图片、PNG图片，这个文件是PDF"):
        inspect(pdf(), ["jpg", "png"])
    with pytest.raises(InvalidInput, match="HEIC照片，请在手机设置中"):
        inspect(heic(), ["png", "pdf"])
    with pytest.raises(InvalidInput, match="Word"):
        inspect(make_zip(), ALL)


def test_a_heic_becomes_an_upright_jpeg_without_what_the_camera_wrote() -> None:
    inspected = inspect(heic(800, 400, orientation=6), ALL)
    assert inspected.kind == "jpg"
    for drawn in (inspected.made, inspected.preview, inspected.thumbnail):
        with Image.open(io.BytesIO(drawn)) as picture:
            assert (picture.format, picture.height) == ("JPEG", 2 * picture.width)
            assert not picture.getexif()
        assert b"Uhlandstrasse" not in drawn


async def test_a_photo_of_an_iphone_fits_into_the_limited_process_and_the_smallest_limit() -> None:
    inspected = await FileChecker().check("gd", heic(4032, 3024), ALL)
    assert (inspected.kind, 0 < len(inspected.made) <= services.inspection.heic.TARGET) == ("jpg", True)
    with Image.open(io.BytesIO(inspected.made)) as picture:
        assert max(picture.size) == services.inspection.heic.SIDE


@pytest.mark.parametrize("content", [heic()[:600], heic()[:40], b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"])
def test_a_heic_that_is_cut_off_is_refused(content: bytes) -> None:
    assert code_of(content) == "file_broken"


def test_a_heic_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services.inspection.heic, "PIXELS_MAX", 1000)
    assert code_of(heic()) == "file_pixels"


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"<svg onload=alert(1)>", b"GIF89a", b"MZ\x90", b"\xef\xbb\xbf%PDF-1.4", b" %PDF-1.4"]
)
def test_what_is_none_of_them_is_refused(content: bytes) -> None:
    assert code_of(content) == "file_type"


def test_a_file_that_is_two_things_is_refused() -> None:
    assert code_of(jpeg() + make_zip()) == "file_mixed"
    assert code_of(png() + make_zip()) == "file_mixed"
    assert code_of(pdf() + make_zip()) == "file_mixed"
    picture = jpeg()
    comment = b"<script>alert(1)</script>"
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    assert code_of(picture[:2] + segment + picture[2:]) == "file_mixed"
    document = b"%PDF-1.4 x"
    segment = b"\xff\xfe" + (len(document) + 2).to_bytes(2, "big") + document
    assert code_of(picture[:2] + segment + picture[2:]) == "file_mixed"
    assert code_of(pdf().replace(b"%PDF-1.3\n", b"%PDF-1.3\n%<html >\n", 1)) == "file_mixed"


def test_a_picture_with_a_film_behind_it_is_a_picture() -> None:
    """Phones append a second of film to a photo."""
    assert inspect(jpeg() + b"\x00\x00\x00\x18ftypmp42" + bytes(5000), ALL).kind == "jpg"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_refused(share: float) -> None:
    for content in (jpeg(1200, 900), png(400, 400, mode="RGB"), pdf(5)):
        assert code_of(content[: int(len(content) * share)]) == "file_broken"


def test_pictures_beyond_all_cameras_are_refused_before_they_are_unpacked() -> None:
    assert code_of(png_bomb()) == "file_pixels"
    assert code_of(png_bomb(6_000)) == "file_pixels"


def test_a_locked_pdf_is_refused() -> None:
    def lock(writer: PdfWriter) -> None:
        writer.encrypt("secret", algorithm="AES-256")

    assert code_of(pdf(1, lock)) == "file_locked"


ALGORITHMS = ("RC4-40", "RC4-128", "AES-128", "AES-256")


def limit(algorithm: str, change: Callable[[PdfWriter], object] = lambda _writer: None) -> Callable[[PdfWriter], None]:
    """A password for printing and copying, none for reading."""

    def encrypt(writer: PdfWriter) -> None:
        change(writer)
        writer.encrypt("", "owner", algorithm=algorithm)

    return encrypt


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_pdf_that_opens_without_a_password_is_read(algorithm: str) -> None:
    content = pdf(2, limit(algorithm))
    assert inspect(content, ALL).kind == "pdf"
    assert len(render_pages(content, 200, 5)) == 2


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("change", [with_script, with_attachment, with_action("/Launch")])
def test_a_limited_pdf_that_does_something_is_refused(algorithm: str, change: Any) -> None:
    assert code_of(pdf(1, limit(algorithm, change))) == "file_active"


def test_a_limited_pdf_with_objects_that_no_table_names_is_refused() -> None:
    hidden = b"9 0 obj\n<</Type/Obj#53tm/N 1/First 4>>\nstream\nencrypted\nendstream\nendobj\n"
    assert code_of(insert_objects(pdf(1, limit("AES-256")), hidden)) == "file_broken"
    listed_twice = hidden + hidden
    assert code_of(insert_objects(pdf(1, limit("AES-256")), listed_twice)) == "file_broken"


ACTIONS = ("Launch", "JavaScript", "SubmitForm", "ImportData", "GoToR", "GoToE", "URI", "Named", "Thread", "Rendition")
SCRIPTED = (
    "javascript:app.alert(1)",
    " JavaScript:x",
    "java\tscript:x",
    "file:///c:/windows/cmd.exe",
    "\\\\evil.example\\share",
    "//evil.example/share",
    "vbscript:x",
    "data:text/html,x",
)


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
@pytest.mark.parametrize(
    "change",
    [
        with_script,
        with_attachment,
        with_action_on_page,
        with_stream_elsewhere,
        *(with_link_to(target) for target in SCRIPTED),
        *(with_action(f"/{name}") for name in ACTIONS),
    ],
    ids=["script", "attachment", "page", "elsewhere", *(f"link{at}" for at in range(len(SCRIPTED))), *ACTIONS],
)
def test_a_pdf_that_does_something_is_refused(change: Any, packed: bool) -> None:
    content = pdf(1, change, packed=packed)
    if packed:
        assert b"/JavaScript" not in content
        assert b"/Launch" not in content
    assert code_of(content) == "file_active"


@pytest.mark.parametrize(
    ("name", "written"),
    [(b"/OpenAction", b"/Open#41ction"), (b"/JavaScript", b"/J#61va#53cript"), (b"/JS", b"/#4a#53")],
)
def test_a_name_that_is_spelled_otherwise_is_the_same_name(name: bytes, written: bytes) -> None:
    content = pdf(1, with_action("/JavaScript")) if name == b"/OpenAction" else pdf(1, with_script)
    assert name in content
    assert code_of(content.replace(name, written)) == "file_active"


def insert_objects(content: bytes, hidden: bytes) -> bytes:
    """Objects that only a reader which looks for them itself comes upon."""
    return content + b"\n" + hidden + content[content.rindex(b"startxref") :]


def test_what_no_table_names_is_found_in_the_bytes() -> None:
    script = b"7 0 obj\n<</S/J#61vaScript/JS(app.alert(1))>>\nendobj\n"
    assert code_of(insert_objects(pdf(), script)) == "file_active"
    inner = zlib.compress(b"8 0 <</OpenAction<</S/JavaScript/JS(x)>>>>")
    hidden = b"9 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode>>\nstream\n" + inner + b"\nendstream\nendobj\n"
    assert code_of(insert_objects(pdf(), hidden)) == "file_active"


def test_the_second_of_two_entries_counts_too() -> None:
    """Readers disagree about which one holds."""
    twice = b"<</S/GoTo/S/#4caunch/F(calc.exe)>>"
    inner = zlib.compress(b"8 0 " + twice)
    hidden = b"9 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode>>\nstream\n" + inner + b"\nendstream\nendobj\n"
    assert code_of(insert_objects(pdf(), hidden)) == "file_active"


def test_pdfs_that_do_nothing_are_taken() -> None:
    assert inspect(pdf(2, with_link, packed=True), ALL).kind == "pdf"
    assert inspect(pdf(2, with_beginning), ALL).kind == "pdf"
    assert inspect(pdf(1, with_link_to("mailto:a@example.cn")), ALL).kind == "pdf"


def test_pdfs_of_scanners_and_typesetters_are_taken() -> None:
    scan = io.BytesIO()
    pages = [Image.effect_noise((600, 800), 90).convert("RGB") for _ in range(3)]
    pages[0].save(scan, "PDF", save_all=True, append_images=pages[1:])
    assert inspect(scan.getvalue(), ALL).kind == "pdf"
    text = '#set document(title: "t")\n#outline()\n= 一 <a>\n#link("https://example.cn")[见] @a #link(<a>)[上]'
    set_ = typst.compile(text.replace("@a ", "").encode())
    assert inspect(set_, ALL).kind == "pdf"


def test_a_pdf_without_pages_or_with_too_many_is_refused() -> None:
    assert code_of(pdf(0)) == "file_pages"
    assert code_of(pdf(301)) == "file_pages"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=600), st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"%PDF-1.7\n"]))
def test_no_bytes_do_more_than_be_refused(junk: bytes, head: bytes) -> None:
    with pytest.raises(InvalidInput):
        inspect(head + junk, ALL)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_damage_does_more_than_be_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([jpeg(64, 64), png(40, 40), pdf(1, with_link), pdf(1, packed=True)])))
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(InvalidInput):
        inspect(bytes(content), ALL)


# ---- the process of its own


async def test_the_checker_answers_as_the_function_does() -> None:
    checker = FileChecker()
    content = jpeg()
    assert await checker.check("gd", content, ALL) == inspect(content, ALL)
    with pytest.raises(InvalidInput) as refusal:
        await checker.check("gd", content, ["pdf"])
    assert refusal.value.code == "file_type"


async def test_a_file_that_takes_too_long_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        await FileChecker(ProcessLimits(seconds=0.01)).check("gd", jpeg(), ALL)
    assert refusal.value.code == "file_broken"


async def test_a_file_that_kills_the_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.inspection.limited_process.sys.executable", "/bin/false")
    with pytest.raises(InvalidInput) as refusal:
        await FileChecker().check("gd", jpeg(), ALL)
    assert refusal.value.code == "file_broken"


async def test_a_request_to_a_queue_that_is_too_long_is_refused() -> None:
    busy = LimitedProcess("services.inspection.file_process", ProcessLimits(), at_once=0, timeout=0.01)
    with pytest.raises(Unavailable, match="一分钟后"):
        await busy.ask({}, b"")


async def test_many_at_once_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    most = running = 0
    process = LimitedProcess("services.inspection.file_process", ProcessLimits(), at_once=2)

    async def run(_argument: str, _content: bytes) -> bytes:
        nonlocal most, running
        running += 1
        most = max(most, running)
        await let_others_run(10)
        running -= 1
        return b'{"sizes":[]}\n'

    monkeypatch.setattr(process, "_run_process", run)
    await asyncio.gather(*(process.ask({}, b"x") for _ in range(12)))
    assert most == 2


async def test_the_files_of_one_pool_make_another_wait_for_one_of_them_only(monkeypatch: pytest.MonkeyPatch) -> None:
    process = LimitedProcess("services.inspection.file_process", ProcessLimits(), at_once=1)
    order = list[str]()

    async def run(_argument: str, content: bytes) -> bytes:
        order.append(content.decode())
        await let_others_run(10)
        return b'{"sizes":[]}\n'

    monkeypatch.setattr(process, "_run_process", run)
    await asyncio.gather(*(process.ask({}, pool.encode(), pool) for pool in ["gd"] * 8 + ["xj", "hn"]))
    assert {order.index("xj"), order.index("hn")} == {1, 2}


async def test_a_pool_has_one_sheet_at_a_time_while_others_use_the_other_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = LimitedProcess("services.inspection.file_process", ProcessLimits(), at_once=2)
    running, most = Counter[str](), Counter[str]()

    async def run(_argument: str, content: bytes) -> bytes:
        running[content.decode()] += 1
        most.update({"all": max(0, running.total() - most["all"])})
        most[content.decode()] = max(most[content.decode()], running[content.decode()])
        await let_others_run(10)
        running[content.decode()] -= 1
        return b'{"sizes":[]}\n'

    monkeypatch.setattr(process, "_run_process", run)
    await asyncio.gather(*(process.ask({}, pool.encode(), pool) for pool in ["gd"] * 4 + ["xj"] * 4))
    assert most == {"gd": 1, "xj": 1, "all": 2}


async def test_many_uploads_of_one_pool_leave_another_a_place_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack: somebody of one pool sends files that take all of their time, one after another."""
    checker = FileChecker()
    running, most, waited_for = Counter[str](), Counter[str](), list[str]()

    async def run(_argument: str, content: bytes) -> bytes:
        pool = content.decode()
        waited_for.append(pool)
        running[pool] += 1
        most[pool] = max(most[pool], running[pool])
        await let_others_run(10)
        running[pool] -= 1
        return b'{"kind":"pdf","sizes":[0]}\n'

    monkeypatch.setattr(checker._files, "_run_process", run)
    await asyncio.gather(*(checker.draw(pool, pool.encode(), "jpg", 800) for pool in ["gd"] * 8 + ["xj"] * 2))
    assert waited_for[:3] == ["gd", "gd", "xj"], "the eight files of the other pool are not waited for"
    assert most["gd"] == FILES_OF_POOL < FILES_AT_ONCE


def test_a_progressive_picture_that_would_be_held_whole_is_refused() -> None:
    out = io.BytesIO()
    Image.new("L", (8_000, 6_000)).save(out, "JPEG", progressive=True)
    assert code_of(out.getvalue()) == "file_pixels"
    out = io.BytesIO()
    Image.new("L", (8_000, 6_000)).save(out, "JPEG")
    assert inspect(out.getvalue(), ALL).kind == "jpg"
