/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm: the toolstack, with xl's verbs. */
#include "toolstack/verbs.h"

int main(int argc, char **argv)
{
	return verbs_run(argc, argv);
}
