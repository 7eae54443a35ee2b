#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's installer by PXE on an e1000, in the pictures of the one from a CD.
exec sh tests/guest/lib/installer.sh amd64 text std e1000
