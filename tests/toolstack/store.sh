#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# xenstore's own clients, as Debian builds them, on hvm-store.
set -u
top=$PWD
store=$PWD/$BUILD/bin/hvm-store
command -v xenstore-ls >/dev/null || { echo "no xenstore-ls (xenstore-utils)" && exit 77; }
tmp=$(mktemp -d)
trap 'kill $pid 2>/dev/null; rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
export XENSTORED_PATH="$tmp/socket"
failed=0

fail() {
	echo "FAIL $*"
	failed=1
}

# same WANT COMMAND…: what it prints, and behind it its status when that is not 0.
same() {
	wanted=$1
	shift
	got=$("$@" 2>&1) || got="$got status $?"
	[ "$got" = "$wanted" ] || fail "$*: $got, not $wanted"
}

# until_there COMMAND…: 5 s at most.
until_there() {
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		"$@" && return
		sleep 0.25
	done
	fail "never: $*"
}

"$store" 2>err &
pid=$!
until_there test -S socket

same '/local = ""   (n0)
/local/domain = ""   (n0)
/local/domain/0 = ""   (n0)
/local/domain/0/domid = "0"   (n0)
/local/domain/0/name = "Domain-0"   (n0)
/tool = ""   (n0)
/tool/xenstored = ""   (n0)' xenstore-ls -f -p

same '' xenstore-write /a/b/c one /a/d 'two words' rel/x '\x01\n'
same 'one' xenstore-read /a/b/c
same 'two words
\001\n' xenstore-read /a/d /local/domain/0/rel/x
same '/a/b/c: one' xenstore-read -p /a/b/c
same 'b
d' xenstore-list /a
same 'b = ""
 c = "one"
d = "two words"' xenstore-ls /a
same '' xenstore-exists /a/b
same ' status 1' xenstore-exists /a/x
same "xenstore-read: couldn't read path /none status 1" xenstore-read /none

same '' xenstore-chmod /a/d r5 w7
same '/a/b = ""   (n0)
/a/b/c = "one"   (n0)
/a/d = "two words"   (r5,w7)' xenstore-ls -f -p /a
same '' xenstore-chmod -r /a n3
same '/a/b = ""   (n3)
/a/b/c = "one"   (n3)
/a/d = "two words"   (n3)' xenstore-ls -f -p /a

# More names than one message holds come in parts.
i=0
while [ $i -lt 600 ]; do
	echo "/many/a-name-of-some-length-$i v"
	i=$((i + 1))
done | xargs -n 100 xenstore-write
same 600 sh -c 'xenstore-list /many | sort -u | wc -l'

# An event for the watch itself, for the write, for what goes with the folder above.
xenstore-watch -n 3 /w/x >seen &
watcher=$!
until_there test -s seen
xenstore-write /w/x/y 1
xenstore-rm /w
wait $watcher
same '/w/x
/w/x/y
/w/x' cat seen

same '' xenstore-rm /a
same ' status 1' xenstore-exists /a/b/c
same '' xenstore-rm /local/none

# A second one finds the first at work; what is no socket stays; a dead one's socket does not.
same "hvm-store: error: another process serves $tmp/socket status 1" "$store"
echo precious >file
same "hvm-store: error: $tmp/file is there and is not a socket status 1" \
	"$store" -socket "$tmp/file"
same precious cat file
kill -9 $pid
wait $pid 2>/dev/null
"$store" -socket "$tmp/socket" 2>err &
pid=$!
until_there xenstore-exists /tool
kill $pid
wait $pid || fail "SIGTERM: status $?"
[ ! -e socket ] || fail 'the socket stayed'
[ ! -s err ] || fail "said: $(cat err)"

# In its jail, as far as the host has it: without capability or new privileges, calls listed.
# Alone it ends after a second; somebody who is connected keeps it.
"$store" -socket "$tmp/socket" -linger 1 2>err &
pid=$!
until_there xenstore-exists /tool
seccomp=0
! grep -q CONFIG_SECCOMP "$top/config.h" || seccomp=2
same "CapEff: 0000000000000000
NoNewPrivs: 1
Seccomp: $seccomp" sh -c "tr -s '\t' ' ' <'/proc/$pid/status' |
	grep -E '^(CapEff|NoNewPrivs|Seccomp):'"
xenstore-watch -n 2 /w >seen &
watcher=$!
until_there test -s seen
sleep 1.5
same '' xenstore-write /w 1
wait $watcher
wait $pid || fail "-linger: status $?"
[ ! -e socket ] || fail 'the socket stayed after -linger'
[ ! -s err ] || fail "said: $(cat err)"

# Whoever starts it hears how it went.
same 'READY 1' sh -c "'$store' -socket '$tmp/socket' -linger 1 -ready fd=3 3>said; cat said"
same "hvm-store: error: $tmp/file is there and is not a socket
ERROR $tmp/file is there and is not a socket" \
	sh -c "'$store' -socket '$tmp/file' -ready fd=3 3>said; cat said"
same "hvm-store: error: -linger: 'x' is not a number from 0 to 86400 status 1" "$store" -linger x
exit $failed
