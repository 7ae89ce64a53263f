"""Backups: one encrypted file with the store, the audio and the keys, which only the recovery passphrase opens.

Where to look:

    recovery    the passphrase, and what the box keeps of it: enough to make backups, not enough to read them
    sealing     an encrypted stream in frames, with an authenticated end
    contents    what a backup holds, and its order
    places      where backups go: a directory or the USB stick; whole files only, old ones removed
    restore     from a file to an empty box
    keeper      retention, backups and audit, by whoever has the store open
    cli         the commands
"""
