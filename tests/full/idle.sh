#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# An idle Linux guest with a USB tablet that a program listens to: how often the threads of its
# device model went to sleep in ten seconds. A timer left at 250 or 1,000 Hz fails it; the guest's
# own timers and the looks at the idle USB schedule make 35 to 45 a second. Its helper for the
# network, to which nobody talks, sleeps all the time.
set -eu
most=100
guest=${BUILD:-build}/guest bin=${BUILD:-build}/bin
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
[ -x "$bin/hvm-nat" ] || { echo "no hvm-nat (libslirp-dev)" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

cat >"$dir/sleeps" <<'END'
sleeps() {
	cat /proc/"$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'
}
pid=$(cat "$1/pid")
nat=$(cat "/proc/$pid/task/$pid/children")
nat=${nat% }
sleep 8
before=$(sleeps "$pid") nat_before=$(sleeps "$nat")
sleep 10
echo $((($(sleeps "$pid") - before) / 10)) >"$1/rate"
echo $(($(sleeps "$nat") - nat_before)) >"$1/nat"
END
"$bin/talk" -t 200 -k 'init: ready' 'guest# ' \
	'<until grep -q Tablet /proc/bus/input/devices; do sleep 1; done; echo th""ere' 'there' \
	'<cat /dev/input/event* >/dev/null & echo op""en' 'open' "!sh $dir/sleeps $dir" \
	-- "$bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
	-m 512 -display none -serial stdio -pidfile "$dir/pid" \
	-kernel "$guest/unpacked-amd64" -initrd "$guest/drivers-amd64.cpio.gz" -usb \
	-append 'console=ttyS0 cryptomgr.notests drivers=uhci_hcd,usbhid,hid_generic,evdev' \
	-device usb-tablet -nic user
rate=$(cat "$dir/rate")
nat=$(cat "$dir/nat")
echo "an idle guest: $rate a second; its hvm-nat: $nat in ten"
[ "$rate" -lt $most ]
[ "$nat" -lt 3 ]
