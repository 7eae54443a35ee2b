/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hw/net/e1000.c: Intel 82540EM gigabit Ethernet, PCI 8086:100e, and its
 * relatives 82544GC and 82545EM, which differ in their ids only.
 *
 * Spec:    docs/specs/e1000.txt
 * State:   rings, legacy, context and data descriptors, sums, segmentation,
 *          filters, VLAN, interrupt delays, statistics, EEPROM, PHY, I/O BAR
 * Missing: option ROM of the relatives, flow control frames, wake-up and power management,
 *          TXD_LOW, flash, packet buffer memory, the aliases of the 82542
 * Tests:   tests/hw/e1000.c, e1000_laws.c, laws.c
 */
#include "hw/net/e1000.h"

enum { REGION_REGS, REGION_IO, REGION_CONFIG, REGION_PHY };
enum { /* MDIC */
       MDIC_DATA = 0xffff,
       MDIC_WRITE = 1 << 26,
       MDIC_READ = 2 << 26,
       MDIC_R = 1 << 28,
       MDIC_I = 1 << 29,
       MDIC_E = 1 << 30,
};
enum { EERD_START = 1 << 0, EERD_DONE = 1 << 4 };

#define STATUS_NO_LINK 0x00000381 /* FD, 1000 Mbit/s and what was detected; 2 on top: LU */
#define BMSR_NO_LINK   0x7949
#define BMCR_RESET     0x1140 /* negotiation, full duplex, 1000 Mbit/s */
#define PSSR_LINK      0xac00 /* 1000 Mbit/s, full duplex, resolved, link */
#define REGS_SIZE      0x20000

#define state_of(d) ((struct e1000 *)(d)->state)

/* What waits in the back end may fit now. */
static void kick(struct dev *d)
{
	if (e1000_net(d))
		net_kick(e1000_net(d));
}

/* ---- interrupts: raised at once, or when ITR's interval since the last one is over */

static void update_irq(struct dev *d)
{
	struct e1000 *s = d->state;

	if (!(s->r.icr & s->r.ims)) {
		s->irq_on = 0;
	} else if (!s->irq_on && !timer_pending(&s->itr_timer)) {
		s->irq_on = 1;
		if (s->r.itr)
			timer_set(d, &s->itr_timer, dev_now(d) + (int64_t)s->r.itr * ITR_NS);
	}
}

void e1000_cause(struct dev *d, uint32_t bits)
{
	state_of(d)->r.icr |= bits;
	update_irq(d);
}

static void itr_fired(struct dev *d, unsigned index)
{
	(void)index;
	update_irq(d);
}

static void rx_delay_fired(struct dev *d, unsigned index)
{
	struct e1000 *s = d->state;

	(void)index;
	timer_cancel(d, &s->rdtr_timer);
	timer_cancel(d, &s->radv_timer);
	e1000_cause(d, ICR_RXT0);
}

static void tx_delay_fired(struct dev *d, unsigned index)
{
	struct e1000 *s = d->state;

	(void)index;
	timer_cancel(d, &s->tidv_timer);
	timer_cancel(d, &s->tadv_timer);
	e1000_cause(d, ICR_TXDW);
}

static void tx_fired(struct dev *d, unsigned index)
{
	(void)index;
	e1000_transmit(d);
}

/* ---- statistics: they stay at their largest value */

void e1000_count(struct e1000 *s, unsigned stat, uint32_t n)
{
	uint32_t *v = &s->r.stat[stat];

	*v = *v + n < n ? ~0u : *v + n;
}

void e1000_count64(struct e1000 *s, unsigned low, uint32_t n)
{
	uint64_t v = (uint64_t)s->r.stat[low + 1] << 32 | s->r.stat[low];

	if (add_overflows(v, n, &v))
		v = ~0ull;
	s->r.stat[low] = (uint32_t)v;
	s->r.stat[low + 1] = (uint32_t)(v >> 32);
}

void e1000_count_size(struct e1000 *s, unsigned first, size_t len)
{
	static const uint16_t most[] = {64, 127, 255, 511, 1023};
	unsigned i = 0;

	while (i < ARRAY_SIZE(most) && len > most[i])
		i++;
	e1000_count(s, first + i, 1);
}

static bool is_high(unsigned stat)
{
	return stat == STAT_GORCL + 1 || stat == STAT_GOTCL + 1 || stat == STAT_TORL + 1 ||
	       stat == STAT_TOTL + 1;
}

/* Reading clears; the wide ones when their high half is read. */
static uint64_t stat_read(struct dev *d, const struct access *a)
{
	uint32_t *v = &state_of(d)->r.stat[a->index];
	uint64_t was = *v;

	if (is_high(a->index + 1))
		return was;
	*v = 0;
	if (is_high(a->index))
		v[-1] = 0;
	return was;
}

/* ---- link */

bool e1000_link_up(const struct e1000 *s)
{
	return s->link && !timer_pending(&s->an_timer);
}

/* A new link is negotiated for a while, if the PHY may. */
static void negotiate(struct dev *d, bool was)
{
	struct e1000 *s = d->state;

	timer_cancel(d, &s->an_timer);
	if (s->link && s->bmcr & PHY_ANE)
		timer_set(d, &s->an_timer, dev_now(d) + AN_NS);
	if (e1000_link_up(s) != was)
		e1000_cause(d, ICR_LSC);
}

static void an_fired(struct dev *d, unsigned index)
{
	(void)index;
	e1000_cause(d, ICR_LSC);
	kick(d);
}

static void link_changed(void *arg, bool up)
{
	struct dev *d = arg;
	struct e1000 *s = d->state;
	bool was = e1000_link_up(s);

	if (s->link == up)
		return;
	s->link = up;
	negotiate(d, was);
	dev_settle(d);
}

/* ---- resets */

static void load_address(struct e1000 *s)
{
	s->r.ra[0].low = s->ee.word[0] | (uint32_t)s->ee.word[1] << 16;
	s->r.ra[0].high = s->ee.word[2] | 1u << 31;
}

/* CTRL.RST: all but PCI's own registers and the PHY. */
static void soft_reset(struct dev *d)
{
	struct e1000 *s = d->state;
	struct dev_timer *timers[] = {&s->itr_timer,  &s->rdtr_timer, &s->radv_timer,
				      &s->tidv_timer, &s->tadv_timer, &s->tx_timer};

	for (unsigned i = 0; i < ARRAY_SIZE(timers); i++)
		timer_cancel(d, timers[i]);
	memset(&s->r, 0, sizeof(s->r));
	s->r.ctrl = CTRL_RESET;
	s->r.vet = 0x8100;
	s->r.ledctl = 0x0602;
	s->r.pba = 0x00100030;
	s->irq_on = 0;
	memset(s->context, 0, sizeof(s->context));
	s->tx_len = s->tx_segment = 0;
	s->tx_popts = s->tx_tse = s->tx_vle = 0;
	s->tx_special = 0;
	load_address(s);
}

static void phy_reset(struct dev *d)
{
	struct e1000 *s = d->state;

	s->bmcr = BMCR_RESET;
	s->anar = 0x0de1;
	s->gbcr = 0x0e00;
	s->pscr = 0x0360;
	s->phy_ie = 0;
	s->epscr = 0x0d60;
	negotiate(d, e1000_link_up(s));
}

static void reset_as(struct dev *d, uint16_t device)
{
	struct e1000 *s = d->state;
	const struct e1000_host *h = d->host;

	if (!s->ee.programmed)
		e1000_eeprom_program(s, h->mac, device);
	load_address(s);
	s->link = h->net ? net_link(h->net) : 1;
	kick(d);
}

/* ---- hooks: control */

static void ctrl_written(struct dev *d, const struct access *a)
{
	struct e1000 *s = d->state;

	if (s->r.ctrl & ~a->old & CTRL_PHY_RST)
		phy_reset(d);
	if (s->r.ctrl & CTRL_RST) {
		soft_reset(d);
		kick(d);
	}
}

static uint64_t status_read(struct dev *d, const struct access *a)
{
	(void)a;
	return STATUS_NO_LINK | (e1000_link_up(state_of(d)) ? 2 : 0);
}

/* A request is granted at once: nobody else is there. */
static uint64_t eecd_read(struct dev *d, const struct access *a)
{
	const struct e1000 *s = d->state;

	(void)a;
	return s->r.eecd | EECD_PRES | (s->ee.out ? EECD_DO : 0) |
	       (s->r.eecd & EECD_REQ ? EECD_GNT : 0);
}

static void eecd_written(struct dev *d, const struct access *a)
{
	struct e1000 *s = d->state;

	e1000_eeprom_lines(s, (uint32_t)a->old, s->r.eecd);
}

static void eerd_written(struct dev *d, const struct access *a)
{
	struct e1000 *s = d->state;
	unsigned addr = s->r.eerd >> 8 & 0xff;

	(void)a;
	if (s->r.eerd & EERD_START)
		s->r.eerd =
			(uint32_t)(addr < 64 ? s->ee.word[addr] : 0) << 16 | addr << 8 | EERD_DONE;
}

static void mdic_written(struct dev *d, const struct access *a)
{
	struct e1000 *s = d->state;
	unsigned reg = s->r.mdic >> 16 & 31, phy = s->r.mdic >> 21 & 31;

	(void)a;
	s->r.mdic &= ~(uint32_t)(MDIC_R | MDIC_E);
	if (phy != 1)
		s->r.mdic |= MDIC_E;
	else if (s->r.mdic & MDIC_READ)
		s->r.mdic = (s->r.mdic & ~(uint32_t)MDIC_DATA) |
			    (uint32_t)dev_read(d, REGION_PHY, 2 * reg, 2);
	else if (s->r.mdic & MDIC_WRITE)
		dev_write(d, REGION_PHY, 2 * reg, 2, s->r.mdic & MDIC_DATA);
	s->r.mdic |= MDIC_R;
	if (s->r.mdic & MDIC_I)
		e1000_cause(d, ICR_MDAC);
}

/* ---- hooks: the PHY */

static void bmcr_written(struct dev *d, const struct access *a)
{
	struct e1000 *s = d->state;
	bool restart = s->bmcr & PHY_RESTART, ane = (s->bmcr ^ a->old) & PHY_ANE;

	if (s->bmcr & PHY_RESET) {
		phy_reset(d);
		return;
	}
	s->bmcr &= (uint16_t)~PHY_RESTART;
	if (restart || ane)
		negotiate(d, e1000_link_up(s));
}

static uint64_t bmsr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return e1000_link_up(state_of(d)) ? BMSR_NO_LINK | 0x24 : BMSR_NO_LINK;
}

static uint64_t partner_read(struct dev *d, const struct access *a)
{
	(void)a;
	return e1000_link_up(state_of(d)) ? 0x41e1 : 0;
}

static uint64_t gbsr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return e1000_link_up(state_of(d)) ? 0x3c00 : 0;
}

static uint64_t pssr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return e1000_link_up(state_of(d)) ? PSSR_LINK : 0;
}

static uint64_t ctrl_dup_read(struct dev *d, const struct access *a)
{
	(void)a;
	return state_of(d)->r.ctrl;
}

static void ctrl_dup_written(struct dev *d, const struct access *a)
{
	dev_write(d, REGION_REGS, 0, 4, a->val);
}

/* ---- hooks: interrupts */

static uint64_t icr_read(struct dev *d, const struct access *a)
{
	struct e1000 *s = d->state;
	uint32_t was = s->r.icr;

	(void)a;
	s->r.icr = 0;
	update_irq(d);
	return was;
}

static void icr_written(struct dev *d, const struct access *a)
{
	(void)a;
	update_irq(d);
}

static void itr_written(struct dev *d, const struct access *a)
{
	(void)a;
	if (!state_of(d)->r.itr)
		timer_cancel(d, &state_of(d)->itr_timer);
	update_irq(d);
}

/* It reads as ICR does, without the clearing: VxWorks' driver wants that. */
static uint64_t ics_read(struct dev *d, const struct access *a)
{
	(void)a;
	return state_of(d)->r.icr;
}

static void ics_written(struct dev *d, const struct access *a)
{
	e1000_cause(d, (uint32_t)a->val & ICR_ALL);
}

static void ims_written(struct dev *d, const struct access *a)
{
	state_of(d)->r.ims |= (uint32_t)a->old;
	update_irq(d);
}

static void imc_written(struct dev *d, const struct access *a)
{
	state_of(d)->r.ims &= ~(uint32_t)a->val;
	update_irq(d);
}

/* ---- hooks: rings */

static void kick_written(struct dev *d, const struct access *a)
{
	(void)a;
	kick(d);
}

/* FPD flushes what waits for the delay; it does not stay. */
static void rdtr_written(struct dev *d, const struct access *a)
{
	struct e1000 *s = d->state;

	if (a->val >> 31 && (timer_pending(&s->rdtr_timer) || timer_pending(&s->radv_timer)))
		rx_delay_fired(d, 0);
}

static void tx_written(struct dev *d, const struct access *a)
{
	(void)a;
	e1000_transmit(d);
}

/* ---- hooks: the I/O window */

static uint64_t iodata_read(struct dev *d, const struct access *a)
{
	const struct e1000 *s = d->state;

	if (s->ioaddr >= REGS_SIZE || s->ioaddr & 3 || a->size != 4)
		return 0;
	return dev_read(d, REGION_REGS, s->ioaddr, 4);
}

static void iodata_written(struct dev *d, const struct access *a)
{
	const struct e1000 *s = d->state;

	if (s->ioaddr < REGS_SIZE && !(s->ioaddr & 3) && a->size == 4)
		dev_write(d, REGION_REGS, s->ioaddr, 4, a->val);
}

/* ---- the class */

static void e1000_settle(struct dev *d)
{
	pci_intx(d, state_of(d)->irq_on);
}

static bool e1000_valid(const struct dev *d)
{
	const struct e1000 *s = d->state;

	return (!s->irq_on || s->r.icr & s->r.ims) && (s->link || !timer_pending(&s->an_timer)) &&
	       (timer_pending(&s->itr_timer) || s->irq_on || !(s->r.icr & s->r.ims));
}

static int e1000_realize(struct dev *d, struct err *e)
{
	const struct net_client client = {e1000_can_receive, e1000_receive, link_changed, d};

	(void)e;
	if (e1000_net(d))
		net_attach(e1000_net(d), &client);
	return 0;
}

static void e1000_unrealize(struct dev *d)
{
	if (e1000_net(d))
		net_attach(e1000_net(d), NULL);
}

/* The cable may have been pulled between save and load. */
static void e1000_resume(struct dev *d)
{
	if (e1000_net(d))
		link_changed(d, net_link(e1000_net(d)));
	kick(d);
}

#define S                       struct e1000
#define REGS(at_, m, mask, ...) REG(at_, S, r.m, .rw = mask, ##__VA_ARGS__)
#define PHY(n, m, ...)          REG(2 * (n), S, m, .region = REGION_PHY, ##__VA_ARGS__)
#define PHY_CONST(n, name_, v)  CONST(2 * (n), 2, name_, v, .region = REGION_PHY)
#define PHY_CALC(n, name_, fn) \
	CALC(2 * (n), 2, name_, .region = REGION_PHY, .flags = ROW_RD | ROW_PURE, .read = fn)
/* clang-format off */
#define E1000_ROWS(devid, phyid)								\
	PCI_ROWS(REGION_CONFIG, S, pci, 0x8086, devid, 0x03, 0x020000, 0, 1,			\
		 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR |	\
			 PCI_COMMAND_INTX_DISABLE, 0),						\
	REGS(0x0000, ctrl, 0xdffc1bed, .reset = CTRL_RESET, .written = ctrl_written),		\
	CALC(0x0004, 4, "ctrl_dup", .flags = ROW_PURE, .read = ctrl_dup_read,			\
	     .written = ctrl_dup_written),							\
	CALC(0x0008, 4, "status", .flags = ROW_PURE, .read = status_read),			\
	REGS(0x0010, eecd, 0x77, .flags = ROW_PURE, .read = eecd_read,				\
	     .written = eecd_written),								\
	REGS(0x0014, eerd, 0xff01, .hw = 0xffff0010, .written = eerd_written),			\
	REGS(0x0018, ctrl_ext, 0xffffffff),							\
	REGS(0x0020, mdic, 0x2fffffff, .hw = MDIC_R | MDIC_E, .written = mdic_written),		\
	REGS(0x0028, fcal, 0xffffffff),								\
	REGS(0x002c, fcah, 0xffff),								\
	REGS(0x0030, fct, 0xffff),								\
	REGS(0x0038, vet, 0xffff, .reset = 0x8100),						\
	REG(0x00c0, S, r.icr, .w1c = ICR_ALL, .read = icr_read, .written = icr_written),	\
	REGS(0x00c4, itr, 0xffff, .written = itr_written),					\
	CALC(0x00c8, 4, "ics", .flags = ROW_PURE, .read = ics_read, .written = ics_written),	\
	REGS(0x00d0, ims, ICR_ALL, .written = ims_written),					\
	CALC(0x00d8, 4, "imc", .flags = ROW_WR, .written = imc_written),			\
	REGS(0x0100, rctl, RCTL_ALL, .written = kick_written),					\
	REGS(0x0170, fcttv, 0xffff),								\
	REGS(0x0178, txcw, 0xffffffff),								\
	REGS(0x0400, tctl, 0x37ffffa, .written = tx_written),					\
	REGS(0x0410, tipg, 0x3fffffff),								\
	REGS(0x0458, ait, 0xffff),								\
	REGS(0x0e00, ledctl, 0xffffffff, .reset = 0x0602),					\
	REGS(0x1000, pba, 0xffff, .reset = 0x00100030),						\
	REGS(0x2160, fcrtl, 0x8000fff8),							\
	REGS(0x2168, fcrth, 0xfff8),								\
	REGS(0x2800, rdbal, 0xfffffff0),							\
	REGS(0x2804, rdbah, 0xffffffff),							\
	REGS(0x2808, rdlen, 0xfff80, .written = kick_written),					\
	REGS(0x2810, rdh, 0xffff, .written = kick_written),					\
	REGS(0x2818, rdt, 0xffff, .written = kick_written),					\
	REGS(0x2820, rdtr, 0xffff, .written = rdtr_written),					\
	REGS(0x2828, rxdctl, 0x13f3f3f),							\
	REGS(0x282c, radv, 0xffff),								\
	REGS(0x2c00, rsrpd, 0xfff),								\
	REGS(0x3800, tdbal, 0xfffffff0),							\
	REGS(0x3804, tdbah, 0xffffffff),							\
	REGS(0x3808, tdlen, 0xfff80),								\
	REGS(0x3810, tdh, 0xffff),								\
	REGS(0x3818, tdt, 0xffff, .written = tx_written),					\
	REGS(0x3820, tidv, 0xffff),								\
	REGS(0x3828, txdctl, 0xff3f3f3f),							\
	REGS(0x382c, tadv, 0xffff),								\
	REGS(0x3830, tspmt, 0xffffffff),							\
	REG_ARRAY(0x4000, 4, S, r.stat, .hw = 0xffffffff, .read = stat_read),			\
	REGS(0x5000, rxcsum, 0x7ff),								\
	REG_ARRAY(0x5200, 4, S, r.mta, .rw = 0xffffffff),					\
	REG_EACH(0x5400, 8, S, r.ra, low, .rw = 0xffffffff),					\
	REG_EACH(0x5404, 8, S, r.ra, high, .rw = 0x8003ffff),					\
	REG_ARRAY(0x5600, 4, S, r.vfta, .rw = 0xffffffff),					\
	REGS(0x5800, wuc, 0xf),									\
	REGS(0x5808, wufc, 0xf00ff),								\
	REGS(0x5820, manc, 0xffffffff),								\
	REGS(0x5838, ipav, 0x1000f),								\
												\
	REG(0, S, ioaddr, .region = REGION_IO, .rw = 0xffffffff),				\
	CALC(4, 4, "iodata", .region = REGION_IO, .flags = ROW_PORT, .read = iodata_read,	\
	     .written = iodata_written),							\
												\
	PHY(0, bmcr, .reset = BMCR_RESET, .rw = 0xffc0, .written = bmcr_written),		\
	PHY_CALC(1, "bmsr", bmsr_read),								\
	PHY_CONST(2, "phyid1", 0x0141),								\
	PHY_CONST(3, "phyid2", phyid),								\
	PHY(4, anar, .reset = 0x0de1, .rw = 0xafff),						\
	PHY_CALC(5, "anlpar", partner_read),							\
	PHY_CONST(6, "aner", 0x0001),								\
	PHY(9, gbcr, .reset = 0x0e00, .rw = 0xff00),						\
	PHY_CALC(10, "gbsr", gbsr_read),							\
	PHY_CONST(15, "gbesr", 0x3000),								\
	PHY(16, pscr, .reset = 0x0360, .rw = 0xffff),						\
	PHY_CALC(17, "pssr", pssr_read),							\
	PHY(18, phy_ie, .rw = 0xffff),								\
	PHY(20, epscr, .reset = 0x0d60, .rw = 0xffff),						\
	PHY(29, phy_page, .rw = 0xffff),							\
	PHY(30, phy_value, .rw = 0xffff),							\
												\
	TIMER(S, itr_timer, itr_fired),								\
	TIMER(S, rdtr_timer, rx_delay_fired),							\
	TIMER(S, radv_timer, rx_delay_fired),							\
	TIMER(S, tidv_timer, tx_delay_fired),							\
	TIMER(S, tadv_timer, tx_delay_fired),							\
	TIMER(S, an_timer, an_fired),								\
	TIMER(S, tx_timer, tx_fired),								\
	EEPROM_ROWS(S, ee, 1),								\
	HID(S, link, .reset = 1, .max = 1),							\
	HID(S, irq_on, .max = 1),								\
	HID_EACH(S, context, paylen, .hw = 0xfffff),						\
	HID_EACH(S, context, ipcse, .hw = 0xffff),						\
	HID_EACH(S, context, tucse, .hw = 0xffff),						\
	HID_EACH(S, context, mss, .hw = 0xffff),						\
	HID_EACH(S, context, ipcss, .hw = 0xff),						\
	HID_EACH(S, context, ipcso, .hw = 0xff),						\
	HID_EACH(S, context, tucss, .hw = 0xff),						\
	HID_EACH(S, context, tucso, .hw = 0xff),						\
	HID_EACH(S, context, tucmd, .hw = 0xff),						\
	HID_EACH(S, context, hdrlen, .hw = 0xff),						\
	HID(S, tx_popts, .max = 3),								\
	HID(S, tx_tse, .max = 1),								\
	HID(S, tx_vle, .max = 1),								\
	HID(S, tx_special, .hw = 0xffff),							\
	HID(S, tx_segment, .hw = 0xffffffff),							\
	HID(S, tx_len, .max = TX_MAX),								\
	BUF(S, tx_buf, tx_len),
/* clang-format on */

static const struct region e1000_regions[] = {
	[REGION_REGS] = {.name = "regs", .len = REGS_SIZE, .sizes = 1 | 2 | 4},
	[REGION_IO] = {.name = "io", .len = 64, .sizes = 1 | 2 | 4},
	[REGION_CONFIG] = {.name = "config", .len = 256, .sizes = 1 | 2 | 4},
	[REGION_PHY] = {.name = "phy", .len = 64, .sizes = 2},
};

#define E1000_PCI                                                                              \
	.config = offsetof(struct e1000, pci), .region = REGION_CONFIG, .intx = 1, .slot = -1, \
	.bar = {{.size = REGS_SIZE, .region = REGION_REGS},                                    \
		{.size = 64, .region = REGION_IO, .io = true}}
static const struct pci_info e1000_82540em_pci = {E1000_PCI, .rom = "efi-e1000.rom"};
/* The ROM knows one device id only. */
static const struct pci_info e1000_82544gc_pci = {E1000_PCI};
static const struct pci_info e1000_82545em_pci = {E1000_PCI};

static const struct prop e1000_props[] = {
	{"mac", PROP_MAC, offsetof(struct e1000_host, mac), "52:54:00:12:34:56",
	 "station address, as in the EEPROM", 0},
	{"netdev", PROP_NET, offsetof(struct e1000_host, net), NULL, "id of the -netdev", 0},
};

/* Of one kind: its PCI id, and the second word of its PHY's. */
#define E1000_CLASS(var, name_, summary_, devid, phyid)                    \
	static const struct row var##_rows[] = {E1000_ROWS(devid, phyid)}; \
	static void var##_reset(struct dev *d)                             \
	{                                                                  \
		reset_as(d, devid);                                        \
	}                                                                  \
	static struct dev_class var##_class = {                            \
		.name = name_,                                             \
		.summary = summary_,                                       \
		.bus = &pci_bus_type,                                      \
		.bus_info = &var##_pci,                                    \
		.state_size = sizeof(struct e1000),                        \
		.host_size = sizeof(struct e1000_host),                    \
		.regions = e1000_regions,                                  \
		.n_regions = ARRAY_SIZE(e1000_regions),                    \
		.rows = var##_rows,                                        \
		.n_rows = ARRAY_SIZE(var##_rows),                          \
		.props = e1000_props,                                      \
		.n_props = ARRAY_SIZE(e1000_props),                        \
		.since = 2,                                                \
		.n_lines = 1,                                              \
		.unpluggable = true,                                       \
		.realize = e1000_realize,                                  \
		.unrealize = e1000_unrealize,                              \
		.reset = var##_reset,                                      \
		.settle = e1000_settle,                                    \
		.valid = e1000_valid,                                      \
		.resume = e1000_resume,                                    \
	};                                                                 \
	DEV_REGISTER(var##_class)

E1000_CLASS(e1000_82540em, "e1000", "Intel 82540EM gigabit Ethernet", 0x100e, 0x0c20)
E1000_CLASS(e1000_82544gc, "e1000-82544gc", "Intel 82544GC gigabit Ethernet", 0x1008, 0x0c30)
E1000_CLASS(e1000_82545em, "e1000-82545em", "Intel 82545EM gigabit Ethernet", 0x100f, 0x0c20)
