#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints docs/replay-differences.md from the scripts' annotations.
cat <<'END'
# Where our devices differ from QEMU's

Found by the register scripts of `tests/replay/` (docs/replay.md), against Debian's QEMU 7.2.
Everything else that they read is equal. *Bits* are those that may differ; none given means all of
the value. This page is what `sh tests/replay/differences.sh` prints; a test compares the two.
END
exec "${BUILD:-build}/bin/replay" --markdown tests/replay/*.regs
