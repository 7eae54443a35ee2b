/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * toolstack/supervisor/sup_chain.c: the files that lie under a disc's image, which hvm-dm asks for
 * one after another. Their names stand in files that somebody else wrote: they are found by the
 * rules by which hvm-dm opens them (block/chain.c), and no more is allowed than it would open.
 *
 * Spec: docs/interop/qcow2.txt of QEMU: header, header extensions
 * Tests: tests/toolstack/sup_files.c
 */
#include "toolstack/supervisor/sup.h"

#include "base/util.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEPTH          32
#define HEAD           65536 /* of the first cluster; names and extensions are looked for there */
#define NAME_SIZE      1024
#define HEADER_V2      72
#define EXT_BACKING    0xe2792acau
#define BACKING_OFFSET 8
#define BACKING_SIZE   16
#define HEADER_LENGTH  100

struct under {
	char name[NAME_SIZE];
	char format[16]; /* "": not named */
};

/* Big endian. */
static uint64_t get(const uint8_t *p, unsigned n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | *p++;
	return v;
}

/* True: text of n bytes at `at` lies within. */
static bool copy(char *to, size_t room, const uint8_t *head, size_t len, uint64_t at, uint64_t n)
{
	if (!n || n >= room || at > len || n > len - at || memchr(head + at, 0, n))
		return false;
	memcpy(to, head + at, n);
	to[n] = 0;
	return true;
}

static void read_format(const uint8_t *head, size_t len, struct under *u)
{
	size_t at = get(head + 4, 4) < 3 ? HEADER_V2 : get(head + HEADER_LENGTH, 4);

	while (at + 8 <= len) {
		uint32_t type = (uint32_t)get(head + at, 4), n = (uint32_t)get(head + at + 4, 4);

		if (!type)
			return;
		if (type == EXT_BACKING && !*u->format) {
			copy(u->format, sizeof(u->format), head, len, at + 8, n);
			return;
		}
		at += 8 + ((size_t)n + 7) / 8 * 8;
	}
}

static bool understand(const uint8_t *head, size_t len, struct under *u)
{
	uint64_t at = len < HEADER_LENGTH + 4 ? 0 : get(head + BACKING_OFFSET, 8);

	if (at < HEADER_V2 || memcmp(head, "QFI\xfb", 4) ||
	    !copy(u->name, sizeof(u->name), head, len, at, get(head + BACKING_SIZE, 4)))
		return false;
	read_format(head, (size_t)at, u); /* they end where the name begins */
	return true;
}

/* What lies under this file; false: nothing, or nothing that hvm-dm would open. */
static bool look_under(struct sup *s, const char *path, struct under *u)
{
	uint8_t *head = malloc(HEAD);
	int fd = head ? sup_files_open(s, path, O_RDONLY, 0, NULL) : -1;
	ssize_t n = fd < 0 ? 0 : pread(fd, head, HEAD, 0);
	bool found = n > 0 && understand(head, (size_t)n, u);

	if (fd >= 0)
		close(fd);
	free(head);
	return found;
}

/* "nbd://host", "json:{…}" */
static bool has_protocol(const char *name)
{
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || (name[n] && strchr("+-.", name[n])))
		n++;
	return n && name[n] == ':';
}

/* Relative to the folder of the file above; path is that file's before. */
static bool go_down(char path[PATH_MAX], const char *name)
{
	char *slash = strrchr(path, '/');
	size_t n;

	if (!strncmp(name, "file:", 5))
		name += 5;
	else if (has_protocol(name))
		return false;
	n = slash && *name != '/' ? (size_t)(slash + 1 - path) : 0;
	return (size_t)snprintf(path + n, PATH_MAX - n, "%s", name) < PATH_MAX - n;
}

int sup_files_allow_chain(struct sup *s, const char *file, const char *format)
{
	char path[PATH_MAX];
	struct under u = {.format = ""};
	int rc = sup_files_allow(s, file, false);

	if ((size_t)snprintf(path, sizeof(path), "%s", file) >= sizeof(path))
		return rc;
	snprintf(u.format, sizeof(u.format), "%s", format);
	/* One whose format is not named may not lead on. */
	for (unsigned i = 0; !rc && i < DEPTH && !strcmp(u.format, "qcow2"); i++) {
		u = (struct under){.format = ""};
		if (!look_under(s, path, &u) || !go_down(path, u.name))
			return 0;
		rc = sup_files_allow(s, path, false);
	}
	return rc;
}
