#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's installer by PXE on an RTL8139, in the pictures of the one from a CD.
exec sh tests/guest/lib/installer.sh amd64 text std rtl8139
