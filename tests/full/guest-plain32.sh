#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The 32-bit installer kernel with no option that helps: 6.4 billion instructions to its shell.
exec sh tests/guest/lib/boot.sh i386
