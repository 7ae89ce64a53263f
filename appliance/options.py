"""Options of commands for settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import click

from appliance.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")


def settings_options(*names: str) -> Callable[[Callable[Concatenate[Settings, P], R]], Callable[P, R]]:
    """Options for settings, described where the settings are declared; the command gets a `Settings` first."""

    def decorate(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
        @wraps(command)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            overrides = {name: kwargs.pop(name) for name in names}
            return command(Settings.load(overrides), *args, **kwargs)

        for name in reversed(names):
            help_ = Settings.help_of(name)
            click.option(f"--{name.replace('_', '-')}", name, metavar=name.upper(), default=None, help=help_)(wrapped)
        return wrapped

    return decorate
