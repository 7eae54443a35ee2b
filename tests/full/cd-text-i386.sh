#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's 32-bit installer in text from a CD, on a Cirrus adapter.
exec sh tests/guest/lib/installer.sh i386 text cirrus
