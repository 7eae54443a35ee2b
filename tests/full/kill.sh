#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/toolstack/kill.sh, a hundred times.
ROUNDS=100 exec sh tests/toolstack/kill.sh
