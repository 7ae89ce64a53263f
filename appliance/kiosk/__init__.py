"""The kiosk: serves the page, keeps the encounters, and moves audio to speech and turns to note.

service      the process: the application, its server, start and stop
api          the HTTP routes of encounters and status
templates    the note templates, known even while the note service is away
page         the built page as static files
guard        refuses other web pages; security headers
visits       the encounters this process has at hand, and their pipelines
visit        one encounter: store, journal and event stream, changed together
pipeline     the two workers of a live encounter
worker       what the workers share: attempts, waiting for a service that went away
transcriber  journal to speech, turns to store
writer       turns to note, note to store
wire         the JSON documents
"""
