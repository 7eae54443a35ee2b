#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# hvm-img's commands; beside qemu-img where it is installed.
set -u
img=$PWD/$BUILD/bin/hvm-img
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp" || exit 1
failed=0

fail() {
	echo "FAIL $*" | head -n 8
	failed=1
}

# want STATUS COMMAND…: its output is in $out.
want() {
	wanted=$1
	shift
	out=$("$@" 2>&1)
	got=$?
	[ $got = "$wanted" ] || fail "$*: status $got, not $wanted: $out"
}

# says TEXT: $out has it.
says() { case $out in *"$1"*) ;; *) fail "not in the output: $1: $out" ;; esac; }

# qemu STATUS ARGS…: the other implementation's word, where there is one.
qemu() {
	! command -v qemu-img >/dev/null || {
		status=$1
		shift
		want "$status" qemu-img "$@"
	}
}

# Runs of text, of noise and of nothing.
make_disk() {
	awk 'BEGIN { for (i = 0; i < 9000; i++) printf "line %d of what shrinks well\n", i }' >part
	{
		cat part
		head -c 300000 /dev/zero
		head -c 700000 /dev/urandom
		head -c 900000 /dev/zero
		cat part
	} >a.raw
	truncate -s 4M a.raw
}

same() {
	want 0 "$img" compare "$1" "$2"
	says identical
	qemu 0 compare "$1" "$2"
}

clean() {
	want 0 "$img" check "$1"
	says 'No errors'
	qemu 0 check "$1"
}

make_disk

# ---- convert, both ways, in every shape
for options in compat=0.10 compat=1.1 cluster_size=512 cluster_size=2M refcount_bits=1 \
	refcount_bits=64,cluster_size=4k lazy_refcounts=on preallocation=metadata \
	preallocation=full compression_type=zstd compression_type=zstd,cluster_size=512; do
	want 0 "$img" convert -O qcow2 -o $options a.raw x.qcow2
	clean x.qcow2
	same a.raw x.qcow2
	want 0 "$img" convert -c -O qcow2 -o "${options%,*}" a.raw c.qcow2
	clean c.qcow2
	same a.raw c.qcow2
	want 0 "$img" convert x.qcow2 back.raw
	cmp -s a.raw back.raw || fail "back from $options"
done
want 0 "$img" convert -S 0 a.raw full.raw
cmp -s a.raw full.raw || fail 'convert -S 0'
[ "$(stat -c %b full.raw)" -ge $((4 * 1024 * 1024 / 512)) ] || fail 'convert -S 0 left holes'
want 0 "$img" convert -O qcow2 -c a.raw c.qcow2
[ "$(stat -c %s c.qcow2)" -lt 1300000 ] || fail "compressed: $(stat -c %s c.qcow2) bytes"
want 0 "$img" convert -O qcow2 -o compression_type=zstd -c a.raw c.qcow2
[ "$(stat -c %s c.qcow2)" -lt 1300000 ] || fail "by zstd: $(stat -c %s c.qcow2) bytes"
want 0 "$img" info c.qcow2
says 'compression type: zstd'
want 1 "$img" create -f qcow2 -o compression_type=zstd,compat=0.10 z.qcow2 1M
says 'need compat=1.1'
want 1 "$img" create -f qcow2 -o compression_type=lz4 z.qcow2 1M
truncate -s 4M old.raw
head -c 4M /dev/urandom >old.raw
want 0 "$img" convert -n c.qcow2 old.raw # zeroes over what was there
cmp -s a.raw old.raw || fail 'convert -n'

# ---- create, info
want 0 "$img" create -q -f raw base.raw 1M
want 1 "$img" create -f qcow2 -b base.raw top.qcow2
says 'needs -F'
want 0 "$img" create -f qcow2 -b base.raw -F raw top.qcow2
want 0 "$img" info top.qcow2
says 'virtual size: 1 MiB (1048576 bytes)'
says 'backing file: base.raw'
says 'backing file format: raw'
want 0 "$img" info --output=json top.qcow2
says '"virtual-size": 1048576'
says '"backing-filename": "base.raw"'
says '"compat": "1.1"'
if command -v qemu-img >/dev/null; then
	qemu-img info top.qcow2 | grep -v -e 'disk size' -e '^backing file:' >theirs
	"$img" info top.qcow2 | grep -v -e 'disk size' -e '^backing file:' >ours
	diff theirs ours || fail 'info differs from qemu-img'
	qemu-img map --output=json x.qcow2 >theirs
	"$img" map --output=json x.qcow2 >ours
	diff theirs ours || fail 'map differs from qemu-img'
fi
want 1 "$img" create -f qcow2 -b missing.raw -F raw y.qcow2
says missing.raw
want 1 "$img" create -f qcow2 y.qcow2
says 'size is missing'
want 1 "$img" create -f qcow2 -o cluster_size=3k y.qcow2 1M
says cluster_size
want 1 "$img" create -f vmdk y.vmdk 1M
says vmdk
want 1 "$img" frobnicate
says frobnicate

# ---- rebase -u: a name is a name
"$img" convert -O qcow2 a.raw named.qcow2
want 0 "$img" rebase -u -b named.qcow2 -F qcow2 top.qcow2
want 0 "$img" map top.qcow2
says named.qcow2
want 0 "$img" rebase -u -b '' top.qcow2
want 0 "$img" info top.qcow2
case $out in *backing*) fail 'rebase to none' ;; esac
clean top.qcow2

# ---- resize
want 0 "$img" resize x.qcow2 +1G
want 0 "$img" info x.qcow2
says '(1077936128 bytes)'
clean x.qcow2
same a.raw x.qcow2
want 1 "$img" resize x.qcow2 1M
says --shrink
want 0 "$img" resize --shrink x.qcow2 4M
same a.raw x.qcow2
clean x.qcow2
want 0 "$img" create -q -f qcow2 -o cluster_size=512 z.qcow2 1M
want 0 "$img" resize z.qcow2 2G # an L1 table of 131072 entries
clean z.qcow2

# ---- snapshots
for compat in 0.10 1.1; do
	want 0 "$img" convert -O qcow2 -o compat=$compat a.raw s.qcow2
	want 0 "$img" snapshot -c one s.qcow2
	clean s.qcow2
	want 1 "$img" snapshot -c one s.qcow2
	says already
	want 0 "$img" bench -w -c 60 -s 12k -S 36k s.qcow2
	clean s.qcow2
	want 1 "$img" compare a.raw s.qcow2
	want 0 "$img" snapshot -c two s.qcow2
	want 0 "$img" snapshot -l s.qcow2
	says one
	says two
	qemu 0 snapshot -l s.qcow2
	says two
	want 0 "$img" snapshot -a one s.qcow2
	clean s.qcow2
	same a.raw s.qcow2
	want 1 "$img" resize s.qcow2 8M
	want 0 "$img" snapshot -d one s.qcow2
	clean s.qcow2
	same a.raw s.qcow2
	qemu 0 snapshot -a two s.qcow2
	want 1 "$img" compare a.raw s.qcow2
	qemu 0 snapshot -c three s.qcow2
	want 0 "$img" snapshot -d 2 s.qcow2
	clean s.qcow2
	want 1 "$img" snapshot -d nine s.qcow2
	says nine
done

# ---- check: errors, leaks, repairs
want 0 "$img" convert -O qcow2 a.raw d.qcow2
printf '\0\7' | dd of=d.qcow2 bs=1 seek=$((0x20000 + 2 * 5)) conv=notrunc 2>/dev/null
want 3 "$img" check d.qcow2
says 'refcount 7, used 1 times'
want 0 "$img" check -r leaks d.qcow2
clean d.qcow2
printf '\0\0\0\0\0\0' | dd of=d.qcow2 bs=1 seek=$((0x20000 + 2 * 5)) conv=notrunc 2>/dev/null
want 2 "$img" check d.qcow2
qemu 2 check d.qcow2
want 0 "$img" check -r all d.qcow2
clean d.qcow2
same a.raw d.qcow2
want 63 "$img" check a.raw
want 1 "$img" check missing

# ---- one image, one writer
want 0 "$img" bench -w -c 10 d.qcow2
want 2 "$img" compare a.raw
want 3 "$img" compare a.raw missing
want 0 "$img" bench -t none -i native -d 8 -c 100 a.raw
says 'Run completed'
exit $failed
