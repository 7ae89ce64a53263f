"""The kiosk as a process of its own: `kiosk_process.py FD DATA_DIR SPEECH_SOCKET NOTE_SOCKET LARGEST_FILE`.

LARGEST_FILE is the number of bytes beyond which no file grows, which is how a full disk feels; 0 for no limit.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from appliance.kiosk.service import run
from appliance.runtime.server import inherited_socket
from appliance.settings import Settings

if __name__ == "__main__":
    fd, data, speech, note, largest = sys.argv[1:]
    if int(largest):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest), resource.RLIM_INFINITY))
    listener = inherited_socket(int(fd))
    assert listener
    run(Settings(data_dir=Path(data)), listener, Path(speech), Path(note))
