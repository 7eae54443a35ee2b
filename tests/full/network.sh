#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/guest/network.sh with 100 MiB each way and 200,000 datagrams, on both NICs.
BYTES=104857600 FRAMES=100000 FAST=20000 LIMIT=1500 exec sh tests/guest/network.sh
