"""A kiosk on the network in the process of the test, and the tablets that reach it over TLS."""

from __future__ import annotations

import contextlib
import re
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.serialization import Encoding
from kiosk_client import MAX_CHUNKS

from appliance.connect.authority import Authority
from appliance.connect.clock import Clock
from appliance.connect.connection import Connection
from appliance.connect.server import NetworkServer
from appliance.connect.sockets import listen_network
from appliance.kiosk.access import Access
from appliance.kiosk.health import Health
from appliance.kiosk.service import create_app
from appliance.kiosk.templates import Templates
from appliance.kiosk.updates import Updates
from appliance.kiosk.visits import Visits
from appliance.runtime.client import ServiceClient
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore

PIN = "274913"
ADDRESS = ip_address("192.168.7.20")


class Tablet:
    """A browser without a screen: cookies, TLS with the box's authority, headers that browsers send."""

    def __init__(self, port: int, host: str, authority: bytes, address: str = "127.0.0.1") -> None:
        context = ssl.create_default_context(cadata=authority.decode())
        headers = {"Host": f"{host}:{port}"}
        self.http = httpx.Client(base_url=f"https://{address}:{port}", verify=context, headers=headers, timeout=30)
        self._host = host
        self.authority = authority

    def close(self) -> None:
        self.http.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(method, path, extensions={"sni_hostname": self._host}, **options)

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, **form: str) -> httpx.Response:
        return self.request("POST", path, data=form)

    def html(self, path: str) -> str:
        return self.get(path, headers={"Accept": "text/html"}).text

    # The same, as the people before it use it.

    def set_first_pin(self, code: str) -> None:
        assert self.post("/setup/first-pin", code=code, pin=PIN).status_code == 303

    def enter_pin(self, pin: str = PIN) -> httpx.Response:
        return self.post("/setup/sign-in", pin=pin)

    def new_code(self, room: int) -> str:
        page = self.post(f"/setup/rooms/{room}/code").text
        found = re.search(r'data-testid="code">([^<]+)<', page)
        assert found, page
        return found[1]

    def pair(self, code: str, name: str = "iPad") -> httpx.Response:
        return self.post("/pair", code=code, name=name)


@dataclass
class NetworkKiosk:
    port: int
    access: Access
    connection: Connection
    app: Any
    settings: Settings
    _tablets: list[Tablet] = field(default_factory=list)

    def tablet(self, host: str = "chartside.local") -> Tablet:
        pem = self.connection._identity.authority.certificate.public_bytes(Encoding.PEM)
        self._tablets.append(Tablet(self.port, host, pem))
        return self._tablets[-1]

    def administrator(self) -> Tablet:
        """A tablet on which the PIN was entered."""
        tablet = self.tablet()
        code = self.access.administrator.setup_code
        if code:
            tablet.set_first_pin(code)
        else:
            assert tablet.enter_pin().status_code == 303
        return tablet

    def paired(self, room: str = "Exam room 1", name: str = "iPad") -> Tablet:
        administrator, tablet = self.administrator(), self.tablet()
        if room not in {known.name for known in self.access.devices.rooms()}:
            administrator.post("/setup/rooms", name=room)
        number = next(known.number for known in self.access.devices.rooms() if known.name == room)
        assert tablet.pair(administrator.new_code(number), name).status_code == 303
        return tablet

    def close(self) -> None:
        for tablet in self._tablets:
            tablet.close()


@contextlib.contextmanager
def on_network(
    settings: Settings,
    speech_socket: Path,
    note_socket: Path,
    page_dir: Path,
    *,
    clock: Clock | None = None,
    updates: Updates | None = None,
) -> Iterator[NetworkKiosk]:
    """The kiosk as `appliance.kiosk.service.run` puts it together, but for the multicast."""
    trust = listen_network(0, "http_port")
    listener = listen_network(0, "https_port")
    port = listener.getsockname()[1]
    with (
        contextlib.closing(trust),
        contextlib.closing(ServiceClient(speech_socket, "speech")) as speech,
        contextlib.closing(ServiceClient(note_socket, "note")) as note,
        contextlib.closing(EncounterStore.open(settings)) as store,
        contextlib.closing(Visits(store, speech, note, max_chunks=MAX_CHUNKS)) as visits,
    ):
        connection = Connection(settings, port, trust, clock=clock, find_addresses=lambda: [ADDRESS], interfaces=["127.0.0.1"])
        access = Access(store, visits, connection)
        templates = Templates(note, settings.template)
        app = create_app(
            visits,
            speech,
            note,
            templates,
            Health(settings),
            page_dir=page_dir,
            bundle=settings.bundle,
            local_key=store.local_key,
            access=access,
            updates=updates,
        )
        server = NetworkServer(app, listener, visits.end_streams, tls=connection.tls)
        server.prepare()
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            with contextlib.closing(NetworkKiosk(port, access, connection, app, settings)) as kiosk:
                yield kiosk
        finally:
            server.stop()
            thread.join()


def authority_of(settings: Settings) -> Authority:
    clock = Clock(settings.connect_dir / "clock").read()
    return Authority.load_or_create(settings.connect_dir / settings.name, settings.name, clock.time)
