#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A disc that is a qcow2 image over others, put into a running, jailed guest: all of it is opened.
# Without the word that it is one it is bytes; a chain that breaks and a FIFO are refused.
set -eu
. tests/toolstack/lib/set.sh
command -v socat >/dev/null || { echo "no socat" && exit 77; }
cat >"$dir/web.cfg" <<END
name = "web"
memory = 16
vnc = 0
disk = [ "vdev=hdc,devtype=cdrom" ]
END
mkdir "$dir/sub"
"$bin/hvm-img" create -q -f raw "$dir/sub/base.img" 1M
"$bin/hvm-img" create -q -f qcow2 -b base.img -F raw "$dir/sub/middle.qcow2"
"$bin/hvm-img" create -q -f qcow2 -b sub/middle.qcow2 -F qcow2 "$dir/top.qcow2"
"$bin/hvm-img" create -q -f qcow2 -b nothing.img -F raw -u "$dir/lost.qcow2" 1M
mkfifo "$dir/fifo"

# shows WORD: of the drive, in what hvm-dm says of its disks
shows() {
	printf '{"execute":"%s"}\n' qmp_capabilities query-block |
		socat -t 0.5 - "UNIX-CONNECT:$HVM_RUN_DIR/1/qmp" >"$dir/block"
	grep -q "$1" "$dir/block" || fail "not $1: $(cat "$dir/block")"
}

says 0 '' create -q "$dir/web.cfg"
[ "$(id -u)" != 0 ] || grep -q '^Uid:	65534' "/proc/$(pid_of hvm-dm)/status" ||
	fail "hvm-dm is in no jail"
says 0 '' cd-insert web hdc "qcow2:$dir/top.qcow2"
shows '"backing_file_depth": *2'
says 0 '' cd-insert web hdc "$dir/top.qcow2"
shows '"backing_file_depth": *0'
says 1 "hvm: error: backing file of $dir/lost.qcow2: cannot open $dir/nothing.img: No such file or \
directory" cd-insert web hdc "qcow2:$dir/lost.qcow2"
says 1 "hvm: error: cannot open $dir/fifo: neither a file nor a disk" cd-insert web hdc "$dir/fifo"
says 0 '' destroy web
nothing_left
