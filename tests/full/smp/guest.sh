#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest of tests/full/smp.sh, with its disk as the root: guest.sh project ROUNDS, or
# guest.sh stress SECONDS. The last words are "guest.sh: all well".
set -eu
export PATH=/usr/bin:/bin LC_ALL=C
what=$1
n=$2
mounted() { grep -q " $1 " /proc/mounts; }
[ -d /proc/1 ] || mount -t proc proc /proc
mounted /sys || mount -t sysfs sys /sys
mounted /dev || mount -t devtmpfs dev /dev
mounted /tmp || mount -t tmpfs tmp /tmp
mkdir -p /dev/shm
mounted /dev/shm || mount -t tmpfs shm /dev/shm

# The compiler's objects and programs, and what these print, as on the host.
project() {
	rm -rf /tmp/project
	cp -R /project /tmp/project
	cd /tmp/project
	make -s -j4 CC=gcc
	sha256sum -c /want.sums | grep -v ': OK$' && exit 1
	echo "guest.sh: make -j4: $(wc -l </want.sums) files as on the host"
	for t in 1 2 3 4; do
		./parts >parts.$t &
	done
	wait
	for t in 1 2 3 4; do
		diff /want.parts parts.$t
	done
	echo 'guest.sh: four of parts as on the host'
	for threads in 2 4 8; do
		./sum 8 6 $threads | diff /want.sum -
		echo "guest.sh: a sum by $threads threads as on the host"
	done
}

# Each stressor checks its own results. The ones that wait for each other have real-time priorities
# and leave little to the others: a third of the time is for each kind, one for all at once. They
# get half of a processor (the kernel gives 95 %), or its own threads starve where the host is busy.
# Not --madvise: root's has the kernel poison pages of its own, and dies of it now and then.
compute='--cpu 4 --vecmath 1 --atomic 2 --vm 2 --vm-bytes 32M --mmap 1 --mmap-bytes 16M
	--mremap 1 --mremap-bytes 16M --remap 1 --mlock 1'
synchronize='--mutex 2 --sem 2 --sem-sysv 2 --futex 2 --pthread 2 --pthread-max 64 --pipe 2
	--switch 2 --yield 2 --schedpolicy 2'
stress() {
	cd /tmp
	echo 500000 >/proc/sys/kernel/sched_rt_runtime_us
	for stressors in "$compute" "$synchronize" "$compute $synchronize"; do
		# shellcheck disable=SC2086
		stress-ng --verify --metrics-brief --oomable --timeout $((n / 3)) $stressors
	done
}

case $what in
project)
	i=0
	while [ $i -lt "$n" ]; do
		project
		i=$((i + 1))
	done
	;;
stress) stress ;;
esac
echo 'guest.sh: all well'
