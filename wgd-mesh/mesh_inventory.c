/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines are kept as they are, and the members beside them: what is written
 * back differs from what was read in the words that were filled in and in
 * nothing else.
 *
 * A line is a row of words.  The first is the name, whatever it is ("hub" may
 * be one); digits alone are the number, and must be the second; then addresses
 * until the first keyword.
 *
 * Who wrote the file may be a program with a mistake in it, so nothing is
 * guessed and no line is left out: the first that is not understood refuses
 * all.  A reason shows what is wrong as it stands, up to 64 characters, and
 * anything that is not printable as '?'.
 */
#include "wgd-mesh/mesh_inventory.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANK " \t"

/* --- words */

struct words {
	const char *at; /* what is left of the line */
	char word[256]; /* the last one that was taken; "": there was none */
};

/* The next word; false at the end of the line. */
static bool next(struct words *w)
{
	size_t n, i;

	w->at += strspn(w->at, BLANK);
	n = strcspn(w->at, BLANK);
	for (i = 0; i < n && i < sizeof(w->word) - 1; i++)
		w->word[i] = isprint((unsigned char)w->at[i]) ? w->at[i] : '?';
	w->word[i] = '\0';
	w->at += n;
	return n > 0;
}

static int bad(struct mesh_why *why, const char *word, const char *reason)
{
	return mesh_because(why, -EINVAL, "%.64s%s%s", word, *word ? ": " : "",
			    reason);
}

/* Decimal, no sign, no zero in front, at most MAX. */
static bool number_of(const char *s, uint64_t max, uint32_t *ret)
{
	uint64_t n = 0;

	if (!*s || (*s == '0' && s[1]))
		return false;
	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return false;
		n = n * 10 + *s - '0';
		if (n > max)
			return false;
	}
	*ret = n;
	return true;
}

/* What may not be in a certificate is refused by who checks certificates. */
static bool is_text(uint8_t type, const char *s)
{
	struct wg_item_tlv tlv = {type, {(const uint8_t *)s, strlen(s)}};

	return wg_item_value_check(&tlv) == WG_ITEM_OK;
}

static bool is_host(const char *s)
{
	uint8_t b[32 + 2 + WG_ITEM_HOST_MAX + 1] = {[33] = 1};
	struct wg_item_tlv door = {WG_ITEM_DOOR, {b, 34 + strlen(s)}};
	struct wg_addr a;

	if (strlen(s) > WG_ITEM_HOST_MAX)
		return false;
	if (!wg_addr_parse(s, &a))
		return !wg_addr_unfit(&a, WG_USE_ENDPOINT);
	/* 1.2.3 and 10.0.0.256 are no names, resolvers take them for addresses
	 */
	if (!s[strspn(s, "0123456789.")] || strchr(s, ':'))
		return false;
	memcpy(b + 34, s, strlen(s));
	return wg_item_value_check(&door) == WG_ITEM_OK;
}

/* --- prefixes */

char *mesh_prefix_str(const struct mesh_prefix *p, char *ret)
{
	char text[WG_PREFIX_STRLEN];

	wg_prefix_str(&p->prefix, text);
	if (p->longest == p->prefix.len)
		snprintf(ret, MESH_PREFIX_STRLEN, "%s", text);
	else
		snprintf(ret, MESH_PREFIX_STRLEN, "%s le %u", text, p->longest);
	return ret;
}

/* A prefix and perhaps "le N", and not a word more. */
static int take_prefix(struct words *w, struct mesh_prefix *ret,
		       struct mesh_why *why)
{
	struct mesh_prefix p;
	struct words ahead;
	char shown[WG_PREFIX_STRLEN];
	uint32_t longest;

	if (!next(w))
		return bad(why, "", "a prefix is missing behind `prefix`");
	if (!strchr(w->word, '/') || wg_prefix_parse(w->word, &p.prefix))
		return bad(why, w->word, "not a prefix such as 192.168.0.0/16");
	if (wg_prefix_mask(&p.prefix))
		return mesh_because(why, -EINVAL,
				    "%.64s: has host bits; %s is meant",
				    w->word, wg_prefix_str(&p.prefix, shown));
	if (wg_prefix_is_martian(&p.prefix))
		return bad(why, w->word, "cannot be behind a member");
	p.longest = p.prefix.len;
	ahead = *w;
	if (next(&ahead) && strcmp(ahead.word, "le") == 0) {
		*w = ahead;
		if (!next(w))
			return bad(why, "", "a length is missing behind `le`");
		if (!number_of(w->word, wg_family_bits(p.prefix.family),
			       &longest) ||
		    longest < p.prefix.len)
			return mesh_because(
				why, -EINVAL,
				"le %.64s: not a length from %u to %u", w->word,
				p.prefix.len, wg_family_bits(p.prefix.family));
		p.longest = longest;
	}
	*ret = p;
	return 0;
}

int mesh_prefix_parse(const char *text, struct mesh_prefix *ret,
		      struct mesh_why *why)
{
	struct words w = {text, ""};
	struct mesh_prefix p;
	int rc = take_prefix(&w, &p, why);

	if (!rc && next(&w))
		rc = bad(why, w.word, "not `le N`");
	if (!rc)
		*ret = p;
	return rc;
}

/* --- a line */

static int take_address(const char *word, struct mesh_member *m,
			struct mesh_why *why)
{
	struct mesh_address a = {0};
	struct wg_prefix p;
	const char *unfit;
	unsigned i;

	if (wg_prefix_parse(word, &p))
		return bad(why, word,
			   "not a number, an address, `hub` or `prefix`");
	a.addr.family = p.family;
	memcpy(a.addr.b, p.b, sizeof(a.addr.b));
	a.len = strchr(word, '/') ? p.len : 0;
	unfit = wg_addr_unfit(&a.addr, WG_USE_ADDRESS);
	if (!unfit && wg_addr_is_linklocal(&a.addr))
		unfit = "is a link-local address, which WireGuard's key gives";
	if (unfit)
		return mesh_because(why, -EINVAL, "%.64s %s", word, unfit);
	if (strchr(word, '/') && !a.len)
		return bad(why, word, "not the length of a network");
	for (i = 0; i < m->n_addresses; i++)
		if (wg_addr_same(&m->addresses[i].addr, &a.addr))
			return bad(why, word, "stands twice");
	if (m->n_addresses == MESH_ADDRESSES)
		return bad(why, word, "a member has at most 4 addresses");
	m->addresses[m->n_addresses++] = a;
	return 0;
}

static int take_hub(struct words *w, struct mesh_member *m,
		    struct mesh_why *why)
{
	struct words ahead;
	uint32_t port;

	if (*m->host)
		return bad(why, "hub", "stands twice");
	if (!next(w))
		return bad(why, "", "a host is missing behind `hub`");
	if (!is_host(w->word))
		return bad(why, w->word,
			   "not an address or a name of at most 64 characters");
	strcpy(m->host, w->word);
	m->door = MESH_DOOR;
	ahead = *w;
	if (next(&ahead) && strcmp(ahead.word, "door") == 0) {
		*w = ahead;
		if (!next(w))
			return bad(why, "", "a port is missing behind `door`");
		if (!number_of(w->word, UINT16_MAX, &port) || !port)
			return bad(why, w->word, "not a port");
		m->door = port;
	}
	return 0;
}

static int take_member_prefix(struct words *w, struct mesh_member *m,
			      struct mesh_why *why)
{
	char shown[WG_PREFIX_STRLEN];
	struct mesh_prefix p;
	int rc = take_prefix(w, &p, why);
	unsigned i;

	if (rc)
		return rc;
	for (i = 0; i < m->n_prefixes; i++)
		if (wg_prefix_same(&m->prefixes[i].prefix, &p.prefix))
			return bad(why, wg_prefix_str(&p.prefix, shown),
				   "stands twice");
	if (m->n_prefixes == MESH_PREFIXES)
		return bad(why, wg_prefix_str(&p.prefix, shown),
			   "so many prefixes do not fit into a certificate");
	m->prefixes[m->n_prefixes++] = p;
	return 0;
}

/* 1: a member, 0: a comment, -EINVAL: reason without file and line. */
static int parse_line(const char *line, struct mesh_member *m,
		      struct mesh_why *why)
{
	char *text = strdup(line);
	struct words w = {text, ""};
	bool keyword = false;
	int rc = 0;

	assert(text);
	text[strcspn(text, "#")] = '\0';
	if (!next(&w)) {
		free(text);
		return 0;
	}
	if (is_text(WG_ITEM_NAME, w.word))
		strcpy(m->name, w.word);
	else
		rc = bad(
			why, w.word,
			"not a name: 1 to 63 letters, digits and _ . : @ -, the first a letter, a digit or _");
	while (!rc && next(&w)) {
		bool digits = w.word[strspn(w.word, "0123456789")] == '\0';

		if (strcmp(w.word, "hub") == 0) {
			keyword = true;
			rc = take_hub(&w, m, why);
		} else if (strcmp(w.word, "prefix") == 0) {
			keyword = true;
			rc = take_member_prefix(&w, m, why);
		} else if (keyword) {
			rc = bad(why, w.word, "not `hub` or `prefix`");
		} else if (digits && !m->number && !m->n_addresses) {
			if (!number_of(w.word, UINT32_MAX, &m->number) ||
			    !m->number)
				rc = bad(why, w.word,
					 "not a number from 1 to 4294967295");
		} else {
			rc = take_address(w.word, m, why);
		}
	}
	free(text);
	return rc ? rc : 1;
}

/* --- the file */

/* The line becomes the inventory's. */
static int put_line(struct mesh_inventory *inv, char *line,
		    struct mesh_why *why)
{
	struct mesh_member m = {.line = inv->n_lines + 1};
	struct mesh_why reason;
	int rc = parse_line(line, &m, &reason);

	if (rc < 0) {
		free(line);
		return mesh_because(why, rc, "members:%u: %.400s", m.line,
				    reason.text);
	}
	/* room for twice as many at each power of two */
	if ((inv->n_lines & (inv->n_lines - 1)) == 0)
		inv->lines = realloc(inv->lines, (inv->n_lines * 2 + 1) *
							 sizeof(*inv->lines));
	if (rc && (inv->n_members & (inv->n_members - 1)) == 0)
		inv->members =
			realloc(inv->members, (inv->n_members * 2 + 1) *
						      sizeof(*inv->members));
	assert(inv->lines && (!rc || inv->members));
	inv->lines[inv->n_lines++] = line;
	if (rc)
		inv->members[inv->n_members++] = m;
	return 0;
}

int mesh_inventory_parse(const struct mesh_bytes *text,
			 struct mesh_inventory *ret, struct mesh_why *why)
{
	struct mesh_inventory inv = {0};
	const char *at = text->b, *end = text->b + text->len;
	int rc = 0;

	while (!rc && at < end) {
		const char *newline = memchr(at, '\n', end - at);
		size_t n = (newline ? newline : end) - at;

		if (memchr(at, '\0', n) || memchr(at, '\r', n))
			rc = mesh_because(
				why, -EINVAL,
				"members:%zu: a character that is none of text, or of another system's",
				inv.n_lines + 1);
		else
			rc = put_line(&inv, strndup(at, n), why);
		at += n + 1;
	}
	if (!rc)
		rc = mesh_inventory_check(&inv, why);
	if (rc)
		mesh_inventory_free(&inv);
	else
		*ret = inv;
	return rc;
}

void mesh_inventory_free(struct mesh_inventory *inv)
{
	size_t i;

	for (i = 0; i < inv->n_lines; i++)
		free(inv->lines[i]);
	free(inv->lines);
	free(inv->members);
	*inv = (struct mesh_inventory){0};
}

void mesh_inventory_text(const struct mesh_inventory *inv,
			 struct mesh_bytes *ret)
{
	struct mesh_bytes text = {0};
	size_t i;

	for (i = 0; i < inv->n_lines; i++)
		text.len += strlen(inv->lines[i]) + 1;
	text.b = malloc(text.len + 1);
	assert(text.b);
	text.len = 0;
	for (i = 0; i < inv->n_lines; i++)
		text.len += sprintf(text.b + text.len, "%s\n", inv->lines[i]);
	text.b[text.len] = '\0';
	*ret = text;
}

struct mesh_member *mesh_inventory_find(const struct mesh_inventory *inv,
					const char *name)
{
	size_t i;

	for (i = 0; i < inv->n_members; i++)
		if (strcmp(inv->members[i].name, name) == 0)
			return &inv->members[i];
	return NULL;
}

int mesh_inventory_add(struct mesh_inventory *inv, const char *line,
		       struct mesh_why *why)
{
	size_t members = inv->n_members;
	int rc = put_line(inv, strdup(line), why);

	if (rc)
		return rc;
	rc = mesh_inventory_check(inv, why);
	if (rc) {
		free(inv->lines[--inv->n_lines]);
		inv->n_members = members;
	}
	return rc;
}

/* --- filling in */

void mesh_inventory_fill(struct mesh_inventory *inv,
			 const struct mesh_member *member,
			 const struct mesh_member *had)
{
	char **line = &inv->lines[member->line - 1];
	char number[16] = "", addresses[MESH_ADDRESSES * (WG_ADDR_STRLEN + 8)];
	size_t at = strspn(*line, BLANK), at_number, n = 0;
	char text[WG_ADDR_STRLEN], *new;
	unsigned i;

	at += strcspn(*line + at, BLANK "#");
	at_number = at;
	if (had->number) {
		at += strspn(*line + at, BLANK);
		at += strcspn(*line + at, BLANK "#");
	} else {
		snprintf(number, sizeof(number), " %u", member->number);
	}
	addresses[0] = '\0';
	for (i = had->n_addresses; !had->n_addresses && i < member->n_addresses;
	     i++)
		n += sprintf(addresses + n, " %s",
			     wg_addr_str(&member->addresses[i].addr, text));
	if (asprintf(&new, "%.*s%s%.*s%s%s", (int)at_number, *line, number,
		     (int)(at - at_number), *line + at_number, addresses,
		     *line + at) < 0)
		abort();
	free(*line);
	*line = new;
}
