#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# disk.sh IMAGE: an ext4 root with gcc, make, libc6-dev and stress-ng of the Debian packages
# installed here, busybox for the rest, the project (project.sh) and what it comes to on this host.
set -eu
src=$(dirname "$0")
image=$1
busybox=${BUSYBOX:-/bin/busybox}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
PATH=/usr/sbin:/usr/bin:/sbin:/bin # the package's compiler, whatever else is called gcc here
tree=$work/tree
v=$(gcc -dumpversion)

# /bin and its like are links into /usr, wherever packages think their files are.
for d in bin sbin lib lib64; do
	mkdir -p "$tree/usr/$d"
	ln -s usr/$d "$tree/$d"
done
mkdir -p "$tree/proc" "$tree/sys" "$tree/dev" "$tree/tmp" "$tree/etc"

# Sanitizers' libraries and link-time optimisation are half of it, and not used.
for package in gcc "gcc-$v" "gcc-$v-x86-64-linux-gnu" "cpp-$v" "cpp-$v-x86-64-linux-gnu" \
	binutils binutils-x86-64-linux-gnu "libgcc-$v-dev" libc6-dev linux-libc-dev make \
	stress-ng; do
	dpkg -L "$package" 2>/dev/null || :
done | grep -E '^(/usr)?/(bin|lib|lib64|libexec|include)/' |
	grep -v -E '/lto1$|lto-dump|/plugin/|lib[a-z]*san[a-z_]*\.|/gcc-ar|/gold$|dwp$' |
	while read -r f; do
		[ -d "$f" ] && [ ! -h "$f" ] || echo "$f"
	done >"$work/files"
while read -r f; do
	[ ! -x "$f" ] || ldd "$f" 2>/dev/null || :
done <"$work/files" | grep -o '/[^ ]*' | sort -u >"$work/libraries"
tar -C / -cf - -T "$work/files" 2>/dev/null | tar -C "$tree" -xf - --keep-directory-symlink
tar -C / -chf - -T "$work/libraries" 2>/dev/null | tar -C "$tree" -xf - --keep-directory-symlink
for program in gcc as ld make stress-ng; do
	[ -e "$tree/usr/bin/$program" ] || { echo "no package here has $program" && exit 77; }
done

cp "$busybox" "$tree/bin/busybox"
for a in $("$busybox" --list); do
	[ -e "$tree/bin/$a" ] || ln -s busybox "$tree/bin/$a"
done
printf 'root:x:0:0:root:/:/bin/sh\n' >"$tree/etc/passwd"
cp "$src/guest.sh" "$tree/guest.sh"

# Built and run here, too: objects, programs and output are the same to the byte in the guest.
sh "$src/project.sh" "$tree/project"
cp -R "$tree/project" "$work/project"
(cd "$work/project" && make -s CC=gcc MAKEFLAGS= && sha256sum ./*.o parts sum) >"$tree/want.sums"
"$work/project/parts" >"$tree/want.parts"
"$work/project/sum" 8 6 4 >"$tree/want.sum"
"$work/project/sum" 8 6 1 | diff - "$tree/want.sum"

mib=$(du -sm "$tree" | cut -f1)
rm -f "$image"
truncate -s $((mib * 5 / 4 + 32))M "$work/image"
mke2fs -q -t ext4 -E root_owner=0:0 -d "$tree" "$work/image"
mv "$work/image" "$image"
