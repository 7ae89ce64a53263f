"""Runs a test's function in a process of its own, where limits can be set and crashes survived."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from typing import Any


def run_in_child(function: Callable[..., None], *arguments: Any) -> None:
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            function(*arguments)
            status = 0
        except BaseException:  # noqa: BLE001 pytest must not go on in the child
            traceback.print_exc()
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    assert status == 0, "the child failed; its traceback is above"
