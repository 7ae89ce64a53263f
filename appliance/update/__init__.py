"""Updates of the box: one signed file per release.

`container` reads and writes the file and checks its signature against `keys`; `policy` decides whether this box may have
it; `install` unpacks it, checks every hash and hands it to systemd-sysupdate. `here` does that for the box it runs on, and
`handover` is how the kiosk, which may not, asks for it. `self_test` decides at the next boot whether the update stays. `pack`
makes update files, on the vendor's machine.
"""
