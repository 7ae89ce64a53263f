# What happens in the box during `make image-test-display`; run at each boot, by root, from the disk of the test. What it prints goes to
# the test, in sections. Each waits for what the display shows: /dev/vcs1 is its text.
cd /run/steps
step=$(cat step)
state=/var/lib/private/chartside/connect/state.json
shown() {
    read -r _ columns < <(stty size < /dev/tty1)
    LC_ALL=C fold -w "$columns" < /dev/vcs1 | LC_ALL=C sed 's/[^ -~]/#/g; s/ *$//'
}
wait_for() {
    until shown | grep -q "$1"; do sleep 1; done
}

if [ "$step" = first ]; then
    wait_for '\.\. *Keys, certificates'
    echo "=== start"
    shown
    wait_for 'Set-up code: '
    while shown | grep -q 'The box starts'; do sleep 1; done
    echo "=== setup"
    cat $state
    echo
    echo "=== text"
    shown
    until grep -q '"setup_code":""' $state; do sleep 1; done
fi
until page=$(pgrep -u display -f -- '--type=renderer'); do sleep 5; done
echo "=== display"
systemctl is-active display
systemctl --failed --no-legend --plain
echo "=== sandbox"
# Whether each renderer has namespaces of its own.
for process in $page; do
    for kind in user pid net; do
        [ "$(readlink "/proc/$process/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ] && echo "$kind"
    done
done | sort | uniq -c
echo "=== end"
# The browser writes cookies every half minute: who loses power before that pairs again.
until grep -qs __Host-chartside /var/lib/display/chromium/Default/Cookies; do sleep 1; done
sleep 5
sync
echo "=== kept"
