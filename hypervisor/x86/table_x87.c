/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/x86/table.h"

const struct opcode_table table_x87 = {NULL, 0};
