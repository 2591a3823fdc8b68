/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two sorted arrays: members by number, addresses by themselves.  Numbers are
 * given upwards, so a new one goes to the end; an address may go anywhere,
 * which moves what is behind it, a matter of microseconds for thousands.
 *
 * The file is the tool's own, but a disk or an editor may have been at it: the
 * parser takes nothing that the writer would not have written, comments
 * excepted.
 */
#include "wgd-mesh/mesh_ledger.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/wg_keys.h"

/* --- the arrays */

/* Room for one more at each power of two. */
static void *room(void *array, size_t n, size_t size)
{
	if ((n & (n - 1)) == 0)
		array = realloc(array, (2 * n + 1) * size);
	assert(array);
	return array;
}

/* The first that is not below the number. */
static size_t first_number(const struct mesh_ledger *l, uint32_t number)
{
	size_t low = 0, high = l->n_given;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (l->given[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int addr_cmp(const struct wg_addr *a, const struct wg_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->b, b->b, sizeof(a->b));
}

static size_t first_address(const struct mesh_ledger *l,
			    const struct wg_addr *addr)
{
	size_t low = 0, high = l->n_addresses;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (addr_cmp(&l->addresses[mid].addr, addr) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct mesh_given *mesh_ledger_number(const struct mesh_ledger *l,
				      uint32_t number)
{
	size_t i = first_number(l, number);

	return i < l->n_given && l->given[i].number == number ? &l->given[i]
							      : NULL;
}

struct mesh_given *mesh_ledger_name(const struct mesh_ledger *l,
				    const char *name)
{
	struct mesh_given *found = NULL;
	size_t i;

	for (i = 0; i < l->n_given; i++)
		if (strcmp(l->given[i].name, name) == 0 &&
		    (!found || found->revoked || !l->given[i].revoked))
			found = &l->given[i];
	return found;
}

uint32_t mesh_ledger_address(const struct mesh_ledger *l,
			     const struct wg_addr *addr)
{
	size_t i = first_address(l, addr);

	return i < l->n_addresses && wg_addr_same(&l->addresses[i].addr, addr)
		       ? l->addresses[i].number
		       : 0;
}

struct mesh_given *mesh_ledger_give(struct mesh_ledger *l, uint32_t number,
				    const char *name)
{
	size_t i = first_number(l, number);

	assert(!mesh_ledger_number(l, number));
	l->given = room(l->given, l->n_given, sizeof(*l->given));
	memmove(l->given + i + 1, l->given + i,
		(l->n_given++ - i) * sizeof(*l->given));
	l->given[i] = (struct mesh_given){.number = number};
	snprintf(l->given[i].name, sizeof(l->given[i].name), "%s", name);
	return &l->given[i];
}

void mesh_ledger_give_address(struct mesh_ledger *l, const struct wg_addr *addr,
			      uint32_t number)
{
	size_t i = first_address(l, addr);
	uint32_t has = mesh_ledger_address(l, addr);

	assert(!has || has == number);
	if (has)
		return;
	l->addresses =
		room(l->addresses, l->n_addresses, sizeof(*l->addresses));
	memmove(l->addresses + i + 1, l->addresses + i,
		(l->n_addresses++ - i) * sizeof(*l->addresses));
	l->addresses[i] = (struct mesh_given_address){*addr, number};
}

uint8_t mesh_ledger_hub(const struct mesh_ledger *l)
{
	unsigned hub;
	size_t i;

	for (hub = 1; hub <= MESH_HUBS; hub++) {
		for (i = 0; i < l->n_given && l->given[i].hub != hub;)
			i++;
		if (i == l->n_given)
			return hub;
	}
	return 0;
}

void mesh_ledger_free(struct mesh_ledger *l)
{
	free(l->given);
	free(l->addresses);
	*l = (struct mesh_ledger){0};
}

/* --- networks */

bool mesh_ledger_is_network(const struct wg_prefix *p)
{
	struct wg_prefix masked = *p;
	bool is_linklocal = p->family == AF_INET6 && p->b[0] == 0xfe &&
			    (p->b[1] & 0xc0) == 0x80;

	return !wg_prefix_mask(&masked) && !wg_prefix_is_martian(p) &&
	       p->len >= 8 && p->len < wg_family_bits(p->family) &&
	       !is_linklocal;
}

bool mesh_ledger_overlaps(const struct mesh_ledger *l,
			  const struct wg_prefix *p)
{
	unsigned i;

	for (i = 0; i < l->n_networks; i++)
		if (wg_prefix_covers(p, &l->networks[i]) ||
		    wg_prefix_covers(&l->networks[i], p))
			return true;
	return false;
}

/* --- reading */

/* The next word of the line, which is cut up; NULL: there is none. */
static char *next(char **at)
{
	return strtok_r(NULL, " ", at);
}

static bool number_of(const char *s, uint32_t *ret)
{
	uint64_t n = 0;

	if (!s || !*s || (*s == '0' && s[1]) || strlen(s) > 10)
		return false;
	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return false;
		n = n * 10 + *s - '0';
	}
	if (n > UINT32_MAX)
		return false;
	*ret = n;
	return true;
}

static const char *take_network(struct mesh_ledger *l, char **at)
{
	char *word = next(at);
	struct wg_prefix p;

	if (!word || wg_prefix_parse(word, &p) || !mesh_ledger_is_network(&p))
		return "not a network";
	if (mesh_ledger_overlaps(l, &p))
		return "a network that overlaps another one";
	if (l->n_networks == MESH_NETWORKS)
		return "more than four networks";
	l->networks[l->n_networks++] = p;
	return NULL;
}

static const char *take_member(struct mesh_ledger *l, char **at)
{
	char *word = next(at), *name = next(at);
	struct wg_item_tlv tlv = {WG_ITEM_NAME};
	struct mesh_given *given;
	struct wg_addr addr;
	uint32_t number, hub;

	if (!number_of(word, &number) || !number)
		return "not a number";
	if (mesh_ledger_number(l, number))
		return "a number that was given already";
	tlv.value = (struct wg_span){(uint8_t *)name, name ? strlen(name) : 0};
	if (!name || wg_item_value_check(&tlv) != WG_ITEM_OK)
		return "not a name";
	given = mesh_ledger_give(l, number, name);
	for (word = next(at); word; word = next(at)) {
		if (strcmp(word, "hub") == 0) {
			if (!number_of(next(at), &hub) || !hub ||
			    hub > MESH_HUBS || given->hub)
				return "not a hub number";
			given->hub = hub;
		} else if (wg_addr_parse(word, &addr)) {
			return "not an address";
		} else if (mesh_ledger_address(l, &addr)) {
			return "an address that was given already";
		} else {
			mesh_ledger_give_address(l, &addr, number);
		}
	}
	return NULL;
}

static const char *take_key(struct wg_key *key, char **at)
{
	char *word = next(at);

	if (!wg_key_is_zero(key))
		return "stands twice";
	return word && !wg_key_parse(word, key) ? NULL : "not a key";
}

static const char *take_line(struct mesh_ledger *l, char *line)
{
	char *at, *word = strtok_r(line, " ", &at);
	const char *wrong;

	if (!word || *word == '#')
		return NULL;
	if (strcmp(word, "network") == 0)
		wrong = take_network(l, &at);
	else if (strcmp(word, "first-authority") == 0)
		wrong = take_key(&l->first, &at);
	else if (strcmp(word, "recovery") == 0)
		wrong = take_key(&l->recovery, &at);
	else if (strcmp(word, "serial") == 0)
		wrong = number_of(next(&at), &l->serial) ? NULL : "no number";
	else if (strcmp(word, "list") == 0)
		wrong = number_of(next(&at), &l->list) ? NULL : "no number";
	else if (strcmp(word, "authority") == 0)
		wrong = number_of(next(&at), &l->authority) ? NULL
							    : "no number";
	else if (strcmp(word, "member") == 0)
		wrong = take_member(l, &at);
	else
		return "a word that no ledger has";
	return wrong ? wrong : next(&at) ? "words too many" : NULL;
}

int mesh_ledger_parse(const struct mesh_bytes *text, struct mesh_ledger *ret,
		      struct mesh_why *why)
{
	char *copy = malloc(text->len + 1), *at, *line;
	struct mesh_ledger l = {0};
	const char *wrong = NULL;
	unsigned n = 0;

	assert(copy);
	memcpy(copy, text->b, text->len + 1);
	if (memchr(copy, '\0', text->len))
		wrong = "a character that is none of text";
	for (at = copy; !wrong && (line = strsep(&at, "\n"));) {
		n++;
		wrong = take_line(&l, line);
	}
	free(copy);
	if (!wrong && (!l.n_networks || wg_key_is_zero(&l.first) ||
		       wg_key_is_zero(&l.recovery)))
		wrong = "the file ends without network, first-authority or recovery";
	if (wrong) {
		mesh_ledger_free(&l);
		return mesh_because(why, -EINVAL, "ledger:%u: %s", n, wrong);
	}
	*ret = l;
	return 0;
}

/* --- writing */

static int by_number(const void *a, const void *b)
{
	const struct mesh_given_address *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return addr_cmp(&x->addr, &y->addr);
}

void mesh_ledger_text(const struct mesh_ledger *l, struct mesh_bytes *ret)
{
	char key[WG_KEY_STRLEN], text[WG_PREFIX_STRLEN];
	struct mesh_given_address *of;
	struct mesh_bytes out;
	FILE *f = open_memstream(&out.b, &out.len);
	size_t i, k = 0;

	of = calloc(l->n_addresses + 1, sizeof(*of));
	assert(f && of);
	if (l->n_addresses)
		memcpy(of, l->addresses, l->n_addresses * sizeof(*of));
	qsort(of, l->n_addresses, sizeof(*of), by_number);
	fputs("# Written by wgd-mesh, which keeps in it what it ever gave.\n",
	      f);
	for (i = 0; i < l->n_networks; i++)
		fprintf(f, "network %s\n",
			wg_prefix_str(&l->networks[i], text));
	fprintf(f, "first-authority %s\n", wg_key_str(&l->first, key));
	fprintf(f, "recovery %s\n", wg_key_str(&l->recovery, key));
	fprintf(f, "serial %u\nlist %u\nauthority %u\n", l->serial, l->list,
		l->authority);
	for (i = 0; i < l->n_given; i++) {
		fprintf(f, "member %u %s", l->given[i].number,
			l->given[i].name);
		if (l->given[i].hub)
			fprintf(f, " hub %u", l->given[i].hub);
		for (; k < l->n_addresses && of[k].number == l->given[i].number;
		     k++)
			fprintf(f, " %s", wg_addr_str(&of[k].addr, text));
		fputc('\n', f);
	}
	free(of);
	if (fclose(f))
		abort();
	*ret = out;
}
