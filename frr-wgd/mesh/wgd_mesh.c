// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <sys/timex.h>

#include "frr-wgd/mesh/wgd_mesh.h"

DEFINE_HOOK(wgd_mesh_member_changed,
	    (const struct wgd_mesh *m, const struct wgd_mesh_member *member),
	    (m, member));

static struct wgd_mesh *meshes;

static int linklocal_cmp(const struct wgd_mesh_member *a,
			 const struct wgd_mesh_member *b)
{
	return memcmp(a->linklocal.b, b->linklocal.b, sizeof(a->linklocal.b));
}
/* not unique: of two with one key the map says which one has it */
DECLARE_RBTREE_NONUNIQ(wgd_linklocals, struct wgd_mesh_member, by_linklocal,
		       linklocal_cmp);

struct wgd_mesh *wgd_mesh_first(void)
{
	return meshes;
}

void wgd_mesh_add(struct wgd_mesh *m)
{
	m->next = meshes;
	meshes = m;
}

void wgd_mesh_remove(struct wgd_mesh *m)
{
	struct wgd_mesh **at = &meshes;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
}

const char *wgd_mesh_state_str(enum wgd_mesh_state state)
{
	static const char *const names[] = {
		[WGD_MESH_JOINING] = "joining",
		[WGD_MESH_CONNECTED] = "connected",
		[WGD_MESH_ISOLATED] = "isolated",
		[WGD_MESH_REVOKED] = "revoked",
		[WGD_MESH_EXPIRED] = "expired",
		[WGD_MESH_DISPUTED] = "disputed",
		[WGD_MESH_CLONED] = "cloned",
	};

	return names[state];
}

const char *wgd_mesh_refused_str(enum wgd_mesh_refused refused)
{
	static const char *const names[] = {
		[WGD_MESH_PEER] = "",
		[WGD_MESH_NOT_REDEEMED] = "not-redeemed",
		[WGD_MESH_NOT_AGREED] = "disputed",
		[WGD_MESH_NO_RECORD] = "no-record",
		[WGD_MESH_IS_REVOKED] = "revoked",
		[WGD_MESH_OUT_OF_TIME] = "expired",
		[WGD_MESH_NO_LIST] = "no-list",
		[WGD_MESH_NAME_IN_USE] = "name-in-use",
		[WGD_MESH_ADDRESS_IN_USE] = "address-in-use",
		[WGD_MESH_KEY_IN_USE] = "key-in-use",
		[WGD_MESH_HUB_NUMBER_IN_USE] = "hub-number-in-use",
	};

	return names[refused];
}

void wgd_mesh_act(struct wgd_mesh *m)
{
	if (!m->t_act)
		event_add_event(wgd.master, m->act, m, 0, &m->t_act);
}

void wgd_mesh_act_in(struct wgd_mesh *m, unsigned ms)
{
	if (m->t_tick && event_timer_remain_msec(m->t_tick) <= ms)
		return;
	event_cancel(&m->t_tick);
	event_add_timer_msec(wgd.master, m->act, m, ms, &m->t_tick);
}

void wgd_mesh_act_at(struct wgd_mesh *m, int64_t at_ms)
{
	if (at_ms != INT64_MAX)
		wgd_mesh_act_in(m, MIN(MAX(at_ms - wgd_now_ms(), 1), 86400000));
}

struct wg_wall wgd_mesh_wall(const struct wgd_mesh *m)
{
	struct timex tx = {};

	return (struct wg_wall){
		.now = time(NULL),
		.floor = wgd_map_floor(m->map),
		.unsynchronised = adjtimex(&tx) == TIME_ERROR,
	};
}

unsigned wgd_mesh_neighbours(void)
{
	static int64_t read_ms;
	static unsigned most;
	FILE *f;

	if (read_ms && wgd_now_ms() - read_ms < 60000)
		return most;
	read_ms = wgd_now_ms();
	most = 0;
	f = fopen("/proc/sys/net/ipv6/neigh/default/gc_thresh3", "re");
	if (!f)
		return 0;
	if (fscanf(f, "%u", &most) != 1)
		most = 0;
	fclose(f);
	return most;
}

const uint8_t *wgd_mesh_certificate(const struct wgd_mesh *m)
{
	struct wg_directory_who who;

	wg_directory_who(wgd_map_directory(m->map), m->self->number, &who);
	return who.present ?: m->self->certificate.b;
}

const char *wgd_mesh_own_name(const struct wgd_mesh *m,
			      char buf[WG_ITEM_NAME_MAX + 1])
{
	const uint8_t *c = wgd_mesh_certificate(m);
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at;

	buf[0] = '\0';
	wg_item_each (c, at, tlv) {
		if (tlv.type != WG_ITEM_NAME)
			continue;
		wg_item_value_get(&tlv, &v);
		memcpy(buf, v.bytes.b, v.bytes.len);
		buf[v.bytes.len] = '\0';
	}
	return buf;
}

uint64_t wgd_mesh_sequence(const struct wgd_mesh *m)
{
	struct wg_directory_who who;
	uint64_t said = m->floor;

	wg_directory_who(wgd_map_directory(m->map), m->self->number, &who);
	if (who.record)
		said = MAX(said, wg_item_number(who.record, WG_ITEM_SEQUENCE));
	return said;
}

bool wgd_mesh_next_sequence(const struct wgd_mesh *m, uint64_t least,
			    uint64_t *ret)
{
	uint64_t said = MAX(wgd_mesh_sequence(m), least);

	if (said == UINT64_MAX)
		return false;
	*ret = said + 1;
	return true;
}

bool wgd_mesh_awaits_witness(const struct wgd_mesh *m)
{
	const struct wgd_self *self = m->self;

	return self->succession.len &&
	       !wg_directory_witness(
		       wgd_map_directory(m->map), self->number,
		       wg_item_bytes(self->certificate.b, WG_ITEM_KEY), 0);
}

bool wgd_mesh_calls(const struct wgd_mesh *m,
		    const struct wgd_mesh_member *member)
{
	return member->hub && !member->refused &&
	       (!m->is_hub || m->hub < member->hub);
}

bool wgd_mesh_has_hub(const struct wgd_mesh *m)
{
	size_t i;

	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->hub && !m->members[i]->refused)
			return true;
	return false;
}

struct wgd_mesh_member *wgd_mesh_member(const struct wgd_mesh *m,
					uint32_t number)
{
	size_t low = 0, high = m->n_members, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (m->members[mid]->number == number)
			return m->members[mid];
		if (m->members[mid]->number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

uint8_t wgd_mesh_hub_at(const struct wgd_mesh *m,
			const struct wgd_mesh_member *member)
{
	uint32_t number;
	uint8_t hub;

	return member->peer && wg_relay_find(m->relay_hash,
					     &member->peer->seen.endpoint.addr,
					     &hub, &number) == 0
		       ? hub
		       : 0;
}

struct wgd_mesh_member *wgd_mesh_by_linklocal(const struct wgd_mesh *m,
					      const struct wg_addr *addr)
{
	const struct wgd_mesh_member key = {.linklocal = *addr};
	const struct wgd_mesh_member *member;

	member = wgd_linklocals_const_find_gteq(&m->linklocals, &key);
	while (member && !linklocal_cmp(member, &key) && member->refused)
		member = wgd_linklocals_const_next(&m->linklocals, member);
	return member && wg_addr_same(&member->linklocal, addr)
		       ? (struct wgd_mesh_member *)member
		       : NULL;
}

void wgd_mesh_set_linklocal(struct wgd_mesh *m, struct wgd_mesh_member *member,
			    const struct wg_addr *addr)
{
	if (wg_addr_same(&member->linklocal, addr))
		return;
	if (member->linklocal.family)
		wgd_linklocals_del(&m->linklocals, member);
	member->linklocal = *addr;
	if (addr->family)
		wgd_linklocals_add(&m->linklocals, member);
}

const struct wgd_mesh_member *wgd_mesh_member_of(const struct wgd_peer *p)
{
	const struct wgd_mesh *m = p->wif->mesh;
	size_t i;

	for (i = 0; m && i < m->n_members; i++)
		if (m->members[i]->peer == p)
			return m->members[i];
	return NULL;
}

struct wg_relay wgd_mesh_relay(const struct wgd_mesh *m)
{
	struct wg_relay own = {.hub = m->is_hub ? m->hub : 0,
			       .member = m->self->number};
	size_t i;

	memcpy(own.hash, m->relay_hash, sizeof(own.hash));
	for (i = 0; i < m->n_members; i++)
		if (m->members[i]->hub && !m->members[i]->refused)
			own.hubs |= wg_relay_bit(m->members[i]->hub);
	return own;
}

void wgd_mesh_tell(const struct wgd_mesh *m, struct wgd_mesh_member *member)
{
	bool is_peer = member->peer, is_live = is_peer && member->connected;

	if (is_peer == member->told_peer && is_live == member->told_live)
		return;
	member->told_peer = is_peer;
	member->told_live = is_live;
	hook_call(wgd_mesh_member_changed, m, member);
}
