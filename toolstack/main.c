/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm: the toolstack, with xl's verbs. */
#include "base/log.h"
#include "toolstack/verbs.h"

int main(int argc, char **argv)
{
	(void)argc;
	log_set_name("hvm");
	return verbs_run(argv + 1);
}
