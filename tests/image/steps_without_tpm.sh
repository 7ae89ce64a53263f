# What happens in a box without a TPM; run at each boot like steps.sh.
cd /run/steps
step=$(cat step)
partition=/dev/disk/by-partlabel/chartside-data
section() { echo "=== $step $1"; }

section state
timeout 3000 systemctl is-system-running --wait
section failed
systemctl --failed --no-legend --plain
section data
findmnt -n -o SOURCE /var
timeout 300 bash -c "until systemd-cryptenroll $partition | grep -q recovery && ! systemd-cryptenroll $partition | grep -q password; do sleep 1; done"
systemd-cryptenroll $partition
section marker
cat /var/marker 2>&1
echo here > /var/marker
echo $((step + 1)) > step
sync
section end
[ "$step" = 0 ] && systemctl reboot
