#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# debian64.sh with the processors in hvm-core, the devices in hvm-dm.
HVM_DM='sh tests/guest/lib/remote.sh' exec sh tests/guest/debian64.sh
