"""Printing an application form: our renderer against the bare compiler, and what the event loop feels of it.

``python -m benchmarks.documents`` prints a form of two pages (24 items, photo, specialties, opinions, QR code) with
other content each time. The bare peer, in turns with it, is ``typst`` alone on the same template, its content ready as
text. Processor time is compared, which a busy machine hardly changes. Aims: warm below 50 ms, at most 1.5 times the
bare compiler. How long the event loop was held meanwhile (p99) is printed too; it depends on other load of the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import statistics
import sys
import time

import typst
import uvloop
from PIL import Image

from gateways.document_renderer import TEMPLATES, TypstRenderer
from gateways.fonts import wheel_fonts
from gateways.typst_compiler import draw_code

TEMPLATE = "application_form"
Content = dict[str, object]


def main(documents: int, rounds: int) -> int:
    renderer = TypstRenderer()
    started = time.perf_counter()
    asyncio.run(renderer.render_pdf(TEMPLATE, content(0)))
    print(f"first document: {(time.perf_counter() - started) * 1000:.0f} ms, the reading of the font included")
    bare, results = bare_compiler(), []
    for turn in range(rounds):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            ours, peer, lag = runner.run(compare(renderer, bare, documents, turn))
        results.append((ours, ours / peer, lag))
        print(
            f"warm {ours * 1000:.1f} ms, bare {peer * 1000:.1f} ms ({ours / peer:.2f}x), loop p99 {lag * 1000:.1f} ms"
        )
    renderer.close()
    took, ratio, lag = (statistics.median(column) for column in zip(*results, strict=True))
    print(f"median: {took * 1000:.1f} ms, {ratio:.2f}x the bare compiler, loop held {lag * 1000:.1f} ms at p99")
    return 0 if took < 0.05 and ratio < 1.5 else 1


def bare_compiler() -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(wheel_fonts())])
    return typst.Compiler(
        str(TEMPLATES / f"{TEMPLATE}.typ"), root=str(TEMPLATES), font_paths=fonts, ignore_system_fonts=True
    )


async def compare(renderer: TypstRenderer, bare: typst.Compiler, count: int, turn: int) -> tuple[float, float, float]:
    """Medians of processor seconds of ours and of the bare compiler, in turns; how long ours held the loop (p99)."""
    lags: list[float] = []
    ours, peers = [], []
    for number in range(count):
        watching = asyncio.create_task(watch(lags))
        await asyncio.sleep(0)
        shown = content(turn * 10_000 + number)
        started = time.process_time()
        await renderer.render_pdf(TEMPLATE, shown)
        ours.append(time.process_time() - started)
        watching.cancel()
        peers.append(time_bare(bare, turn * 10_000 + 5_000 + number))
    return statistics.median(ours), statistics.median(peers), sorted(lags)[int(len(lags) * 0.99)]


def time_bare(compiler: typst.Compiler, number: int) -> float:
    shown = content(number)
    ready = json.dumps({**shown, "qr_svg": draw_code(str(shown["qr"]))}, ensure_ascii=False)
    started = time.process_time()
    compiler.compile(format="pdf", sys_inputs={"content": ready, "fonts": '["Noto Sans CJK SC"]'})
    return time.process_time() - started


async def watch(lags: list[float]) -> None:
    while True:
        started = time.perf_counter()
        await asyncio.sleep(0.001)
        lags.append(time.perf_counter() - started - 0.001)


def content(number: int) -> Content:
    """A form in which nearly every cell differs from the previous form's."""
    rows = [
        {"label": f"第{item}项", "value": f"内容{number}乘{item}示范工程咨询", "wide": item % 6 == 5}
        for item in range(24)
    ]
    specialties = [[f"A0{n} 类别{number}", f"A0{n}01 专业", f"A0{n}0101 三级{number}", "首选"] for n in range(1, 6)]
    return {
        "title": "评标专家申请和资格审查表",
        "pool": "示范省综合评标专家库",
        "qr": f"http://127.0.0.1:8080/p/{number:016}",
        "foot": [f"申请编号 SQ{number:015}", "校验码 0000-0000-0000-0000，扫码可核对。"],
        "photo": _PHOTO,
        "facts": [["申请编号", f"SQ{number:015}"], ["申请类型", "首次申请"]],
        "sections": [
            {"title": "基本信息", "rows": rows[:12], "lists": []},
            {"title": "资格信息", "rows": rows[12:], "lists": []},
        ],
        "specialties": {"columns": ["一级类别", "二级类别", "三级专业", "选择"], "rows": specialties},
        "declaration": "以上填写内容真实、准确、完整。",
        "opinions": [{"title": f"意见{n}", "said": "", "sign": "签字（盖章）"} for n in range(4)],
    }


def _photo() -> str:
    out = io.BytesIO()
    Image.effect_noise((500, 700), 40).convert("RGB").save(out, "JPEG", quality=82)
    return base64.b64encode(out.getvalue()).decode()


_PHOTO = _photo()

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sys.exit(main(options.documents, options.rounds))
