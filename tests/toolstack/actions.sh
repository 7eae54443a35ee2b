#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# on_poweroff, on_reboot and on_crash, with boot sectors that power off, reset, or let the processor
# shut down by a triple fault (which is a reset, as under Xen).
set -eu
. tests/toolstack/lib/set.sh

# sector NAME BYTES: a disk that starts with this code
sector() {
	{
		# shellcheck disable=SC2059
		printf "$2"
		head -c 510 /dev/zero
	} | head -c 510 >"$dir/$1.img"
	printf '\125\252' >>"$dir/$1.img"
	truncate -s 1M "$dir/$1.img"
}
sector off '\372\272\004\006\270\000\040\357\364' # cli; mov $0x604,%dx; mov $0x2000,%ax; out; hlt
sector reset '\272\371\014\260\006\356\364'       # mov $0xcf9,%dx; mov $6,%al; out %al,(%dx); hlt
sector triple '\017\001\036\000\176\314'          # lidt 0x7e00 (no limit there); int3
sector still '\372\364'                           # cli; hlt

# run NAME DISK SETTING…
run() {
	name=$1 disk=$2
	shift 2
	printf '%s\n' "name='$name'" 'memory=16' 'vnc=0' "disk=['$dir/$disk.img,raw,hda,w']" \
		"$@" >"$dir/$name.cfg"
	says 0 '' create -q "$dir/$name.cfg"
}
unlisted() { ! "$hvm" list "$1" >"$dir/out" 2>&1; }
state() { "$hvm" list "$1" 2>/dev/null | grep -Eq "^$1 .* $2 "; }
logged() { [ "$(grep -c "guest $1 ([0-9]*): $2\$" "$dir/log/$1.log")" -ge "$3" ]; }

run off1 off
soon unlisted off1 || fail "a guest that powers off is still there"
logged off1 poweroff 1 || fail "the log does not say that it powered off"
run off2 off 'on_poweroff="restart"'
soon logged off2 poweroff 3 || fail "it is not started again"
"$hvm" destroy off2
run off3 off 'on_poweroff="preserve"'
soon state off3 '---s--' || fail "not kept: $("$hvm" list)"
says 1 'hvm: error: the guest has ended' unpause off3
"$hvm" destroy off3

run reset1 reset
timeout 20 "$hvm" reboot -Fw reset1 >"$dir/out" 2>&1 || fail "it does not reset: $(cat "$dir/out")"
"$hvm" destroy reset1
for disk in reset triple; do
	run $disk $disk 'on_reboot="destroy"'
	soon unlisted $disk || fail "on_reboot=destroy: it is still there"
	logged $disk reboot 1 || fail "the log does not say that it reset"
done
run reset2 reset 'on_reboot="preserve"'
soon state reset2 '---sr-' || fail "not kept: $("$hvm" list)"
"$hvm" destroy reset2

# The old one under a name with the time in it, without its disk; a new one with it.
run new still 'on_reboot="rename-restart"'
id=$("$hvm" domid new)
says 0 '' trigger new reset
renamed() { [ "$("$hvm" domid new 2>/dev/null)" != "$id" ] && state new '.....-'; }
soon renamed || fail "not started anew: $("$hvm" list)"
case $("$hvm" domname "$id") in
new-2*Z) ;;
*) fail "the old one is called $("$hvm" domname "$id")" ;;
esac
"$hvm" destroy "$id"
"$hvm" destroy new

run crash1 still 'on_crash="preserve"'
kill -9 "$(pid_of hvm-dm)"
soon state crash1 '---sc-' || fail "not kept: $("$hvm" list)"
"$hvm" destroy crash1
run crash2 still 'on_crash="restart"'
kill -9 "$(pid_of hvm-core)"
soon unlisted crash2 || fail "a guest that crashes at once is started for ever"
grep -q 'crashes too soon' "$dir/log/crash2.log" || fail "the log does not say why"
nothing_left
