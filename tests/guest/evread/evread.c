/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * evread: what the guest's kernel has of keyboards and pointers, as lines for a test.
 *
 *   evread keys           keys of all devices till F12: "keys: +30 -30 … end from NAME" (of F12's);
 *                         F11 switches that keyboard's Scroll Lock LED: so far all was read
 *   evread grid W H N     makes the screen W × H (720 × 400: text; 640 × 480: planar; else 32 bits
 *                         a pixel), then N reports of the tablet as its pixels: "grid: 0,0 … end"
 */
#include <fcntl.h>
#include <linux/input.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEVICES = 16, DISPI = 0x1ce };

static struct pollfd devices[DEVICES];
static int n_devices;

static void open_all(void)
{
	char path[32];

	for (int i = 0; i < DEVICES; i++) {
		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		devices[n_devices] = (struct pollfd){.fd = open(path, O_RDWR), .events = POLLIN};
		if (devices[n_devices].fd >= 0)
			n_devices++;
	}
}

/* The next event of any of them, and whose it is. */
static int next(struct input_event *ev)
{
	for (;;) {
		poll(devices, (nfds_t)n_devices, -1);
		for (int i = 0; i < n_devices; i++)
			if (devices[i].revents & POLLIN &&
			    read(devices[i].fd, ev, sizeof(*ev)) == (ssize_t)sizeof(*ev))
				return devices[i].fd;
	}
}

static void switch_led(int fd)
{
	static int lit;
	struct input_event ev[2] = {{.type = EV_LED, .code = LED_SCROLLL}, {.type = EV_SYN}};

	ev[0].value = lit = !lit;
	if (write(fd, ev, sizeof(ev)) < 0)
		printf(" no LED");
}

static int keys(void)
{
	struct input_event ev = {0};
	char name[80] = "?";
	int from = -1;

	printf("keys:");
	while (ev.type != EV_KEY || ev.code != KEY_F12 || ev.value) {
		from = next(&ev);
		if (ev.type == EV_SYN && ev.code == SYN_DROPPED)
			printf(" dropped");
		if (ev.type != EV_KEY || ev.value > 1 || ev.code >= BTN_MISC || ev.code == KEY_F12)
			continue;
		if (ev.code != KEY_F11)
			printf(" %c%d", ev.value ? '+' : '-', ev.code);
		else if (!ev.value)
			switch_led(from);
	}
	ioctl(from, EVIOCGNAME(sizeof(name) - 1), name);
	printf(" end from %s\n", name);
	return 0;
}

/* ---- modes */

/* As a VGA BIOS programs its modes 3 and 12h. */
static const struct mode {
	unsigned h;
	uint8_t misc, seq[5], crtc[25], gc[9], ac[21];
} modes[] = {
	{400,
	 0x67,
	 {3, 0, 3, 0, 2},
	 {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0,
	  0,    0,    0,    0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff},
	 {0, 0, 0, 0, 0, 0x10, 0x0e, 0, 0xff},
	 {0,    1,    2,    3,    4,    5,    0x14, 7,    0x38, 0x39, 0x3a,
	  0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x0c, 0,    0x0f, 8,    0}},
	{480,
	 0xe3,
	 {3, 1, 0x0f, 0, 6},
	 {0x5f, 0x4f, 0x50, 0x82, 0x54, 0x80, 0x0b, 0x3e, 0,    0x40, 0,    0,   0,
	  0,    0,    0,    0xea, 0x8c, 0xdf, 0x28, 0,    0xe7, 0x04, 0xe3, 0xff},
	 {0, 0, 0, 0, 0, 0, 5, 0x0f, 0xff},
	 {0,    1,    2,    3,    4,    5, 0x14, 7,    0x38, 0x39, 0x3a,
	  0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 1, 0,    0x0f, 0,    0}},
};

static void indexed(unsigned short port, const uint8_t *values, uint8_t n)
{
	for (uint8_t i = 0; i < n; i++) {
		outb(i, port);
		outb(values[i], port + 1);
	}
}

static void program(const struct mode *m)
{
	outb(m->misc, 0x3c2);
	indexed(0x3c4, m->seq, sizeof(m->seq));
	outb(0x11, 0x3d4); /* its bit 7 protects the first ones */
	outb(0, 0x3d5);
	indexed(0x3d4, m->crtc, sizeof(m->crtc));
	indexed(0x3ce, m->gc, sizeof(m->gc));
	inb(0x3da);
	for (uint8_t i = 0; i < sizeof(m->ac); i++) {
		outb(i, 0x3c0);
		outb(m->ac[i], 0x3c0);
	}
	outb(0x20, 0x3c0);
}

static void dispi(unsigned index, unsigned value)
{
	outw((unsigned short)index, DISPI);
	outw((unsigned short)value, DISPI + 1);
}

static bool set_mode(unsigned w, unsigned h)
{
	if (iopl(3) < 0)
		return false;
	outl(0x80001004, 0xcf8); /* 00:02.0's command: a kernel that is booted directly … */
	outw(3, 0xcfc);          /* … finds an adapter that answers nowhere */
	outb(1, 0x3c3);
	dispi(4, 0);
	for (unsigned i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (modes[i].h == h) {
			program(&modes[i]);
			return true;
		}
	dispi(1, w);
	dispi(2, h);
	dispi(3, 32);
	dispi(4, 0x41);
	return true;
}

/* As libinput and X scale it (by the range), and as others do (by the last pixel, cut or rounded):
 * -1 when they do not agree. */
static int pixel(int v, int n)
{
	int range = v * n / 0x8000, cut = v * (n - 1) / 0x7fff,
	    rounded = (v * (n - 1) + 0x3fff) / 0x7fff;

	return range == cut && cut == rounded ? range : -1;
}

static int grid(int w, int h, int n)
{
	struct input_event ev;
	int x = 0, y = 0;
	bool clicked = false;

	if (!set_mode((unsigned)w, (unsigned)h))
		return 1;
	printf("grid:");
	for (int i = 0; i < n;) {
		next(&ev);
		if (ev.type == EV_ABS && (ev.code == ABS_X || ev.code == ABS_Y))
			*(ev.code == ABS_X ? &x : &y) = ev.value;
		if (ev.type == EV_KEY && ev.code == BTN_LEFT)
			clicked = true;
		if (ev.type != EV_SYN || !clicked)
			continue;
		printf(" %d,%d", pixel(x, w), pixel(y, h));
		clicked = false;
		i++;
	}
	printf(" end\n");
	return 0;
}

int main(int argc, char **argv)
{
	static char all[1 << 16];

	setvbuf(stdout, all, _IOFBF, sizeof(all)); /* a serial port is slower than who types */
	open_all();
	sleep(1); /* usbhid drops what comes within 50 ms of an open */
	fputs("evread: ready\n", stderr);
	if (argc == 2 && !strcmp(argv[1], "keys"))
		return keys();
	if (argc == 5 && !strcmp(argv[1], "grid"))
		return grid(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	return 2;
}
