/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tests/fuzz/nat_frame.c: frames of a guest for hvm-nat: two bytes of length and as many of
 * frame, over and over. restrict=on: nothing leaves. What reaches libslirp has no urgent flag.
 */
#include "config.h"
#include "net/user.h"
#include "tests/fuzz/lib/fuzz.h"

#ifdef CONFIG_SLIRP
#include "net/nat/nat.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void no_urgent(const uint8_t *f, size_t len)
{
	size_t tcp = 14 + (f[14] & 15) * 4u;

	if (len >= 34 && f[12] == 8 && !f[13] && f[23] == 6 && len >= tcp + 20 &&
	    f[tcp + 13] & 0x20)
		abort();
	if (len >= 74 && f[12] == 0x86 && f[13] == 0xdd && f[20] == 6 && f[67] & 0x20)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nat_config config;
	static int sv[2];
	static char sink[65536];
	struct nat *n;

	if (!sv[0] && (nat_config_parse(&config, "restrict=on,tftp=/nonexistent", NULL) ||
		       socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv)))
		abort();
	fuzz_quiet();
	n = nat_slirp_new(&config, sv[0], sv[0], NULL);
	while (n && size >= 2) {
		size_t len = data[0] | (data[1] & 7) << 8;
		uint8_t frame[2048] = {0};

		len = len < size - 2 ? len : size - 2;
		memcpy(frame, data + 2, len);
		if (nat_clean_frame(frame, len))
			no_urgent(frame, len);
		nat_slirp_input(n, frame, len);
		data += 2 + len;
		size -= 2 + len;
	}
	nat_slirp_free(n);
	while (recv(sv[1], sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
	return 0;
}
#else
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)data;
	return size > size + NET_USER_HEADER;
}
#endif
