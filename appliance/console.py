"""What the project's commands share: errors as one sentence with a hint and an exit code, progress bars, one place to print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from appliance.errors import ChartsideError

log = Console(stderr=True)
"""For everything that is not the command's result."""

CONTEXT = {"help_option_names": ["-h", "--help"]}
"""Of every top-level command."""

Advance = Callable[[float, float], None]
"""Takes how much is done, and how much there is in all (0 while that is not known)."""


class CommandGroup(click.Group):
    """Turns deliberate errors into one sentence, under the name of the group, a hint and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ChartsideError as error:
            log.print(f"{self.name}: {error.message}", style="red", highlight=False, markup=False)
            if error.hint:
                log.print(error.hint, highlight=False, markup=False)
            sys.exit(error.exit_code)


@contextmanager
def progress_bar(title: str) -> Iterator[Advance]:
    """A bar with elapsed and remaining time; gone when the work is done."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=log, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total or None)
