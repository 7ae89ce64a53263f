"""The kiosk process."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from flask import Flask

from appliance.audio import CHUNK_SAMPLES, SAMPLE_RATE
from appliance.backup.keeper import StoreKeeper
from appliance.backup.restore import take_over
from appliance.connect.connection import Connection
from appliance.connect.name import with_name
from appliance.connect.server import NetworkServer
from appliance.kiosk.access import Access
from appliance.kiosk.api import create_api
from appliance.kiosk.engine_api import create_engine_api
from appliance.kiosk.guard import protect
from appliance.kiosk.health import Health, create_health
from appliance.kiosk.keeping import keeping
from appliance.kiosk.local_api import create_local_api
from appliance.kiosk.models_api import create_models
from appliance.kiosk.page import PAGE_DIR, create_page
from appliance.kiosk.pairing_api import create_device_api, create_pairing
from appliance.kiosk.review_api import create_review_api
from appliance.kiosk.setup_api import create_setup
from appliance.kiosk.templates import Templates
from appliance.kiosk.updates import Updates
from appliance.kiosk.visits import Visits
from appliance.runtime import notify
from appliance.runtime.client import ServiceClient
from appliance.runtime.server import Server, serve
from appliance.runtime.web import JSON_BODY_LIMIT, create_service
from appliance.settings import Settings
from appliance.store.encounters import EncounterStore

_CHUNKS_PER_MINUTE: Final = 60 * SAMPLE_RATE // CHUNK_SAMPLES


def create_app(
    visits: Visits,
    speech: ServiceClient,
    note: ServiceClient,
    templates: Templates,
    health: Health,
    *,
    page_dir: Path = PAGE_DIR,
    bundle: Path | None = None,
    local_key: Callable[[int | None], bytes] | None = None,
    access: Access | None = None,
    updates: Updates | None = None,
) -> Flask:
    """The kiosk's application.

    Args:
        visits: The encounters.
        speech: The speech service.
        note: The note service.
        templates: The note templates.
        health: What the status page shows.
        page_dir: Directory of the built page.
        bundle: Directory of the model bundle that tablets may fetch; None serves none.
        local_key: The key of a device, with which it works while the box is away; None lets none work so.
        access: Who gets what on the network; None serves everything, to localhost only.
        updates: Takes updates on the set-up page; by default those of this machine.
    """
    app = create_service(__name__)
    app.config["MAX_CONTENT_LENGTH"] = JSON_BODY_LIMIT
    if access is None:
        protect(app)
    else:
        protect(app, access.connection.serves, access.longest_body)
        access.install(app)
        updates = updates or Updates(access.connection.settings)
        for blueprint in (create_pairing(access), create_setup(access, updates), create_device_api()):
            app.register_blueprint(blueprint)
    app.register_blueprint(create_api(visits, speech, note, templates))
    app.register_blueprint(create_review_api(visits))
    app.register_blueprint(create_engine_api(visits))
    app.register_blueprint(create_health(health))
    if local_key is not None:
        app.register_blueprint(create_local_api(visits, local_key))
    if bundle is not None:
        app.register_blueprint(create_models(bundle))
    app.register_blueprint(create_page(page_dir))
    return app


def run(
    settings: Settings,
    listener: socket.socket,
    speech_socket: Path,
    note_socket: Path,
    trust: socket.socket | None = None,
    *,
    keeper: socket.socket | None = None,
) -> None:
    """Serve the kiosk until SIGTERM or SIGINT.

    Unfinished visits of the last process are resumed before the first request is answered.

    Args:
        settings: The settings of the box.
        listener: Listening TCP socket: on localhost, or on the network with access `lan`.
        speech_socket: UNIX socket of the speech service; it need not answer yet.
        note_socket: UNIX socket of the note service; it need not answer yet.
        trust: Listening TCP socket of the trust page, with access `lan`.
        keeper: Listening UNIX socket for retention and backups; by default one in the data directory.

    Raises:
        StorageError: The encounter store or the certificates cannot be used.
        ConflictError: Another kiosk uses the encounter store.
    """
    notify.doing("opening the visits")
    take_over(settings)
    settings = with_name(settings)
    with (
        contextlib.closing(ServiceClient(speech_socket, "speech")) as speech,
        contextlib.closing(ServiceClient(note_socket, "note")) as note,
        contextlib.closing(EncounterStore.open(settings)) as store,
        contextlib.closing(Visits(store, speech, note, max_chunks=settings.max_minutes * _CHUNKS_PER_MINUTE)) as visits,
        contextlib.ExitStack() as stack,  # what uses the visits and the store ends before them
    ):
        visits.resume()
        templates = Templates(note, settings.template)
        health = Health(settings)
        connection = None
        if trust is not None:
            notify.doing("making keys and certificates, looking for others of its name")
            connection = stack.enter_context(Connection(settings, listener.getsockname()[1], trust))
        use_certificate = connection.use_certificate if connection else None
        keeping_store = StoreKeeper(settings, store, visits.delete, visits.delete_audio, use_certificate)
        stack.enter_context(keeping(settings, keeping_store, keeper))
        access = Access(store, visits, connection) if connection else None
        app = create_app(
            visits, speech, note, templates, health, bundle=settings.bundle, local_key=store.local_key, access=access
        )
        notify.doing("")
        notify.ready()  # callers wait in the queues of the listening sockets
        if connection:
            serve(NetworkServer(app, listener, visits.end_streams, tls=connection.tls))
        else:
            serve(Server(app, listener, visits.end_streams))
