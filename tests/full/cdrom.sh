#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/guest/cdrom.sh with fifty discs, one after the other.
DISCS=50 exec sh tests/guest/cdrom.sh
