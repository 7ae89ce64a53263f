"""The checks in the order they are shown."""

from __future__ import annotations

from typing import Final

from appliance.health.backup import check_backup
from appliance.health.bundle import check_bundle
from appliance.health.certificate import check_certificate
from appliance.health.check import Check
from appliance.health.clock import check_clock
from appliance.health.devices import check_devices
from appliance.health.machine import check_machine
from appliance.health.page import check_page
from appliance.health.providers import check_providers
from appliance.health.self_test import check_self_test
from appliance.health.store import check_store
from appliance.health.versions import check_versions

CHECKS: Final[dict[str, Check]] = {
    "versions": check_versions,
    "machine": check_machine,
    "bundle": check_bundle,
    "providers": check_providers,
    "store": check_store,
    "backup": check_backup,
    "page": check_page,
    "clock": check_clock,
    "certificate": check_certificate,
    "devices": check_devices,
    "self-test": check_self_test,
}
