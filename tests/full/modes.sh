#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every mode of both adapters' VGA BIOSes.
set -eu
for vga in std cirrus; do
	sh tests/guest/modes/run.sh $vga
	echo "$vga: $(grep -c . tests/guest/modes/$vga.want) modes"
done
