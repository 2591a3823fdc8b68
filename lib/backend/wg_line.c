/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines.
 *
 * People carry them: by mail, by chat, through a terminal that breaks them.  So
 * a line that is damaged must say so, and say where if one can know, before
 * somebody suspects keys or firewalls.
 *
 * A line is taken apart into the values of its characters, 0 to 63, and put
 * together into bytes.  It is whole when the bytes begin like an item, the
 * length that this has is that of the line, and the 4 bytes behind it are its
 * hash; that 4 bytes are right by chance is one in 4 billion.  What is whole
 * goes to the checker of items.  A line that is not whole differs in the number
 * of its characters from what the item's length asks for, or not: lost,
 * surplus, changed.  To find the one character, wg_line_look makes each change
 * that would undo one mistake, some 90,000 for an invite, and looks whether
 * that is whole; as many chances, and still one in 50,000 to name a wrong one.
 *
 * Lines come from whoever sends them to the operator.  What is read is bounded
 * by WG_LINE_MAX characters that count, whatever is behind.  An invite's line
 * has the seed of its key: all copies of it are wiped, and errors name places,
 * never characters.
 */
#include "lib/backend/wg_line.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#define SUM_LEN 4
#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define BYTES_MAX (WG_LINE_ITEM_MAX + SUM_LEN)
/* the longest line, and one character that may be too many */
#define VALUES_MAX (WG_LINE_MAX + 1)

static const struct head {
	const char *text;
	uint8_t kind[2]; /* of the items that have such a line */
} heads[] = {
	{"wgmesh1:", {WG_ITEM_IS_INVITE, WG_ITEM_IS_ANSWER}},
	{"wgreq1:", {WG_ITEM_IS_REQUEST, WG_ITEM_IS_REQUEST}},
};

#define HEADS (sizeof(heads) / sizeof(heads[0]))

static const struct head *head_of(uint8_t kind)
{
	size_t i;

	for (i = 0; i < HEADS; i++)
		if (heads[i].kind[0] == kind || heads[i].kind[1] == kind)
			return &heads[i];
	return NULL;
}

static void sum_of(const uint8_t *item, size_t len, uint8_t ret[SUM_LEN])
{
	const struct wg_hash_of of = {"line", {{item, len}}};
	uint8_t hash[WG_ITEM_HASH_LEN];

	wg_hash(&of, hash, sizeof(hash));
	memcpy(ret, hash, SUM_LEN);
}

int wg_line_put(const uint8_t *item, char ret[WG_LINE_STRLEN])
{
	const struct head *head = head_of(wg_item_kind(item));
	size_t len = wg_item_len(item), n;
	uint8_t b[BYTES_MAX];

	if (!head || len > WG_LINE_ITEM_MAX)
		return -EINVAL;
	n = strlen(head->text);
	memcpy(ret, head->text, n);
	memcpy(b, item, len);
	sum_of(b, len, b + len);
	sodium_bin2base64(ret + n, WG_LINE_STRLEN - n, b, len + SUM_LEN,
			  VARIANT);
	sodium_memzero(b, sizeof(b));
	return 0;
}

/* --- reading */

/* The characters behind the head.  SECRET. */
struct values {
	const struct head *head;
	size_t n;
	uint8_t v[VALUES_MAX];
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A character's value; -1: it has none. */
static int value_of(char c)
{
	return c >= 'A' && c <= 'Z'   ? c - 'A'
	       : c >= 'a' && c <= 'z' ? c - 'a' + 26
	       : c >= '0' && c <= '9' ? c - '0' + 52
	       : c == '-'	      ? 62
	       : c == '_'	      ? 63
				      : -1;
}

static void fail(struct wg_line_error *e, enum wg_line_fault fault, size_t at)
{
	*e = (struct wg_line_error){fault, at};
}

static void take_apart(const char *line, struct values *ret,
		       struct wg_line_error *e)
{
	size_t i, head = 0;
	int value;

	ret->head = NULL;
	ret->n = 0;
	while (is_space(*line))
		line++;
	for (i = 0; i < HEADS && !ret->head; i++) {
		head = strlen(heads[i].text);
		if (strncmp(line, heads[i].text, head) == 0)
			ret->head = &heads[i];
	}
	if (!ret->head) {
		fail(e, WG_LINE_FOREIGN, 0);
		return;
	}
	for (line += head; *line; line++) {
		if (is_space(*line))
			continue;
		value = value_of(*line);
		if (value < 0) {
			fail(e, WG_LINE_CHARACTER, head + ret->n + 1);
			return;
		}
		if (ret->n == VALUES_MAX) {
			fail(e, WG_LINE_SURPLUS, 0);
			return;
		}
		ret->v[ret->n++] = value;
	}
}

/* Characters of so many bytes. */
static size_t chars_of(size_t bytes)
{
	return (bytes * 8 + 5) / 6;
}

/* The bytes, of which there are N * 6 / 8; false: bits are left over. */
static bool put_together(const uint8_t *v, size_t n, uint8_t *ret)
{
	unsigned bits = 0, have = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		bits = bits << 6 | v[i];
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		*ret++ = bits >> have;
		bits &= (1u << have) - 1;
	}
	return have < 6 && !bits;
}

/* The length of the item that they are, whole; 0: they are none. */
static size_t whole(const uint8_t *v, size_t n, uint8_t ret[BYTES_MAX])
{
	size_t len = n * 6 / 8;
	uint8_t sum[SUM_LEN];

	if (len < WG_ITEM_HEAD + SUM_LEN || len > BYTES_MAX)
		return 0;
	/* first what is cheap */
	put_together(v, chars_of(WG_ITEM_HEAD), ret);
	len -= SUM_LEN;
	if (wg_item_len(ret) != len || !put_together(v, n, ret))
		return 0;
	sum_of(ret, len, sum);
	return memcmp(sum, ret + len, SUM_LEN) == 0 ? len : 0;
}

/* It is not whole: too few, too many, or others? */
static void compare(const struct values *v, struct wg_line_error *e)
{
	uint8_t head[WG_ITEM_HEAD + 1] = {};
	size_t want = 0;

	if (v->n >= chars_of(WG_ITEM_HEAD)) {
		put_together(v->v, chars_of(WG_ITEM_HEAD), head);
		want = chars_of(wg_item_len(head) + SUM_LEN);
	}
	/* a length that no item with a line has is another one by mistake */
	if (want > chars_of(BYTES_MAX))
		want = v->n;
	if (!want || v->n < want) {
		fail(e, WG_LINE_LOST, 0);
		e->missing = want ? want - v->n : 0;
	} else {
		fail(e, v->n > want ? WG_LINE_SURPLUS : WG_LINE_CHANGED, 0);
	}
}

static void check(const struct head *head, const uint8_t *item, size_t len,
		  struct wg_line_error *e)
{
	enum wg_item_fault fault = wg_item_check(item, len);

	if (!fault && head_of(wg_item_kind(item)) != head)
		fault = WG_ITEM_OTHER_KIND;
	if (!fault)
		return;
	fail(e, WG_LINE_NO_ITEM, 0);
	e->item = fault;
}

int wg_line_get(const char *line, uint8_t ret[WG_LINE_ITEM_MAX],
		size_t *ret_len, struct wg_line_error *ret_error)
{
	struct wg_line_error e = {};
	uint8_t item[BYTES_MAX];
	struct values v;
	size_t len = 0;

	take_apart(line, &v, &e);
	if (!e.fault) {
		len = whole(v.v, v.n, item);
		if (len)
			check(v.head, item, len, &e);
		else
			compare(&v, &e);
	}
	if (!e.fault) {
		memcpy(ret, item, len);
		*ret_len = len;
	} else {
		sodium_memzero(ret, WG_LINE_ITEM_MAX);
		*ret_error = e;
	}
	sodium_memzero(&v, sizeof(v));
	sodium_memzero(item, sizeof(item));
	return e.fault ? -EINVAL : 0;
}

/* --- which character it was */

/* One of the lines that this one may have been. */
struct guess {
	const struct values *had;
	struct values now;
	uint8_t item[BYTES_MAX];
};

static bool is_whole(struct guess *g)
{
	return whole(g->now.v, g->now.n, g->item);
}

/* Any character there. */
static bool any_at(struct guess *g, size_t i)
{
	for (g->now.v[i] = 0; g->now.v[i] < 64; g->now.v[i]++)
		if (is_whole(g))
			return true;
	return false;
}

static bool was_lost(struct guess *g, size_t i)
{
	const struct values *had = g->had;

	if (had->n == VALUES_MAX)
		return false;
	g->now.n = had->n + 1;
	memcpy(g->now.v, had->v, i);
	memcpy(g->now.v + i + 1, had->v + i, had->n - i);
	return any_at(g, i);
}

static bool was_surplus(struct guess *g, size_t i)
{
	const struct values *had = g->had;

	if (i == had->n)
		return false;
	g->now.n = had->n - 1;
	memcpy(g->now.v, had->v, i);
	memcpy(g->now.v + i, had->v + i + 1, had->n - i - 1);
	return is_whole(g);
}

static bool was_changed(struct guess *g, size_t i)
{
	const struct values *had = g->had;

	if (i == had->n)
		return false;
	g->now = *had;
	if (any_at(g, i))
		return true;
	/* or with the next one */
	if (i + 1 == had->n)
		return false;
	g->now.v[i] = had->v[i + 1];
	g->now.v[i + 1] = had->v[i];
	return is_whole(g);
}

void wg_line_look(const char *line, struct wg_line_error *error)
{
	static const struct {
		enum wg_line_fault fault;
		bool (*was)(struct guess *g, size_t i);
	} mistakes[] = {
		{WG_LINE_CHANGED, was_changed},
		{WG_LINE_LOST, was_lost},
		{WG_LINE_SURPLUS, was_surplus},
	};
	struct wg_line_error e = {};
	struct values v;
	struct guess g = {&v};
	size_t i, m;

	take_apart(line, &v, &e);
	for (i = 0; !e.fault && i <= v.n; i++)
		for (m = 0; m < 3 && !e.fault; m++)
			if (mistakes[m].was(&g, i))
				fail(&e, mistakes[m].fault,
				     strlen(v.head->text) + i + 1);
	if (e.at && e.fault != WG_LINE_CHARACTER) {
		e.missing = e.fault == WG_LINE_LOST;
		*error = e;
	}
	sodium_memzero(&v, sizeof(v));
	sodium_memzero(&g, sizeof(g));
}

char *wg_line_error_str(const struct wg_line_error *e,
			char buf[WG_LINE_ERROR_STRLEN])
{
	static const struct {
		const char *known, *unknown; /* the character */
	} texts[WG_LINE_FAULTS] = {
		[WG_LINE_OK] = {"", "nothing is wrong"},
		[WG_LINE_FOREIGN] = {"",
				     "no line of a mesh: those begin with "
				     "wgmesh1: or wgreq1:"},
		[WG_LINE_CHARACTER] = {"character %zu is none that such a "
				       "line has",
				       ""},
		[WG_LINE_LOST] = {"a character is missing, the %zuth",
				  "characters are missing"},
		[WG_LINE_SURPLUS] = {"character %zu is one too many",
				     "there are too many characters"},
		[WG_LINE_CHANGED] = {"character %zu is another one than it "
				     "was, or changed places with the next",
				     "characters are others than they were"},
	};

	assert(e->fault < WG_LINE_FAULTS);
	if (e->fault == WG_LINE_NO_ITEM)
		snprintf(buf, WG_LINE_ERROR_STRLEN,
			 "the line is whole, but what it holds is no item: %s",
			 wg_item_fault_str(e->item));
	else if (e->fault == WG_LINE_LOST && !e->at && e->missing)
		snprintf(buf, WG_LINE_ERROR_STRLEN,
			 "%zu characters are missing", e->missing);
	else if (e->at)
		snprintf(buf, WG_LINE_ERROR_STRLEN, texts[e->fault].known,
			 e->at);
	else
		snprintf(buf, WG_LINE_ERROR_STRLEN, "%s",
			 texts[e->fault].unknown);
	return buf;
}
