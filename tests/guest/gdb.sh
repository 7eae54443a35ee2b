#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's gdb on the stub: with a payload whose source it has, and with Debian's running kernel.
# GUEST_DM='qemu-system-x86_64 -accel tcg' runs the same on QEMU's stub.
set -eu
BUILD=${BUILD:-build}
guest=$BUILD/guest
dm=${GUEST_DM:-$BUILD/bin/hvm-dm -accel ${HVM_ACCEL:-soft}}
command -v gdb >/dev/null || { echo "no gdb" && exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
options="-display none -nodefaults -serial stdio -no-reboot
	-device isa-debug-exit,iobase=0xf4,iosize=4 -gdb unix:$dir/gdb,server=on,wait=off"

# Run by talk as the shell: debugs NAME with the gdb script and compares what it said.
cat >"$dir/debug" <<'END'
name=$1 dir=$2
shift 2
i=0
until [ -S "$dir/gdb" ]; do
	i=$((i + 1))
	[ $i -lt 100 ] || { echo "no socket for gdb" && exit 1; }
	sleep 0.1
done
timeout 120 gdb -nx -batch "$@" -x "tests/guest/lib/$name.gdb" >"$dir/out" 2>&1 </dev/null ||
	echo "gdb ended with $?" >>"$dir/out"
grep '^T ' "$dir/out" | diff "tests/guest/lib/$name.want" - && exit 0
cat "$dir/out"
exit 1
END

# 30, the sum of six rounds: without gdb there would be four.
# shellcheck disable=SC2086
"$BUILD/bin/talk" -t 150 -s 61 \
	"!sh $dir/debug debuggee $dir $guest/debuggee.elf -ex 'target remote $dir/gdb'" \
	-- $dm $options -m 64 -S -kernel "$guest/debuggee"

[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
rm -f "$dir/gdb"
symbols='s,^\([0-9a-f]*\) . \(__x64_sys_newuname\|jiffies_64\)$,set $\2 = 0x\1,p'
# shellcheck disable=SC2086
"$BUILD/bin/talk" -t 400 -o "$dir/serial" -n 'Kernel panic' -n 'BUG: ' -n 'Oops' 'guest# ' \
	"<grep -E ' (__x64_sys_newuname|jiffies_64)\$' /proc/kallsyms; echo 'known' now" \
	'known now' 'guest# ' '<while sleep 1; do uname -r >/dev/null; done &' 'guest# ' \
	"!tr -d '\r' <$dir/serial | sed -n '$symbols' | sed 's/__x64_sys_newuname/uname/
		s/jiffies_64/jiffies/' >$dir/symbols" \
	"!sh $dir/debug kernel $dir -x $dir/symbols -ex 'target remote $dir/gdb'" \
	"<kill %1; sleep 1; echo 'still' here" 'still here' 'guest# ' '<poweroff -f' \
	-- $dm $options -m 512 -smp 2 -kernel "$guest/unpacked-amd64" \
	-initrd "$guest/initrd-amd64.cpio" -append 'console=ttyS0 cryptomgr.notests'
