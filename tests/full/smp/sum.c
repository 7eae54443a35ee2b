/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sum MIB PASSES THREADS: a checksum of memory that threads fill and read together. Whoever is free
 * takes the next block; each pass reads blocks that another thread has likely written. Counts by a
 * mutex, by an atomic addition and by compare-and-exchange have to agree. What is printed depends
 * on MIB and PASSES alone.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 8192, WORDS = BLOCK / 8, THREADS_MAX = 64 };

static uint64_t *memory;
static unsigned blocks, passes;
static atomic_uint next_block;
static atomic_uint_fast64_t sum, added, exchanged;
static uint64_t counted; /* under lock */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static unsigned threads, waiting, generation; /* under lock */

/* All have come, then all go on. */
static void meet(void)
{
	unsigned mine;

	pthread_mutex_lock(&lock);
	mine = generation;
	if (++waiting == threads) {
		waiting = 0;
		generation++;
		atomic_store(&next_block, 0);
		pthread_cond_broadcast(&changed);
	}
	while (mine == generation)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void count(uint64_t n)
{
	uint_fast64_t seen = atomic_load(&exchanged);

	pthread_mutex_lock(&lock);
	counted += n;
	pthread_mutex_unlock(&lock);
	atomic_fetch_add(&added, n);
	while (!atomic_compare_exchange_weak(&exchanged, &seen, seen + n))
		;
}

/* Its new words are those of the block that was far from it in the pass before. */
static void work(unsigned block, unsigned pass)
{
	const uint64_t *from = memory + (size_t)((block * 7 + 3) % blocks) * WORDS;
	uint64_t *to = memory + ((size_t)blocks + block) * WORDS, h = block * 2654435761u + pass;

	if (pass & 1) {
		from += (size_t)blocks * WORDS;
		to -= (size_t)blocks * WORDS;
	}
	for (unsigned i = 0; i < WORDS; i++) {
		h = (h ^ from[i]) * 6364136223846793005u + 1442695040888963407u;
		h ^= h >> 29;
		to[i] = h;
	}
	atomic_fetch_xor(&sum, h);
	count(h & 0xffff);
}

static void *thread(void *arg)
{
	unsigned block;

	for (unsigned pass = 0; pass < passes; pass++) {
		meet();
		while ((block = atomic_fetch_add(&next_block, 1)) < blocks)
			work(block, pass);
	}
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t id[THREADS_MAX];

	if (argc != 4)
		return 2;
	blocks = (unsigned)atoi(argv[1]) * (1048576 / BLOCK);
	passes = (unsigned)atoi(argv[2]);
	threads = (unsigned)atoi(argv[3]);
	memory = calloc((size_t)blocks * 2, BLOCK);
	if (!memory || !blocks || !threads || threads > THREADS_MAX)
		return 2;
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&id[i], NULL, thread, NULL))
			return 1;
	for (unsigned i = 0; i < threads; i++)
		pthread_join(id[i], NULL);
	printf("%016" PRIxFAST64 " %" PRIu64 " %" PRIuFAST64 " %" PRIuFAST64 "\n",
	       atomic_load(&sum), counted, atomic_load(&added), atomic_load(&exchanged));
	free(memory);
	return counted != atomic_load(&added) || counted != atomic_load(&exchanged);
}
