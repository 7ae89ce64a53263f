"""Chartside: the appliance that writes the visit note inside the clinic.

Data flows one way: microphone, speech, note, review, export. `appliance.speech` turns audio into turns,
`appliance.note` turns them into a note, `appliance.kiosk` serves the page and keeps the encounters in
`appliance.store`. All three are HTTP services over UNIX sockets; what they share is in `appliance.runtime`.
"""

import os

# onnxruntime reports its use to its maker, and writes an id for that into the home directory, from the moment it is imported,
# unless this was said before. Nothing leaves the building.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
