#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's 64-bit kernel on two processors. It unpacks itself; what it need not do twice (a test of
# its own cryptography, minutes at this speed) is left to tests/full/guest-boot.sh.
exec sh tests/guest/lib/boot.sh amd64 cpus=2 append=cryptomgr.notests
