/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pcap_cmp A B MAC…: are the frames that each MAC sent the same in both captures, byte for byte and
 * in order? Frames of others are not looked at, nor times. Ethernet captures in our byte order.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER = 24, RECORD = 16, MACS = 8 };

struct capture {
	const char *name;
	uint8_t *bytes;
	size_t len;
};

struct frame {
	const uint8_t *p;
	uint32_t len;
};

static struct capture load(const char *name)
{
	struct capture c = {.name = name};
	FILE *f = fopen(name, "rb");
	uint32_t magic;
	long len = -1;

	if (f && !fseek(f, 0, SEEK_END))
		len = ftell(f);
	if (len >= HEADER && !fseek(f, 0, SEEK_SET))
		c.bytes = malloc((size_t)len);
	if (!c.bytes || fread(c.bytes, (size_t)len, 1, f) != 1) {
		fprintf(stderr, "pcap_cmp: cannot read %s\n", name);
		exit(2);
	}
	fclose(f);
	c.len = (size_t)len;
	memcpy(&magic, c.bytes, 4);
	if (magic != 0xa1b2c3d4) {
		fprintf(stderr, "pcap_cmp: %s is no capture\n", name);
		exit(2);
	}
	return c;
}

/* The next frame from *at on that mac sent; len 0 at the end. */
static struct frame next(const struct capture *c, size_t *at, const uint8_t *mac)
{
	while (*at + RECORD <= c->len) {
		struct frame f = {.p = c->bytes + *at + RECORD};
		uint32_t whole;

		memcpy(&f.len, c->bytes + *at + 8, 4);
		memcpy(&whole, c->bytes + *at + 12, 4);
		if (f.len > c->len - *at - RECORD || whole != f.len) {
			fprintf(stderr, "pcap_cmp: %s is cut off at %zu\n", c->name, *at);
			exit(2);
		}
		*at += RECORD + f.len;
		if (f.len >= 14 && !memcmp(f.p + 6, mac, 6))
			return f;
	}
	return (struct frame){0};
}

static void show(const char *name, const struct frame *f)
{
	printf("  %s: %u bytes:", name, f->len);
	for (uint32_t i = 0; i < f->len && i < 64; i++)
		printf(" %02x", f->p[i]);
	printf("\n");
}

/* 0 when they agree. */
static int compare(const struct capture *a, const struct capture *b, const char *text)
{
	size_t at = HEADER, bt = HEADER;
	unsigned mac[6], n = 0;
	uint8_t m[6];

	if (sscanf(text, "%x:%x:%x:%x:%x:%x", mac, mac + 1, mac + 2, mac + 3, mac + 4, mac + 5) !=
	    6)
		exit(2);
	for (int i = 0; i < 6; i++)
		m[i] = (uint8_t)mac[i];
	for (;; n++) {
		struct frame x = next(a, &at, m), y = next(b, &bt, m);

		if (x.len == y.len && (!x.len || !memcmp(x.p, y.p, x.len))) {
			if (x.len)
				continue;
			printf("%s: %u frames, the same in both\n", text, n);
			return 0;
		}
		printf("%s: frame %u differs\n", text, n);
		show(a->name, &x);
		show(b->name, &y);
		return 1;
	}
}

int main(int argc, char **argv)
{
	struct capture a, b;
	int rc = 0;

	if (argc < 4) {
		fprintf(stderr, "usage: pcap_cmp A B MAC…\n");
		return 2;
	}
	a = load(argv[1]);
	b = load(argv[2]);
	for (int i = 3; i < argc; i++)
		rc |= compare(&a, &b, argv[i]);
	free(a.bytes);
	free(b.bytes);
	return rc;
}
