"""The kiosk as a process of its own: `kiosk_process.py FD DATA_DIR SPEECH_SOCKET NOTE_SOCKET`."""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.kiosk.service import run
from appliance.runtime.server import inherited_socket
from appliance.settings import Settings

if __name__ == "__main__":
    fd, data, speech, note = sys.argv[1:]
    listener = inherited_socket(int(fd))
    assert listener
    run(Settings(data_dir=Path(data)), listener, Path(speech), Path(note))
