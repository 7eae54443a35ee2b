#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's kernel on two NICs, each with an hvm-nat behind it: its drivers e1000 and 8139cp get an
# address by DHCP, fetch a file from a server of this host and send it back; the sums agree, and a
# capture of one of them has as many frames as went by. BYTES=N: how large the file is.
set -eu
bytes=${BYTES:-3000000}
guest=${BUILD:-build}/guest bin=${BUILD:-build}/bin
[ ! -f "$guest/missing-amd64" ] || { cat "$guest/missing-amd64" && exit 77; }
[ -f "$guest/made" ] || { echo "no guests are built: make guests" && exit 77; }
[ -x "$bin/hvm-nat" ] || { echo "no hvm-nat (libslirp-dev)" && exit 77; }
busybox=${BUSYBOX:-/bin/busybox}
"$busybox" --list | grep -qx httpd || { echo "$busybox has no httpd" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
dir=$(mktemp -d)
pids=
trap 'kill $pids 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM

mkdir "$dir/www"
head -c "$bytes" /dev/urandom >"$dir/www/blob"
sum=$(sha256sum <"$dir/www/blob" | cut -d' ' -f1)
base=$((10000 + $$ % 2500 * 4)) # below those that the kernel gives away
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

"$bin/talk" -t 580 -s 0 -n 'Kernel panic' -n 'BUG: ' -n 'Oops' -n 'no module' \
	-n 'NETDEV WATCHDOG' -n 'Hang' ${GUEST_LOG:+-o "$GUEST_LOG"} 'init: ready' 'guest# ' \
	"$(dhcp 0)" 'lease of 10.0.2.15 obtained' 'guest# ' \
	"$(dhcp 1)" 'lease of 10.0.3.15 obtained' 'guest# ' \
	"$(fetch 0)" "$sum" 'guest# ' "$(send 0)" 'sent 0' 'guest# ' '<rm -f /tmp/b' 'guest# ' \
	"$(fetch 1)" "$sum" 'guest# ' "$(send 1)" 'sent 1' 'guest# ' '<poweroff -f' \
	-- "$bin/hvm-dm" -accel soft -m 512 -display none -nodefaults -serial stdio -no-reboot \
	-kernel "$guest/unpacked-amd64" -initrd "$guest/drivers-amd64.cpio.gz" \
	-append 'console=ttyS0 cryptomgr.notests drivers=e1000,8139cp' \
	-nic user,id=n0,model=e1000 \
	-nic user,id=n1,model=rtl8139,net=10.0.3.0/24 \
	-object "filter-dump,id=f0,netdev=n0,file=$dir/n0.pcap"

for i in 1 2; do
	got=$(sha256sum <"$dir/up$i" | cut -d' ' -f1)
	[ "$got" = "$sum" ] && continue
	echo "up$i: $(wc -c <"$dir/up$i") bytes, not what was sent"
	exit 1
done
# Twice the file in frames of 1460 bytes of payload at most; acknowledgements come on top.
if command -v tcpdump >/dev/null; then
	frames=$(tcpdump -nr "$dir/n0.pcap" tcp 2>/dev/null | wc -l)
	echo "captured: $frames TCP segments"
	[ "$frames" -gt $((2 * bytes / 1460)) ] || { echo "the capture lacks frames"; exit 1; }
fi
