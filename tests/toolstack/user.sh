#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# As an ordinary user: guests are in XDG_RUNTIME_DIR, logs in XDG_STATE_HOME, the card has the
# user-mode network and hvm create says so. Run as root, this becomes nobody.
set -eu
if [ "$(id -u)" = 0 ]; then
	command -v setpriv >/dev/null || { echo "no setpriv(1)" && exit 77; }
	place=$(mktemp -d)
	trap 'rm -rf "$place"' EXIT
	mkdir "$place/bin" "$place/tmp"
	cp "${BUILD:-build}"/bin/hvm* "$place/bin" # the tree may be where nobody else may look
	chown -R nobody "$place"
	rc=0
	BUILD=$place TMPDIR=$place/tmp \
		setpriv --reuid=nobody --regid=nogroup --clear-groups sh "$0" || rc=$?
	exit $rc
fi
. tests/toolstack/lib/set.sh
unset HVM_RUN_DIR HVM_LOG_DIR
export XDG_RUNTIME_DIR="$dir/xdg" XDG_STATE_HOME="$dir/state"
mkdir "$XDG_RUNTIME_DIR"
"$bin/hvm-img" create -q -f qcow2 "$dir/disk.qcow2" 16M
cat >"$dir/web.cfg" <<END
name = "web"
memory = 32
serial = "pty"
disk = [ "$dir/disk.qcow2,qcow2,hda,w" ]
vif = [ "bridge=xenbr0" ]
END
rc=0
"$hvm" create "$dir/web.cfg" >"$dir/out" 2>"$dir/err" || rc=$?
[ $rc = 0 ] || fail "create: $(cat "$dir/err")"
grep -q '^web: network card 0 has the user-mode network: ' "$dir/err" ||
	fail "the network: $(cat "$dir/err")"
[ -S "$XDG_RUNTIME_DIR/hvm/1/control" ] || fail "where are its sockets?"
[ "$(stat -c %a "$XDG_RUNTIME_DIR/hvm")" = 700 ] || fail "others may look into $XDG_RUNTIME_DIR/hvm"
grep -q 'guest web (1) runs' "$XDG_STATE_HOME/hvm/web.log" || fail "where is its log?"
"$hvm" list web >"$dir/list"
grep -q '^web  *1  *32  *1 ' "$dir/list" || fail "list: $(cat "$dir/list")"
XENSTORED_PATH=$XDG_RUNTIME_DIR/hvm/store/socket
export XENSTORED_PATH
! command -v xenstore-read >/dev/null ||
	[ "$(xenstore-read /local/domain/1/name)" = web ] || fail "the store does not know it"
unset XENSTORED_PATH
says 0 '' destroy web
[ ! -e "$XDG_RUNTIME_DIR/hvm/1" ] || fail "its folder stays"

# No place for running guests is a sentence.
unset XDG_RUNTIME_DIR
says 1 'hvm: error: no folder for running guests: set HVM_RUN_DIR or XDG_RUNTIME_DIR' list
