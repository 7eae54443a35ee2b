/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtl8139: Realtek RTL8139C+ Fast Ethernet, PCI 10ec:8139 revision 20h.
 *
 * Spec:    docs/specs/rtl8139.txt
 * State:   classic and C+ transmit and receive, EEPROM, timer, tally, loopback
 * Missing: early interrupts, power management and wake-up frames,
 *          interrupt mitigation, TDU
 * Tests:   tests/hw/rtl8139.c, rtl8139_cplus.c, rtl8139_laws.c, laws.c
 *
 * The link is always 100 Mbit/s, full duplex: the PHY's registers only show it.
 */
#include "hw/net/rtl8139.h"

#define BMSR_NO_LINK 0x7809 /* what it can do; 24h on top: link, negotiation done */
#define MSR_NO_LINK  0xd4   /* flow control both ways, auxiliary power, LINKB */

#define state_of(d) ((struct rtl8139 *)(d)->state)

/* What waits in the back end may fit now. */
static void kick(struct dev *d)
{
	if (rtl8139_net(d))
		net_kick(rtl8139_net(d));
}

/* ---- the timer: TCTR counts from tctr_base and wraps; a match with TIMERINT interrupts */

static uint64_t ticks_of(const struct dev *d)
{
	return ((uint64_t)dev_now(d) - (uint64_t)state_of(d)->tctr_base) / TCTR_NS;
}

static void timer_plan(struct dev *d)
{
	struct rtl8139 *s = d->state;
	uint64_t into = ((uint64_t)dev_now(d) - (uint64_t)s->tctr_base) % TCTR_NS;
	uint32_t left = s->timerint - (uint32_t)ticks_of(d);

	if (!s->timerint)
		timer_cancel(d, &s->timer);
	else
		timer_set(d, &s->timer,
			  dev_now(d) + (int64_t)((left ? left : 1ull << 32) * TCTR_NS - into));
}

static void timer_fired(struct dev *d, unsigned index)
{
	(void)index;
	state_of(d)->isr |= ISR_TIMEOUT;
	timer_plan(d);
}

static uint64_t tctr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return (uint32_t)ticks_of(d);
}

static void tctr_written(struct dev *d, const struct access *a)
{
	(void)a;
	state_of(d)->tctr_base = dev_now(d);
	timer_plan(d);
}

static void timerint_written(struct dev *d, const struct access *a)
{
	if (state_of(d)->timerint != a->old)
		timer_plan(d);
}

/* ---- reset: by CR.RST, which spares IDR, MAR, CONFIGn, the PHY and PCI's own */

static void soft_reset(struct dev *d)
{
	struct rtl8139 *s = d->state;

	for (unsigned i = 0; i < 4; i++) {
		s->tsd[i] = TSD_OWN;
		s->tsad[i] = 0;
	}
	memset(s->dtccr, 0, sizeof(s->dtccr));
	memset(s->rdsar, 0, sizeof(s->rdsar));
	memset(s->cp_tx, 0, sizeof(s->cp_tx));
	memset(&s->tally, 0, sizeof(s->tally));
	s->rbstart = s->rcr = s->mpc = s->timerint = s->tx_len = 0;
	s->tcr = TCR_HWVERID;
	s->capr = 0xfff0;
	s->cbr = s->imr = s->isr = s->mulint = s->cpcr = 0;
	s->cr = s->etthr = s->tx_cur = s->cp_rx = 0;
	s->clock_on = 1;
	timer_plan(d);
}

static void load_idr(struct rtl8139 *s)
{
	for (unsigned i = 0; i < 3; i++)
		store_le(s->idr + 2 * i, 2, s->ee.word[7 + i]);
}

static void rtl8139_reset(struct dev *d)
{
	struct rtl8139 *s = d->state;
	const struct rtl8139_host *h = d->host;

	if (!s->ee.programmed)
		rtl8139_eeprom_program(s, h->mac);
	load_idr(s);
	s->link = h->net ? net_link(h->net) : 1;
	kick(d);
}

/* ---- hooks */

static bool cplus(const struct dev *d)
{
	return state_of(d)->cpcr & (CPCR_TX | CPCR_RX);
}

static bool config_open(const struct dev *d)
{
	return (state_of(d)->cfg9346 & EE_EEM) == EE_EEM_CONFIG;
}

static uint64_t config01_read(struct dev *d, const struct access *a)
{
	(void)a;
	return state_of(d)->config0 | state_of(d)->config1 << 8;
}

static uint64_t config34_read(struct dev *d, const struct access *a)
{
	(void)a;
	return state_of(d)->config3 | state_of(d)->config4 << 8;
}

/* The driver gives the descriptor away by clearing OWN; the status of the last frame goes. */
static void tsd_written(struct dev *d, const struct access *a)
{
	state_of(d)->tsd[a->index] &= 0x003fffff & ~(TSD_TUN | TSD_TOK);
	rtl8139_transmit(d);
}

static void dtccr_written(struct dev *d, const struct access *a)
{
	struct rtl8139 *s = d->state;

	if (a->index == 0 && a->val & 8)
		rtl8139_dump_tally(d);
	s->dtccr[0] &= ~0x3fu;
}

static uint64_t cr_read(struct dev *d, const struct access *a)
{
	const struct rtl8139 *s = d->state;

	(void)a;
	return s->cr | (rtl8139_ring_empty(s) ? CR_BUFE : 0);
}

/* Enabling starts the C+ rings at their first descriptors. */
static void cr_written(struct dev *d, const struct access *a)
{
	struct rtl8139 *s = d->state;
	uint8_t enable = s->cr & (CR_RE | CR_TE);

	(void)a;
	if (s->cr & CR_RST)
		soft_reset(d);
	s->cr = enable;
	if (enable & CR_RE)
		s->cp_rx = 0;
	if (enable & CR_TE) {
		memset(s->cp_tx, 0, sizeof(s->cp_tx));
		s->tx_len = 0;
	}
	kick(d);
}

/* "Can only be changed after having set TE." */
static void tcr_written(struct dev *d, const struct access *a)
{
	if (!(state_of(d)->cr & CR_TE))
		state_of(d)->tcr = (uint32_t)a->old;
}

/* Its distance to what was read is kept: offsets beyond the ring wrap. */
static void capr_normalize(struct rtl8139 *s)
{
	s->capr = (uint16_t)(((s->capr + 16u) & (rtl8139_ring_size(s) - 1)) - 16u);
}

static void capr_written(struct dev *d, const struct access *a)
{
	(void)a;
	capr_normalize(d->state);
	kick(d);
}

/* Another ring size starts a ring anew; other bits may change while it runs, as Linux does when
 * the multicast list changes. */
static void rcr_written(struct dev *d, const struct access *a)
{
	struct rtl8139 *s = d->state;

	if ((s->rcr ^ a->old) >> RCR_RBLEN_SHIFT & 3) {
		s->capr = 0xfff0;
		s->cbr = 0;
	}
	kick(d);
}

static void kick_written(struct dev *d, const struct access *a)
{
	(void)a;
	kick(d);
}

static void mpc_written(struct dev *d, const struct access *a)
{
	(void)a;
	state_of(d)->mpc = 0;
}

static uint64_t cfg9346_read(struct dev *d, const struct access *a)
{
	const struct rtl8139 *s = d->state;
	bool program = (s->cfg9346 & EE_EEM) == EE_EEM_PROGRAM;

	(void)a;
	return s->cfg9346 | (program && s->ee.out ? EE_DO : 0);
}

static uint8_t eeprom_pins(uint8_t cfg9346)
{
	return (cfg9346 & EE_EEM) == EE_EEM_PROGRAM ? cfg9346 : 0;
}

/* Auto-load is as after RSTB, and ends in normal mode. */
static void cfg9346_written(struct dev *d, const struct access *a)
{
	struct rtl8139 *s = d->state;

	rtl8139_eeprom_lines(s, eeprom_pins((uint8_t)a->old), eeprom_pins(s->cfg9346));
	if ((s->cfg9346 & EE_EEM) != EE_EEM_LOAD)
		return;
	s->cfg9346 = 0;
	soft_reset(d);
	load_idr(s);
	kick(d);
}

static uint64_t msr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return state_of(d)->link ? MSR_NO_LINK & ~0x04 : MSR_NO_LINK;
}

static uint64_t bmsr_read(struct dev *d, const struct access *a)
{
	(void)a;
	return state_of(d)->link ? BMSR_NO_LINK | 0x24 : BMSR_NO_LINK;
}

/* TSAD: for each descriptor OWN 0-3, TABT 4-7, TUN 8-11, TOK 12-15. */
static uint64_t tsad_status_read(struct dev *d, const struct access *a)
{
	static const uint32_t bits[] = {TSD_OWN, TSD_TABT, TSD_TUN, TSD_TOK};
	const struct rtl8139 *s = d->state;
	uint64_t v = 0;

	(void)a;
	for (unsigned bit = 0; bit < 16; bit++)
		v |= (uint64_t) !!(s->tsd[bit & 3] & bits[bit >> 2]) << bit;
	return v;
}

/* Only the letters R(un) and H(alt) are meant. */
static void hltclk_written(struct dev *d, const struct access *a)
{
	if (a->val == 'R' || a->val == 'H')
		state_of(d)->clock_on = a->val == 'R';
}

static uint64_t hltclk_read(struct dev *d, const struct access *a)
{
	(void)a;
	return state_of(d)->clock_on;
}

static void tppoll_written(struct dev *d, const struct access *a)
{
	if (a->val & 0x80)
		rtl8139_cplus_transmit(d, 1);
	if (a->val & 0x40)
		rtl8139_cplus_transmit(d, 0);
	if (a->val & 0x01)
		state_of(d)->isr |= ISR_SWINT;
}

/* ---- the class */

static void rtl8139_settle(struct dev *d)
{
	const struct rtl8139 *s = d->state;

	pci_intx(d, s->isr & s->imr);
}

static bool rtl8139_valid(const struct dev *d)
{
	const struct rtl8139 *s = d->state;
	struct rtl8139 t = {.rcr = s->rcr, .capr = s->capr};

	capr_normalize(&t);
	return s->cbr < rtl8139_ring_size(s) && s->capr == t.capr &&
	       timer_pending(&s->timer) == !!s->timerint;
}

static void link_changed(void *arg, bool up)
{
	struct dev *d = arg;
	struct rtl8139 *s = d->state;

	if (s->link == up)
		return;
	s->link = up;
	s->isr |= ISR_LINKCHG;
	dev_settle(d);
}

static int rtl8139_realize(struct dev *d, struct err *e)
{
	const struct net_client client = {rtl8139_can_receive, rtl8139_receive, link_changed, d};

	(void)e;
	if (rtl8139_net(d))
		net_attach(rtl8139_net(d), &client);
	return 0;
}

static void rtl8139_unrealize(struct dev *d)
{
	if (rtl8139_net(d))
		net_attach(rtl8139_net(d), NULL);
}

/* The cable may have been pulled between save and load. */
static void rtl8139_resume(struct dev *d)
{
	if (rtl8139_net(d))
		link_changed(d, net_link(rtl8139_net(d)));
	kick(d);
}

enum { REGION_REGS, REGION_CONFIG };
#define S struct rtl8139
/* clang-format off */
static const struct row rtl8139_rows[] = {
	PCI_ROWS(REGION_CONFIG, S, pci, 0x10ec, 0x8139, 0x20, 0x020000, 0, 1,
		 PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_SERR |
			 PCI_COMMAND_INTX_DISABLE, 0),
	CONST(0x34, 1, "cap_ptr", 0xdc, .region = REGION_CONFIG), /* of no list: STATUS says so */

	REG_ARRAY(0x00, 1, S, idr, .rw = 0xff),
	REG_ARRAY(0x08, 1, S, mar, .rw = 0xff),
	REG_ARRAY(0x10, 4, S, dtccr, .rw = 0xffffffff, .when = cplus, .written = dtccr_written),
	REG_ARRAY(0x10, 4, S, tsd, .reset = TSD_OWN, .rw = 0x003f3fff, .hw = 0xff00c000,
		  .written = tsd_written),
	REG_ARRAY(0x20, 4, S, tsad, .rw = 0xffffffff),
	REG(0x30, S, rbstart, .rw = 0xffffffff, .written = kick_written),
	CONST(0x34, 2, "erbcr", 0),
	CONST(0x36, 1, "ersr", 0),
	REG(0x37, S, cr, .rw = CR_RST | CR_RE | CR_TE, .flags = ROW_PURE, .read = cr_read,
	    .written = cr_written),
	REG(0x38, S, capr, .reset = 0xfff0, .rw = 0xffff, .written = capr_written),
	REG(0x3a, S, cbr, .hw = 0xfffc),
	REG(0x3c, S, imr, .rw = ISR_ALL, .written = kick_written),
	REG(0x3e, S, isr, .w1c = ISR_ALL),
	REG(0x40, S, tcr, .reset = TCR_HWVERID, .rw = 0x030f07f0, .written = tcr_written),
	REG(0x44, S, rcr, .rw = 0x0f03ffbf, .written = rcr_written),
	CALC(0x48, 4, "tctr", .flags = ROW_PURE, .read = tctr_read, .written = tctr_written),
	REG(0x4c, S, mpc, .hw = 0xffffff, .written = mpc_written),
	REG(0x50, S, cfg9346, .rw = EE_EEM | EE_CS | EE_SK | EE_DI, .flags = ROW_PURE,
	    .read = cfg9346_read, .written = cfg9346_written),
	CALC(0x51, 2, "config01", .flags = ROW_RD | ROW_PURE, .read = config01_read),
	REG(0x51, S, config0, .rw = 0x07, .flags = ROW_WR, .when = config_open),
	REG(0x52, S, config1, .reset = 0x0c, .rw = 0xf3, .flags = ROW_WR, .when = config_open),
	CONST(0x53, 1, "config2", 0),
	REG(0x54, S, timerint, .rw = 0xffffffff, .written = timerint_written),
	CALC(0x58, 1, "msr", .flags = ROW_PURE, .read = msr_read),
	CALC(0x59, 2, "config34", .flags = ROW_RD | ROW_PURE, .read = config34_read),
	REG(0x59, S, config3, .reset = 0x01, .rw = 0x70, .flags = ROW_WR, .when = config_open),
	REG(0x5a, S, config4, .rw = 0xf5, .flags = ROW_WR, .when = config_open),
	CALC(0x5b, 1, "hltclk", .flags = ROW_PURE, .read = hltclk_read, .written = hltclk_written),
	REG(0x5c, S, mulint, .rw = 0x0fff),
	CONST(0x5e, 1, "rerid", 0x20),
	CALC(0x60, 2, "tsad_status", .flags = ROW_PURE, .read = tsad_status_read),
	CONST(0x62, 2, "bmcr", 0x1000), /* bit 9, negotiate again, clears itself */
	CALC(0x64, 2, "bmsr", .flags = ROW_PURE, .read = bmsr_read),
	REG(0x66, S, anar, .reset = 0x05e1, .rw = 0xffff),
	CONST(0x68, 2, "anlpar", 0x05e1),
	CONST(0x6a, 2, "aner", 0x0001),
	CONST(0x74, 2, "cscr", 0x0340),
	REG(0xd8, S, config5, .rw = 0x7f), /* the only CONFIGn that 9346CR does not lock */
	CALC(0xd9, 1, "tppoll", .flags = ROW_WR, .written = tppoll_written),
	REG(0xe0, S, cpcr, .rw = 0x007b, .written = kick_written),
	REG_ARRAY(0xe4, 4, S, rdsar, .rw = 0xffffffff),
	REG(0xec, S, etthr, .rw = 0xff),

	EEPROM_ROWS(S, ee, 0),
	HID(S, tally.tx_ok, .hw = ~0ull),
	HID(S, tally.rx_ok, .hw = ~0ull),
	HID(S, tally.tx_err, .hw = ~0ull),
	HID(S, tally.rx_ok_phy, .hw = ~0ull),
	HID(S, tally.rx_ok_brd, .hw = ~0ull),
	HID(S, tally.rx_err, .hw = 0xffffffff),
	HID(S, tally.tx_1col, .hw = 0xffffffff),
	HID(S, tally.tx_mcol, .hw = 0xffffffff),
	HID(S, tally.rx_ok_mul, .hw = 0xffffffff),
	HID(S, tally.miss_pkt, .hw = 0xffff),
	HID(S, tally.fae, .hw = 0xffff),
	HID(S, tally.tx_abt, .hw = 0xffff),
	HID(S, tally.tx_undrn, .hw = 0xffff),
	HID(S, tctr_base, .hw = ~0ull),
	TIMER(S, timer, timer_fired),
	HID(S, tx_cur, .max = 3),
	HID_ARRAY(S, cp_tx, .max = CP_DESCS - 1),
	HID(S, cp_rx, .max = CP_DESCS - 1),
	HID(S, clock_on, .reset = 1, .max = 1),
	HID(S, link, .reset = 1, .max = 1),
	HID(S, tx_len, .max = CP_TX_MAX),
	BUF(S, tx_buf, tx_len),
};
/* clang-format on */
#undef S

static const struct region rtl8139_regions[] = {
	[REGION_REGS] = {.name = "regs", .len = 256, .sizes = 1 | 2 | 4},
	[REGION_CONFIG] = {.name = "config", .len = 256, .sizes = 1 | 2 | 4},
};

static const struct pci_info rtl8139_pci = {
	.config = offsetof(struct rtl8139, pci),
	.region = REGION_CONFIG,
	.intx = 1,
	.bar = {{.size = 256, .region = REGION_REGS, .io = true},
		{.size = 256, .region = REGION_REGS}},
	.rom = "efi-rtl8139.rom",
	.slot = -1,
};

static const struct prop rtl8139_props[] = {
	{"mac", PROP_MAC, offsetof(struct rtl8139_host, mac), "52:54:00:12:34:56",
	 "station address, as in the EEPROM", 0},
	{"netdev", PROP_NET, offsetof(struct rtl8139_host, net), NULL, "id of the -netdev", 0},
};

static struct dev_class rtl8139_class = {
	.name = "rtl8139",
	.summary = "Realtek RTL8139C+ Fast Ethernet",
	.bus = &pci_bus_type,
	.bus_info = &rtl8139_pci,
	.state_size = sizeof(struct rtl8139),
	.host_size = sizeof(struct rtl8139_host),
	.regions = rtl8139_regions,
	.n_regions = ARRAY_SIZE(rtl8139_regions),
	.rows = rtl8139_rows,
	.n_rows = ARRAY_SIZE(rtl8139_rows),
	.props = rtl8139_props,
	.n_props = ARRAY_SIZE(rtl8139_props),
	.n_lines = 1,
	.unpluggable = true,
	.realize = rtl8139_realize,
	.unrealize = rtl8139_unrealize,
	.reset = rtl8139_reset,
	.settle = rtl8139_settle,
	.valid = rtl8139_valid,
	.resume = rtl8139_resume,
};
DEV_REGISTER(rtl8139_class)
