#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# debian64.sh with the processors in hvm-core, the devices in hvm-dm, both jailed.
HVM_DM=${BUILD:-build}/bin/keeper exec sh tests/guest/debian64.sh
