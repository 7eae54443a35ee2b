/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hvm-img: makes, shows, checks and converts disk images. docs/hvm-img.1 is its manual. */
#include "img/img.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	const struct verb *v = img_verbs;
	int status;

	log_set_name("hvm-img");
	if (argc < 2) {
		img_help(0, NULL);
		return 1;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-help") || !strcmp(argv[1], "-h"))
		return img_help(0, NULL);
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-version")) {
		puts("hvm-img 0.1");
		return 0;
	}
	while (v->name && strcmp(v->name, argv[1]))
		v++;
	if (!v->name)
		return img_fail(1, "there is no command '%s' (hvm-img help lists them)", argv[1]);
	status = v->run(argc - 1, argv + 1);
	if (fflush(stdout))
		return img_fail(1, "cannot write to standard output");
	return status;
}
