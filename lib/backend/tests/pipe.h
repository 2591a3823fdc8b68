/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program that is asked on its standard input, a question a line, and answers
 * in as many lines: for a second implementation to compare with.  What a word
 * of a question is, the program says: hexadecimal, in lower case, or a number.
 */
#ifndef PIPE_H
#define PIPE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#define WORDS 5

/* The question's words, the first is its name; and those that were read. */
static char *word[WORDS];
static uint8_t bytes[WORDS][UINT16_MAX];
static size_t lens[WORDS];

struct pipe_question {
	const char *name;
	void (*answer)(void);
};

/* No word is no bytes. */
static inline const uint8_t *read_hex(size_t i)
{
	const char *hex = word[i] ? word[i] : "";

	if (sodium_hex2bin(bytes[i], sizeof(bytes[i]), hex, strlen(hex), NULL,
			   &lens[i], NULL) != 0) {
		fprintf(stderr, "this is not hexadecimal\n");
		exit(1);
	}
	return bytes[i];
}

static inline uint64_t number(size_t i)
{
	return word[i] ? strtoull(word[i], NULL, 0) : 0;
}

static inline void say_hex(const uint8_t *b, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		printf("%02x", b[i]);
	printf("\n");
}

/* Until there are no more; what main() returns. */
static inline int pipe_serve(const struct pipe_question *questions, size_t n)
{
	char *line = NULL;
	size_t size = 0, i;

	while (getline(&line, &size, stdin) > 0) {
		word[0] = strtok(line, " \n");
		for (i = 1; i < WORDS; i++)
			word[i] = strtok(NULL, " \n");
		for (i = 0; i < n; i++)
			if (word[0] && strcmp(word[0], questions[i].name) == 0)
				break;
		if (i == n) {
			fprintf(stderr, "no such question\n");
			return 1;
		}
		questions[i].answer();
		fflush(stdout);
	}
	free(line);
	return 0;
}

#endif
