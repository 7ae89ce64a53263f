"""The kiosk: serves the page, keeps the encounters, and moves audio to speech and turns to note.

service      the process: the application, its server, start and stop
api          the HTTP routes of status, encounters and their recording
review_api   the HTTP routes of what came of a visit
arguments    what the routes read, checked
templates    the note templates, known even while the note service is away
page         the built page as static files
access       who gets what on the network: devices, administrator (both slowed down by throttle), everybody
devices      paired tablets; codes pair them
forms        pages for people, and what they fill in
pairing_api  the HTTP routes of pairing
setup_api    the HTTP routes of set-up
updates      updates that somebody uploads there
health       the HTTP routes of the status page
guard        refuses other web pages; security headers
visits       the encounters this process has at hand, and their pipelines
visit        one encounter: its parts, what is known of it, and its event stream
shared       what these parts share: lock, record, event stream; they change together
recording    its audio
heard        its turns, with who spoke (speakers) and what else may have been said
draft        its note, version by version
review       the check of the note, its signature (signing) and addenda
pipeline     the threads that take a visit to its note
worker       what the workers share: attempts, waiting for a service that went away
transcriber  journal to speech, turns to store
writer       turns to note, note to store
checker      note and turns to the note service's check, its answer to the store
wire         the JSON documents
"""
