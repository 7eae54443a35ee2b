#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernel on two NICs, each with an hvm-nat behind it: its drivers e1000 and 8139cp get an
# address by DHCP, ask a resolver, fetch a file from a server of this host and send it back; the
# sums agree. Then numbered UDP datagrams both ways, paced by their receiver: none is lost, damaged
# or out of order. A capture of one NIC has as many frames as went by. BYTES=N: how large the file
# is; FRAMES=N: how many datagrams each way; FAST=N: how many more without pacing, of which any
# number may be lost (queues that are full drop).
set -eu
bytes=${BYTES:-3000000} frames=${FRAMES:-2000} fast=${FAST:-0}
guest=${BUILD:-build}/guest bin=${BUILD:-build}/bin
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
[ -x "$bin/hvm-nat" ] || { echo "no hvm-nat (libslirp-dev)" && exit 77; }
busybox=${BUSYBOX:-/bin/busybox}
"$busybox" --list | grep -qx httpd || { echo "$busybox has no httpd" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
command -v "${CC:-cc}" >/dev/null || { echo "no C compiler" && exit 77; }
# A network and a resolver of its own, where the system gives namespaces away.
[ "$(id -u)" = 0 ] && kinds=-nm || kinds=-rnm
if [ -z "${IN_NAMESPACE:-}" ] && unshare "$kinds" true 2>/dev/null; then
	IN_NAMESPACE=1 exec unshare "$kinds" sh "$0"
fi
dir=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

if [ -n "${IN_NAMESPACE:-}" ]; then
	"$busybox" ip link set lo up
	echo 'nameserver 127.0.0.1' >"$dir/resolv.conf"
	mount --bind "$dir/resolv.conf" /etc/resolv.conf
	"$bin/resolver" somewhere.test 192.0.2.77 &
	pids=$!
else
	echo "no namespaces here: no question to a resolver"
fi
"${CC:-cc}" -O2 -static -o "$dir/flood" tests/tools/flood.c
sh tests/guest/lib/overlay.sh "$dir/initrd" "$dir/flood"
mkdir "$dir/www"
head -c "$bytes" /dev/urandom >"$dir/www/blob"
sum=$(sha256sum <"$dir/www/blob" | cut -d' ' -f1)
base=$((10000 + $$ % 2500 * 8)) # below those that the kernel gives away
"$busybox" httpd -f -p "127.0.0.1:$base" -h "$dir/www" &
pids="$pids $!"
for i in 1 2; do
	socat -u "TCP-LISTEN:$((base + i)),bind=127.0.0.1" "CREATE:$dir/up$i" &
	pids="$pids $!"
done

# What is typed for interface ethN, whose server is 10.0.(2+N).2
dhcp() {
	echo "<busybox ip link set eth$1 up; busybox udhcpc -i eth$1 -n -q -f -s /bin/true -t 9"
}
fetch() {
	echo "<busybox ip addr add 10.0.$((2 + $1)).15/24 dev eth$1; busybox wget -q -O /tmp/b \
http://10.0.$((2 + $1)).2:$base/blob; sha256sum /tmp/b"
}
send() {
	echo "<busybox nc 10.0.$((2 + $1)).2 $((base + 1 + $1)) </tmp/b && echo sent $1 >/dev/kmsg"
}
ask() {
	[ -n "${IN_NAMESPACE:-}" ] || { echo '<echo "not asked: 192.0.2.77"' && return; }
	echo "<busybox nslookup -type=a somewhere.test 10.0.$((2 + $1)).3"
}
# N numbered datagrams from the guest to this host, whose word on them is then in $dir/out …
out() {
	echo "!'$bin/flood' take $((base + 3)) >'$dir/out' & sleep 0.3"
	echo "<flood send 10.0.$((2 + $1)).2 $((base + 3)) $2 $3"
	echo "sent $2"
	echo "!sleep 1; cat '$dir/out'; grep -q '$4' '$dir/out'"
	echo 'guest# '
}
# … and from this host to the guest, which says it itself.
into() {
	echo "<flood take $((base + 4))"
	echo taking
	echo "!'$bin/flood' send 127.0.0.1 $((base + 4 + $1)) $2 $3"
	echo "$4"
	echo 'guest# '
}

IFS='
'
all=': 0 lost, 0 out of order, 0 damaged' most=' lost, 0 out of order, 0 damaged'
set --
for eth in 0 1; do
	# shellcheck disable=SC2046
	set -- "$@" $(dhcp $eth) "lease of 10.0.$((2 + eth)).15 obtained" 'guest# ' \
		$(fetch $eth) "$sum" 'guest# ' $(send $eth) "sent $eth" 'guest# ' \
		'<rm -f /tmp/b' 'guest# ' $(ask $eth) 192.0.2.77 'guest# ' \
		$(out $eth "$frames" 32 "$all") $(into $eth "$frames" 32 "$all")
	# shellcheck disable=SC2046
	[ "$fast" = 0 ] || set -- "$@" $(out $eth "$fast" 0 "$most") $(into $eth "$fast" 0 "$most")
done
unset IFS

"$bin/talk" -t "${LIMIT:-580}" -s 0 -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'no module' \
	-n 'NETDEV WATCHDOG' -n 'Hang' ${GUEST_LOG:+-o "$GUEST_LOG"} 'init: ready' 'guest# ' \
	"$@" '<poweroff -f' \
	-- ${HVM_DM:-"$bin/hvm-dm"} -accel "${HVM_ACCEL:-soft}" -m 512 -display none -nodefaults \
	-serial stdio -no-reboot \
	-kernel "$guest/unpacked-amd64" -initrd "$dir/initrd" \
	-append 'console=ttyS0 cryptomgr.notests drivers=e1000,8139cp' \
	-nic "user,id=n0,model=e1000,hostfwd=udp:127.0.0.1:$((base + 4))-:$((base + 4))" \
	-nic "user,id=n1,model=rtl8139,net=10.0.3.0/24,\
hostfwd=udp:127.0.0.1:$((base + 5))-:$((base + 4))" \
	-object "filter-dump,id=f0,netdev=n0,file=$dir/n0.pcap"

for i in 1 2; do
	got=$(sha256sum <"$dir/up$i" | cut -d' ' -f1)
	[ "$got" = "$sum" ] && continue
	echo "up$i: $(wc -c <"$dir/up$i") bytes, not what was sent"
	exit 1
done
# Twice the file in frames of 1460 bytes of payload at most; acknowledgements come on top. Tcpdump
# gives up being root, which it cannot where only root exists.
if command -v tcpdump >/dev/null && tcpdump -nr "$dir/n0.pcap" tcp >"$dir/text" 2>/dev/null; then
	frames=$(wc -l <"$dir/text")
	echo "captured: $frames TCP segments"
	[ "$frames" -gt $((2 * bytes / 1460)) ] || { echo "the capture lacks frames"; exit 1; }
else
	echo "tcpdump does not run here: the capture is not looked at"
fi
