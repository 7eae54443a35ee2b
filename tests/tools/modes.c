/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modes [-q] SERIAL MONITOR FOLDER: compares the screen with what tests/guest/modes/walk.c says
 * that it drew, in each mode, to the pixel. SERIAL: Unix socket of the guest's serial port;
 * MONITOR: of a human monitor. Prints the guest's lines. Pictures that differ stay in FOLDER, with
 * MODES_KEEP in the environment the others do, too. -q: only the small ones.
 */
#include "tests/guest/modes/pattern.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 240000, LINE_MAX_LEN = 200, SIDE_MAX = 4096 };

struct picture {
	unsigned w, h;
	uint32_t *px;
};

static void die(const char *what, const char *which)
{
	printf("modes: %s%s\n", what, which);
	exit(1);
}

/* ---- sockets */

static int connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	for (int i = 0; i < 200; i++) {
		if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
			return fd;
		usleep(50000);
	}
	die("cannot connect to ", path);
	return -1;
}

/* Up to and with `end`; what is longer keeps its tail. */
static void read_until(int fd, const char *end, char *text, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0;

	do {
		if (n == size - 1)
			memmove(text, text + 1, --n);
		if (poll(&p, 1, PATIENCE_MS) <= 0 || read(fd, text + n, 1) != 1)
			die("nothing more came, waiting for ", end);
		text[++n] = 0;
	} while (n < strlen(end) || strcmp(text + n - strlen(end), end));
}

static void say(int fd, const char *text)
{
	if (write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die("cannot write: ", text);
}

/* ---- pictures */

static struct picture picture_new(unsigned w, unsigned h)
{
	struct picture p = {w, h, calloc((size_t)w * h, 4)};

	if (!p.px || w > SIDE_MAX || h > SIDE_MAX)
		abort();
	return p;
}

static void put_uint(FILE *f, uint32_t px)
{
	fputc((int)(px >> 16 & 255), f);
	fputc((int)(px >> 8 & 255), f);
	fputc((int)(px & 255), f);
}

static void picture_write(const struct picture *p, const char *file)
{
	FILE *f = fopen(file, "wb");

	if (!f)
		die("cannot write ", file);
	fprintf(f, "P6\n%u %u\n255\n", p->w, p->h);
	for (size_t i = 0; i < (size_t)p->w * p->h; i++)
		put_uint(f, p->px[i]);
	fclose(f);
}

static struct picture picture_read(const char *file)
{
	FILE *f = fopen(file, "rb");
	struct picture p;
	unsigned w, h;

	if (!f || fscanf(f, "P6 %u %u 255", &w, &h) != 2 || fgetc(f) != '\n')
		die("no picture in ", file);
	p = picture_new(w, h);
	for (size_t i = 0; i < (size_t)w * h; i++) {
		uint8_t b[3];

		if (fread(b, 3, 1, f) != 1)
			die("too short: ", file);
		p.px[i] = (uint32_t)b[0] << 16 | (uint32_t)b[1] << 8 | b[2];
	}
	fclose(f);
	return p;
}

/* ---- what should be there */

static uint32_t widened(uint32_t v, unsigned bits)
{
	return bits == 8 ? v : bits == 6 ? v << 2 | v >> 4 : v << 3 | v >> 2;
}

static uint32_t dac(unsigned i)
{
	return widened(pattern_dac(i, 0), 6) << 16 | widened(pattern_dac(i, 1), 6) << 8 |
	       widened(pattern_dac(i, 2), 6);
}

/* Bytes are blue, green, red; of 16 bits green has one more. */
static uint32_t direct(uint32_t x, uint32_t y, unsigned bits)
{
	unsigned part_bits[3] = {8, 8, 8};
	uint32_t v = 0;

	if (bits <= 16) {
		part_bits[0] = part_bits[2] = 5;
		part_bits[1] = bits == 16 ? 6 : 5;
	}
	for (unsigned part = 0; part < 3; part++)
		v = v << 8 | widened(pattern_part(pattern_index(x, y), part, part_bits[part]),
				     part_bits[part]);
	return v;
}

/* Every dot of a character is nine wide; line graphics run on into the ninth. */
static uint32_t text_dot(unsigned i, unsigned x, unsigned row, unsigned underline)
{
	unsigned ch = pattern_char(i), attr = pattern_attr(i);
	unsigned bits = pattern_glyph(attr >> 3 & 1, ch, row) << 1;

	if (ch >= 0xc0 && ch <= 0xdf)
		bits |= bits >> 1 & 1;
	if ((attr & 7) == 1 && row == underline)
		bits = 0x1ff;
	return dac(bits >> (8 - x) & 1 ? attr & 15 : attr >> 4);
}

static struct picture text_picture(const unsigned v[4])
{
	unsigned wide = v[0] == 40 ? 2 : 1;
	struct picture p = picture_new(v[0] * 9 * wide, 400);

	for (unsigned y = 0; y < p.h; y++)
		for (unsigned x = 0; x < p.w; x++) {
			unsigned column = x / wide / 9, dot = x / wide % 9;

			p.px[(size_t)y * p.w + x] =
				text_dot(y / v[2] * v[0] + column, dot, y % v[2], v[3]);
		}
	return p;
}

/* The VGA's own: 320 wide and 200 high are shown twice as large. */
static struct picture vga_picture(const char *kind, const unsigned v[3])
{
	unsigned sx = v[0] == 320 ? 2 : 1, sy = v[1] == 200 ? 2 : 1;
	unsigned mask = !strcmp(kind, "planar") ? v[2]
			: !strcmp(kind, "cga")  ? (1u << v[2]) - 1
						: 255;
	struct picture p = picture_new(v[0] * sx, v[1] * sy);

	for (unsigned y = 0; y < p.h; y++)
		for (unsigned x = 0; x < p.w; x++)
			p.px[(size_t)y * p.w + x] = dac(pattern_index(x / sx, y / sy) & mask);
	return p;
}

static struct picture vbe_picture(const char *kind, const unsigned v[3])
{
	struct picture p = picture_new(v[0], v[1]);
	bool planar = !strcmp(kind, "planar");

	for (unsigned y = 0; y < p.h; y++)
		for (unsigned x = 0; x < p.w; x++)
			p.px[(size_t)y * p.w + x] = planar      ? dac(pattern_index(x, y) & v[2])
						    : v[2] == 8 ? dac(pattern_index(x, y) & 255)
								: direct(x, y, v[2]);
	return p;
}

static struct picture wanted(const char *line)
{
	char mode[16], kind[16];
	unsigned v[4] = {0};

	if (sscanf(line, "M %15s %15s %u %u %u %u", mode, kind, &v[0], &v[1], &v[2], &v[3]) < 4)
		die("what is this: ", line);
	if (!strcmp(kind, "text"))
		return text_picture(v);
	return mode[0] == 'v' ? vbe_picture(kind, v) : vga_picture(kind, v);
}

/* ---- comparing */

static bool same(const struct picture *got, const struct picture *want)
{
	size_t n = 0, first = 0;

	if (got->w != want->w || got->h != want->h) {
		printf("  is %ux%u, not %ux%u\n", got->w, got->h, want->w, want->h);
		return false;
	}
	for (size_t i = (size_t)got->w * got->h; i-- > 0;)
		if (got->px[i] != want->px[i]) {
			n++;
			first = i;
		}
	if (n)
		printf("  %zu pixels differ, the first at %zu,%zu: %06x, not %06x\n", n,
		       first % got->w, first / got->w, got->px[first], want->px[first]);
	return !n;
}

static bool check(int monitor, const char *line, const char *folder)
{
	char shot[300], text[1000], name[340];
	struct picture got, want = wanted(line);
	bool good;

	snprintf(shot, sizeof(shot), "%s/shot.ppm", folder);
	snprintf(text, sizeof(text), "screendump %s\n", shot);
	say(monitor, text);
	read_until(monitor, "(qemu) ", text, sizeof(text));
	got = picture_read(shot);
	good = same(&got, &want);
	if (!good || getenv("MODES_KEEP")) {
		snprintf(name, sizeof(name), "%s/%.*s.ppm", folder, (int)strcspn(line + 2, " "),
			 line + 2);
		rename(shot, name);
		strcat(name, ".want");
		if (!good)
			picture_write(&want, name);
	}
	free(got.px);
	free(want.px);
	return good;
}

int main(int argc, char **argv)
{
	char line[LINE_MAX_LEN], text[1000];
	unsigned n = 0, bad = 0;
	int serial, monitor;
	bool quick = argc > 1 && !strcmp(argv[1], "-q");

	argv += quick;
	if (argc - quick != 4)
		die("usage: modes [-q] SERIAL MONITOR FOLDER", "");
	setvbuf(stdout, NULL, _IOLBF, 0);
	serial = connect_to(argv[1]);
	monitor = connect_to(argv[2]);
	read_until(monitor, "(qemu) ", text, sizeof(text));
	read_until(serial, "walk\n", text, sizeof(text));
	say(serial, quick ? "q" : "a");
	for (;;) {
		read_until(serial, "\n", line, sizeof(line));
		fputs(line, stdout);
		if (!strcmp(line, "D\n"))
			break;
		if (line[0] != 'M' || strstr(line, "none\n") || strstr(line, "refused\n") ||
		    strstr(line, "unknown\n"))
			continue;
		n++;
		bad += !check(monitor, line, argv[3]);
		say(serial, "n");
	}
	if (bad)
		printf("modes: %u of %u modes look wrong\n", bad, n);
	return bad != 0;
}
