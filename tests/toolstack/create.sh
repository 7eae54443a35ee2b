#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm create without a guest's system: what runs, what is refused, what is left behind (nothing).
set -eu
. tests/toolstack/lib/set.sh
HVM_RUN_DIR=$dir/run,a # a comma parts the options of hvm-dm

"$bin/hvm-img" create -q -f qcow2 "$dir/disk.qcow2" 16M
cat >"$dir/web.cfg" <<END
name = "web"
memory = 32
vnc = 0
serial = "pty"
disk = [ "$dir/disk.qcow2,qcow2,hda,w" ]
END

says 0 '' create "$dir/web.cfg"
grep -q '^web is guest 1$' "$dir/out" || fail "create said: $(cat "$dir/out")"
for program in hvm-supervisor hvm-core hvm-dm; do
	[ -n "$(pid_of $program)" ] || fail "no $program: $(ours)"
done
command -v xenstore-ls >/dev/null && [ -z "$(in_store 1)" ] && fail "nothing in the store"
says 1 'hvm: error: a guest called web is there already: 1' create "$dir/web.cfg"
says 1 "hvm: error: no guest is called wob" destroy wob
says 0 '' destroy web
nothing_left
says 1 'hvm: error: no guest is called web' destroy web

# A disk that is not there, one that somebody else has, memory that nobody has.
says 1 "hvm: error: cannot open $dir/none.img: No such file or directory" \
	create "$dir/web.cfg" "disk=['$dir/none.img,raw,hda,w']"
nothing_left
says 0 '' create "$dir/web.cfg"
rc=0
"$hvm" create "$dir/web.cfg" 'name="two"' 2>"$dir/err" || rc=$?
[ $rc = 1 ] || fail "two guests have one disk"
grep -q 'disk.qcow2' "$dir/err" || fail "a disk in use: $(cat "$dir/err")"
says 0 '' destroy 3
nothing_left

# One whose supervisor is killed is gone; the next verb removes its folder.
says 0 '' create "$dir/web.cfg" -q
kill -9 "$(pid_of hvm-supervisor)"
"$hvm" destroy web 2>"$dir/err" || grep -q 'no guest is called web' "$dir/err" ||
	fail "destroy of one that has just been killed: $(cat "$dir/err")"
nothing_left

# Killed from the outside, by a signal that can be heard: as if destroyed.
says 0 '' create "$dir/web.cfg" -q -p
kill "$(pid_of hvm-supervisor)"
nothing_left

# hvm-core or hvm-dm killed: on_crash, which destroys the guest if not told otherwise.
for victim in hvm-core hvm-dm; do
	says 0 '' create "$dir/web.cfg" -q
	kill -9 "$(pid_of "$victim")"
	nothing_left
done
grep -q 'hvm-core was killed by signal 9' "$dir/log/web.log" || fail "the log does not say who"
