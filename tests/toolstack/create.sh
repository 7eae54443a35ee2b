#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm create without a guest's system: what runs, what is refused, what is left behind (nothing).
set -eu
BUILD=${BUILD:-build}
hvm=$BUILD/bin/hvm
[ -x "$BUILD/bin/hvm-supervisor" ] || { echo "hvm-supervisor is not built" && exit 77; }
[ -f /usr/share/seabios/bios-256k.bin ] || { echo "no seabios" && exit 77; }
dir=$(mktemp -d)
export HVM_RUN_DIR="$dir/run" HVM_LOG_DIR="$dir/log"
trap '"$hvm" destroy web >"$dir/out" 2>&1 || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
	echo "$*"
	cat "$dir"/log/*.log 2>/dev/null || :
	exit 1
}

# says STATUS SENTENCE WORDS…: on standard error, alone
says() {
	want=$1 sentence=$2 rc=0
	shift 2
	"$hvm" "$@" >"$dir/out" 2>"$dir/err" </dev/null || rc=$?
	[ $rc = "$want" ] || fail "hvm $*: status $rc, not $want: $(cat "$dir/err")"
	[ "$(cat "$dir/err")" = "$sentence" ] || fail "hvm $* said: $(cat "$dir/err")"
}

# Processes of this run directory, "PID COMMAND…": their environment names it.
ours() {
	grep -lsz "^HVM_RUN_DIR=$HVM_RUN_DIR\$" /proc/[0-9]*/environ |
		while IFS=/ read -r _ _ pid _; do
			words=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") 2>/dev/null || :
			case $words in hvm-store*) ;; hvm-*) echo "$pid $words" ;; esac
		done
}
pid_of() { ours | awk -v name="$1" '$2 == name { print $1 }'; }
supervisor() { pid_of hvm-supervisor; }

# The store goes some seconds after its last client.
in_store() {
	command -v xenstore-ls >/dev/null || return 0
	XENSTORED_PATH=$HVM_RUN_DIR/store/socket xenstore-ls -f | grep -E "^/[^ ]*/$1[ /]" || :
}

nothing_left() {
	left=$(ours)
	[ -z "$left" ] || fail "left running: $left"
	for f in "$HVM_RUN_DIR"/[0-9]*; do [ ! -e "$f" ] || fail "left behind: $f"; done
	left=$(in_store '[1-9][0-9]*')
	[ -z "$left" ] || fail "left in the store: $left"
}

"$BUILD/bin/hvm-img" create -q -f qcow2 "$dir/disk.qcow2" 16M
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
kill -9 "$(supervisor)"
"$hvm" destroy web 2>"$dir/err" || grep -q 'no guest is called web' "$dir/err" ||
	fail "destroy of one that has just been killed: $(cat "$dir/err")"
nothing_left

# Killed from the outside, by a signal that can be heard: as if destroyed.
says 0 '' create "$dir/web.cfg" -q -p
kill "$(supervisor)"
i=0
while [ -n "$(ours)" ] && [ $((i += 1)) -lt 100 ]; do sleep 0.1; done
nothing_left

# hvm-core or hvm-dm killed: on_crash, which destroys the guest if not told otherwise.
for victim in hvm-core hvm-dm; do
	says 0 '' create "$dir/web.cfg" -q
	kill -9 "$(pid_of "$victim")"
	i=0
	while [ -n "$(ours)" ] && [ $((i += 1)) -lt 100 ]; do sleep 0.1; done
	nothing_left
done
grep -q 'hvm-core was killed by signal 9' "$dir/log/web.log" || fail "the log does not say who"
