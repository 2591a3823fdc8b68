/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The relay of a mesh.
 *
 * A packet for a site that is relayed is sealed for the site, and the result,
 * which has the site's relay address as its destination, is routed into the
 * same device and sealed for the hub.  The hub opens the outer one, forwards
 * what it finds, and seals it for the site.  So routing has to lead relay
 * addresses into the device, for WireGuard's own packets and at the hub, and
 * nowhere else.  The rules, of IPv6, in their places behind `pref`:
 *
 *    0  at a site: sent by this machine, to RELAY   table R
 *    1  at a hub: in by the device, from RELAY to RELAY   table R
 *   10  to RELAY     prohibited
 *   11  from RELAY, in by the device     prohibited
 *
 * They stand behind the table of the machine's own addresses, and before all
 * that leads encrypted packets elsewhere.  Table R has a /64 for each hub at a
 * site, and its own one at a hub.
 *
 * Invariant: nothing is sealed more than twice.  It takes three things.
 *
 *   - Rules: what goes to RELAY does so by table R, sent by a site itself or
 *     handed on by the hub, or not at all, whatever is learned.
 *   - Endpoints: a hub's is outside of RELAY, at sites and at hubs; so what is
 *     sealed for a hub is not sealed again (wg_relay_at).
 *   - At a hub no peer's endpoint is in RELAY.  WireGuard takes each packet
 *     that a peer sealed for a reason to move its endpoint to where that came
 *     from; a site can send such a packet through its own tunnel, from its own
 *     relay address to an address of the hub.  Then what the hub has for that
 *     site would be sealed again and again, and pieces of it for ever.  Between
 *     two readings of the device only routing can prevent it, so a hub itself
 *     sends nothing to RELAY: it has no rule 0, and needs none.
 *
 * At a site nothing like the last exists: there the hub can do the same until
 * the endpoint is put back, since a packet that is sealed for the hub and one
 * that is sealed for a site leave WireGuard alike.  It costs a site time, and
 * tells nobody anything.
 *
 * MTU.  Routes at a site have a lock 80 above the device's MTU, so that a
 * packet that fills the device fits once it is sealed; the lock makes the
 * kernel believe nobody who says otherwise.  At a hub it is so large that
 * nothing is too big for the device, and the outermost packet is cut where it
 * must be.
 */
#include "lib/core/wg_relay.h"

#include <assert.h>
#include <errno.h>

/* Bytes of an address, RFC 4193's and ours. */
#define ULA 0xfd
#define AT_HASH 1
#define AT_HUB 7
#define AT_MEMBER 12

#define NET_LEN 48
#define HUB_LEN 64

#define PREF_SITE 0
#define PREF_HUB 1
#define PREF_TO 10
#define PREF_FROM 11

/* --- addresses */

struct wg_prefix wg_relay_net(const uint8_t hash[WG_RELAY_HASH_LEN])
{
	struct wg_prefix p = {.family = AF_INET6, .len = NET_LEN, .b = {ULA}};

	memcpy(p.b + AT_HASH, hash, WG_RELAY_HASH_LEN);
	return p;
}

struct wg_prefix wg_relay_hub(const uint8_t hash[WG_RELAY_HASH_LEN],
			      uint8_t hub)
{
	struct wg_prefix p = wg_relay_net(hash);

	assert(hub >= 1 && hub <= WG_RELAY_HUBS);
	p.len = HUB_LEN;
	p.b[AT_HUB] = hub;
	return p;
}

struct wg_addr wg_relay_addr(const uint8_t hash[WG_RELAY_HASH_LEN], uint8_t hub,
			     uint32_t member)
{
	struct wg_prefix p = wg_relay_hub(hash, hub);
	struct wg_addr a = {.family = p.family};
	unsigned i;

	memcpy(a.b, p.b, sizeof(a.b));
	for (i = 0; i < 4; i++)
		a.b[AT_MEMBER + i] = member >> (24 - 8 * i);
	return a;
}

bool wg_relay_is_inside(const uint8_t hash[WG_RELAY_HASH_LEN],
			const struct wg_addr *addr)
{
	struct wg_prefix net = wg_relay_net(hash), host = wg_prefix_host(addr);

	return addr->family == AF_INET6 && wg_prefix_covers(&net, &host);
}

int wg_relay_find(const uint8_t hash[WG_RELAY_HASH_LEN],
		  const struct wg_addr *addr, uint8_t *ret_hub,
		  uint32_t *ret_member)
{
	uint8_t hub = addr->b[AT_HUB];
	struct wg_addr same;
	uint32_t member = 0;
	unsigned i;

	for (i = 0; i < 4; i++)
		member = member << 8 | addr->b[AT_MEMBER + i];
	if (hub < 1 || hub > WG_RELAY_HUBS || !member)
		return -EINVAL;
	same = wg_relay_addr(hash, hub, member);
	if (!wg_addr_same(&same, addr))
		return -EINVAL;
	*ret_hub = hub;
	*ret_member = member;
	return 0;
}

/* --- routing */

static void add_route(struct wg_relay_plan *plan, const struct wg_relay *own,
		      uint8_t hub)
{
	struct wg_relay_route *r = &plan->routes[plan->n_routes++];

	r->prefix = wg_relay_hub(own->hash, hub);
	r->mtu = WG_RELAY_LOCK;
	if (own->hub)
		return;
	r->source = wg_relay_addr(own->hash, hub, own->member);
	r->mtu = own->mtu + WG_RELAY_OUTER;
}

static void make_routes(struct wg_relay_plan *plan, const struct wg_relay *own)
{
	uint8_t hub;

	for (hub = 1; hub <= WG_RELAY_HUBS; hub++)
		if (own->hub ? hub == own->hub : own->hubs & wg_relay_bit(hub))
			add_route(plan, own, hub);
}

static struct wg_rule *add_rule(struct wg_relay_plan *plan, uint32_t pref)
{
	struct wg_rule *r = &plan->rules[plan->n_rules++];

	r->family = AF_INET6;
	r->pref = pref;
	return r;
}

static void make_rules(struct wg_relay_plan *plan, const struct wg_relay *own,
		       const struct wg_relay_place *place)
{
	struct wg_rule *r;

	r = add_rule(plan, place->pref + PREF_TO);
	r->prohibit = true;
	r->to = plan->net;
	r = add_rule(plan, place->pref + PREF_FROM);
	r->prohibit = true;
	memcpy(r->iif, own->ifname, strlen(own->ifname));
	r->from = plan->net;
	r = add_rule(plan, place->pref + (own->hub ? PREF_HUB : PREF_SITE));
	r->table = place->table;
	r->to = plan->net;
	if (own->hub) {
		memcpy(r->iif, own->ifname, strlen(own->ifname));
		r->from = plan->net;
	} else {
		memcpy(r->iif, "lo", 2);
	}
}

int wg_relay_plan(const struct wg_relay *own,
		  const struct wg_relay_place *place, struct wg_relay_plan *ret)
{
	struct wg_relay_plan plan;

	if (own->hub > WG_RELAY_HUBS || !own->member || !own->ifname[0] ||
	    !memchr(own->ifname, '\0', sizeof(own->ifname)) ||
	    !strcmp(own->ifname, "lo") || !place->table)
		return -EINVAL;
	if (own->mtu < WG_RELAY_MTU_MIN)
		return -ERANGE;
	/* its padding, too */
	memset(&plan, 0, sizeof(plan));
	plan.net = wg_relay_net(own->hash);
	plan.table = place->table;
	plan.ifindex = own->ifindex;
	make_rules(&plan, own, place);
	if (own->ifindex)
		make_routes(&plan, own);
	memcpy(ret, &plan, sizeof(plan));
	return 0;
}

/* --- peers */

bool wg_relay_allowed(const struct wg_relay *own,
		      const struct wg_relay_peer *peer, struct wg_prefix *ret)
{
	struct wg_addr addr;

	if (!own->hub == !peer->hub)
		return false;
	if (own->hub) {
		addr = wg_relay_addr(own->hash, own->hub, peer->member);
		*ret = wg_prefix_host(&addr);
	} else {
		*ret = wg_relay_hub(own->hash, peer->hub);
	}
	return true;
}

const char *wg_relay_at_str(enum wg_relay_at at)
{
	static const char *const names[] = {
		[WG_RELAY_AT_NONE] = "none",
		[WG_RELAY_AT_RELAY] = "relay",
		[WG_RELAY_AT_PUBLISHED] = "published",
		[WG_RELAY_AT_PROVEN] = "proven",
		[WG_RELAY_AT_ROAMED] = "roamed",
		[WG_RELAY_AT_STRANGE] = "strange",
	};

	return names[at];
}

static bool is_among(const struct wg_endpoint *e, const struct wg_endpoint *v,
		     size_t n)
{
	while (n--)
		if (wg_endpoint_same(e, &v[n]))
			return true;
	return false;
}

/* The endpoint is in RELAY: is it the peer's, at a hub that we have? */
static bool is_own_relay(const struct wg_relay *own,
			 const struct wg_relay_peer *peer,
			 const struct wg_endpoint *e)
{
	uint32_t member;
	uint8_t hub;

	return !own->hub && !peer->hub && e->port == peer->port && !e->scope &&
	       wg_relay_find(own->hash, &e->addr, &hub, &member) == 0 &&
	       member == peer->member && own->hubs & wg_relay_bit(hub);
}

enum wg_relay_at wg_relay_at(const struct wg_relay *own,
			     const struct wg_relay_peer *peer,
			     const struct wg_endpoint *e)
{
	if (!e->addr.family)
		return WG_RELAY_AT_NONE;
	if (wg_relay_is_inside(own->hash, &e->addr))
		return is_own_relay(own, peer, e) ? WG_RELAY_AT_RELAY
						  : WG_RELAY_AT_STRANGE;
	if (peer->hub && is_among(e, peer->published, peer->n_published))
		return WG_RELAY_AT_PUBLISHED;
	if (is_among(e, peer->proven, peer->n_proven))
		return WG_RELAY_AT_PROVEN;
	return own->hub && !peer->hub ? WG_RELAY_AT_ROAMED
				      : WG_RELAY_AT_STRANGE;
}
