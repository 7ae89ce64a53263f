"""Updates of the box: one signed file per release.

`container` reads and writes the file and checks its signature against `keys`; `policy` decides whether this box may have
it; `install` unpacks it, checks every hash and hands it to systemd-sysupdate. `self_test` decides at the next boot whether
it stays. `pack` makes update files, on the vendor's machine.
"""
