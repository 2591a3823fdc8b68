/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames on the standard input, hexadecimal, one try a line, and an answer a
 * line: for tests/check-frames, which has a second implementation.
 *
 *   bytes	"none"; "more": it is not whole; or all of it in words, and as
 *		last word the frame once more, from what was read
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/core/wg_frame.h"

static void say_hex(const uint8_t *b, size_t len)
{
	size_t i;

	if (!len)
		printf("-");
	for (i = 0; i < len; i++)
		printf("%02x", b[i]);
}

static void say_place(const struct wg_endpoint *p)
{
	char text[WG_ADDR_STRLEN];

	printf(" %u/%s", p->port, wg_addr_str(&p->addr, text));
}

static void say_entries(const struct wg_frame *f)
{
	struct wg_directory_entry e;
	size_t i;

	for (i = 0; i < f->entries.n; i++) {
		wg_directory_entry_decode(f->entries.b + i * WG_DIRECTORY_ENTRY,
					  &e);
		printf(" %u/%u/%llu/", e.kind, e.member,
		       (unsigned long long)e.version);
		say_hex(e.hash, sizeof(e.hash));
	}
}

static void say_body(const struct wg_frame *f)
{
	uint8_t i;

	switch (f->kind) {
	case WG_FRAME_HELLO:
		printf(" %u %u ", f->hello.version, f->hello.member);
		say_hex(f->hello.hash, sizeof(f->hello.hash));
		break;
	case WG_FRAME_HAVE:
	case WG_FRAME_WANT:
		say_entries(f);
		break;
	case WG_FRAME_ITEM:
		printf(" ");
		say_hex(f->item.b, f->item.len);
		break;
	case WG_FRAME_KEEPALIVE:
		printf(" ");
		say_hex(f->hash, sizeof(f->hash));
		break;
	case WG_FRAME_CALL:
		printf(" %u %u %llu %u %u", f->call.to, f->call.from,
		       (unsigned long long)f->call.id, f->call.start_ms,
		       f->call.is_answer);
		for (i = 0; i < f->call.n; i++)
			say_place(&f->call.place[i]);
		break;
	case WG_FRAME_STATE:
		printf(" %u %u", f->state.member, f->state.connected);
		break;
	}
}

static void answer(const uint8_t *b, size_t len)
{
	static uint8_t again[WG_FRAME_MAX];
	struct wg_frame f;
	int n = wg_frame_decode(b, len, &f);

	if (n <= 0) {
		printf(n < 0 ? "none\n" : "more\n");
		return;
	}
	printf("%s", wg_frame_kind_str(f.kind));
	say_body(&f);
	printf(" ");
	say_hex(again, wg_frame_encode(&f, again));
	printf("\n");
}

static int digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c);

	if (!c || !at) {
		fprintf(stderr, "this is not hexadecimal\n");
		exit(1);
	}
	return at - digits;
}

int main(void)
{
	char *text = NULL;
	size_t size = 0, len, i;
	ssize_t n;
	uint8_t *b;

	while ((n = getline(&text, &size, stdin)) > 0) {
		len = (n - 1) / 2;
		/* of its own: what is read behind it is found */
		b = malloc(len + !len);
		if (!b)
			return 1;
		for (i = 0; i < len; i++)
			b[i] = digit(text[2 * i]) << 4 | digit(text[2 * i + 1]);
		answer(b, len);
		free(b);
		fflush(stdout);
	}
	free(text);
	return 0;
}
