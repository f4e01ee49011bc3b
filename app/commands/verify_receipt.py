"""``pbt verify-receipt``: checks a receipt of an examination offline. Its module also runs alone, as one file."""

from __future__ import annotations

import click

from domain.exams import verify_receipt


@click.command()
@click.argument("receipt", help="考生下载的回执（JSON 文件）")
@click.option("--key", default="", metavar="KEY", help="核对页上公布的签名公钥")
def command(receipt: str, key: str) -> int:
    return verify_receipt.main([receipt, *(["--key", key] if key else [])])
