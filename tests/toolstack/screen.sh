#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What a configuration says of the guest's screen: vncconsole=1 starts a viewer, vncpasswd is asked
# for, sdl=1 opens a window, or says that there is nothing to open it on.
set -eu
. tests/toolstack/lib/set.sh
[ -x "$bin/hvm-vnc" ] || { echo "no libvncserver-dev" && exit 77; }
command -v socat >/dev/null || { echo "no socat" && exit 77; }
unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER
cat >"$dir/viewer" <<END
#!/bin/sh
echo "\$*" >"$dir/viewed"
END
chmod +x "$dir/viewer"
export VNCVIEWER="$dir/viewer"
cat >"$dir/web.cfg" <<END
name = "web"
memory = 16
vncpasswd = "secret"
END
none='sdl=1: no DISPLAY and no WAYLAND_DISPLAY to open a window on'

# The kinds of security that the screen offers behind its version: a number of them, then each.
security() {
	IFS=: read -r host display <"$dir/viewed"
	printf 'RFB 003.008\n' | socat -t 1 - "TCP:$host:$((5900 + display))" |
		od -An -tu1 -j 12 -N 2 | tr -d ' \n'
}

says 0 "command line:1: vncconsole is an old spelling: hvm create -V
web: $none" create "$dir/web.cfg" vncconsole=1 sdl=1
soon test -s "$dir/viewed" || fail "vncconsole=1 starts no viewer"
[ "$(security)" = 12 ] || fail "not VNC's password, which is kind 2, alone: $(security)"
[ -z "$(pid_of hvm-sdl)" ] || fail "a window on nothing"
says 0 '' destroy web
nothing_left
rm "$dir/viewed"

says 0 '' create -q "$dir/web.cfg"
says 0 '' destroy web
[ ! -e "$dir/viewed" ] || fail "a viewer that nobody asked for"

says 1 "hvm: error: $none, and vnc=0" create "$dir/web.cfg" vnc=0 sdl=1
nothing_left
[ -x "$bin/hvm-sdl" ] || { echo "no libsdl2-dev: the rest passed" && exit 77; }
export SDL_VIDEODRIVER=dummy
says 0 '' create -q "$dir/web.cfg" vnc=0 sdl=1
[ -n "$(pid_of hvm-sdl)" ] || fail "sdl=1 opens no window"
says 0 '' destroy web
nothing_left
