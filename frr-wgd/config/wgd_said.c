// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hash of (leaf, value), with a copy of the peer's name: the tree that it
 * was made from may change while it lives (wgd_check.c).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "jhash.h"
#include "typesafe.h"

#include "frr-wgd/base/wgd.h"
#include "frr-wgd/config/wgd_said.h"

DEFINE_MTYPE_STATIC(WGD, WGD_SAID, "WireGuard configuration: who said what");

static const char *const unique[] = {"public-key", "address", "allowed-ips"};

PREDECL_HASH(said_hash);

struct one {
	struct said_hash_item item;
	unsigned leaf; /* index of unique[] */
	const char *value;
	char *peer;
	char room[]; /* the value */
};

struct wgd_said {
	struct said_hash_head hash;
};

static int cmp(const struct one *a, const struct one *b)
{
	return a->leaf != b->leaf ? numcmp(a->leaf, b->leaf)
				  : strcmp(a->value, b->value);
}

static uint32_t hash(const struct one *a)
{
	return jhash(a->value, strlen(a->value), a->leaf);
}

DECLARE_HASH(said_hash, struct one, item, cmp, hash);

static unsigned leaf_of(const char *leaf)
{
	unsigned i;

	for (i = 0; i < array_size(unique) && !strmatch(unique[i], leaf);)
		i++;
	return i;
}

bool wgd_said_is_unique(const char *leaf)
{
	return leaf_of(leaf) < array_size(unique);
}

struct wgd_said *wgd_said_new(void)
{
	struct wgd_said *said = XCALLOC(MTYPE_WGD_SAID, sizeof(*said));

	said_hash_init(&said->hash);
	return said;
}

void wgd_said_free(struct wgd_said *said)
{
	struct one *one;

	if (!said)
		return;
	while ((one = said_hash_pop(&said->hash))) {
		XFREE(MTYPE_WGD_SAID, one->peer);
		XFREE(MTYPE_WGD_SAID, one);
	}
	said_hash_fini(&said->hash);
	XFREE(MTYPE_WGD_SAID, said);
}

static struct one *find(struct wgd_said *said, const char *leaf,
			const char *value)
{
	struct one key = {.leaf = leaf_of(leaf), .value = value};

	return said_hash_find(&said->hash, &key);
}

const char *wgd_said_by(struct wgd_said *said, const char *leaf,
			const char *value)
{
	struct one *one = find(said, leaf, value);

	return one ? one->peer : NULL;
}

void wgd_said_set(struct wgd_said *said, const char *leaf, const char *value,
		  const char *peer)
{
	struct one *one = find(said, leaf, value);

	if (!one) {
		one = XCALLOC(MTYPE_WGD_SAID, sizeof(*one) + strlen(value) + 1);
		one->leaf = leaf_of(leaf);
		strcpy(one->room, value);
		one->value = one->room;
		said_hash_add(&said->hash, one);
	}
	XFREE(MTYPE_WGD_SAID, one->peer);
	one->peer = XSTRDUP(MTYPE_WGD_SAID, peer);
}
