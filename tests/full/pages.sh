#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A million random changes of page tables, flushes and accesses on each tier.
set -eu
PAGES_N=1000000 PAGES_SEED=101 "${BUILD:-build}/asan/tests/check" -k 'x86/pages.*'
