/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/net/rtl8139.h: what the files of the RTL8139 share; bits are named as in the data sheet. */
#ifndef HW_NET_RTL8139_H
#define HW_NET_RTL8139_H
#include "base/dev.h"
#include "hw/net/part_93c46.h"
#include "hw/pci/pci.h"
#include "net/net.h"

enum { /* CR, 37h */
       CR_BUFE = 1 << 0,
       CR_TE = 1 << 2,
       CR_RE = 1 << 3,
       CR_RST = 1 << 4,
};
enum { /* IMR, ISR: 3ch, 3eh */
       ISR_ROK = 1 << 0,
       ISR_RER = 1 << 1,
       ISR_TOK = 1 << 2,
       ISR_TER = 1 << 3,
       ISR_RXOVW = 1 << 4, /* C+: no receive descriptor */
       ISR_LINKCHG = 1 << 5,
       ISR_FOVW = 1 << 6,
       ISR_SWINT = 1 << 8,
       ISR_TIMEOUT = 1 << 14,
       ISR_SERR = 1 << 15,
       ISR_ALL = 0xe1ff,
};
enum { /* TSD0-3, 10h */
       TSD_SIZE = 0x1fff,
       TSD_OWN = 1 << 13,
       TSD_TUN = 1 << 14,
       TSD_TOK = 1 << 15,
       TSD_TABT = 1 << 30,
};
enum { /* TCR, 40h */
       TCR_LBK = 3 << 17,
       TCR_HWVERID = 0x74800000, /* RTL8139C+ */
};
enum { /* RCR, 44h */
       RCR_AAP = 1 << 0,
       RCR_APM = 1 << 1,
       RCR_AM = 1 << 2,
       RCR_AB = 1 << 3,
       RCR_WRAP = 1 << 7,
       RCR_RBLEN_SHIFT = 11,
};
enum { /* 9346CR, 50h */
       EE_EEM = 3 << 6,
       EE_EEM_LOAD = 1 << 6,
       EE_EEM_PROGRAM = 2 << 6,
       EE_EEM_CONFIG = 3 << 6,
       EE_CS = 1 << 3,
       EE_SK = 1 << 2,
       EE_DI = 1 << 1,
       EE_DO = 1 << 0,
};
enum { /* C+CR, e0h */
       CPCR_TX = 1 << 0,
       CPCR_RX = 1 << 1,
       CPCR_RXCHKSUM = 1 << 5,
       CPCR_RXVLAN = 1 << 6,
};
enum { /* status of a received frame, before it in the ring */
       RX_ROK = 1 << 0,
       RX_BAR = 1 << 13,
       RX_PAM = 1 << 14,
       RX_MAR = 1 << 15,
};

#define CP_DESCS  64                  /* of a C+ ring; a kick handles that many */
#define CP_TX_MAX (NET_FRAME_MAX - 4) /* a tag may be put in */
#define RX_MAX    (4096 - 4)          /* longer frames are LONG: never delivered */
#define FRAME_MIN 60
#define CRC_LEN   4
#define TCTR_NS   30 /* a tick: 33 MHz */

struct rtl8139_tally {
	uint64_t tx_ok, rx_ok, tx_err, rx_ok_phy, rx_ok_brd;
	uint32_t rx_err, tx_1col, tx_mcol, rx_ok_mul;
	uint16_t miss_pkt, fae, tx_abt, tx_undrn;
};

struct rtl8139 {
	struct pci_config pci;
	struct eeprom ee;
	struct rtl8139_tally tally;
	int64_t tctr_base; /* virtual ns at which TCTR was 0 */
	struct dev_timer timer;
	uint32_t tsd[4], tsad[4]; /* C+: tsad is TNPDS and THPDS */
	uint32_t dtccr[2], rdsar[2];
	uint32_t rbstart, tcr, rcr, mpc, timerint;
	uint16_t capr, cbr, imr, isr, mulint, anar, cpcr;
	uint8_t idr[6], mar[8];
	uint8_t cr, cfg9346, config0, config1, config3, config4, config5, etthr;
	uint8_t tx_cur;          /* TSD that is sent next */
	uint8_t cp_tx[2], cp_rx; /* C+ descriptors that are next; tx: normal, high priority */
	uint8_t clock_on, link;
	uint32_t tx_len; /* of a C+ frame whose last descriptor has not come */
	uint8_t tx_buf[CP_TX_MAX];
};
struct rtl8139_host {
	struct netdev *net;
	uint8_t mac[6];
};

static inline struct netdev *rtl8139_net(const struct dev *d)
{
	return ((struct rtl8139_host *)d->host)->net;
}

/* rtl8139_eeprom.c */
void rtl8139_eeprom_program(struct rtl8139 *s, const uint8_t mac[6]);   /* as the factory does */
void rtl8139_eeprom_lines(struct rtl8139 *s, uint8_t was, uint8_t now); /* EECS EESK EEDI */

/* rtl8139_ring.c: the four transmit descriptors, the receive ring, filter */
void rtl8139_transmit(struct dev *d);
bool rtl8139_can_receive(void *arg);
void rtl8139_receive(void *arg, const uint8_t *frame, size_t len);
/* Out to the wire, or back in when looped. */
void rtl8139_emit(struct dev *d, const uint8_t *frame, size_t len);
uint32_t rtl8139_ring_size(const struct rtl8139 *s);
bool rtl8139_ring_empty(const struct rtl8139 *s);
void rtl8139_missed(struct rtl8139 *s); /* no room for a frame */

/* rtl8139_cplus.c: descriptor rings */
void rtl8139_cplus_transmit(struct dev *d, unsigned high);
void rtl8139_cplus_receive(struct dev *d, const uint8_t *frame, size_t len, uint16_t status);
void rtl8139_dump_tally(struct dev *d);

/* rtl8139_offload.c */
enum {
	CP_IPCS = 1 << 18, /* in a transmit descriptor */
	CP_UDPCS = 1 << 17,
	CP_TCPCS = 1 << 16,
	CP_LGSEN = 1 << 27,
};
/* One assembled frame with the flags of its last descriptor; tag < 0: none. */
void rtl8139_send_offloaded(struct dev *d, uint8_t *frame, size_t len, uint32_t dw0, int tag);
/* PID and failure bits of a received frame, for its descriptor. */
uint32_t rtl8139_check_sums(uint8_t *frame, size_t len);
#endif
