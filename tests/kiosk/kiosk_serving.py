"""A kiosk in the process of the test."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

from kiosk_client import MAX_CHUNKS, Kiosk

from appliance.backup.keeper import StoreKeeper
from appliance.kiosk.health import Health
from appliance.kiosk.keeping import keeping
from appliance.kiosk.service import create_app
from appliance.kiosk.templates import Templates
from appliance.kiosk.visits import Visits
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import Server, listen_localhost
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore


@contextlib.contextmanager
def serving(settings: Settings, speech_socket: Path, note_socket: Path, page_dir: Path) -> Iterator[Kiosk]:
    with (
        contextlib.closing(ServiceClient(speech_socket, "speech")) as speech,
        contextlib.closing(ServiceClient(note_socket, "note")) as note,
        contextlib.closing(EncounterStore.open(settings)) as store,
        contextlib.closing(Visits(store, speech, note, max_chunks=MAX_CHUNKS)) as visits,
        keeping(settings, StoreKeeper(settings, store, visits.delete, visits.delete_audio)),
    ):
        visits.resume()
        templates = Templates(note, settings.template)
        app = create_app(visits, speech, note, templates, Health(settings), page_dir=page_dir, local_key=store.local_key)
        listener = listen_localhost(0)
        port = listener.getsockname()[1]
        server = Server(app, listener, visits.end_streams)
        server.prepare()
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            with contextlib.closing(Kiosk(port)) as kiosk:
                yield kiosk
        finally:
            server.stop()
            thread.join()
