/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hw/misc/fw_cfg.h: what the owner of the machine puts into fw_cfg, before a guest runs. */
#ifndef HW_MISC_FW_CFG_H
#define HW_MISC_FW_CFG_H
#include "base/dev.h"

enum fw_cfg_key {
	FW_CFG_SIGNATURE = 0x00,
	FW_CFG_ID = 0x01,
	FW_CFG_UUID = 0x02,
	FW_CFG_RAM_SIZE = 0x03,
	FW_CFG_NOGRAPHIC = 0x04,
	FW_CFG_NB_CPUS = 0x05,
	FW_CFG_KERNEL_ADDR = 0x07,
	FW_CFG_KERNEL_SIZE = 0x08,
	FW_CFG_INITRD_ADDR = 0x0a,
	FW_CFG_INITRD_SIZE = 0x0b,
	FW_CFG_NUMA = 0x0d,
	FW_CFG_BOOT_MENU = 0x0e,
	FW_CFG_MAX_CPUS = 0x0f,
	FW_CFG_KERNEL_DATA = 0x11,
	FW_CFG_INITRD_DATA = 0x12,
	FW_CFG_CMDLINE_ADDR = 0x13,
	FW_CFG_CMDLINE_SIZE = 0x14,
	FW_CFG_CMDLINE_DATA = 0x15,
	FW_CFG_SETUP_ADDR = 0x16,
	FW_CFG_SETUP_SIZE = 0x17,
	FW_CFG_SETUP_DATA = 0x18,
	FW_CFG_FILE_DIR = 0x19,
	FW_CFG_FILE_FIRST = 0x20,
};
#define FW_CFG_FILES    64 /* at most */
#define FW_CFG_NAME_MAX 55

#define FW_CFG_COPIED 16
/* The item takes the place of one with that key or name. Up to FW_CFG_COPIED bytes are copied; more
 * stay the caller's, outlive d and do not change. -EINVAL, -ENOSPC. */
int fw_cfg_add(struct dev *d, uint16_t key, const void *data, uint32_t len);
int fw_cfg_add_file(struct dev *d, const char *name, const void *data, uint32_t len);
int fw_cfg_add_number(struct dev *d, uint16_t key, unsigned bytes, uint64_t v); /* little-endian */
#endif
