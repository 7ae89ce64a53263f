"""The USB stick labelled `CHARTSIDE`: settings and updates for a box that has no keyboard and no internet.

Where to look:

    files      reads files of a stick that anybody may have written
    network    `network.toml` becomes a file for systemd-networkd
    apply      each item: done, or not done and why; the report

Nothing on the stick is run, and nothing is read that has not a name and a size that were expected.
"""
