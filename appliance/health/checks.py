"""The checks in the order they are shown."""

from __future__ import annotations

from typing import Final

from appliance.health.bundle import check_bundle
from appliance.health.check import Check
from appliance.health.machine import check_machine
from appliance.health.page import check_page
from appliance.health.store import check_store
from appliance.health.versions import check_versions

CHECKS: Final[dict[str, Check]] = {
    "versions": check_versions,
    "machine": check_machine,
    "bundle": check_bundle,
    "store": check_store,
    "page": check_page,
}
