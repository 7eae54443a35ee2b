#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's 64-bit kernel with no option that helps: 6 billion instructions to its shell.
exec sh tests/guest/lib/boot.sh amd64 cpus=2 mem=6144 initrd=drivers-amd64.cpio.gz
