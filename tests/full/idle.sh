#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# An idle Linux guest: how often the threads of its device model went to sleep. Without devices that
# is as often as its own timers came, but where the host is busy. With a USB tablet that a program
# listens to, a timer left at 250 or 1,000 Hz fails it; the guest's own timers and the looks at the
# idle USB schedule make some 25 a second. Its helper for the network, to which nobody talks, sleeps
# all the time.
set -eu
most=100
guest=${BUILD:-build}/guest bin=${BUILD:-build}/bin
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
[ -x "$bin/hvm-nat" ] || { echo "no hvm-nat (libslirp-dev)" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

cat >"$dir/lib" <<'END'
sleeps() {
	cat /proc/"$1"/task/*/status | awk '/^voluntary/ { n += $2 } END { print n }'
}
END
cat >"$dir/alone" <<'END'
. "$1/lib"
sleep 2
before=$(sleeps "$(cat "$1/pid")")
sleep 20
echo $(($(sleeps "$(cat "$1/pid")") - before)) >"$1/sleeps"
END
ticks='set -- $(grep LOC /proc/interrupts); echo $2'
"$bin/talk" -t 100 -k -o "$dir/serial" 'init: ready' 'guest# ' \
	"<sleep 3; a=\$($ticks); sleep 20; echo ticks: \$((\$($ticks) - a)) in 2\"\"0 s" \
	"!sh $dir/alone $dir" 'in 20 s' \
	-- "$bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
	-m 512 -display none -nodefaults -serial stdio -pidfile "$dir/pid" \
	-kernel "$guest/unpacked-amd64" -initrd "$guest/initrd-amd64.cpio" \
	-append 'console=ttyS0 cryptomgr.notests'
ticks=$(sed -n 's/^ticks: \([0-9]*\) in 20 s.*/\1/p' "$dir/serial")
sleeps=$(cat "$dir/sleeps")
echo "an idle guest without devices: $sleeps wake-ups, $ticks ticks of its timer in 20 s"
[ "$sleeps" -lt $((ticks * 3 / 2 + 20)) ]

cat >"$dir/sleeps_of_both" <<'END'
. "$1/lib"
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
	'<cat /dev/input/event* >/dev/null & echo op""en' 'open' "!sh $dir/sleeps_of_both $dir" \
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
