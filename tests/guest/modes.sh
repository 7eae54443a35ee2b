#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The modes of the standard adapter's VGA BIOS up to 640 pixels wide; tests/full/modes.sh has all.
set -eu
exec sh tests/guest/modes/run.sh std -q
