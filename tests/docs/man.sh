#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual pages name each option that -help lists and no other, hvm's each verb and its options;
# groff has no complaint.
set -u
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# The first word of each paragraph of OPTIONS, without the page's own markup.
of_page() {
	awk '/^\.SH/ { on = /OPTIONS/ }
		on && tag { print $2; tag = 0 }
		on && /^\.TP/ { tag = 1 }' "$1" | tr -d '\\",' | grep '^-' | sort -u
}

# Lines that begin with an option, however far they are indented.
of_help() {
	"$1" -help | sed -n 's/^ *\(-[A-Za-z][-A-Za-z0-9_]*\).*/\1/p' | sort -u
}

# Each .SS is a verb, each paragraph with a tag below it one of its options.
verbs_of_page() {
	awk '/^\.SS/ { print verb = $2 }
		/^\.SH/ { verb = "" }
		verb && tag { $1 = verb; print; tag = 0 }
		verb && /^\.TP/ { tag = 1 }' docs/hvm.1 | tr -d '\\"' | sort
}

verbs_of_help() {
	for verb in $("$BUILD/bin/hvm" help | awk '/^  / { print $1 }'); do
		echo "$verb"
		"$BUILD/bin/hvm" help "$verb" |
			sed -n "s/^  \(-., \)\{0,1\} *\(--[^ ]*\) .*/$verb \1\2/p"
	done | sort
}

check_verbs() {
	verbs_of_page >"$tmp/page"
	verbs_of_help >"$tmp/help"
	grep -q 'create -n, --dryrun' "$tmp/help" || { echo "hvm help lists no verbs" && failed=1; }
	diff "$tmp/help" "$tmp/page" >"$tmp/diff" && return
	echo "docs/hvm.1 (>) and hvm help (<) differ:"
	cat "$tmp/diff"
	failed=1
}

check() {
	page=docs/$1.1 program=$BUILD/bin/$1
	of_page "$page" | grep -vx -e -help -e -version >"$tmp/page"
	of_help "$program" | grep -vx -e -help -e -version >"$tmp/help"
	[ -s "$tmp/help" ] || { echo "$1 -help lists no option" && failed=1; }
	diff "$tmp/help" "$tmp/page" >"$tmp/diff" && return
	echo "$page (>) and $1 -help (<) differ:"
	cat "$tmp/diff"
	failed=1
}

for page in docs/*.1; do
	name=$(basename "$page" .1)
	if [ "$name" = hvm ]; then check_verbs; else check "$name"; fi
	if command -v groff >/dev/null; then
		groff -man -ww -z "$page" 2>"$tmp/groff" || failed=1
		[ ! -s "$tmp/groff" ] || { cat "$tmp/groff" && failed=1; }
	fi
done
for program in "$BUILD"/bin/hvm "$BUILD"/bin/hvm-*; do
	[ -e "docs/${program##*/}.1" ] || { echo "${program##*/} has no manual page" && failed=1; }
done
exit $failed
