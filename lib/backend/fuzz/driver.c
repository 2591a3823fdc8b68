/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Mutates good inputs, from a fixed seed: `fuzz_NAME [RUNS [SEED]]`.  Prints
 * TAP.  Each run depends on the seed and its number alone, so that a failure
 * comes again; the input that failed is written out as hex.
 *
 * With WGD_LIBFUZZER (tools/fuzz) the main is libFuzzer's, and all that is done
 * here is to write the good inputs into the folder $FUZZ_SEEDS.
 */
#include "lib/backend/fuzz/fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef RUNS
#define RUNS 100000
#endif
#define SEED 20261120
#define INPUT_MAX 8192

/* Where the sanitizers have it: called before they end the program. */
void __sanitizer_set_death_callback(void (*callback)(void))
	__attribute__((weak));

static uint8_t input[INPUT_MAX];
static size_t input_len;

#ifdef WGD_LIBFUZZER

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *folder = getenv("FUZZ_SEEDS");
	char path[4096];
	size_t i = 0;
	FILE *f;

	while (folder && (input_len = fuzz_seed(i, input, sizeof(input)))) {
		snprintf(path, sizeof(path), "%s/%zu", folder, i++);
		f = fopen(path, "w");
		if (!f || fwrite(input, input_len, 1, f) != 1 || fclose(f)) {
			perror(path);
			exit(1);
		}
	}
	return 0;
}

#else

static unsigned long run;
static uint64_t random_state;

static uint64_t rnd(void)
{
	/* splitmix64 */
	uint64_t z = random_state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static size_t below(size_t n)
{
	return n ? rnd() % n : 0;
}

static void show_input(void)
{
	fprintf(stderr, "run %lu, input of %zu bytes:\n", run, input_len);
	for (size_t i = 0; i < input_len; i++)
		fprintf(stderr, "%02x", input[i]);
	fprintf(stderr, "\n");
}

/* abort(3) goes on when this returns. */
static void aborted(int sig)
{
	show_input();
}

/* Numbers that are at some border. */
static const uint8_t borders[] = { 0, 1, 2, 3, 4, 5, 7, 8, 16, 32, 33, 127,
				   128, 129, 254, 255, '\n', '=', '-', '/' };

static void mutate(void)
{
	size_t at = below(input_len), n, from;

	switch (rnd() % 7) {
	case 0: /* turn a bit */
		if (input_len)
			input[at] ^= 1 << rnd() % 8;
		break;
	case 1: /* another byte */
		if (input_len)
			input[at] = rnd();
		break;
	case 2: /* a byte at a border */
		if (input_len)
			input[at] = borders[below(sizeof(borders))];
		break;
	case 3: /* cut the end off */
		input_len = at;
		break;
	case 4: /* take some out */
		n = below(input_len - at);
		memmove(input + at, input + at + n, input_len - at - n);
		input_len -= n;
		break;
	case 5: /* repeat some */
		n = below(input_len - at);
		if (n > sizeof(input) - input_len)
			n = sizeof(input) - input_len;
		memmove(input + at + n, input + at, input_len - at);
		input_len += n;
		break;
	case 6: /* copy some elsewhere */
		from = below(input_len);
		n = below(input_len - (at > from ? at : from));
		memmove(input + at, input + from, n);
		break;
	}
}

int main(int argc, char **argv)
{
	unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 0) : RUNS;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : SEED;
	size_t n_seeds = 0;

	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(show_input);
	signal(SIGABRT, aborted);
	while ((input_len = fuzz_seed(n_seeds, input, sizeof(input)))) {
		LLVMFuzzerTestOneInput(input, input_len);
		n_seeds++;
	}
	for (run = 0; run < runs; run++) {
		random_state = seed + run;
		input_len = fuzz_seed(below(n_seeds), input, sizeof(input));
		for (size_t n = 1 + below(6); n; n--)
			mutate();
		LLVMFuzzerTestOneInput(input, input_len);
	}
	printf("1..1\nok 1 - %lu mutations of %zu inputs, seed %llu\n", runs,
	       n_seeds, (unsigned long long)seed);
	return 0;
}

#endif
