#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/guest/network.sh with 100 MiB each way, on both NICs.
BYTES=104857600 exec sh tests/guest/network.sh
