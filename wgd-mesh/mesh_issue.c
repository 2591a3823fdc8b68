/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Items are written by lib/core/wg_item_writer.h, which refuses what would not
 * be canonical; what the inventory took always is, but for its length, so that
 * is the one reason a person gets to see.
 *
 * A certificate is good from an hour ago, for hubs whose clocks are behind, and
 * ends up to 90 days early, so that those which were signed together do not
 * end together.
 */
#include "wgd-mesh/mesh_issue.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/backend/wg_groupkey.h"
#include "lib/backend/wg_line.h"
#include "lib/core/wg_item_writer.h"

#define DAY 86400
#define FROM_S 3600
/* how long after its end somebody may still hold a certificate for good: 30
 * days of grace, the 90 that an earlier one may be longer, and as many again */
#define OVER_DAYS (30 + MESH_CERTIFICATE_LESS_DAYS + 90)

static uint64_t random_below(uint64_t n)
{
	uint64_t r;

	wg_groupkey_random(&r, sizeof(r));
	return r % n;
}

/* --- certificates */

static void add_addresses(struct wg_item_writer *w, const struct mesh_member *m)
{
	unsigned i;

	for (i = 0; i < m->n_addresses; i++) {
		const struct mesh_address *a = &m->addresses[i];
		struct wg_item_value v = {
			.type = a->addr.family == AF_INET ? WG_ITEM_ADDRESS4
							  : WG_ITEM_ADDRESS6,
			.address = {.addr = a->addr, .len = a->len},
		};

		wg_item_add(w, &v);
	}
	for (i = 0; i < m->n_prefixes; i++) {
		const struct mesh_prefix *p = &m->prefixes[i];
		struct wg_item_value v = {
			.type = p->prefix.family == AF_INET ? WG_ITEM_PREFIX4
							    : WG_ITEM_PREFIX6,
			.prefix = {.prefix = p->prefix, .longest = p->longest},
		};

		wg_item_add(w, &v);
	}
}

static uint32_t number_of(const uint8_t *item, uint8_t type)
{
	return item ? wg_item_number(item, type) : 0;
}

static void add_authority(struct wg_item_writer *w, const struct mesh_keeper *k)
{
	if (k->office.number)
		wg_item_add_number(w, WG_ITEM_AUTHORITY_NUMBER,
				   k->office.number);
}

int mesh_issue_certificate(struct mesh_keeper *k, const struct mesh_wish *wish,
			   const uint8_t **ret, struct mesh_why *why)
{
	const struct mesh_member *m = wish->member;
	const struct mesh_given *given =
		mesh_ledger_number(&k->ledger, m->number);
	uint64_t until = k->now + (uint64_t)MESH_CERTIFICATE_DAYS * DAY -
			 random_below(MESH_CERTIFICATE_LESS_DAYS * DAY);
	uint8_t buf[2048]; /* what fits no certificate must still fit here */
	enum wg_item_fault fault;
	struct wg_item_writer w;
	int rc = mesh_keeper_next(k, &k->ledger.serial, why);

	if (rc)
		return rc;
	assert(k->secret && given && (!*m->host || given->hub));
	wg_item_begin(&w, WG_ITEM_IS_CERTIFICATE, buf, sizeof(buf));
	wg_item_add_bytes(&w, WG_ITEM_MESH, k->store.mesh,
			  sizeof(k->store.mesh));
	wg_item_add_number(&w, WG_ITEM_MEMBER, m->number);
	wg_item_add_number(&w, WG_ITEM_SERIAL, k->ledger.serial);
	wg_item_add_bytes(&w, WG_ITEM_KEY, wish->key, WG_KEY_LEN);
	wg_item_add_bytes(&w, WG_ITEM_NAME, m->name, strlen(m->name));
	wg_item_add_number(&w, WG_ITEM_FROM, k->now - FROM_S);
	wg_item_add_number(&w, WG_ITEM_UNTIL, until);
	wg_item_add_number(&w, WG_ITEM_FLAGS,
			   (*m->host ? WG_ITEM_FLAG_HUB : 0) |
				   (wish->is_invite ? WG_ITEM_FLAG_INVITE : 0));
	if (*m->host)
		wg_item_add_number(&w, WG_ITEM_HUB_NUMBER, given->hub);
	add_addresses(&w, m);
	if (wish->redeem_by)
		wg_item_add_number(&w, WG_ITEM_REDEEM_BY, wish->redeem_by);
	wg_item_add_number(&w, WG_ITEM_LIST,
			   number_of(mesh_store_list(&k->store), WG_ITEM_LIST));
	add_authority(&w, k);
	rc = wg_item_end(&w, &fault);
	if (rc == -EBADMSG && fault != WG_ITEM_WRONG_SIZE)
		return mesh_because(why, -EINVAL, "%s/members:%u: %s: %s",
				    k->folder.path, m->line, m->name,
				    wg_item_fault_str(fault));
	if (rc)
		return mesh_because(
			why, -EMSGSIZE,
			"%s/members:%u: %s: so many prefixes do not fit into a certificate",
			k->folder.path, m->line, m->name);
	wg_sign_item(buf, WG_ITEM_SIGNATURE, k->secret);
	*ret = mesh_store_put(&k->store, buf);
	return 0;
}

/* --- lists */

struct revoked {
	uint32_t member, serial;
};

/* Can nobody hold a certificate of it any more? */
static bool is_over(const struct mesh_keeper *k, uint32_t member)
{
	const uint8_t *c = mesh_store_certificate(&k->store, member);
	uint64_t until = c ? wg_item_number(c, WG_ITEM_UNTIL) : UINT64_MAX;

	/* not until + ..., which a thief's certificate would make small */
	return until < k->now && k->now - until > (uint64_t)OVER_DAYS * DAY;
}

/*
 * What the last list has.  If its authority is void, a thief may have made it,
 * with serials above all that will ever be given: they are cut to the last one
 * of ours, which every certificate that counts from now on will be above.
 */
static size_t carry_over(const struct mesh_keeper *k, struct revoked *ret)
{
	const uint8_t *list = mesh_store_list(&k->store);
	const uint8_t *a = mesh_store_authority(&k->store);
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at, n = 0;
	bool cut;

	if (!list)
		return 0;
	cut = a && (wg_item_number(a, WG_ITEM_FLAGS) & WG_ITEM_FLAG_VOID) &&
	      wg_item_number(list, WG_ITEM_AUTHORITY_NUMBER) <
		      wg_item_number(a, WG_ITEM_AUTHORITY_NUMBER);
	wg_item_each (list, at, tlv) {
		if (tlv.type != WG_ITEM_REVOKED)
			continue;
		wg_item_value_get(&tlv, &v);
		/* of one member the highest comes last */
		if (n && ret[n - 1].member == v.revoked.member)
			n--;
		if (cut && v.revoked.serial > k->ledger.serial)
			v.revoked.serial = k->ledger.serial;
		if (!is_over(k, v.revoked.member))
			ret[n++] = (struct revoked){v.revoked.member,
						    v.revoked.serial};
	}
	return n;
}

/*
 * Whose time is long over is forgotten, but for a member that may be renewed.
 * One that was revoked leaves the list and the certificates at once: a
 * certificate that no list speaks of any more would be renewed with the rest.
 */
static void forget(struct mesh_keeper *k)
{
	size_t at = 0, i;
	const uint8_t *c;

	while ((c = mesh_store_next(&k->store, &at))) {
		uint32_t number = wg_item_number(c, WG_ITEM_MEMBER);

		if (!is_over(k, number))
			continue;
		for (i = 0; i < k->members.n_members; i++)
			if (k->members.members[i].number == number)
				break;
		if (i == k->members.n_members ||
		    mesh_store_revoked(&k->store, number)) {
			mesh_store_forget(&k->store, number);
			at = 0;
		}
	}
}

static int revoke(struct mesh_keeper *k, struct revoked *all, size_t *n,
		  uint32_t member, struct mesh_why *why)
{
	size_t i = 0;
	int rc = mesh_keeper_next(k, &k->ledger.serial, why);

	while (i < *n && all[i].member != member)
		i++;
	if (!rc && i == MESH_REVOKED)
		rc = mesh_because(
			why, -E2BIG,
			"a list has room for %u members and no more; those whose certificates end leave it",
			MESH_REVOKED);
	if (!rc) {
		all[i] = (struct revoked){member, k->ledger.serial};
		*n += i == *n;
	}
	return rc;
}

int mesh_issue_list(struct mesh_keeper *k, const uint32_t *members, size_t n,
		    struct mesh_why *why)
{
	struct revoked *all = calloc(MESH_REVOKED + 1, sizeof(*all));
	uint8_t *buf = malloc(WG_ITEM_MAX);
	size_t total, i;
	struct wg_item_writer w;
	int rc = mesh_keeper_next(k, &k->ledger.list, why);

	assert(all && buf && k->secret);
	total = carry_over(k, all);
	for (i = 0; !rc && i < n; i++)
		rc = revoke(k, all, &total, members[i], why);
	if (!rc) {
		wg_item_begin(&w, WG_ITEM_IS_LIST, buf, WG_ITEM_MAX);
		wg_item_add_bytes(&w, WG_ITEM_MESH, k->store.mesh,
				  sizeof(k->store.mesh));
		wg_item_add_number(&w, WG_ITEM_TIME, k->now);
		wg_item_add_number(&w, WG_ITEM_LIST, k->ledger.list);
		wg_item_add_number(&w, WG_ITEM_DUE,
				   k->now + (uint64_t)MESH_LIST_DAYS * DAY);
		for (i = 0; i < total; i++) {
			struct wg_item_value v = {
				.type = WG_ITEM_REVOKED,
				.revoked = {all[i].member, all[i].serial},
			};

			wg_item_add(&w, &v);
		}
		add_authority(&w, k);
		rc = wg_item_end(&w, NULL);
		assert(!rc);
		wg_sign_item(buf, WG_ITEM_SIGNATURE, k->secret);
		forget(k);
		mesh_store_put(&k->store, buf);
	}
	free(all);
	free(buf);
	return rc;
}

/* --- authorities */

int mesh_issue_authority(struct mesh_keeper *k,
			 const struct wg_sign_key *recovery, const uint8_t *key,
			 bool is_void, struct mesh_why *why)
{
	uint8_t buf[256];
	struct wg_item_writer w;
	int rc = mesh_keeper_next(k, &k->ledger.authority, why);

	if (rc)
		return rc;
	wg_item_begin(&w, WG_ITEM_IS_AUTHORITY, buf, sizeof(buf));
	wg_item_add_bytes(&w, WG_ITEM_MESH, k->store.mesh,
			  sizeof(k->store.mesh));
	wg_item_add_number(&w, WG_ITEM_FLAGS, is_void ? WG_ITEM_FLAG_VOID : 0);
	wg_item_add_number(&w, WG_ITEM_TIME, k->now);
	wg_item_add_bytes(&w, WG_ITEM_AUTHORITY_KEY, key, WG_KEY_LEN);
	wg_item_add_number(&w, WG_ITEM_AUTHORITY_NUMBER, k->ledger.authority);
	rc = wg_item_end(&w, NULL);
	assert(!rc);
	wg_sign_item(buf, WG_ITEM_SIGNATURE, recovery);
	mesh_store_put(&k->store, buf);
	return 0;
}

/* --- invites and answers */

/* The hub's door; false: it has none yet, or none any more. */
static bool door_of(const struct mesh_keeper *k, const struct mesh_member *hub,
		    struct wg_item_value *ret)
{
	const uint8_t *c;

	if (!*hub->host || !hub->number)
		return false;
	c = mesh_store_certificate(&k->store, hub->number);
	if (!c || mesh_store_is_void(&k->store, c) ||
	    wg_item_number(c, WG_ITEM_FLAGS) != WG_ITEM_FLAG_HUB)
		return false;
	*ret = (struct wg_item_value){
		.type = WG_ITEM_DOOR,
		.door = {.identity = wg_item_bytes(c, WG_ITEM_KEY),
			 .port = hub->door,
			 .host = {(const uint8_t *)hub->host,
				  strlen(hub->host)}},
	};
	return true;
}

/*
 * The doors of up to four hubs; where there are more, each member begins at
 * another one, so that no hub is asked by all.  A hub's own is one of the four.
 * Returns how many others there are.
 */
static unsigned add_doors(struct wg_item_writer *w, const struct mesh_keeper *k,
			  uint32_t member)
{
	struct wg_item_value doors[MESH_HUBS], own;
	unsigned n = 0, most = MESH_DOORS, i;
	size_t at;

	for (at = 0; at < k->members.n_members && n < MESH_HUBS; at++) {
		const struct mesh_member *m = &k->members.members[at];

		if (m->number != member) {
			n += door_of(k, m, &doors[n]);
		} else if (door_of(k, m, &own)) {
			wg_item_add(w, &own);
			most--;
		}
	}
	for (i = 0; i < n && i < most; i++)
		wg_item_add(w, &doors[(member + i) % n]);
	return i;
}

unsigned mesh_issue_line(const struct mesh_keeper *k,
			 const struct mesh_letter *l, char *ret)
{
	uint8_t *buf = wg_vault_alloc(WG_LINE_ITEM_MAX);
	struct wg_item_writer w;
	unsigned doors;
	int rc;

	wg_item_begin(&w, l->seed ? WG_ITEM_IS_INVITE : WG_ITEM_IS_ANSWER, buf,
		      WG_LINE_ITEM_MAX);
	wg_item_add_bytes(&w, WG_ITEM_RECOVERY_KEY, k->ledger.recovery.b,
			  WG_KEY_LEN);
	wg_item_add_bytes(&w, WG_ITEM_FIRST_KEY, k->ledger.first.b, WG_KEY_LEN);
	if (l->seed)
		wg_item_add_bytes(&w, WG_ITEM_SEED, l->seed, WG_KEY_LEN);
	wg_item_add_bytes(&w, WG_ITEM_CERTIFICATE, l->certificate,
			  wg_item_len(l->certificate));
	wg_item_add_bytes(&w, WG_ITEM_MESH_NAME, l->name, strlen(l->name));
	doors = add_doors(&w, k,
			  wg_item_number(l->certificate, WG_ITEM_MEMBER));
	rc = wg_item_end(&w, NULL);
	assert(!rc);
	rc = wg_line_put(buf, ret);
	assert(!rc);
	wg_vault_free((void **)&buf);
	return doors;
}
