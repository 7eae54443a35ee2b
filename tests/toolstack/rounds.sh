#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# ROUNDS guests made and destroyed one after another, then GUESTS of them at once: no process, file,
# descriptor, network interface or lock is left.
set -eu
. tests/toolstack/lib/set.sh
rounds=${ROUNDS:-10} guests=${GUESTS:-5}
"$bin/hvm-img" create -q -f qcow2 "$dir/disk.qcow2" 16M
cat >"$dir/guest.cfg" <<END
memory = 8
serial = "pty"
vnclisten = "127.0.0.1"
vif = [ "" ]
END

# What there is of these things that is ours: other tests run beside this one.
host() {
	for i in /sys/class/net/vif*; do echo "$i"; done
	grep ":$(stat -c %i "$dir/disk.qcow2") " /proc/locks || :
	find "$HVM_RUN_DIR" "$HVM_LOG_DIR" | grep -v '/log/.*[.]log$' | sort
	for pid in $(pid_of hvm-store); do ls "/proc/$pid/fd"; done
}

make_one() {
	"$hvm" create -q "$dir/guest.cfg" "name='$1'" ${2:+"$2"} >"$dir/out" 2>&1 ||
		fail "create $1: $(cat "$dir/out")"
}

make_one first
"$hvm" destroy first
nothing_left
host >"$dir/before"
i=0
while [ $((i += 1)) -le "$rounds" ]; do
	make_one one "disk=['$dir/disk.qcow2,qcow2,hda,w']"
	"$hvm" destroy one || fail "destroy one"
done
nothing_left
host >"$dir/after"
diff "$dir/before" "$dir/after" || fail "after $rounds rounds"

i=0
while [ $((i += 1)) -le "$guests" ]; do make_one "guest$i"; done
n=$(pid_of hvm-dm | wc -l)
[ "$n" = "$guests" ] || fail "$n of $guests guests run"
i=0
while [ $((i += 1)) -le "$guests" ]; do "$hvm" destroy "guest$i" || fail "destroy guest$i"; done
nothing_left
host >"$dir/after"
diff "$dir/before" "$dir/after" || fail "after $guests guests"
