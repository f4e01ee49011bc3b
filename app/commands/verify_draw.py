"""``pbt verify-draw``: re-computes a published draw record. Its module also runs alone, as one file."""

from __future__ import annotations

import argparse

from domain.draws import verify_draw


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("record", help="公布的抽取记录（JSON 文件）")
    parser.add_argument("--receipt", action="append", default=[], metavar="HEX", help="您留存的回执，可写多次")


def run(options: argparse.Namespace) -> int:
    receipts = [word for receipt in options.receipt for word in ("--receipt", receipt)]
    return verify_draw.main([options.record, *receipts])
