"""Reading the QR codes that a service draws."""

from __future__ import annotations

import io

import pytest
import qrcode
from PIL import Image
from qrcode import constants
from qrcode.image.pil import PilImage

from sandbox.qr_reader import NoCode, read

PAY = "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00"


def picture(text: str, *, box: int = 6, border: int = 4, level: int = constants.ERROR_CORRECT_M) -> Image.Image:
    code = qrcode.QRCode(error_correction=level, box_size=box, border=border, image_factory=PilImage)
    code.add_data(text)
    code.make(fit=True)
    return code.make_image().get_image().convert("RGB")


def image_bytes(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("text", [PAY, "1", "12345678901234567", "HTTP://A.CN/9 B", "评标专家，请签到", "x" * 900])
@pytest.mark.parametrize("level", [constants.ERROR_CORRECT_L, constants.ERROR_CORRECT_H])
def test_what_was_drawn_is_read(text: str, level: int) -> None:
    assert read(image_bytes(picture(text, level=level))) == text


@pytest.mark.parametrize("box", [2, 3, 7, 20])
def test_the_size_of_a_module_does_not_matter(box: int) -> None:
    assert read(image_bytes(picture(PAY, box=box, border=2))) == PAY


@pytest.mark.parametrize("ending", ["PjJKI-8tU", "-H6J4KN0T", "UVT9d4gkg"])
def test_data_that_looks_like_a_corner_does_not_mislead(ending: str) -> None:
    text = f"weixin://wxpay/bizpayurl?pr={ending}"
    assert read(image_bytes(picture(text, box=5))) == text


def test_a_code_within_a_poster_is_found() -> None:
    poster = Image.new("RGBA", (900, 1400), (250, 250, 255, 255))
    poster.paste((20, 60, 120), (0, 0, 900, 220))
    poster.paste(picture(PAY, box=5).resize((333, 333), Image.Resampling.LANCZOS), (280, 640))
    assert read(image_bytes(poster)) == PAY
    assert read(image_bytes(poster.convert("RGB"), "JPEG")) == PAY


@pytest.mark.parametrize("junk", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_said_to_be_none(junk: bytes) -> None:
    with pytest.raises(NoCode):
        read(junk)


def test_a_picture_without_a_code_has_none() -> None:
    with pytest.raises(NoCode):
        read(image_bytes(Image.new("RGB", (300, 300), "white")))


def test_a_code_cut_off_is_not_read() -> None:
    whole = picture(PAY)
    with pytest.raises(NoCode):
        read(image_bytes(whole.crop((0, 0, whole.width // 2, whole.height))))
