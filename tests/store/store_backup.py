"""The backup commands as their user gives them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from appliance.cli import main
from appliance.settings import Settings

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
