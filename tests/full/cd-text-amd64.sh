#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's 64-bit installer in text from a CD.
exec sh tests/guest/lib/installer.sh amd64 text std
