# SPDX-License-Identifier: GPL-2.0-or-later
# What tests of running guests share: a run directory of their own, and who lives in it, and where
# it can be made, a network of their own: a tap has its name of its guest's id, and two tests that
# run at once both have a guest 1. IN_NAMESPACE says that there is one.
# shellcheck shell=sh
if [ -z "${IN_NAMESPACE:-}" ] && command -v ip >/dev/null && unshare -n true 2>/dev/null; then
	IN_NAMESPACE=1 exec unshare -n sh "$0" "$@"
fi
[ -z "${IN_NAMESPACE:-}" ] || ip link set lo up
BUILD=${BUILD:-build}
bin=$BUILD/bin hvm=$BUILD/bin/hvm
[ -x "$bin/hvm-supervisor" ] || { echo "hvm-supervisor is not built" && exit 77; }
[ -f /usr/share/seabios/bios-256k.bin ] || { echo "no seabios" && exit 77; }
dir=$(mktemp -d)
export HVM_RUN_DIR="$dir/run" HVM_LOG_DIR="$dir/log" HVM_TEST="$dir"
trap 'end_all; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

fail() {
	echo "$*"
	tail -n 40 "$dir"/log/*.log 2>/dev/null || :
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

# Processes of this test, "PID COMMAND…": their environment names it. Where process 1 takes
# no orphans up, dead ones stay in the list; they have no command.
everybody() {
	grep -lsz "^HVM_TEST=$HVM_TEST\$" /proc/[0-9]*/environ |
		while IFS=/ read -r _ _ pid _; do
			words=$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") 2>/dev/null || :
			case $words in hvm-*) echo "$pid $words" ;; esac
		done
}
ours() { everybody | awk '$2 != "hvm-store"'; }
pid_of() { everybody | awk -v name="$1" '$2 == name { print $1 }'; }

end_all() {
	# shellcheck disable=SC2046
	set -- $(pid_of hvm-supervisor) $(pid_of hvm-store)
	[ $# = 0 ] || kill -9 "$@" 2>/dev/null || :
}

# soon COMMAND…: it succeeds within 20 s
soon() {
	tries=0
	until "$@"; do
		[ $((tries += 1)) -lt 200 ] || return 1
		sleep 0.1
	done
}

# The nodes of domains whose ids match this. The store goes some seconds after its last client.
in_store() {
	command -v xenstore-ls >/dev/null || return 0
	XENSTORED_PATH=$HVM_RUN_DIR/store/socket xenstore-ls -f 2>/dev/null |
		grep -E "^/[^ ]*/$1[ /]" || :
}

gone() { [ -z "$(ours)" ]; }
nothing_left() {
	soon gone || fail "left running: $(ours)"
	for f in "$HVM_RUN_DIR"/[0-9]*; do [ ! -e "$f" ] || fail "left behind: $f"; done
	left=$(in_store '[1-9][0-9]*')
	[ -z "$left" ] || fail "left in the store: $left"
}
