/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * iso FILE LABEL TEXT [BLOCKS]: a disc image (ISO 9660, ECMA-119) named LABEL with one file,
 * LABEL.TXT, that holds TEXT and a line feed, as large as BLOCKS blocks of 2 KiB at least.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 2048, VOLUME = 16, END, PATHS_LE, PATHS_BE, ROOT, CONTENT, BLOCKS };

static uint8_t disc[BLOCKS][BLOCK];

/* 7.2.3, 7.3.3: a number in both byte orders. */
static void both(uint8_t *p, unsigned size, uint32_t v)
{
	for (unsigned i = 0; i < size; i++)
		p[i] = p[2 * size - 1 - i] = (uint8_t)(v >> 8 * i);
}

static void blanks(uint8_t *p, const char *text, unsigned len)
{
	memset(p, ' ', len);
	memcpy(p, text, strlen(text) < len ? strlen(text) : len);
}

/* 9.1: a directory record; its length. */
static unsigned record(uint8_t *p, const char *name, unsigned len, uint32_t at, uint32_t bytes)
{
	unsigned size = (33 + len + 1) & ~1u;

	p[0] = (uint8_t)size;
	both(p + 2, 4, at);
	both(p + 10, 4, bytes);
	p[18] = 100; /* years since 1900 */
	p[19] = p[20] = 1;
	p[25] = len == 1 ? 2 : 0; /* this folder, the one above */
	both(p + 28, 2, 1);
	p[32] = (uint8_t)len;
	memcpy(p + 33, name, len);
	return size;
}

static void path_table(uint8_t *p, unsigned least)
{
	p[0] = 1;
	p[2 + least] = ROOT;
	p[6 + (least ? 1 : 0)] = 1;
}

/* 8.4 */
static void volume(const char *label, uint32_t blocks)
{
	uint8_t *p = disc[VOLUME];

	p[0] = disc[END][6] = p[6] = p[881] = 1;
	disc[END][0] = 255;
	memcpy(p + 1, "CD001", 5);
	memcpy(disc[END] + 1, "CD001", 5);
	blanks(p + 8, "", 32);
	blanks(p + 40, label, 32);
	both(p + 80, 4, blocks);
	both(p + 120, 2, 1);
	both(p + 124, 2, 1);
	both(p + 128, 2, BLOCK);
	both(p + 132, 4, 10);
	p[140] = PATHS_LE;
	p[151] = PATHS_BE;
	record(p + 156, "", 1, ROOT, BLOCK);
	blanks(p + 190, "", 623);
	for (unsigned at = 813; at < 881; at += 17)
		memset(p + at, '0', 16); /* no date */
	path_table(disc[PATHS_LE], 0);
	path_table(disc[PATHS_BE], 3);
}

int main(int argc, char **argv)
{
	uint32_t blocks = argc > 4 ? (uint32_t)atoi(argv[4]) : BLOCKS;
	uint8_t *p = disc[ROOT];
	char name[32];
	FILE *f;

	if (argc < 4 || strlen(argv[2]) > 8 || strlen(argv[3]) > BLOCK - 2) {
		fprintf(stderr, "usage: iso FILE LABEL TEXT [BLOCKS]\n");
		return 2;
	}
	blocks = blocks < BLOCKS ? BLOCKS : blocks;
	volume(argv[2], blocks);
	snprintf(name, sizeof(name), "%s.TXT;1", argv[2]);
	p += record(p, "", 1, ROOT, BLOCK);
	p += record(p, "\1", 1, ROOT, BLOCK);
	record(p, name, (unsigned)strlen(name), CONTENT, (uint32_t)strlen(argv[3]) + 1);
	snprintf((char *)disc[CONTENT], BLOCK, "%s\n", argv[3]);
	f = fopen(argv[1], "wb");
	if (!f || fwrite(disc, sizeof(disc), 1, f) != 1 ||
	    fseek(f, (long)blocks * BLOCK - 1, SEEK_SET) < 0 || putc(0, f) == EOF || fclose(f)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
