"""Chartside: the appliance that writes the visit note inside the clinic.

Data flows one way: microphone, speech, note, review, export. `appliance.speech` turns audio into turns,
`appliance.note` turns them into a note, `appliance.kiosk` serves the page and keeps the encounters in
`appliance.store`. All three are HTTP services over UNIX sockets; what they share is in `appliance.runtime`.
"""

__version__ = "0.1.0"
