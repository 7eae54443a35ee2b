/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/fuzz/lib/fuzz.h: what fuzzers share. A finding is an abort. */
#ifndef TESTS_FUZZ_LIB_FUZZ_H
#define TESTS_FUZZ_LIB_FUZZ_H
#include "dm/machine.h"
#include "dm/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A machine of these options; several may follow each other. */
struct fuzz_machine {
	struct machine_config cfg;
	struct loop *loop;
	struct machine *m;
};
void fuzz_machine_new(struct fuzz_machine *f, const char *options);
void fuzz_machine_free(struct fuzz_machine *f);

void fuzz_log_errors(void); /* and no lesser matters; fuzz_machine_new does it */
/* No new descriptors while the input runs; libFuzzer needs them again afterwards. */
void fuzz_no_files(bool none);
/* What the code under test prints goes nowhere; libFuzzer talks on standard error. */
void fuzz_quiet(void);
/* A memory file of these bytes. */
int fuzz_memfd(const void *data, size_t size);
#endif
