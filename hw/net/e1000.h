/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/net/e1000.h: what the files of the 8254x share; bits are named as in Intel's manual. */
#ifndef HW_NET_E1000_H
#define HW_NET_E1000_H
#include "base/dev.h"
#include "hw/net/part_93c46.h"
#include "hw/pci/pci.h"
#include "net/net.h"

enum { /* CTRL, 00000h */
       CTRL_SLU = 1 << 6,
       CTRL_RST = 1 << 26,
       CTRL_VME = 1 << 30,
       CTRL_PHY_RST = 1u << 31,
       CTRL_RESET = 0x00140240, /* SLU, 1000 Mbit/s, SWDPIN0 and 2 */
};
enum { /* EECD, 00010h */
       EECD_SK = 1 << 0,
       EECD_CS = 1 << 1,
       EECD_DI = 1 << 2,
       EECD_DO = 1 << 3,
       EECD_REQ = 1 << 6,
       EECD_GNT = 1 << 7,
       EECD_PRES = 1 << 8,
};
enum { /* ICR, ICS, IMS, IMC: 000c0h … */
       ICR_TXDW = 1 << 0,
       ICR_TXQE = 1 << 1,
       ICR_LSC = 1 << 2,
       ICR_RXDMT0 = 1 << 4,
       ICR_RXO = 1 << 6,
       ICR_RXT0 = 1 << 7,
       ICR_MDAC = 1 << 9,
       ICR_ALL = 0x1ffff,
};
enum { /* RCTL, 00100h */
       RCTL_EN = 1 << 1,
       RCTL_SBP = 1 << 2,
       RCTL_UPE = 1 << 3,
       RCTL_MPE = 1 << 4,
       RCTL_LPE = 1 << 5,
       RCTL_LBM_MAC = 1 << 6,
       RCTL_RDMTS_SHIFT = 8,
       RCTL_MO_SHIFT = 12,
       RCTL_BAM = 1 << 15,
       RCTL_BSIZE_SHIFT = 16,
       RCTL_VFE = 1 << 18,
       RCTL_CFIEN = 1 << 19,
       RCTL_CFI = 1 << 20,
       RCTL_BSEX = 1 << 25,
       RCTL_SECRC = 1 << 26,
       RCTL_ALL = 0x06dfb3fe,
};
enum { /* TCTL, 00400h */
       TCTL_EN = 1 << 1,
       TCTL_PSP = 1 << 3,
};
enum { /* statistics, as numbers of the words from 04000h on */
       STAT_MPC = 0x10 / 4,
       STAT_PRC64 = 0x5c / 4,
       STAT_GPRC = 0x74 / 4,
       STAT_BPRC = 0x78 / 4,
       STAT_MPRC = 0x7c / 4,
       STAT_GPTC = 0x80 / 4,
       STAT_GORCL = 0x88 / 4,
       STAT_GOTCL = 0x90 / 4,
       STAT_RNBC = 0xa0 / 4,
       STAT_ROC = 0xac / 4,
       STAT_TORL = 0xc0 / 4,
       STAT_TOTL = 0xc8 / 4,
       STAT_TPR = 0xd0 / 4,
       STAT_TPT = 0xd4 / 4,
       STAT_PTC64 = 0xd8 / 4,
       STAT_MPTC = 0xf0 / 4,
       STAT_BPTC = 0xf4 / 4,
       STAT_TSCTC = 0xf8 / 4,
       STAT_TSCTFC = 0xfc / 4,
       STATS = 64,
};
enum { PHY_LOOPBACK = 1 << 14, PHY_ANE = 1 << 12, PHY_RESTART = 1 << 9, PHY_RESET = 1 << 15 };

#define CRC_LEN   4
#define FRAME_MIN 60
#define TX_MAX    16384 /* of a frame; a larger one is not sent */
#define DELAY_NS  1024  /* unit of RDTR, RADV, TIDV, TADV */
#define ITR_NS    256
#define AN_NS     (500 * NS_PER_MS) /* negotiation */

/* A context descriptor; [1] is the one with TSE set: both are kept at a time. */
struct e1000_context {
	uint32_t paylen;
	uint16_t ipcse, tucse, mss;
	uint8_t ipcss, ipcso, tucss, tucso, tucmd, hdrlen;
};

struct e1000 {
	struct pci_config pci;
	struct eeprom ee;
	struct dev_timer itr_timer, rdtr_timer, radv_timer, tidv_timer, tadv_timer, an_timer,
		tx_timer;
	struct e1000_regs { /* what CTRL.RST sets back */
		uint32_t ctrl, eecd, eerd, ctrl_ext, mdic, fcal, fcah, fct, vet, icr, itr, ims;
		uint32_t rctl, fcttv, txcw, tctl, tipg, ait, ledctl, pba, fcrtl, fcrth;
		uint32_t rdbal, rdbah, rdlen, rdh, rdt, rdtr, rxdctl, radv, rsrpd;
		uint32_t tdbal, tdbah, tdlen, tdh, tdt, tidv, txdctl, tadv, tspmt;
		uint32_t rxcsum, wuc, wufc, manc, ipav;
		uint32_t stat[STATS], mta[128], vfta[128];
		struct {
			uint32_t low, high;
		} ra[16];
	} r;
	uint32_t ioaddr;
	uint16_t bmcr, anar, gbcr, pscr, phy_ie, epscr, phy_page, phy_value;
	uint8_t link;   /* the cable */
	uint8_t irq_on; /* INTx, held back by ITR */
	struct e1000_context context[2];
	uint8_t tx_popts, tx_tse, tx_vle; /* of the frame in tx_buf */
	uint16_t tx_special;
	uint32_t tx_segment; /* number of the TCP segment in the making */
	uint32_t tx_len;
	uint8_t tx_buf[TX_MAX];
};
struct e1000_host {
	struct netdev *net;
	uint8_t mac[6];
};

static inline struct netdev *e1000_net(const struct dev *d)
{
	return ((struct e1000_host *)d->host)->net;
}

/* e1000.c */
void e1000_cause(struct dev *d, uint32_t bits); /* into ICR */
void e1000_count(struct e1000 *s, unsigned stat, uint32_t n);
void e1000_count64(struct e1000 *s, unsigned low, uint32_t n);
/* The counters of a good frame's size, of len bytes with CRC: first is PRC64's or PTC64's. */
void e1000_count_size(struct e1000 *s, unsigned first, size_t len);
bool e1000_link_up(const struct e1000 *s);

/* e1000_eeprom.c */
void e1000_eeprom_program(struct e1000 *s, const uint8_t mac[6], uint16_t device);
void e1000_eeprom_lines(struct e1000 *s, uint32_t was, uint32_t now); /* EECD's CS SK DI */

/* e1000_rx.c */
bool e1000_can_receive(void *arg);
void e1000_receive(void *arg, const uint8_t *frame, size_t len);
void e1000_take(struct dev *d, const uint8_t *frame, size_t len); /* the same, looped back */

/* e1000_tx.c */
void e1000_transmit(struct dev *d);
#endif
