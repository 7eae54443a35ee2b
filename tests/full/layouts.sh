#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/guest/typed.sh with the other layouts that it has to hold for.
set -eu
for layout in en-us fr pl cs; do
	echo "-k $layout"
	sh tests/guest/typed.sh $layout
done
