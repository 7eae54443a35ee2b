#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make install puts everything below DESTDIR, where it runs; make uninstall leaves nothing.
set -eu
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
prefix=$(sed -n 's/^PREFIX := //p' config.mk)

# Quiet unless it fails.
run_make() {
	${MAKE:-make} -s BUILD="$BUILD" DESTDIR="$tmp/root" "$1" >"$tmp/log" 2>&1 && return
	cat "$tmp/log"
	exit 1
}

run_make install
at=$tmp/root$prefix
for program in "$BUILD"/bin/hvm-*; do
	name=${program##*/}
	"$at/bin/$name" -version | grep -q "^$name .*[0-9]" || { echo "$name -version" && exit 1; }
	grep -q "^\.TH" "$at/share/man/man1/$name.1" || { echo "$name.1 is missing" && exit 1; }
done
[ -x "$at/bin/hvm-dm" ] || { echo "hvm-dm is not there" && exit 1; }

bash -c '. "$1" && complete -p hvm' - "$at/share/bash-completion/completions/hvm" >/dev/null ||
	{ echo "no completion of hvm" && exit 1; }

# Where it looks for ROMs is not where it was built.
grep -qF "$prefix/share/hvm" "$at/bin/hvm-dm" || { echo "hvm-dm: other ROM path" && exit 1; }

# The installed one makes a machine, from another folder.
(cd / && "$at/bin/hvm-dm" -accel qtest -m 4 -nodefaults -monitor stdio <<END) >"$tmp/out" 2>&1
info version
quit
END
grep -q '(qemu)' "$tmp/out" || { cat "$tmp/out" && exit 1; }

run_make uninstall
left=$(find "$tmp/root" ! -type d)
[ -z "$left" ] || { echo "uninstall left: $left" && exit 1; }
