/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Core and devices in one stream; wires that several lines share. */
#include "base/util.h"
#include "dm/machine.h"
#include "dm/options.h"
#include "hypervisor/domain.h"
#include "tests/test.h"

#include <errno.h>

#define ARGS "-accel qtest -nodefaults -m 16 -serial null -device rtl8139"

struct vm {
	struct machine_config cfg;
	struct loop *loop;
	struct machine *m;
};

static void vm_start(struct vm *v, const char *args)
{
	struct err e = {""};

	*v = (struct vm){0};
	MUST(options_parse_text(&v->cfg, args, &e) == OPTIONS_RUN);
	v->loop = loop_new(&e);
	v->m = machine_new(&v->cfg, v->loop, &e);
	test_note("%s", e.msg);
	MUST(v->m);
	machine_lock(v->m);
}

static void vm_end(struct vm *v)
{
	machine_unlock(v->m);
	machine_free(v->m);
	loop_free(v->loop);
	config_free(&v->cfg);
}

static void out(struct vm *v, uint16_t port, unsigned size, uint32_t val)
{
	OK(domain_out(v->m->dom, DOMAIN_NO_VCPU, port, size, val));
}

static uint32_t in(struct vm *v, uint16_t port, unsigned size)
{
	uint32_t val = 0;

	OK(domain_in(v->m->dom, DOMAIN_NO_VCPU, port, size, &val));
	return val;
}

/* Serial at 9600 with its interrupt pending, a moved BAR, a route, a programmed timer. */
static void make_busy(struct vm *v)
{
	out(v, 0x3fb, 1, 0x83);
	out(v, 0x3f8, 1, 12);
	out(v, 0x3fb, 1, 3);
	out(v, 0x3fc, 1, 0x0b);
	out(v, 0x3f9, 1, 2);
	out(v, 0xcf8, 4, 0x80001010);
	out(v, 0xcfc, 4, 0xc101);
	out(v, 0xcf8, 4, 0x80001004);
	out(v, 0xcfc, 2, 7);
	out(v, 0xcf8, 4, 0x80000860);
	out(v, 0xcfc, 1, 11);
	out(v, 0x43, 1, 0x34);
	out(v, 0x40, 1, 0x9c);
	out(v, 0x40, 1, 0x2e);
	clock_advance(v->m->clock, 12345678);
}

TEST(saved_and_loaded)
{
	struct dev_stream s = {0}, again = {0};
	struct err e = {""};
	struct vm a, b;

	vm_start(&a, ARGS);
	make_busy(&a);
	CHECK(machine_save(a.m, &s, &e) < 0); /* it runs */
	OK(machine_stop(a.m));
	OK(machine_save(a.m, &s, &e));
	MUST(s.len > 100);
	vm_start(&b, ARGS " -S");
	OK(machine_load(b.m, s.data, s.len, &e));
	test_note("%s", e.msg);
	EQ(clock_now(a.m->clock), clock_now(b.m->clock));
	OK(machine_save(b.m, &again, &e));
	EQ(s.len, again.len);
	EQM(s.data, again.data, s.len);
	/* What the load brought back is mapped and wired, not only stored. */
	EQ(in(&a, 0xc100, 4), in(&b, 0xc100, 4));
	EQ(0x12005452, in(&b, 0xc100, 4));
	CHECK(domain_pin(b.m->dom, 4));
	EQ(in(&a, 0x3fa, 1), in(&b, 0x3fa, 1));
	OK(machine_cont(b.m, &e));
	CHECK(machine_load(b.m, s.data, s.len, &e) < 0);
	dev_stream_free(&s);
	dev_stream_free(&again);
	vm_end(&b);
	vm_end(&a);
}

TEST(another_machine_is_refused)
{
	struct dev_stream s = {0};
	struct err e = {""};
	struct vm a, b;

	vm_start(&a, ARGS " -S");
	OK(machine_save(a.m, &s, &e));
	vm_start(&b, "-accel qtest -nodefaults -m 16 -S");
	CHECK(machine_load(b.m, s.data, s.len, &e) < 0);
	CHECK(e.msg[0]);
	vm_end(&b);
	vm_start(&b, "-accel qtest -nodefaults -m 32 -serial null -device rtl8139 -S");
	CHECK(machine_load(b.m, s.data, s.len, &e) < 0);
	dev_stream_free(&s);
	vm_end(&b);
	vm_end(&a);
}

/* ---- wires ---- */

struct pins {
	unsigned up, down;
};

static void pin_changed(void *arg, unsigned pin, bool level)
{
	struct pins *p = arg;

	if (pin != 4)
		return;
	p->up += level;
	p->down += !level;
}

/* COM1 and COM3 share IRQ 4: the pin is high while either is, with one edge for both. */
TEST(two_lines_on_one_wire)
{
	struct pins p = {0};
	struct pin_watch w = {.fn = pin_changed, .arg = &p};
	struct vm v;

	vm_start(&v, "-accel qtest -nodefaults -serial null -serial none -serial null");
	domain_watch_pins(v.m->dom, &w);
	out(&v, 0x3fc, 1, 8);
	out(&v, 0x3ec, 1, 8);
	out(&v, 0x3f9, 1, 2);
	EQ(1, p.up);
	out(&v, 0x3e9, 1, 2);
	EQ(1, p.up);
	out(&v, 0x3f9, 1, 0);
	EQ(0, p.down);
	CHECK(domain_pin(v.m->dom, 4));
	out(&v, 0x3e9, 1, 0);
	EQ(1, p.down);
	CHECK(!domain_pin(v.m->dom, 4));
	domain_unwatch_pins(v.m->dom, &w);
	vm_end(&v);
}

/* A device that goes lets go of its wire, its ports and its function. */
TEST(unplugged)
{
	struct opts o = {0};
	struct err e = {""};
	struct vm v;

	vm_start(&v, ARGS);
	OK(opts_parse(&o, "rtl8139,id=late,addr=5", "driver", &e));
	MUST(machine_device_add(v.m, &o, &e));
	out(&v, 0xcf8, 4, 0x80002800);
	EQ(0x813910ec, in(&v, 0xcfc, 4));
	CHECK(!machine_device_add(v.m, &o, &e));
	EQS("Duplicate device ID 'late'", e.msg);
	OK(machine_device_del(v.m, "/machine/peripheral/late", &e));
	EQ(0xffffffff, in(&v, 0xcfc, 4));
	EQ(-ENODEV, machine_device_del(v.m, "late", NULL));
	opts_free(&o);
	vm_end(&v);
}
