"""Writes docs/reference/ from the code: settings, commands, endpoints, errors. `--check` fails if a page is stale."""

from __future__ import annotations

import argparse
import inspect
import logging
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

import click
from flask import Flask

from appliance import cli, errors
from appliance.connect.state import State
from appliance.errors import ChartsideError
from appliance.settings import Settings
from training import cli as training_cli

REFERENCE = Path(__file__).resolve().parent / "reference"
_HEADER = "<!-- Written by docs/generate.py; change the code, then run `make docs`. -->\n\n"


def main() -> None:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a page is stale")
    arguments = parser.parse_args()
    logging.disable()  # the services say that they have no models
    pages = {
        "settings.md": settings_page(),
        "cli.md": cli_page("Command line", cli.main, "chartside"),
        "train.md": cli_page("Training commands", training_cli.main, "chartside-train"),
        "api.md": api_page(),
        "errors.md": errors_page(),
    }
    stale = [name for name, text in pages.items() if read(REFERENCE / name) != _HEADER + text]
    if arguments.check:
        if stale:
            print(f"Stale in docs/reference: {', '.join(stale)}. Run `make docs`.", file=sys.stderr)
        sys.exit(bool(stale))
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages.items():
        (REFERENCE / name).write_text(_HEADER + text, "utf-8")
    print(f"{len(stale)} of {len(pages)} pages changed.")


def read(path: Path) -> str:
    """The file's text; empty if there is none."""
    return path.read_text("utf-8") if path.exists() else ""


def settings_page() -> str:
    """Every setting with its default and where it comes from."""
    intro = (inspect.getdoc(inspect.getmodule(Settings)) or "").partition("\n\n")[2]
    lines = ["# Settings", "", intro, "", "| setting | environment | default | |", "|---|---|---|---|"]
    # Defaults that depend on the machine are described, not evaluated.
    described = {"data_dir": "the user's data directory", "bundle": "`bundles/default` in the user's data directory"}
    for field in fields(Settings):
        default = described.get(field.name, f"`{field.default}`")
        expected = f" Expected: {field.metadata['expected']}." if field.metadata["expected"] else ""
        lines.append(f"| `{field.name}` | `CHARTSIDE_{field.name.upper()}` | {default} | {field.metadata['help']}{expected} |")
    return "\n".join(lines) + "\n"


def cli_page(title: str, group: click.Group, name: str) -> str:
    """The help of every command."""
    lines = [f"# {title}", ""]
    _describe(group, click.Context(group, info_name=name, max_content_width=100), lines)
    return "\n".join(lines)


def _describe(command: click.Command, context: click.Context, lines: list[str]) -> None:
    lines += [f"## `{context.command_path}`", "", "```", command.get_help(context), "```", ""]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            if sub is not None and not sub.hidden:
                _describe(sub, click.Context(sub, parent=context, info_name=name, max_content_width=100), lines)


def api_page() -> str:
    """Every endpoint of the three services."""
    lines = ["# Endpoints", "", "What bodies and events hold is described in [architecture](../architecture.md).", ""]
    for name, app in applications().items():
        lines += [f"## {name}", "", "| method | path | |", "|---|---|---|"]
        rules = sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ())))
        for rule in rules:
            methods = ", ".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
            view = app.view_functions[rule.endpoint]
            summary = (inspect.getdoc(view) or "").partition("\n")[0]
            if not summary:
                message = f"{name}: {methods} {rule.rule} has no docstring."
                raise SystemExit(message)
            lines.append(f"| {methods} | `{rule.rule}` | {summary} |")
        lines.append("")
    return "\n".join(lines)


def applications() -> dict[str, Flask]:
    """The three services as WSGI applications, without models."""
    from appliance.kiosk.access import Access
    from appliance.kiosk.health import Health
    from appliance.kiosk.service import create_app as kiosk_app
    from appliance.kiosk.templates import Templates
    from appliance.kiosk.updates import Updates
    from appliance.kiosk.visits import Visits
    from appliance.note.service import NoteService
    from appliance.note.service import create_app as note_app
    from appliance.runtime.client import ServiceClient
    from appliance.speech.service import create_app as speech_app
    from appliance.store.encounters import EncounterStore

    with tempfile.TemporaryDirectory() as scratch:
        nowhere = Path(scratch)
        settings = Settings(data_dir=nowhere, bundle=nowhere)
        peers = ServiceClient(nowhere / "speech.sock", "speech"), ServiceClient(nowhere / "note.sock", "note")
        store = EncounterStore.open(settings)
        visits = Visits(store, *peers, max_chunks=1)
        apps = {
            "kiosk": kiosk_app(
                visits,
                *peers,
                Templates(peers[1], settings.template),
                Health(settings),
                bundle=nowhere,
                local_key=store.local_key,
                access=Access(store, visits, _Unreached()),
                updates=Updates(settings),
            ),
            "speech": speech_app(settings),
            "note": note_app(NoteService(settings)),
        }
        apps["speech"].extensions["sessions"].close()
        visits.close()
        store.close()
    return apps


class _Unreached:
    """A connection for an application that is looked at and never served."""

    @property
    def settings(self) -> Settings:
        """None are looked at."""
        raise NotImplementedError

    @property
    def state(self) -> State:
        """Nowhere."""
        raise NotImplementedError

    def serves(self, host: str) -> bool:
        """No name."""
        raise NotImplementedError

    def tell(self, **facts: object) -> None:
        """Nothing is kept."""

    def use_certificate(self, pem: bytes | None) -> None:
        """Nothing is shown."""
        raise NotImplementedError


def errors_page() -> str:
    """Every error with its status and exit code."""
    lines = ["# Errors", "", "```", inspect.getdoc(errors) or "", "```", "", "| error | status | exit | |", "|---|---|---|---|"]
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, ChartsideError):
            summary = (inspect.getdoc(kind) or "").partition("\n")[0]
            lines.append(f"| `{kind.__name__}` | {kind.status} | {kind.exit_code} | {summary} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
