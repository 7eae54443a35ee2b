#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/toolstack/rounds.sh with a hundred guests one after another and thirty at once.
ROUNDS=100 GUESTS=30 exec sh tests/toolstack/rounds.sh
