"""QR codes as one SVG path, which a strict CSP allows and any screen shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class QrPath:
    """``size`` modules a side, the quiet zone of four included; ``d`` is the path in modules."""

    size: int
    d: str


def path_of(text: str) -> QrPath:
    import qrcode  # noqa: PLC0415 (it brings Pillow along, for pictures that we don't draw)
    from qrcode.constants import ERROR_CORRECT_M  # noqa: PLC0415

    code = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=4)
    code.add_data(text)
    code.make(fit=True)
    matrix = code.get_matrix()
    runs = [f"M{x} {y}h1v1h-1z" for y, line in enumerate(matrix) for x, dark in enumerate(line) if dark]
    return QrPath(len(matrix), "".join(runs))
