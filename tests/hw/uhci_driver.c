/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/hw/uhci_driver.c: the driver of uhci.h. */
#include "tests/hw/uhci.h"

#include "base/util.h"

enum { MAX_TDS = 64, LINK_END = 1, LINK_QUEUE = 2, LINK_DEPTH = 4 };

void uhci_start(struct guest *b)
{
	bus_cfg_write(b, UHCI_DEVFN, 0x20, 4, UHCI_IO);
	bus_cfg_write(b, UHCI_DEVFN, 4, 2, 5);
	for (unsigned i = 0; i < 1024; i++)
		bus_write(b, UHCI_FRAMES + 4 * i, 4, UHCI_QH | LINK_QUEUE);
	bus_write(b, UHCI_QH, 8, (uint64_t)LINK_END << 32 | LINK_END);
	bus_out(b, UHCI_FLBASE, 4, UHCI_FRAMES);
	bus_out(b, UHCI_CMD, 2, 0xc1);
}

void uhci_port_reset(struct guest *b, unsigned n)
{
	uint16_t port = (uint16_t)(UHCI_PORT1 + 2 * n);

	bus_out(b, port, 2, 0x200);
	bus_step(b, 50 * NS_PER_MS);
	bus_out(b, port, 2, 0);
	bus_out(b, port, 2, 0x0e); /* enable, clear changes */
}

uint32_t uhci_token(unsigned pid, unsigned addr, unsigned endpoint, unsigned len)
{
	return pid | addr << 8 | endpoint << 15 | ((len - 1) & 0x7ff) << 21;
}

void uhci_td(struct guest *b, unsigned n, bool more, uint32_t ctrl, uint32_t token, uint32_t buffer)
{
	uint32_t at = UHCI_TD + 32 * n;

	bus_write(b, at, 4, more ? (at + 32) | LINK_DEPTH : LINK_END);
	bus_write(b, at + 4, 4, ctrl);
	bus_write(b, at + 8, 4, token);
	bus_write(b, at + 12, 4, buffer);
}

uint32_t uhci_td_status(struct guest *b, unsigned n)
{
	return (uint32_t)bus_read(b, UHCI_TD + 32 * n + 4, 4);
}

void uhci_queue(struct guest *b)
{
	bus_write(b, UHCI_QH + 4, 4, UHCI_TD);
}

static bool finished(struct guest *b, unsigned n)
{
	for (unsigned ms = 0; ms < 100; ms++) {
		for (unsigned i = 0; i < n; i++)
			if (uhci_td_status(b, i) & TD_STALLED)
				return false;
		if (!(uhci_td_status(b, n - 1) & TD_ACTIVE))
			return true;
		bus_step(b, NS_PER_MS);
	}
	return false;
}

int uhci_control(struct guest *b, unsigned addr, uint8_t type, uint8_t request, uint16_t value,
		 uint16_t index, uint16_t length, void *buf)
{
	bool in = type & 0x80;
	uint8_t setup[8] = {type, request};
	unsigned n = 0, got = 0;

	store_le(setup + 2, 2, value);
	store_le(setup + 4, 2, index);
	store_le(setup + 6, 2, length);
	bus_memwrite(b, UHCI_DATA, setup, 8);
	if (!in && length)
		bus_memwrite(b, UHCI_DATA + 8, buf, length);
	uhci_td(b, n++, true, TD_ACTIVE | TD_ERR3, uhci_token(PID_SETUP, addr, 0, 8), UHCI_DATA);
	for (unsigned at = 0; at < length && n < MAX_TDS - 1; at += 8)
		uhci_td(b, n++, true, TD_ACTIVE | TD_ERR3,
			uhci_token(in ? PID_IN : PID_OUT, addr, 0, MIN(8u, length - at)),
			UHCI_DATA + 8 + at);
	uhci_td(b, n++, false, TD_ACTIVE | TD_ERR3,
		uhci_token(in && length ? PID_OUT : PID_IN, addr, 0, 0), 0);
	uhci_queue(b);
	if (!finished(b, n))
		return -1;
	for (unsigned i = 1; i < n - 1; i++)
		got += (uhci_td_status(b, i) + 1) & 0x7ff;
	if (in)
		bus_memread(b, UHCI_DATA + 8, buf, got);
	return (int)got;
}

int uhci_poll(struct guest *b, unsigned addr, unsigned endpoint, void *buf, unsigned len,
	      unsigned ms)
{
	uint32_t status;

	uhci_td(b, 0, false, TD_ACTIVE | TD_ERR3, uhci_token(PID_IN, addr, endpoint, len),
		UHCI_DATA);
	uhci_queue(b);
	while (uhci_td_status(b, 0) & TD_ACTIVE && ms--)
		bus_step(b, NS_PER_MS);
	status = uhci_td_status(b, 0);
	bus_write(b, UHCI_QH + 4, 4, LINK_END);
	if (status & TD_ACTIVE)
		return -1;
	if (status & (TD_STALLED | TD_BABBLE | TD_TIMEOUT))
		return -2;
	bus_memread(b, UHCI_DATA, buf, (status + 1) & 0x7ff);
	return (int)((status + 1) & 0x7ff);
}

void uhci_configure(struct guest *b, unsigned port, unsigned addr)
{
	uhci_port_reset(b, port);
	EQ(0, uhci_control(b, 0, 0, 5, (uint16_t)addr, 0, 0, NULL));
	EQ(0, uhci_control(b, addr, 0, 9, 1, 0, 0, NULL));
}
