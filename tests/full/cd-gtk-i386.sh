#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's graphical 32-bit installer from a CD, in the pictures of the 64-bit one.
exec sh tests/guest/lib/installer.sh i386 gtk std
