"""Every setting, declared once.

A setting is taken from the first of: the command line, the environment (`CHARTSIDE_<NAME>`), a systemd credential
(`$CREDENTIALS_DIRECTORY/chartside.<name>`), the settings file (`$CHARTSIDE_SETTINGS`, TOML, default
`/etc/chartside/settings.toml`), the default. `docs/reference/settings.md` is generated from this file.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Self

import platformdirs

from appliance.errors import InputError

_ENVIRONMENT_PREFIX = "CHARTSIDE_"
_SETTINGS_FILE = Path("/etc/chartside/settings.toml")
PROVIDERS: Final = ("auto", "tensorrt", "cuda", "openvino-npu", "openvino-gpu", "openvino-cpu", "qnn", "cpu")
"""Values of the setting `provider`; `appliance.runtime.providers.plan` says when each is tried."""
_MOST_DAYS: Final = 36_500


def _between(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: low <= value <= high


def _setting(help_: str, default: Any, *, valid: Callable[[Any], bool] | None = None, expected: str = "") -> Any:
    metadata = {"help": help_, "valid": valid, "expected": expected}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def _data_dir() -> Path:
    # STATE_DIRECTORY is set by systemd for units with StateDirectory=.
    state = os.environ.get("STATE_DIRECTORY")
    return Path(state) if state else platformdirs.user_data_path("chartside")


@dataclass(frozen=True)
class Settings:
    """The settings of one box."""

    data_dir: Path = _setting("Directory of the encounter store, the audio journal and the box key.", _data_dir)
    bundle: Path = _setting(
        "Directory of the model bundle.", lambda: platformdirs.user_data_path("chartside") / "bundles" / "default"
    )
    port: int = _setting(
        "TCP port of the kiosk on localhost; 0 takes a free one.", 8470, valid=_between(0, 65535), expected="0 to 65535"
    )
    access: str = _setting(
        "Who reaches the kiosk: this machine only, without TLS, or paired tablets on the network, over TLS.",
        "localhost",
        valid=lambda v: v in {"localhost", "lan"},
        expected="localhost or lan",
    )
    name: str = _setting(
        "Name of the box on the network, without `.local`; with access `lan`. Empty: it has one of its own, such as "
        "`chartside-7k3q`, drawn at the first start and kept.",
        "chartside",
        valid=lambda v: re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,56}[a-z0-9])?)?", v) is not None,
        expected="up to 58 small letters, digits and hyphens",
    )
    https_port: int = _setting(
        "TCP port of the kiosk on the network; 0 takes a free one.", 8443, valid=_between(0, 65535), expected="0 to 65535"
    )
    http_port: int = _setting(
        "TCP port of the trust page on the network, which has nothing else; 0 takes a free one.",
        8480,
        valid=_between(0, 65535),
        expected="0 to 65535",
    )
    certificate: str = _setting(
        "PEM file with a certificate of the clinic, its chain and its key; empty: the box has an authority of its own.", ""
    )
    language: str = _setting("Spoken language of the room (ISO 639-1).", "en", valid=lambda v: v == "en", expected="en")
    template: str = _setting("Note template of a new encounter.", "aci")
    grounding: str = _setting(
        "Numbers, units, drugs, sides and dates must have been said to be written; `off` is for research, and notes say so.",
        "on",
        valid=lambda v: v in {"on", "off"},
        expected="on or off",
    )
    threads: int = _setting(
        "Threads per inference service; 0 means one per core.", 0, valid=_between(0, 256), expected="0 to 256"
    )
    provider: str = _setting(
        "ONNX Runtime execution provider of the note model; `auto` measures and takes the fastest that is right.",
        "auto",
        valid=lambda v: v in PROVIDERS,
        expected=", ".join(PROVIDERS),
    )
    keep_audio_days: int = _setting(
        "Days after the signature for which the audio of a visit is kept; 0 keeps it. Unsigned visits are never deleted.",
        30,
        valid=_between(0, _MOST_DAYS),
        expected=f"0 to {_MOST_DAYS}",
    )
    keep_days: int = _setting(
        "Days after the signature for which a visit is kept at all; 0 keeps it.",
        0,
        valid=_between(0, _MOST_DAYS),
        expected=f"0 to {_MOST_DAYS}",
    )
    backup_to: str = _setting("Where backups go every night: a directory, or `stick`; empty for nowhere.", "")
    backup_keep: int = _setting(
        "How many backups of this box are kept in one place.", 7, valid=_between(1, 1000), expected="1 to 1000"
    )
    backup_audio: str = _setting(
        "Audio in backups: of visits that are not signed yet, of all, or of none.",
        "unsigned",
        valid=lambda v: v in {"unsigned", "all", "none"},
        expected="unsigned, all or none",
    )
    stick_dir: Path = _setting("Where the USB stick labelled CHARTSIDE is mounted.", Path("/run/stick"))
    max_minutes: int = _setting("Longest recording in minutes.", 120, valid=_between(1, 600), expected="1 to 600")
    log_level: str = _setting(
        "Least severe log level shown.",
        "info",
        valid=lambda v: v in {"debug", "info", "warning", "error"},
        expected="debug, info, warning or error",
    )

    @classmethod
    def load(cls, overrides: Mapping[str, object] | None = None) -> Self:
        """Read the settings from every source.

        Args:
            overrides: Values that win over all sources (the command line). None values are skipped.

        Raises:
            InputError: A source holds an unknown name or a value out of range; the message names both.
        """
        values: dict[str, Any] = {}
        values.update(_from_file())
        values.update(_from_credentials(cls.names()))
        values.update(_from_environment(cls.names()))
        values.update({k: v for k, v in (overrides or {}).items() if v is not None})
        return cls(**{name: _checked(cls, name, value) for name, value in values.items()})

    @classmethod
    def names(cls) -> list[str]:
        """Names of all settings, in order of declaration."""
        return [f.name for f in fields(cls)]

    @classmethod
    def help_of(cls, name: str) -> str:
        """One sentence about a setting."""
        declared: dict[str, str] = {f.name: f.metadata["help"] for f in fields(cls)}
        return declared[name]

    def environment(self) -> dict[str, str]:
        """The settings as environment variables, for a child process."""
        return {_ENVIRONMENT_PREFIX + name.upper(): str(getattr(self, name)) for name in self.names()}

    @property
    def database(self) -> Path:
        """The encrypted encounter store."""
        return self.data_dir / "encounters.sqlite"

    @property
    def journal_dir(self) -> Path:
        """The encrypted audio journals, one file per encounter."""
        return self.data_dir / "journal"

    @property
    def recovery_key(self) -> Path:
        """What the box keeps of the recovery passphrase."""
        return self.data_dir / "recovery.json"

    @property
    def last_backup(self) -> Path:
        """Name of the last backup; its time of change is that of the backup."""
        return self.data_dir / "last-backup"

    @property
    def keeper_socket(self) -> Path:
        """Where the process that has the store open takes orders about it."""
        return self.data_dir / "keeper.sock"

    @property
    def connect_dir(self) -> Path:
        """The authority of the box, its certificates, and what it says about being reached."""
        return self.data_dir / "connect"

    @property
    def box_key(self) -> Path:
        """The key that wraps every encounter's key; a systemd credential `chartside.box_key` takes its place."""
        credentials = os.environ.get("CREDENTIALS_DIRECTORY")
        sealed = Path(credentials) / "chartside.box_key" if credentials else None
        return sealed if sealed and sealed.exists() else self.data_dir / "box.key"


def _from_file() -> dict[str, object]:
    path = Path(os.environ.get(_ENVIRONMENT_PREFIX + "SETTINGS", _SETTINGS_FILE))
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"The settings file {path} cannot be read: {error}.", hint="Correct or remove the file.") from error


def _from_credentials(names: list[str]) -> dict[str, object]:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return {}
    paths = {name: Path(directory) / f"chartside.{name}" for name in names}
    return {name: path.read_text("utf-8").strip() for name, path in paths.items() if path.exists()}


def _from_environment(names: list[str]) -> dict[str, object]:
    keys = {name: _ENVIRONMENT_PREFIX + name.upper() for name in names}
    return {name: os.environ[key] for name, key in keys.items() if key in os.environ}


def _checked(cls: type[Settings], name: str, value: object) -> Any:
    declared = next((f for f in fields(cls) if f.name == name), None)
    if declared is None:
        raise InputError(f"There is no setting named {name!r}.", hint="Known settings: " + ", ".join(cls.names()) + ".")
    kind: Callable[[Any], object] = {"Path": Path, "int": int, "str": str}[str(declared.type)]
    expected = declared.metadata["expected"] or str(declared.type)
    try:
        converted = kind(value)
    except (TypeError, ValueError):
        converted = None
    valid = declared.metadata["valid"]
    if converted is None or (valid is not None and not valid(converted)):
        raise InputError(f"The setting {name} is {value!r}.", hint=f"Expected {expected}.")
    return converted
