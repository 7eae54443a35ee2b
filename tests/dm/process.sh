#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm-dm as a process: how it ends, what it says and returns, its files.
set -eu
BUILD=${BUILD:-build}
dm=$BUILD/asan/hvm-dm
[ -x "$dm" ] || dm=$BUILD/bin/hvm-dm
[ -x "$dm" ] || { echo "hvm-dm is not built"; exit 77; }
dir=$(mktemp -d)
pids=
trap 'for p in $pids; do kill -9 $p 2>/dev/null || :; done; rm -rf "$dir"' EXIT

. tests/dm/lib/wait.sh

# start OPTIONS…: in the background, $pid; ready once its pid file is there.
start() {
	rm -f "$dir/pid"
	"$dm" -accel ${accel:-qtest} -display none -nodefaults -pidfile "$dir/pid" "$@" \
		</dev/null 2>"$dir/err" &
	pid=$!
	pids="$pids $pid"
	wait_for [ -s "$dir/pid" ]
	[ "$(cat "$dir/pid")" = $pid ] || fail "the pid file says $(cat "$dir/pid"), not $pid"
}

# ends STATUS: the process has ended, with that.
ends() {
	rc=0
	wait $pid || rc=$?
	[ $rc = "$1" ] || fail "ended with $rc, not $1"
}

# refused SENTENCE OPTIONS…: status 1 and just that on standard error.
refused() {
	want=$1
	shift
	rc=0
	"$dm" "$@" >"$dir/out" 2>"$dir/err" </dev/null || rc=$?
	[ $rc = 1 ] || fail "$*: status $rc, not 1"
	[ "$(cat "$dir/err")" = "hvm-dm: error: $want" ] || fail "$*: not what it should say"
	[ ! -s "$dir/out" ] || fail "$*: words on standard output"
}

# ---- told to end while it waits for a peer: nothing failed
"$dm" -accel qtest -display none -nodefaults -serial "unix:$dir/nobody,server=on,wait=on" \
	</dev/null 2>"$dir/err" &
pid=$!
pids="$pids $pid"
wait_for grep -q 'waiting for connection' "$dir/err"
kill -TERM $pid
ends 0
[ ! -e "$dir/nobody" ] || fail "the socket of a server that never had a client is left"

for sig in TERM HUP INT; do
	start
	kill -$sig $pid
	ends 0
	[ ! -e "$dir/pid" ] || fail "SIG$sig leaves the pid file"
	[ ! -s "$dir/err" ] || fail "SIG$sig: words on standard error"
done

# SIGHUP ends it also when the caller ignored it, as nohup and some daemons do.
trap '' HUP
start
trap - HUP
kill -HUP $pid
ends 0

# Without -qtest-log none the talk is logged, as QEMU's, each line when it was said.
if command -v socat >/dev/null; then
	(printf 'outb 0x92 2\nfrob\n'; sleep 1) |
		socat - "UNIX-LISTEN:$dir/qtest" >"$dir/said" 2>/dev/null &
	pids="$pids $!"
	wait_for [ -S "$dir/qtest" ]
	start -qtest "unix:$dir/qtest" -qtest-log "$dir/qtest.log" -D "$dir/log" -trace 'piix3.*'
	wait_for grep -q CLOSED "$dir/qtest.log"
	kill -0 $pid || fail "it ended with its test"
	kill -TERM $pid
	ends 0
	sed 's/[0-9]*\.[0-9]*/T/' "$dir/qtest.log" >"$dir/log.got"
	cat >"$dir/log.want" <<-'END'
		[I T] OPENED
		[R +T] outb 0x92 2
		[S +T] OK
		[R +T] frob
		[S +T] FAIL Unknown command 'frob'
		[I +T] CLOSED
	END
	grep -q 'piix3.port92 w' "$dir/log" || fail "no trace in the log: $(cat "$dir/log")"
	[ ! -s "$dir/err" ] || fail "-D leaves words on standard error"
	cmp -s "$dir/log.got" "$dir/log.want" || fail "the log is: $(cat "$dir/qtest.log")"
fi

# Over a core in another process; when that dies there is nothing left to do.
core=$BUILD/bin/hvm-core
if [ -x "$core" ]; then
	for end in dm core; do
		"$core" -listen "$dir/core-$end" -m 64 2>"$dir/core.err" &
		core_pid=$!
		pids="$pids $core_pid"
		wait_for [ -S "$dir/core-$end" ]
		rm -f "$dir/pid"
		"$dm" -core "$dir/core-$end" -display none -pidfile "$dir/pid" \
			</dev/null 2>"$dir/err" &
		pid=$!
		pids="$pids $pid"
		wait_for [ -s "$dir/pid" ]
		case $end in
		dm) kill -TERM $pid && ends 0 ;;
		core) kill -KILL $core_pid && ends 1 ;;
		esac
	done
	grep -q 'the core is gone' "$dir/err" || fail "it does not say why it ended"
fi

# -d: a ROM that sets a vector, interrupts itself and halts, as it was decoded.
head -c 65536 /dev/zero >"$dir/rom"
rom() { printf "$2" | dd of="$dir/rom" bs=1 seek=$(($1)) conv=notrunc 2>/dev/null; }
rom 0xfff0 '\352\000\000\000\360'
rom 0 '\307\006\204\000\040\000\307\006\206\000\000\360\315\041'
rom 0x20 '\364'
accel=soft
start -m 16 -bios "$dir/rom" -d in_asm,int,unimp -D "$dir/engine.log"
wait_for grep -q hlt "$dir/engine.log"
kill -TERM $pid
ends 0
cat >"$dir/log.want" <<-'END'
	IN: cpu 0 f000:0000fff0
	0xfffffff0:  ea 00 00 00 f0        jmp far 0xf000:0x0

	IN: cpu 0 f000:00000000
	0x000f0000:  c7 06 84 00 20 00     mov word ptr [0x84], 0x20
	0x000f0006:  c7 06 86 00 00 f0     mov word ptr [0x86], 0xf000
	0x000f000c:  cd 21                 int 0x21

	INT: cpu 0 v=21 int cpl=0 ip=f000:000000000000000c sp=0000:0000000000000000
	IN: cpu 0 f000:00000020
	0x000f0020:  f4                    hlt

END
diff "$dir/log.want" "$dir/engine.log" || fail "-d in_asm,int does not say what ran"
[ ! -s "$dir/err" ] || fail "-d with -D leaves words on standard error"
start -m 16 -bios "$dir/rom" -d cpu
wait_for grep -q '^rip=0000000000000020 ' "$dir/err"
kill -TERM $pid
ends 0
grep -q '^IN:' "$dir/err" && fail "-d cpu shows instructions"
accel=

refused "-foo: no such option (-help lists them)" -foo
refused "-nodefualts: no such option (did you mean -nodefaults?)" -nodefualts
want="-accel kvm: there is no such engine in this program; say -accel soft, or kvm:soft for"
refused "$want whichever there is" -accel kvm
refused "no CPU model 486 (-cpu help lists them)" -cpu 486
refused "cannot open $dir/none: No such file or directory" -accel qtest -drive "file=$dir/none"
refused "cannot open $dir/none: No such file or directory" -accel qtest -bios "$dir/none"
truncate -s 1M "$dir/disk"
refused "$dir/disk: a system ROM has 64, 128 or 256 KiB, not 1048576 bytes" \
	-accel qtest -bios "$dir/disk"
refused "-device nonesuch: 'nonesuch' is not a valid device model name" \
	-accel qtest -device nonesuch
refused "-mon: there is no chardev 'c'" -accel qtest -mon c,mode=control
refused "-d: there is no 'in_asn' to log (-d help lists what is)" -d int,in_asn
refused "-core $dir/none: cannot connect: No such file or directory" -core "$dir/none"

"$dm" -help | grep -q -- '^-nodefaults ' || fail "-help does not tell of -nodefaults"
"$dm" -help | grep -q '^.\{101\}' && fail "-help has lines of more than 100 columns"
"$dm" -version | grep -q '^hvm-dm version ' || fail "-version"
"$dm" -d help | grep -q '^in_asm ' || fail "-d help"
"$dm" -device help | grep -q '^name "rtl8139", bus PCI, ' || fail "-device help"
"$dm" -device rtl8139,help | grep -q 'mac=<' || fail "-device rtl8139,help"
exit 0
