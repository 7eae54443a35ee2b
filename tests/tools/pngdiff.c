/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pngdiff [-b BITS] [-m X,Y,W,H]… WANT GOT: compares two pictures outside of the masks (-m), the
 * upper bits of each colour (-b; else all 8). Status 1 and the rectangle that holds all the
 * differences when there are any; 2 when one cannot be read.
 * pngdiff -w OUT [-b BITS] IN: writes a picture to be wanted, with those bits and with few colours
 * as a palette. Masks do nothing to it: it is for people too.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"

#ifndef CONFIG_PNG
int main(void)
{
	puts("pngdiff was built without libpng");
	return 2;
}
#else
#include <png.h>

enum { MASKS_MAX = 32, COLOURS_MAX = 256 };

struct rect {
	int x, y, w, h;
};

struct picture {
	png_image info;
	uint8_t *rgb;
};

static struct rect masks[MASKS_MAX];
static int n_masks;
static uint8_t bits = 0xff;

static int usage(void)
{
	fprintf(stderr, "usage: pngdiff [-b BITS] [-m X,Y,W,H]… WANT GOT | -w OUT [-b BITS] IN\n");
	return 2;
}

static void fail(const char *file, const char *why)
{
	printf("pngdiff: %s: %s\n", file, why);
	exit(2);
}

static bool add_mask(const char *text)
{
	struct rect *r = &masks[n_masks];

	return n_masks++ < MASKS_MAX &&
	       sscanf(text, "%d,%d,%d,%d", &r->x, &r->y, &r->w, &r->h) == 4;
}

static bool masked(int x, int y)
{
	for (int i = 0; i < n_masks; i++)
		if (x >= masks[i].x && x - masks[i].x < masks[i].w && y >= masks[i].y &&
		    y - masks[i].y < masks[i].h)
			return true;
	return false;
}

static uint8_t *pixel(const struct picture *p, int x, int y)
{
	return p->rgb + 3 * ((size_t)y * p->info.width + x);
}

/* What is not looked at becomes black. */
static void blank(const struct picture *p)
{
	for (int y = 0; y < (int)p->info.height; y++)
		for (int x = 0; x < (int)p->info.width; x++)
			for (int i = 0; i < 3; i++)
				pixel(p, x, y)[i] &= masked(x, y) ? 0 : bits;
}

static struct picture load(const char *file)
{
	struct picture p = {.info.version = PNG_IMAGE_VERSION};

	if (!png_image_begin_read_from_file(&p.info, file))
		fail(file, p.info.message);
	p.info.format = PNG_FORMAT_RGB;
	p.rgb = malloc(PNG_IMAGE_SIZE(p.info));
	if (!p.rgb || !png_image_finish_read(&p.info, NULL, p.rgb, 0, NULL))
		fail(file, p.info.message);
	blank(&p);
	return p;
}

static int compare(const struct picture *want, const struct picture *got)
{
	int left = INT32_MAX, top = -1, right = 0, bottom = 0, n = 0;

	if (want->info.width != got->info.width || want->info.height != got->info.height) {
		printf("pngdiff: %ux%u wanted, %ux%u got\n", want->info.width, want->info.height,
		       got->info.width, got->info.height);
		return 1;
	}
	for (int y = 0; y < (int)want->info.height; y++)
		for (int x = 0; x < (int)want->info.width; x++) {
			if (!memcmp(pixel(want, x, y), pixel(got, x, y), 3))
				continue;
			n++;
			if (top < 0)
				top = y;
			bottom = y;
			left = x < left ? x : left;
			right = x > right ? x : right;
		}
	if (n)
		printf("pngdiff: %d pixels differ, all in %d,%d,%d,%d\n", n, left, top,
		       right - left + 1, bottom - top + 1);
	return n > 0;
}

/* The colours as a palette, and in `indices` each pixel's; 0 when there are too many. */
static int palette(const struct picture *p, uint8_t *colours, uint8_t *indices)
{
	size_t n = (size_t)p->info.width * p->info.height;
	int used = 0;

	for (size_t i = 0; i < n; i++) {
		int c = 0;

		while (c < used && memcmp(colours + 3 * c, p->rgb + 3 * i, 3))
			c++;
		if (c == COLOURS_MAX)
			return 0;
		if (c == used)
			memcpy(colours + 3 * used++, p->rgb + 3 * i, 3);
		indices[i] = (uint8_t)c;
	}
	return used;
}

static void store(struct picture *p, const char *file)
{
	uint8_t colours[3 * COLOURS_MAX], *indices;

	indices = malloc((size_t)p->info.width * p->info.height);
	if (!indices)
		fail(file, "no memory");
	p->info.colormap_entries = palette(p, colours, indices);
	if (p->info.colormap_entries)
		p->info.format = PNG_FORMAT_RGB_COLORMAP;
	if (!png_image_write_to_file(&p->info, file, 0, p->info.colormap_entries ? indices : p->rgb,
				     0, colours))
		fail(file, p->info.message);
	free(indices);
}

int main(int argc, char **argv)
{
	const char *out = NULL;
	struct picture a, b;
	int c, rc = 0;

	while ((c = getopt(argc, argv, "b:m:w:")) != -1) {
		if (c == 'w')
			out = optarg;
		else if (c == 'b')
			bits = (uint8_t)(0xff00 >> atoi(optarg));
		else if (c != 'm' || !add_mask(optarg))
			return usage();
	}
	if (argc - optind != (out ? 1 : 2))
		return usage();
	if (out)
		n_masks = 0;
	a = load(argv[optind]);
	if (out) {
		store(&a, out);
	} else {
		b = load(argv[optind + 1]);
		rc = compare(&a, &b);
		free(b.rgb);
	}
	free(a.rgb);
	return rc;
}
#endif
