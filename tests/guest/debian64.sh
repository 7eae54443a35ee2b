#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's 64-bit kernel on two processors. It unpacks itself; a test of its own cryptography, a
# fifth of all instructions, is left to tests/full/guest-plain64.sh.
exec sh tests/guest/lib/boot.sh amd64 cpus=2 immune=yes append=cryptomgr.notests
