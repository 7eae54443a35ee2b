#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's 32-bit installer kernel; see debian64.sh. Ends through isa-debug-exit.
exec sh tests/guest/lib/boot.sh i386 immune=yes append=cryptomgr.notests end=exit
