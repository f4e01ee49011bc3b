"""``pbt verify-draw``: re-computes a published draw record. Its module also runs alone, as one file."""

from __future__ import annotations

import click

from domain.draws import verify_draw


@click.command()
@click.argument("record", help="公布的抽取记录（JSON 文件）")
@click.option("--receipt", "receipts", multiple=True, metavar="HEX", help="您留存的回执，可写多次")
def command(record: str, receipts: tuple[str, ...]) -> int:
    options = [word for receipt in receipts for word in ("--receipt", receipt)]
    return verify_draw.main([record, *options])
