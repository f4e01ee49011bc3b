"""A small PDF that stands for an invoice. Its font is not embedded: readers have a Chinese one of that name's kind."""

from __future__ import annotations

from sandbox.clock import beijing
from sandbox.pay.wallets import yuan

_FONT = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [<< /Type /Font"
    " /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1)"
    " /Supplement 2 >> /FontDescriptor << /Type /FontDescriptor /FontName /STSong-Light /Flags 4"
    " /FontBBox [-25 -254 1000 880] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >> >>] >>"
)

_PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 420] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> >>"


def invoice_pdf(number: str, seller: str, buyer: str, total: int, at: float) -> bytes:
    """One page. ``total`` in fen, ``at`` in seconds since 1970."""
    parties = [f"销售方：{seller}", f"购买方：{buyer}"]
    head = ["电子发票（沙箱）", f"发票号码：{number}", f"开票日期：{beijing(at)[:10]}"]
    return _pdf([*head, *parties, f"价税合计：￥{yuan(total)}"])


def _pdf(lines: list[str]) -> bytes:
    text_operators = "\n".join(f"<{line.encode('utf-16-be').hex()}> Tj 0 -30 Td" for line in lines)
    content = f"BT /F 16 Tf 60 360 Td\n{text_operators}\nET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        _PAGE.encode(),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        _FONT.encode(),
    ]
    data, places = b"%PDF-1.4\n", []
    for number, item in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, item)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start, size = len(data), len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer
