#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# In the guest of cdrom.sh.
#   disc.sh watch     from now on the kernel looks at the drive by itself, and its words are kept
#   disc.sh next N    waits until it noticed a change, then for the disc CDN and what is on it
#   disc.sh gone      … for the drive to be empty
#   disc.sh asked     until it said that somebody wants the disc
#   disc.sh told N    it spoke of a change N times or more
set -eu
trap '[ $? = 0 ] || echo "in vain: disc.sh $*"' EXIT
told=/tmp/told seen=/tmp/seen

# The kernel's words are in the environment.
event() {
	[ "${DEVNAME:-}" = sr0 ] || return 0
	[ -z "${DISK_MEDIA_CHANGE:-}" ] || echo change >>$told
	[ -z "${DISK_EJECT_REQUEST:-}" ] || echo wish >>$told
}

# patience COMMAND…: until it succeeds, for some 10 s.
patience() {
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -lt 200 ] || exit 1
		busybox usleep 50000
	done
}

# The kernel counts the media; opening the drive makes it look, so nobody does meanwhile.
changed() {
	read -r now </sys/block/sr0/diskseq
	read -r before <$seen
	[ "$now" != "$before" ]
}
settled() {
	read -r now </sys/block/sr0/diskseq
	echo "$now" >$seen
	busybox usleep 120000
	! changed
}
label() { [ "$(dd if=/dev/sr0 bs=4 skip=8202 count=1 2>/dev/null)" = "$1" ]; }
empty() { ! dd if=/dev/sr0 of=/dev/null bs=2048 count=1 2>/dev/null; }
wish() { grep -q wish $told; }

case $1 in
event) event ;;
watch)
	mkdir /cd
	: >$told
	echo 0 >/proc/sys/dev/cdrom/autoclose
	busybox uevent sh /bin/disc.sh event >/dev/null &
	empty
	echo 50 >/sys/block/sr0/events_poll_msecs
	patience settled
	;;
next)
	patience changed
	patience label "CD$2"
	mount -t iso9660 -o ro /dev/sr0 /cd
	for file in /cd/*; do read -r words <"$file"; done
	umount /cd
	patience settled
	read -r size </sys/block/sr0/size
	echo "noticed $2: $words, $((size / 4)) blocks"
	;;
gone)
	patience changed
	patience empty
	patience settled
	echo 'noticed none'
	;;
asked)
	patience wish
	sed -i '/wish/d' $told
	empty || : # opened, so that the kernel speaks of the next one too
	echo 'noticed wish'
	;;
told)
	n=$(grep -c change $told)
	[ "$n" -lt "$2" ] || echo "told of $n changes: enough"
	;;
esac
