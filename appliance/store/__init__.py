"""What the box remembers: encounters and their audio, encrypted under one key per encounter.

    keys        the box key, and the key of each encounter wrapped by it
    journal     the audio of one encounter, append-only, durable before it is acknowledged
    encounters  the store: encounters as a whole, and their deletion
    turns       what was heard: turns, gaps, speakers, proposals
    notes       what was written: versions, checks, signature, addenda
    devices     paired tablets and their rooms, the administrator's PIN, how long a door stays shut
    database    transactions, rows and keys, for all of these
    audit       what was deleted, backed up and restored: a chain of sealed entries
    renewal     a new key for an encounter, so that what stays behind under the old one cannot be read again
    snapshot    the database as it is now, for a backup
    retention   what is deleted when
    records     what the store hands out
    schema      the tables

A stolen disk shows ids, times, states and sizes, nothing else. A deleted encounter cannot be read again even by somebody
who copied the disk's current content and holds the box key: its own key is overwritten before its data are removed.
"""
