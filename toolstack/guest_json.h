/* SPDX-License-Identifier: GPL-2.0-or-later */
/* toolstack/guest_json.h: a guest's configuration in libxl's JSON, as one element of xl list -l. */
#ifndef TOOLSTACK_GUEST_JSON_H
#define TOOLSTACK_GUEST_JSON_H
#include "toolstack/guest.h"

#include <jansson.h>

/* domid 0: it has none yet. */
json_t *guest_json(const struct guest *g, unsigned domid);
#endif
