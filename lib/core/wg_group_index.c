/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose packet is it? Receiver indices.
 *
 * Each data packet of WireGuard carries a number of 32 bits that the device
 * which is to receive it chose by chance for the session: the receiver index.
 * That device sent it to the client as the sender index of its own handshake
 * message, the initiation or the response.  So a gateway that looks at the
 * handshake messages which its own machine sends knows the index of each of its
 * sessions, and nobody outside can make it believe another one.  It tells the
 * members, and then a packet names its client at every gateway, from wherever
 * it comes; who was not on the path of the session's packets, and so does not
 * know the number, has one chance in 2^32 with each packet.
 *
 * Of a client's own indices three are known: that of the last handshake
 * message, that of the one before, and that of the last one which the device
 * turned into a session, as a read shows: messages that nobody answers must not
 * push out the one that is in use.  Of those that members told the last two
 * are.
 *
 * A handshake message is for whoever is at its destination.  A client that
 * called from somewhere new is not known to be there before the device was
 * read, so the last messages are kept until then.
 *
 * An index belongs to one client.  By chance another device may have given the
 * same one: our own counts more than what a member told, and the last more
 * than the one before.
 */
#include "lib/core/wg_group.h"

#include "lib/core/wg_group_priv.h"

#define KEPT_MS 10000 /* a handshake, and a read of a slow device */

static struct wg_index **bucket(struct wg_group *g, uint32_t value)
{
	return &g->by_index[value % WG_GROUP_BUCKETS];
}

static struct wg_index *find(struct wg_group *g, uint32_t value)
{
	struct wg_index *i = value ? *bucket(g, value) : NULL;

	while (i && i->value != value)
		i = i->next;
	return i;
}

static void unset(struct wg_group *g, struct wg_index *i)
{
	struct wg_index **at;

	if (!i->value)
		return;
	at = bucket(g, i->value);
	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	i->value = 0;
}

static void set(struct wg_group *g, struct wg_client *c, struct wg_index *i,
		uint32_t value)
{
	struct wg_index **at = bucket(g, value);

	unset(g, i);
	i->value = value;
	i->client = c;
	i->next = *at;
	*at = i;
}

static void move(struct wg_group *g, struct wg_index *from, struct wg_index *to)
{
	struct wg_client *c = from->client;
	uint32_t value = from->value;

	unset(g, to);
	unset(g, from);
	if (value)
		set(g, c, to, value);
}

static bool is_own(const struct wg_index *i)
{
	return i >= i->client->own_index &&
	       i < i->client->own_index + WG_OWN_INDICES;
}

struct wg_client *wg_index_find(struct wg_group *g, uint32_t value)
{
	struct wg_index *i = find(g, value);

	return i ? i->client : NULL;
}

void wg_index_forget(struct wg_group *g, struct wg_client *c)
{
	unsigned i;

	for (i = 0; i < WG_OWN_INDICES; i++)
		unset(g, &c->own_index[i]);
	for (i = 0; i < 2; i++)
		unset(g, &c->told_index[i]);
}

void wg_index_told(struct wg_group *g, struct wg_client *c,
		   const uint32_t value[2])
{
	struct wg_index *there;
	unsigned i;

	for (i = 2; i-- > 0;) {
		there = find(g, value[i]);
		if (!value[i] ||
		    (there && (is_own(there) || there->client == c)))
			continue;
		if (there)
			unset(g, there);
		move(g, &c->told_index[0], &c->told_index[1]);
		set(g, c, &c->told_index[0], value[i]);
	}
}

void wg_index_own(const struct wg_client *c, uint32_t ret[2])
{
	const struct wg_index *own = c->own_index;

	ret[0] = own[0].value;
	ret[1] = !c->index_used && own[2].value ? own[2].value : own[1].value;
}

bool wg_index_give(struct wg_group *g, struct wg_client *c, uint32_t value)
{
	struct wg_index *there = find(g, value), *own = c->own_index;

	if (there && there->client == c && is_own(there))
		return false;
	if (there)
		unset(g, there);
	if (c->index_used)
		unset(g, &own[2]);
	else if (!own[2].value)
		move(g, &own[1], &own[2]);
	move(g, &own[0], &own[1]);
	set(g, c, &own[0], value);
	c->index_used = false;
	c->index_live = true;
	return true;
}

void wg_index_used(struct wg_group *g, struct wg_client *c, int64_t now)
{
	struct wg_sent *s;
	unsigned i;

	/* the last message to it is the one that counts */
	for (i = 1; i <= WG_GROUP_SENT; i++) {
		s = &g->sent[(g->n_sent - i) % WG_GROUP_SENT];
		if (!s->value || now - s->at_ms > KEPT_MS ||
		    !wg_group_same_place(&s->to, &c->last.endpoint))
			continue;
		wg_index_give(g, c, s->value);
		break;
	}
	c->index_used = c->index_live;
}
