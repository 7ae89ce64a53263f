"""What the note service asks for: the provider that runs its model."""

from __future__ import annotations

import contextlib
import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NoReturn

from appliance.runtime.bundle import Bundle
from appliance.runtime.providers.enumerate import Machine, read_machine
from appliance.runtime.providers.failures import Failure, Failures
from appliance.runtime.providers.plan import AUTO, CPU, Candidate, Plan, Provider, make_plan
from appliance.runtime.providers.probe import Subject
from appliance.runtime.providers.verdict import Tried, Verdict, decide, key_of, load_verdict, save_verdict, single
from appliance.settings import Settings

_log = logging.getLogger(__name__)
EXERCISE: Final = "appliance.note.exercise"
"""The module that a child process runs to try a candidate on the note model."""
_VERDICT_FILE = "verdict.json"
_FAILED_EXIT = 70  # EX_SOFTWARE of sysexits.h


@dataclass(frozen=True)
class Standing:
    """What is known about the providers of this box, without trying any."""

    plan: Plan
    key: dict[str, str]
    """What a verdict depends on."""
    verdict: Verdict | None
    """None if the candidates have to be tried."""
    stale: tuple[str, ...]
    """What changed since the verdict that is no longer valid, if there is one."""
    failed: dict[str, str]
    """What failed in use, with the reason, by name; not in the plan any more."""


@dataclass(frozen=True)
class Choice:
    """The provider of the note model."""

    verdict: Verdict
    failures: Failures

    @property
    def candidate(self) -> Candidate:
        """What was chosen."""
        return self.verdict.chosen

    @property
    def providers(self) -> list[Provider]:
        """For `LanguageModel.load`."""
        return self.candidate.providers

    def failed(self, error: Exception) -> NoReturn:
        """Record that the provider failed in use, and end the process.

        Nothing is saved by going on: a GPU context is unusable after an error. Whoever runs the service starts it again, on
        another provider, and the kiosk sends the visits again.
        """
        self.failures.record(self.candidate.name, f"A call failed ({type(error).__name__}).", self.verdict.key)
        os._exit(_FAILED_EXIT)


def stand(settings: Settings, machine: Machine | None = None) -> Standing:
    """What is known about the providers, without trying any.

    Args:
        settings: Names the bundle, the number of threads, the data directory and the wanted provider.
        machine: What the machine has; None reads it.

    Raises:
        BundleError: There is no bundle.
    """
    if settings.provider == CPU.name:
        return Standing(Plan((CPU,)), {}, Verdict(CPU, "The setting `provider` asks for it."), (), {})
    machine = machine or read_machine()
    directory = _directory(settings)
    plan = make_plan(machine, cache=directory / "compiled", threads=settings.threads)
    if settings.provider != AUTO:
        plan = replace(plan, candidates=tuple(c for c in plan.candidates if c.plain or c.name == settings.provider))
    elif len(plan.candidates) == 1:
        return Standing(plan, {}, single(plan), (), {})
    key = key_of(machine, plan, _model_hash(Bundle(settings.bundle)), settings.threads) | {"setting": settings.provider}
    failed = Failures(directory).under(key)
    plan = replace(plan, candidates=tuple(c for c in plan.candidates if c.name not in failed))
    saved = load_verdict(directory / _VERDICT_FILE)
    stale = tuple(part for part in key if saved and saved.key.get(part) != key[part])
    valid = saved is not None and not stale and saved.chosen in plan.candidates
    return Standing(plan, key, saved if valid else None, stale, failed)


def known(settings: Settings) -> tuple[Verdict | None, tuple[Failure, ...]]:
    """The verdict of the last start of the note service, None if nothing was tried yet, and what failed in use under it.

    The services are kept from devices that they do not use, so what one of them sees would not be the note service's verdict.

    Raises:
        BundleError: There is no bundle.
    """
    directory = _directory(settings)
    saved = None if settings.provider == CPU.name else load_verdict(directory / _VERDICT_FILE)
    failures = tuple(failure for failure in Failures(directory).all() if saved is None or failure.key == saved.key)
    return saved or stand(settings).verdict, failures


def _untold(_candidate: Candidate) -> None:
    pass


def choose(settings: Settings, *, machine: Machine | None = None, module: str = EXERCISE, tried: Tried = _untold) -> Choice:
    """The provider of the note model; candidates are tried if there is no verdict that still holds.

    Args:
        settings: As for `stand`.
        machine: What the machine has; None reads it.
        module: Run by the child processes that try candidates.
        tried: Called before each trial.

    Raises:
        BundleError: There is no bundle.
    """
    failures = Failures(_directory(settings))
    failures.count_deaths()
    standing = stand(settings, machine)
    verdict = standing.verdict or _try(settings, standing, module, tried)
    if not verdict.trials:
        with contextlib.suppress(OSError):  # a verdict on other hardware, or under another setting
            (failures.directory / _VERDICT_FILE).unlink(missing_ok=True)
    for name, reason in standing.failed.items():
        _log.warning("execution provider %s is not used: %s", name, reason)
    _log.info("note model on %s: %s", verdict.chosen.name, verdict.reason)
    if settings.provider not in {AUTO, verdict.chosen.name}:
        _log.error("the note model does not run on %s: %s", settings.provider, verdict.reason)
    if not verdict.chosen.plain:
        failures.begin(verdict.chosen.name, verdict.key)
    return Choice(verdict, failures)


def try_again(settings: Settings, *, tried: Tried = _untold) -> Verdict:
    """Forget what failed, try every candidate, keep the verdict.

    Args:
        settings: As for `stand`.
        tried: Called before each trial.

    Raises:
        BundleError: There is no bundle.
    """
    Failures(_directory(settings)).forget()
    standing = stand(settings)
    if len(standing.plan.candidates) == 1 and standing.verdict:
        return standing.verdict
    return _try(settings, standing, EXERCISE, tried)


def _try(settings: Settings, standing: Standing, module: str, tried: Tried) -> Verdict:
    if standing.stale:
        _log.info("execution providers are tried again: %s changed", ", ".join(standing.stale))
    bundle = Bundle(settings.bundle)
    subject = Subject(module, bundle.note_directory, bundle.manifest.note.context, settings.threads)
    for directory in (_directory(settings) / "compiled" / name for name in ("tensorrt", "openvino")):
        with contextlib.suppress(OSError):  # without it, providers compile anew at every start
            directory.mkdir(parents=True, exist_ok=True)
    verdict = decide(standing.plan, subject, standing.key, wanted=settings.provider, tried=tried)
    broken = {trial.candidate.name for trial in verdict.trials if trial.failure}
    for name, reason in verdict.lost().items():
        _log.log(logging.WARNING if name in broken else logging.INFO, "execution provider %s is not used: %s", name, reason)
    if verdict.lasting:
        save_verdict(_directory(settings) / _VERDICT_FILE, verdict)
    return verdict


def _directory(settings: Settings) -> Path:
    return settings.data_dir.resolve() / "providers"


def _model_hash(bundle: Bundle) -> str:
    """What stands for the note model: the hashes of its files, from the manifest."""
    prefix = bundle.manifest.note.directory + "/"
    return " ".join(file.sha256[:16] for name, file in sorted(bundle.manifest.files.items()) if name.startswith(prefix))
