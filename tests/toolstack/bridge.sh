#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's card on a bridge, as root: the tap is the bridge's port while the guest is there, and
# neither it nor its nodes are left, after a kill too; a bridge that is not there is an error.
# Frames of the guest's firmware (iPXE asks for an address) come out of the bridge.
set -eu
[ -c /dev/net/tun ] || { echo "no /dev/net/tun" && exit 77; }
. tests/toolstack/lib/set.sh
[ -n "${IN_NAMESPACE:-}" ] || { echo "no network of its own can be made" && exit 77; }
ip link add br7 type bridge
ip link set br7 up
cat >"$dir/web.cfg" <<END
name = "web"
memory = 32
vnc = 0
boot = "n"
vif = [ "bridge=br7,mac=00:16:3e:00:00:07,model=e1000" ]
END

ports() { ip -o link show master br7 | awk -F': ' '{ print $2 }'; }
received() { ip -s link show br7 | awk '/RX:/ { getline; exit $2 == 0 }'; }

says 0 '' create -q "$dir/web.cfg"
[ "$(ports)" = vif1.0-emu ] || fail "the bridge's ports: $(ports)"
soon received || fail "no frame from the guest"
command -v xenstore-ls >/dev/null &&
	{ in_store 1 | grep -q 'hotplug-status = "connected"' || fail "the store: $(in_store 1)"; }
says 0 '' destroy web
nothing_left
[ -z "$(ports)" ] || fail "the bridge still has $(ports)"

says 0 '' create -q "$dir/web.cfg"
kill -9 "$(pid_of hvm-supervisor)"
"$hvm" destroy web 2>/dev/null || :
nothing_left
[ -z "$(ports)" ] || fail "after a kill the bridge still has $(ports)"

rc=0
"$hvm" create "$dir/web.cfg" 'vif=["bridge=nowhere"]' 2>"$dir/err" || rc=$?
[ $rc = 1 ] && grep -q nowhere "$dir/err" || fail "no such bridge: status $rc, $(cat "$dir/err")"
nothing_left
