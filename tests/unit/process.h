/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/unit/process.h: the helper processes (hvm-nat, hvm-vnc, hvm-sdl) that a test starts. */
#ifndef TESTS_UNIT_PROCESS_H
#define TESTS_UNIT_PROCESS_H
#include <stdbool.h>
#include <sys/types.h>

/* From now on the sanitized one is started: beside the test binary. Skips the test if none is. */
void process_use(const char *program);
pid_t process_child(void); /* the first of this process; 0 = none */
/* A number of its /proc/PID/status: process_status(pid, "Seccomp:", 10). */
unsigned long long process_status(pid_t pid, const char *key, int base);
bool process_shares(pid_t pid, const char *space); /* the test's namespace "net", "ipc", … */
unsigned process_open_files(pid_t pid);            /* of the first 64 descriptors */
#endif
