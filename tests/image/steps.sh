# What happens in the box during `make image-test-full`; run at each boot, by root, from the disk of the test. What it prints goes to
# the test, in sections. `step` counts what was done; it outlives a factory reset, because it is on the disk of the test.
cd /run/steps
step=$(cat step)
variable() { cat "/sys/firmware/efi/efivars/$1" | tail -c +5; }  # tail would seek, which such a file does not do
entry=$(variable LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f | tr -d '\0')
section() { echo "=== $step $1"; }
state_of_the_disk() {
    lsblk -n -l -o PARTLABEL,PARTUUID /dev/vda
    (cd /boot/EFI/Linux && sha256sum *)
}
go_on() {
    echo $((step + 1)) > step
    sync
}
install() {
    time chartside update install "$1.chartside" 2>&1
}

section "boot $(cut -d. -f1 /proc/uptime) $entry"
case $entry in *_9.9.3*) exit ;; esac  # the unhealthy one: its self-test decides
section version
sed -n 's/^IMAGE_VERSION=//p' /etc/os-release | tr -d '"'
section state
timeout 3000 systemctl is-system-running --wait
section failed
systemctl --failed --no-legend --plain
section secure-boot
variable SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c | od -An -tu1
section data
blkid -s UUID -o value /dev/disk/by-partlabel/chartside-data
findmnt -n -o SOURCE /var
timeout 300 bash -c 'until systemd-cryptenroll /dev/disk/by-partlabel/chartside-data | grep -q recovery; do sleep 1; done'
systemd-cryptenroll /dev/disk/by-partlabel/chartside-data
systemctl show -p ActiveState,Result recovery-key
section entries
ls /boot/EFI/Linux
section partitions
lsblk -n -l -o PARTLABEL,SIZE /dev/vda
section marker
cat /var/marker 2>&1
section root
findmnt -n -o FSTYPE,OPTIONS /
section verity
dmsetup status
section models
findmnt -n -o FSTYPE,OPTIONS /run/chartside-models

case $step in
first)  # of an image that only boots
    section machine
    uname -m
    section times
    systemd-analyze time
    section end
    exit
    ;;
0)
    section write
    touch /x /usr/x /run/chartside-models/x 2>&1
    section services
    systemctl show -p Id,ActiveState,Result chartside-kiosk chartside-selftest models nftables systemd-bless-boot boot-complete.target
    section times
    systemd-analyze time
    section journal
    journalctl -b -p warning --no-pager | tail -60
    section ready
    section before
    state_of_the_disk
    for attack in attack-*.chartside; do
        section "$attack"
        time chartside update install "$attack" 2>&1
        echo "status=$?"
    done
    section after
    state_of_the_disk
    echo kept > /var/marker
    section good
    install good
    ls /boot/EFI/Linux
    go_on
    ;;
1)
    section never-boots
    install never-boots
    ls /boot/EFI/Linux
    go_on
    ;;
2)
    section unhealthy
    install unhealthy
    # Two of its three attempts are counted already: each is a whole emulated boot.
    mv /boot/EFI/Linux/chartside_9.9.3+3-0.efi /boot/EFI/Linux/chartside_9.9.3+1-2.efi
    ls /boot/EFI/Linux
    go_on
    ;;
3)
    section reset
    echo here > /var/marker
    sync
    bootctl set-oneshot "chartside_9.9.1.efi@reset"
    bootctl list --no-pager | grep -E ' id:|title:'
    go_on
    ;;
4)
    echo kept > /var/marker
    sync
    section end
    exit
    ;;
esac
section restart
systemctl reboot
