#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# novnc.sh DIR VERB …: a person with noVNC in Chromium without a display, as tests/full/viewers.sh
# wants one; by WebDriver.
set -eu
dir=$1
verb=$2
shift 2
pages=/usr/share/novnc

# wait_for COMMAND…: till it prints something.
wait_for() {
	for _ in $(seq 60); do
		[ -z "$("$@" 2>/dev/null)" ] || return 0
		sleep 0.5
	done
	echo "novnc.sh: in vain: $*"
	exit 1
}
port_in() { sed -n "s/.* port \([1-9][0-9]*\).*/\1/p" "$1" | head -n 1; }

# driver METHOD PATH [JSON]
driver() {
	curl -s -S -X "$1" "http://127.0.0.1:$(port_in "$dir/driver")/session$2" ${3:+-d "$3"}
}
session() { driver "$1" "/$(cat "$dir/session")$2" ${3:+"$3"}; }
script() { session POST /execute/sync "{\"script\":\"$1\",\"args\":[]}"; }
number() { script "$1" | sed -n 's/.*"value":\([0-9]*\).*/\1/p'; }
canvas="document.querySelector('canvas').getBoundingClientRect()"

start() {
	(cd $pages && exec python3 -u -m http.server --bind 127.0.0.1 0) >"$dir/http" 2>&1 &
	echo $! >"$dir/pids"
	chromedriver --port=0 >"$dir/driver" 2>&1 &
	echo $! >>"$dir/pids"
	wait_for port_in "$dir/http"
	wait_for port_in "$dir/driver"
	args='"--headless=new","--no-sandbox","--disable-gpu","--disable-dev-shm-usage"'
	driver POST '' "{\"capabilities\":{\"alwaysMatch\":{\"browserName\":\"chrome\",
		\"goog:chromeOptions\":{\"binary\":\"$(command -v chromium)\",
		\"args\":[$args,\"--window-size=900,641\",\"--user-data-dir=$dir/profile\"]}}}}" |
		sed -n 's/.*"sessionId":"\([^"]*\)".*/\1/p' >"$dir/session"
	[ -s "$dir/session" ] || { cat "$dir/driver" && exit 1; }
}

# Keys of an American keyboard: each character, with Shift where that is on it.
keys() {
	rest=$1
	while [ -n "$rest" ]; do
		c=${rest%"${rest#?}"}
		rest=${rest#?}
		shifted=
		case $c in
		[A-Z~!@\#\$%^\&*\(\)_+\{\}\|:\"\<\>?]) shifted=y ;;
		esac
		case $c in
		[\"\\]) c="\\$c" ;;
		esac
		[ -z "$shifted" ] || printf '{"type":"keyDown","value":"\\uE008"},'
		printf '{"type":"keyDown","value":"%s"},{"type":"pause","duration":20},' "$c"
		printf '{"type":"keyUp","value":"%s"},' "$c"
		[ -z "$shifted" ] || printf '{"type":"keyUp","value":"\\uE008"},'
	done
	printf '{"type":"keyDown","value":"\\uE007"},{"type":"keyUp","value":"\\uE007"}'
}

case $verb in
missing)
	[ -f $pages/vnc.html ] || echo novnc
	command -v chromium >/dev/null || echo chromium
	command -v chromedriver >/dev/null || echo chromium-driver
	command -v convert >/dev/null || echo imagemagick
	for tool in curl python3; do
		command -v $tool >/dev/null || echo $tool
	done
	;;
open) # HOST PORT
	start
	at="http://127.0.0.1:$(port_in "$dir/http")/vnc.html"
	session POST /url "{\"url\":\"$at?autoconnect=true&host=$1&port=$2&path=\"}" >/dev/null
	wait_for number "var c = document.querySelector('canvas'); return c && c.width || ''"
	# In the middle of the page may be half a pixel off.
	script "if ($canvas.top % 1) document.querySelector('canvas').style.margin = 0" >/dev/null
	;;
type) # FILE: its line, then Enter
	session POST /actions "{\"actions\":[{\"type\":\"key\",\"id\":\"k\",
		\"actions\":[$(keys "$(cat "$1")")]}]}" >/dev/null
	;;
click) # X Y of the guest
	x=$(($(number "return Math.round($canvas.left)") + $1))
	y=$(($(number "return Math.round($canvas.top)") + $2))
	session POST /actions "{\"actions\":[{\"type\":\"pointer\",\"id\":\"p\",\"actions\":[
		{\"type\":\"pointerMove\",\"x\":$x,\"y\":$y},{\"type\":\"pause\",\"duration\":500},
		{\"type\":\"pointerDown\",\"button\":0},{\"type\":\"pointerUp\",\"button\":0}]}]}" \
		>/dev/null
	;;
picture) # FILE: all; FILE.guest: the guest's screen
	session GET /screenshot | sed 's/.*"value":"//; s/".*//' | base64 -d >"$1"
	at=$(script "var r = $canvas; return [r.width, 'x', r.height, '+', r.left, '+', r.top]" |
		sed 's/.*\[//; s/\].*//' | tr -d '",')
	convert "$1" -crop "$at" +repage "png:$1.guest"
	;;
close)
	[ ! -s "$dir/session" ] || session DELETE '' >/dev/null || :
	while read -r pid; do kill "$pid" || :; done <"$dir/pids"
	rm -f "$dir/pids"
	;;
esac
