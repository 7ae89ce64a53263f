"""The backup commands as their user gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from store_visits import fill

from appliance.cli import main
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore

PASSPHRASE = "correct horse battery staple"  # noqa: S105  # opens the backups of these tests


class Box:
    """A box, without a kiosk, whose owner has a passphrase and a stick."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings(data_dir=directory / "data")
        self.stick = directory / "stick"
        self.stick.mkdir(parents=True)
        self.words = directory / "words.txt"
        self.words.write_text(f"  {PASSPHRASE}\n")

    def command(self, *arguments: object, **options: Any) -> Result:
        return CliRunner().invoke(main, ["backup", *map(str, arguments)], **options)

    def set_passphrase(self) -> None:
        done = self.command("passphrase", "--data-dir", self.settings.data_dir, "--passphrase-file", self.words)
        assert done.exit_code == 0, done.output

    def create(self, *options: object) -> Result:
        return self.command("create", self.stick, "--data-dir", self.settings.data_dir, *options)

    def backup(self, *options: object, audio: str = "unsigned") -> Path:
        before = set(self.stick.iterdir())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CHARTSIDE_BACKUP_AUDIO", audio)
            done = self.create(*options)
        assert done.exit_code == 0, done.output
        (made,) = set(self.stick.iterdir()) - before
        return made

    def verify(self, file: Path) -> Result:
        return self.command("verify", file, "--passphrase-file", self.words)

    def restore(self, file: Path) -> Result:
        return self.command("restore", file, "--passphrase-file", self.words, "--data-dir", self.settings.data_dir)


def filled(box: Box, visits: int = 3) -> list[str]:
    store = EncounterStore.open(box.settings)
    encounters = [fill(store, signed=2.0 if n else None) for n in range(visits)]
    store.delete(fill(store))
    store.close()
    for directory in (box.settings.connect_dir, box.settings.connect_dir / "chartside"):
        directory.mkdir(mode=0o700)
    (box.settings.connect_dir / "chartside" / "authority.key").write_bytes(b"authority")
    (box.settings.connect_dir / "chartside" / "authority.key").chmod(0o600)
    return encounters
