/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzzer is one function on bytes (LLVM's convention) and some good inputs
 * to begin with.  With clang and -fsanitize=fuzzer it is complete; for
 * `make check` driver.c runs a bounded number of mutations from a fixed seed,
 * under the sanitizers of gcc.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Good input number i into buf; its length, 0: there are no more. */
size_t fuzz_seed(size_t i, uint8_t *buf, size_t size);

/* Also without assert(3): a fuzzer has no other way to say no. */
#define CHECK(x)                                                               \
	do {                                                                   \
		if (!(x)) {                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
				#x);                                           \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
