#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# lint.sh [ROOT [CHECK…]]: the style checks that need no build. Each prints what is wrong and
# passes when there was nothing to print. Last line: "N passed, N failed[, N skipped]".
set -u
export LC_ALL=C
style=$(cd "$(dirname "$0")" && pwd)
cd "${1:-$style/../..}" || exit 2
[ $# = 0 ] || shift
cc=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

max_function=60 max_tagged=20 max_c=1000 max_h=250 max_headers=8

# files PATTERN…: of the tree without hidden and built ones, as find's -name patterns.
files() {
	set -f
	names=
	for pattern; do names="$names -o -name $pattern"; done
	find . \( -name '.?*' -o -path './build*' -o -path ./config.h \) -prune -o \
		-type f \( ${names# -o} \) -print | sed 's,^\./,,' | sort
	set +f
}

# over LIST ARGUMENT…: awk over the files of a list. If it is empty, awk would read the terminal.
over() {
	list=$1
	shift
	[ ! -s "$list" ] || xargs awk "$@" <"$list"
}

check_includes() {
	over "$work/c" -f "$style/includes.awk" "$style/includes.txt"
}

check_devices() {
	over "$work/hw" -f "$style/reach.awk" -f "$style/devices.awk"
}

check_closure() {
	grep '\.c$' "$work/hw" >"$work/hw.c" || return 0
	command -v "$cc" >/dev/null || skip "no compiler"
	xargs "$cc" ${CFLAGS:--D_GNU_SOURCE -I.} -MM <"$work/hw.c" >"$work/deps" 2>"$work/err"
	grep -E 'error' "$work/err"
	awk -f "$style/reach.awk" -f "$style/closure.awk" "$work/deps"
}

check_calls() {
	grep -v -e '^tests/' -e 'main\.c$' "$work/c" >"$work/nomain"
	over "$work/nomain" -f "$style/calls.awk"
}

check_functions() {
	over "$work/c" -f "$style/functions.awk" >"$work/functions"
	awk -v max=$max_function -v tags=$max_tagged '
		$4 > max && !$5 {
			printf "%s:%d: %s has %d lines, at most %d\n", $1, $2, $3, $4, max }
		$4 > max && $5 { n++ }
		$4 <= max && $5 { printf "%s:%d: %s needs no lint tag\n", $1, $2, $3 }
		END { if (n > tags) printf "%d functions tagged long, at most %d\n", n, tags }
	' "$work/functions"
}

check_sizes() {
	over "$work/c" -v max_c=$max_c -v max_h=$max_h -v max_headers=$max_headers '
		function ends(max) {
			max = name ~ /h$/ ? max_h : max_c
			if (lines > max)
				printf "%s: %d lines, at most %d\n", name, lines, max
			if (name ~ /c$/ && headers > max_headers)
				printf "%s: %d own headers, at most %d\n", \
					name, headers, max_headers
			headers = 0
		}
		FNR == 1 { if (name) ends() }
		/^#[ \t]*include[ \t]*"/ { headers++ }
		{ name = FILENAME; lines = FNR }
		END { ends() }'
}

check_licence() {
	line='SPDX-License-Identifier: GPL-2.0-or-later'
	over "$work/c" -v want="/* $line */" \
		'FNR == 1 && $0 != want { print FILENAME ": first line is not the SPDX line" }'
	ci=$(find .ci -type f 2>/dev/null)
	for f in $(files '*.sh' '*.awk' Makefile configure) $ci; do
		head -n 2 "$f" | grep -q "^# $line\$" || echo "$f: no SPDX line in the first two"
	done
}

check_format() {
	command -v clang-format >/dev/null || skip "no clang-format (./configure --install-deps)"
	[ ! -s "$work/c" ] || xargs clang-format --dry-run -Werror <"$work/c" 2>&1 |
		grep -E 'error|warning' | awk -F: '!seen[$1]++ { print $0 " (make format)" }'
}

check_text() {
	files '*.c' '*.h' '*.sh' '*.awk' '*.md' '*.txt' Makefile configure >"$work/text"
	over "$work/text" '
		/[ \t]$/ { printf "%s:%d: trailing white space\n", FILENAME, FNR }
		FILENAME ~ /[.](c|h|sh|awk)$|Makefile$/ {
			line = $0
			gsub(/[\200-\277]/, "", line) # count characters of UTF-8
			n = split(line, cells, "\t")
			wide = length(cells[1])
			for (i = 2; i <= n; i++)
				wide += 8 - wide % 8 + length(cells[i])
			if (wide > 100)
				printf "%s:%d: %d columns, at most 100\n", FILENAME, FNR, wide
		}'
	over "$work/c" '/^[ \t]*typedef[ \t]+(struct|union)/ {
		printf "%s:%d: typedef of a struct\n", FILENAME, FNR }'
}

check_status() {
	for f in $(grep '\.c$' "$work/hw"); do
		grep -q '^DEV_REGISTER' "$f" || continue
		for word in Spec: State: Missing: Tests:; do
			head -n 60 "$f" | grep -q "[ *]$word" ||
				echo "$f: status header without $word"
		done
		base=${f##*/}
		[ -e "tests/hw/$base" ] || echo "$f: no tests/hw/$base"
	done
}

check_selftest() {
	[ "$style/../.." -ef . ] || skip "only in the tree itself"
	sh "$style/selftest.sh"
}

# Ends one check (each runs in a subshell).
skip() {
	echo "$1"
	exit 77
}

files '*.c' '*.h' >"$work/c"
grep '^hw/' "$work/c" >"$work/hw"
passed=0 failed=0 skipped=0
[ $# != 0 ] || set -- includes devices closure calls functions sizes licence format text status \
	selftest
for check; do
	("check_$check") >"$work/out" 2>&1
	if [ $? = 77 ]; then
		skipped=$((skipped + 1))
		echo "skip lint $check: $(tail -n 1 "$work/out")"
	elif [ -s "$work/out" ]; then
		failed=$((failed + 1))
		echo "FAIL lint $check"
		sed 's/^/    /' "$work/out"
	else
		passed=$((passed + 1))
	fi
done
if [ -s "${work}/functions" ]; then
	grep -v '^tests/' "$work/functions" | awk '{ print $4 }' | sort -n | awk '
		{ n[NR] = $1 }
		END { if (NR) printf "%d functions: median %d lines, p90 %d\n", NR,
			n[int((NR + 1) / 2)], n[int(NR * 0.9 + 0.5)] }'
fi
printf '%d passed, %d failed' $passed $failed
[ $skipped = 0 ] || printf ', %d skipped' $skipped
echo
[ $failed = 0 ]
