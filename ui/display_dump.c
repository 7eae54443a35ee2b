/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ui/display_dump.c: a picture of a screen, as a PPM or PNG file. */
#include "ui/display.h"

#include "base/util.h"
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef CONFIG_PNG
#include <png.h>
#endif

/* One line as bytes of red, green, blue, with the cursor over it. */
static void line_rgb(const struct display_view *v, const struct display_cursor *c, uint32_t y,
		     uint8_t *out)
{
	const uint32_t *in = (const uint32_t *)(v->pixels + (size_t)y * v->at.stride);
	int64_t row = (int64_t)y - c->y;
	bool crosses = row >= 0 && row < c->height;

	for (uint32_t x = 0; x < v->at.width; x++, out += 3) {
		int64_t column = (int64_t)x - c->x;
		uint32_t pixel = in[x], over;

		if (crosses && column >= 0 && column < c->width) {
			over = c->argb[row * c->width + column];
			pixel = over >> 24 ? over : over ? ~pixel : pixel;
		}
		out[0] = (uint8_t)(pixel >> 16);
		out[1] = (uint8_t)(pixel >> 8);
		out[2] = (uint8_t)pixel;
	}
}

static int dump_ppm(const struct display_view *v, const struct display_cursor *c, FILE *f,
		    uint8_t *line)
{
	fprintf(f, "P6\n%u %u\n255\n", v->at.width, v->at.height);
	for (uint32_t y = 0; y < v->at.height; y++) {
		line_rgb(v, c, y, line);
		if (fwrite(line, 3, v->at.width, f) != v->at.width)
			return -EIO;
	}
	return 0;
}

#ifdef CONFIG_PNG
static int dump_png(const struct display_view *v, const struct display_cursor *c, FILE *f,
		    uint8_t *line)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png ? png_create_info_struct(png) : NULL;

	if (!info || setjmp(png_jmpbuf(png))) {
		png_destroy_write_struct(&png, &info);
		return info ? -EIO : -ENOMEM;
	}
	png_init_io(png, f);
	png_set_IHDR(png, info, v->at.width, v->at.height, 8, PNG_COLOR_TYPE_RGB,
		     PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_compression_level(png, 1);
	png_write_info(png, info);
	for (uint32_t y = 0; y < v->at.height; y++) {
		line_rgb(v, c, y, line);
		png_write_row(png, line);
	}
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
	return 0;
}
#endif

static int dump(const struct display_view *v, const struct display_cursor *c, FILE *f,
		const char *format, struct err *e)
{
	uint8_t *line = malloc((size_t)v->at.width * 3);
	int rc;

	if (!line)
		return err_set(e, -ENOMEM, "no memory for a picture");
	if (format && !strcmp(format, "png"))
#ifdef CONFIG_PNG
		rc = dump_png(v, c, f, line);
#else
		rc = err_set(e, -ENOTSUP, "this program was built without libpng");
#endif
	else
		rc = dump_ppm(v, c, f, line);
	free(line);
	if (fflush(f) && !rc)
		rc = -errno;
	return rc ? err_errno(e, rc, "cannot write the picture") : 0;
}

int display_dump(struct display *d, int fd, const char *format, struct err *e)
{
	struct display_view v;
	int own, rc;
	FILE *f;

	if (!display_refresh(d, &v))
		return err_set(e, -ENODATA, "%s shows nothing yet", display_name(d));
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* in a jail too, unlike dup */
	f = own < 0 ? NULL : fdopen(own, "wb");
	if (!f) {
		if (own >= 0)
			close(own);
		return err_set(e, -ENOMEM, "no memory for a picture");
	}
	rc = dump(&v, display_get_cursor(d), f, format, e);
	fclose(f);
	return rc;
}
