#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Two Debian guests, e1000 and RTL8139, on taps of one bridge in a network namespace: files with
# their sums over TCP and numbered UDP datagrams, both ways, nothing lost. tcpdump captures on the
# bridge, filter-dump in each hvm-dm: the captures agree frame by frame. BYTES=N, FRAMES=N: of each
# way.
set -eu
bytes=${BYTES:-104857600} frames=${FRAMES:-100000}
guest=${BUILD:-build}/guest bin=${BUILD:-build}/bin
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
command -v tcpdump >/dev/null || { echo "no tcpdump" && exit 77; }
command -v ip >/dev/null || { echo "no iproute2" && exit 77; }
if [ -z "${IN_NAMESPACE:-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "needs root, for taps and a bridge" && exit 77; }
	unshare -n ip tuntap add t0 mode tap 2>/dev/null ||
		{ echo "no taps here (CAP_NET_ADMIN, /dev/net/tun)" && exit 77; }
	IN_NAMESPACE=1 exec unshare -n sh "$0"
fi
dir=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
mac=52:54:00:00:00:0

ip link add br0 type bridge mcast_snooping 0
echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
# The host's packet filter would cut the padding off of frames that pass the bridge.
for f in /proc/sys/net/bridge/bridge-nf-call-*; do
	[ ! -f "$f" ] || echo 0 >"$f"
done
for n in 1 2; do
	ip tuntap add tap$n mode tap
	ip link set tap$n master br0 up
done
ip link set br0 up
tcpdump -Z root -i br0 -s 0 -B 65536 -w "$dir/bridge.pcap" 2>"$dir/tcpdump" &
tcpdump=$!
pids="$pids $!"
until grep -q 'listening on' "$dir/tcpdump"; do sleep 0.1; done

"${CC:-cc}" -O2 -static -o "$dir/flood" tests/tools/flood.c
sh tests/guest/lib/overlay.sh "$dir/initrd" "$dir/flood"

# meet NAME: a step that both guests must come to before either goes on.
meet() {
	echo "!: >'$dir/$n.$1'; until [ -f '$dir/$((3 - n)).$1' ]; do sleep 0.1; done"
}
# machine N MODEL STEP…
machine() {
	n=$1 model=$2
	shift 2
	"$bin/talk" -t 2700 -s 0 -o "$dir/serial$n" -n 'Kernel panic' -n 'BUG: ' -n 'Oops' \
		-n 'no module' -n 'NETDEV WATCHDOG' -n 'Hang' 'init: ready' 'guest# ' "$@" \
		-- "$bin/hvm-dm" -accel "${HVM_ACCEL:-soft}" \
		-m 512 -display none -nodefaults -serial stdio \
		-no-reboot -kernel "$guest/unpacked-amd64" -initrd "$dir/initrd" \
		-append 'console=ttyS0 cryptomgr.notests drivers=e1000,8139cp' \
		-netdev "tap,id=n$n,ifname=tap$n,script=no,downscript=no" \
		-device "$model,netdev=n$n,mac=$mac$n" \
		-object "filter-dump,id=f$n,netdev=n$n,file=$dir/$n.pcap"
}
other() { echo 192.168.7.$((3 - n)); }
# Each has a file for the other; then each has the other's datagrams.
sends() {
	echo "<head -c 1000000 /dev/urandom >/tmp/b; busybox yes /tmp/b | head -n" \
		"$((bytes / 1000000 + 1)) | busybox xargs cat | head -c $bytes >/tmp/a;" \
		"rm /tmp/b; sha256sum </tmp/a"
	echo '  -'
	echo 'guest# '
	meet "listens$n"
	echo "<sleep 1; busybox nc $(other) 9000 </tmp/a; rm /tmp/a; echo went of'f'"
	echo 'went off'
	echo 'guest# '
	meet "has$n"
	echo "<flood send $(other) 9001 $frames"
	echo "sent $frames"
	echo 'guest# '
	meet "flooded$n"
}
takes() {
	meet "listens$((3 - n))"
	echo '<busybox nc -l -p 9000 | sha256sum'
	echo '  -'
	echo 'guest# '
	echo '<flood take 9001'
	echo 'taking'
	meet "has$((3 - n))"
	echo ': 0 lost, 0 out of order, 0 damaged'
	echo 'guest# '
	meet "flooded$((3 - n))"
}
steps() {
	meet up
	echo "<busybox ip addr add 192.168.7.$n/24 dev eth0; busybox ip link set eth0 up"
	echo 'guest# '
	meet linked
	if [ "$n" = 1 ]; then
		echo "<busybox ping -c 3 -w 20 $(other)"
		echo ' 3 packets received'
		echo 'guest# '
		sends
		takes
	else
		takes
		sends
	fi
	echo '<poweroff -f'
}

IFS='
'
# shellcheck disable=SC2046
for n in 1 2; do
	set -- $(steps)
	case $n in
	1) machine 1 e1000 "$@" >"$dir/talk1" 2>&1 & first=$! ;;
	2) machine 2 rtl8139 "$@" >"$dir/talk2" 2>&1 & second=$! ;;
	esac
done
unset IFS
pids="$pids $first $second"
rc=0
wait "$first" || rc=1
[ $rc = 0 ] || kill "$second" 2>/dev/null || :
wait "$second" || rc=1
cat "$dir/talk1" "$dir/talk2"
[ $rc = 0 ]

sleep 1
kill -INT $tcpdump
wait $tcpdump || :
cat "$dir/tcpdump"
grep -q '^0 packets dropped by kernel' "$dir/tcpdump" || { echo "tcpdump lost frames" && exit 1; }

# Each sum is there twice: once from who had the file, once from who got it.
for n in 1 2; do
	tr -d '\r' <"$dir/serial$n" | grep -E '^[0-9a-f]{64}  -$' | sort >"$dir/sums$n"
done
cat "$dir/sums1"
[ "$(wc -l <"$dir/sums1")" = 2 ]
cmp "$dir/sums1" "$dir/sums2"
for n in 1 2; do
	"$bin/pcap_cmp" "$dir/$n.pcap" "$dir/bridge.pcap" ${mac}1 ${mac}2
done
