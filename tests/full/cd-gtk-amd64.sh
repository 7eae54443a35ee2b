#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's graphical 64-bit installer from a CD.
exec sh tests/guest/lib/installer.sh amd64 gtk std
