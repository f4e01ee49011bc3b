"""The files of the demonstration: real ones, made from the rulebook, once."""

from __future__ import annotations

from pathlib import Path

from app.demo.materials import checklist, guide
from app.preparations import offer_materials, run_steps
from app.rulebook_files import load_rulebooks
from models.migrate import migrate
from tests.factories.settings import make_settings

RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"


async def test_they_are_put_there_once_and_can_be_read(database: str, tmp_path: Path) -> None:
    await migrate(database)
    settings = make_settings(database_url=database, data_dir=tmp_path)
    for _ in range(2):
        await run_steps(settings, offer_materials)
    files = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert len(files) == 2
    assert not any(path.read_bytes().startswith(b"%PDF") for path in files), "sealed"


async def test_production_gets_none(database: str, tmp_path: Path) -> None:
    await run_steps(make_settings(database_url=database, data_dir=tmp_path, env="production"), offer_materials)
    assert not (tmp_path / "files").exists()


def test_every_pool_has_something_to_say() -> None:
    """Their contents follow the rulebook of each pool."""
    for book in load_rulebooks(RULEBOOKS, ["demo", "hunan", "xinjiang", "jilin", "guangdong"]).values():
        told, wanted = str(guide(book, "今天")), str(checklist(book, "今天"))
        assert book.help.hotlines[0] in told
        assert book.form.fields["id_card_front"].label in wanted
        proofs = [
            f.label for f in book.form.of("first").used().values() for part in f.parts.values() if part.file is not None
        ]
        assert all(label in wanted for label in proofs)
