/* SPDX-License-Identifier: GPL-2.0-or-later */
/* img/img.h: inside hvm-img: its verbs and what they share. A verb returns the exit status. */
#ifndef IMG_IMG_H
#define IMG_IMG_H
#include "base/err.h"
#include "base/util.h"
#include "block/image.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>

struct verb {
	const char *name, *arguments, *summary;
	int (*run)(int argc, char **argv);
};
extern const struct verb img_verbs[];

int img_create(int argc, char **argv);
int img_info(int argc, char **argv);
int img_check(int argc, char **argv);
int img_convert(int argc, char **argv);
int img_resize(int argc, char **argv);
int img_snapshot(int argc, char **argv);
int img_compare(int argc, char **argv);
int img_map(int argc, char **argv);
int img_bench(int argc, char **argv);
int img_rebase(int argc, char **argv);
int img_help(int argc, char **argv);

/* Says "hvm-img: …" on standard error; returns status. */
int img_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
int img_fail_err(int status, const struct err *e);
/* How the verb is to be called; status 1. */
int img_usage(const char *verb);
/* "1.5G", "64k", "4096"; k M G T P E are powers of 1024. False: it is none. */
bool img_size(const char *text, uint64_t *bytes);
bool img_number(const char *text, uint64_t max, uint64_t *n);
/* -o a=b,c=d into c, "help" apart. False: said why. */
bool img_options(struct blk_create *c, char *options);
struct blk *img_open(const char *file, const char *format, const char *cache, bool write);
void img_human(uint64_t bytes, char *text, size_t size); /* "1.5 GiB" */
bool img_zero(const void *buf, size_t n);
#endif
