"""The note templates, as the note service last named them."""

from __future__ import annotations

import contextlib
import re
from typing import Final

from appliance.errors import ChartsideError, UnknownTemplateError
from appliance.kiosk.wire import Template
from appliance.runtime.client import ServiceClient

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_TIMEOUT: Final = 2.0


class Templates:
    """Knows the templates even while the note service is away, once it has been there.

    Args:
        note: The note service.
        default: Name of the template of a new encounter.
    """

    def __init__(self, note: ServiceClient, default: str) -> None:
        self.default = default
        self._note = note
        self._known: list[Template] = []

    def known(self) -> list[Template]:
        """The templates; empty while the note service has never answered."""
        with contextlib.suppress(ChartsideError):
            self._known = self._note.call("GET", "/templates", list[Template], timeout=_TIMEOUT)
        return self._known

    def check(self, name: str | None) -> str:
        """The template that was asked for, or the default.

        A visit must be able to start before the note service is up: until its templates are known, any
        well-formed name is taken.

        Raises:
            UnknownTemplateError: There is no such template.
        """
        name = self.default if name is None else name
        names = [template.name for template in self._known or self.known()]
        if not _NAME.fullmatch(name) or (names and name not in names):
            raise UnknownTemplateError(
                f"There is no note template named {name[:60]!r}.",
                hint=f"Known templates: {', '.join(names or [self.default])}.",
            )
        return name
