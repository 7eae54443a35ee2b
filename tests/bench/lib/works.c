/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The work that tests/bench/guest.c has programs of a Linux guest do: "works NAME COUNT", static.
 * Says "work: began" and "work: ended SECONDS ANSWER", SECONDS by the guest's clock; the answer is
 * the same on any processor that is right.
 */
#include <emmintrin.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define FILE_NAME "/tmp/bytes"

enum { MATRIX = 128, WORDS = 1 << 21, PIECE = 1 << 16, TEXT = 4096 };

static uint64_t words[WORDS];
static char *self;

static uint64_t next(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

static void fill(void)
{
	uint64_t x = 88172645463325252u;

	for (unsigned i = 0; i < WORDS; i++)
		words[i] = x = next(x);
}

/* ---- programs ---- */

/* The sum of what it writes. */
static uint64_t run(char *const *argv)
{
	unsigned char text[256];
	uint64_t sum = 0;
	int out[2];
	ssize_t n;
	pid_t pid;

	if (pipe(out) || (pid = fork()) < 0)
		return 0;
	if (!pid) {
		dup2(out[1], 1);
		execv(argv[0], argv);
		_exit(127);
	}
	close(out[1]);
	while ((n = read(out[0], text, sizeof(text))) > 0)
		for (ssize_t i = 0; i < n; i++)
			sum = sum * 31 + text[i];
	close(out[0]);
	waitpid(pid, NULL, 0);
	return sum;
}

static void file_made(unsigned long mib)
{
	int fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	fill();
	for (; mib; mib--)
		if (write(fd, words, 1 << 20) != 1 << 20)
			exit(1);
	close(fd);
}

static uint64_t sha256(unsigned long mib)
{
	(void)mib;
	return run((char *[]){"/bin/busybox", "sha256sum", FILE_NAME, NULL});
}

static uint64_t coreutils(unsigned long mib)
{
	(void)mib;
	return run((char *[]){"/usr/bin/sha256sum", FILE_NAME, NULL});
}

static uint64_t shell(unsigned long n)
{
	char loop[100];

	snprintf(loop, sizeof(loop), "i=0; while [ $i -lt %lu ]; do i=$((i+1)); done; echo $i", n);
	return run((char *[]){"/bin/busybox", "sh", "-c", loop, NULL});
}

static uint64_t fork_exec(unsigned long n)
{
	uint64_t sum = 0;

	while (n--)
		sum += run((char *[]){self, "nothing", "0", NULL}) + 1;
	return sum;
}

/* ---- calls of the kernel ---- */

static uint64_t system_calls(unsigned long n)
{
	uint64_t same = 0;
	long parent = syscall(SYS_getppid);

	while (n--)
		same += syscall(SYS_getppid) == parent;
	return same;
}

static uint64_t ping_pong(unsigned long n)
{
	int to[2], from[2];
	uint64_t sum = 0;
	char c = 1;
	pid_t pid;

	if (pipe(to) || pipe(from) || (pid = fork()) < 0)
		return 0;
	if (!pid) {
		close(to[1]);
		while (read(to[0], &c, 1) == 1 && write(from[1], &c, 1) == 1)
			;
		_exit(0);
	}
	while (n-- && write(to[1], &c, 1) == 1 && read(from[0], &c, 1) == 1)
		sum += (uint64_t)c;
	close(to[1]);
	waitpid(pid, NULL, 0);
	return sum;
}

/* ---- numbers ---- */

static double a[MATRIX][MATRIX], b[MATRIX][MATRIX], product[MATRIX][MATRIX];

static void matrix_made(unsigned long n)
{
	(void)n;
	for (unsigned i = 0; i < MATRIX * MATRIX; i++) {
		a[i / MATRIX][i % MATRIX] = i % 89;
		b[i / MATRIX][i % MATRIX] = i % 97;
	}
}

static void row_times_matrix(const double *row, double *to)
{
	for (unsigned j = 0; j < MATRIX; j += 4) {
		__m128d x = _mm_setzero_pd(), y = _mm_setzero_pd();

		for (unsigned k = 0; k < MATRIX; k++) {
			__m128d v = _mm_set1_pd(row[k]);

			x = _mm_add_pd(x, _mm_mul_pd(v, _mm_loadu_pd(&b[k][j])));
			y = _mm_add_pd(y, _mm_mul_pd(v, _mm_loadu_pd(&b[k][j + 2])));
		}
		_mm_storeu_pd(to + j, x);
		_mm_storeu_pd(to + j + 2, y);
	}
}

static uint64_t matrix(unsigned long n)
{
	double sum = 0;

	while (n--)
		for (unsigned i = 0; i < MATRIX; i++)
			row_times_matrix(a[i], product[i]);
	for (unsigned i = 0; i < MATRIX; i++)
		sum += product[i][i];
	return (uint64_t)sum;
}

static uint64_t x87(unsigned long n)
{
	long double x = 1, sum = 0;

	for (unsigned long i = 1; i <= n; i++) {
		x = x * 1.0000001L + 1.0L / (long double)i;
		sum += x - (long double)(i & 7);
	}
	return (uint64_t)(int64_t)sum;
}

/* ---- integers and memory ---- */

static int by_size(const void *x, const void *y)
{
	uint64_t u = *(const uint64_t *)x, v = *(const uint64_t *)y;

	return u < v ? -1 : u > v;
}

static void words_made(unsigned long n)
{
	(void)n;
	fill();
}

static uint64_t sort(unsigned long n)
{
	qsort(words, n, sizeof(words[0]), by_size);
	return words[n / 2];
}

/* Here and there, in order, and each place told by the one before. */
static uint64_t memory(unsigned long n)
{
	uint64_t sum = 0, at = 0;

	while (n--) {
		for (uint64_t i = 0; i < WORDS / 8; i++) {
			uint64_t k = i * 2654435761u % WORDS;

			sum += words[k] ^ words[k ^ 1];
			words[k ^ 2] = sum;
		}
		for (unsigned i = 0; i < WORDS; i++)
			sum += words[i];
		for (unsigned i = 0; i < WORDS / 8; i++)
			at = words[at] % WORDS;
	}
	return sum + at;
}

static unsigned long fib(unsigned long n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint64_t calls(unsigned long n)
{
	return fib(n);
}

/* A little machine of its own, with a switch in its middle. */
static uint64_t bytecode(unsigned long n)
{
	static const uint8_t code[] = {0, 3, 1, 4, 2, 5, 1, 6, 0, 7};
	uint64_t r[4] = {1, 2, 3, 4};

	for (unsigned pc = 0; n--; pc = pc + 1 == sizeof(code) ? 0 : pc + 1) {
		switch (code[pc]) {
		case 0:
			r[0] += r[1];
			break;
		case 1:
			r[1] ^= r[2];
			break;
		case 2:
			r[2] = r[3] * 3;
			break;
		case 3:
			r[3] -= r[0];
			break;
		case 4:
			r[0] = r[0] << 3 | r[0] >> 61;
			break;
		case 5:
			r[1]++;
			break;
		case 6:
			r[2] &= r[1];
			break;
		default:
			r[3] |= 1;
		}
	}
	return r[0] ^ r[1] ^ r[2] ^ r[3];
}

static uint64_t rep_strings(unsigned long n)
{
	uint8_t *from = (uint8_t *)words, *to = from + PIECE;
	uint64_t left = 0, len;
	void *s, *d;

	memset(from, 1, PIECE);
	while (n--) {
		from[PIECE - 1 - n % 64] = 0;
		s = from, d = to, len = PIECE;
		__asm__ volatile("rep movsb" : "+S"(s), "+D"(d), "+c"(len) : : "memory");
		s = from, d = to, len = PIECE;
		__asm__ volatile("repe cmpsb" : "+S"(s), "+D"(d), "+c"(len) : : "memory", "cc");
		left += len;
		d = to, len = PIECE;
		__asm__ volatile("repne scasb" : "+D"(d), "+c"(len) : "a"(0) : "memory", "cc");
		left += len;
		from[PIECE - 1 - n % 64] = 1;
		d = to, len = PIECE / 8;
		__asm__ volatile("rep stosq" : "+D"(d), "+c"(len) : "a"(n) : "memory");
	}
	return left + to[5];
}

static uint64_t libc_strings(unsigned long n)
{
	char *from = (char *)words + 3, *to = from + PIECE;
	uint64_t sum = 0;

	memset(from, 'x', TEXT);
	from[TEXT - 1] = 0;
	while (n--) {
		memcpy(to + n % 64, from, TEXT);
		sum += strlen(to + n % 64) + !strcmp(from, to + n % 64);
		sum += memchr(to + n % 64, 'y', TEXT) != NULL;
		to[n % 64] = 'y';
		sum += (uint64_t)(strchr(to + n % 64, 'y') - to);
	}
	return sum;
}

/* ---- threads ---- */

static void *thread(void *arg)
{
	uint64_t x = (uintptr_t)arg, table[256];

	for (unsigned i = 0; i < 256; i++)
		table[i] = x = next(x + i);
	for (unsigned long i = 0; i < 400000000; i++) {
		x = next(x);
		table[x & 255] += x;
	}
	return (void *)(uintptr_t)table[7];
}

static uint64_t threads(unsigned long n)
{
	pthread_t id[16];
	uint64_t sum = 0;
	void *ret;

	for (unsigned long i = 0; i < n && i < 16; i++)
		if (pthread_create(&id[i], NULL, thread, (void *)(uintptr_t)(i + 1)))
			exit(1);
	for (unsigned long i = 0; i < n && i < 16; i++) {
		pthread_join(id[i], &ret);
		sum += (uintptr_t)ret;
	}
	return sum;
}

static uint64_t nothing(unsigned long n)
{
	return n;
}

static const struct {
	const char *name;
	uint64_t (*work)(unsigned long n);
	void (*made)(unsigned long n); /* before the time is taken */
} works[] = {
	{"sha256", sha256, file_made},   {"coreutils", coreutils, file_made},
	{"shell", shell, NULL},          {"matrix", matrix, matrix_made},
	{"qsort", sort, words_made},     {"memory", memory, words_made},
	{"syscall", system_calls, NULL}, {"pipe", ping_pong, NULL},
	{"fork", fork_exec, NULL},       {"x87", x87, NULL},
	{"rep", rep_strings, NULL},      {"strings", libc_strings, NULL},
	{"calls", calls, NULL},          {"bytecode", bytecode, NULL},
	{"threads", threads, NULL},      {"nothing", nothing, NULL},
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int do_work(unsigned i, unsigned long n)
{
	static const char began[] = "work: began\n";
	uint64_t answer;
	double start;

	if (works[i].work == nothing)
		return 0;
	if (works[i].made)
		works[i].made(n);
	if (write(1, began, sizeof(began) - 1) < 0)
		return 1;
	tcdrain(1);
	start = now();
	answer = works[i].work(n);
	printf("work: ended %.6f %llx\n", now() - start, (unsigned long long)answer);
	return 0;
}

int main(int argc, char **argv)
{
	self = argv[0];
	for (unsigned i = 0; argc == 3 && i < sizeof(works) / sizeof(works[0]); i++)
		if (!strcmp(argv[1], works[i].name))
			return do_work(i, strtoul(argv[2], NULL, 0));
	return 2;
}
