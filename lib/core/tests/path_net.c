/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <assert.h>
#include <stdlib.h>

#include "lib/core/tests/path_net.h"

unsigned net_below(struct net *net, unsigned n)
{
	net->rnd ^= net->rnd << 13;
	net->rnd ^= net->rnd >> 7;
	net->rnd ^= net->rnd << 17;
	return net->rnd % n;
}

void net_begin(struct net *net, uint64_t seed)
{
	unsigned i;

	memset(net, 0, sizeof(*net));
	net->rnd = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	net->now = 1000000;
	for (i = 0; i < NET_SITES; i++) {
		struct net_nat *nat = &net->nat[net->n_nats];

		net->site[i].delay_ms = 1 + net_below(net, 30);
		if (net->n_nats && net_below(net, 5) == 0) {
			/* behind the same as the one before */
			net->site[i].nat = net->n_nats - 1;
			if (nat[-1].kind == NET_NONE)
				nat[-1].kind = NET_BY_PORT;
			continue;
		}
		nat->kind = net_below(net, NET_KINDS);
		nat->next_port = 1024 + net_below(net, 1000);
		nat->hairpins = net_below(net, 2);
		nat->changed_ms = -1000000;
		net->site[i].nat = net->n_nats++;
	}
	for (i = 0; i < NET_HUBS; i++) {
		net->hub[i].delay_ms = 1 + net_below(net, 20);
		net->hub[i].down_ms = INT64_MIN;
	}
}

void net_end(struct net *net)
{
	while (net->n)
		free(net->heap[--net->n]);
	free(net->heap);
}

/* --- addresses */

static struct wg_endpoint public(const struct net *net, unsigned nat,
				 uint16_t port)
{
	return (struct wg_endpoint){
		.addr = {AF_INET, {45, nat, net->nat[nat].generation, 1}},
		.port = port,
	};
}

struct wg_endpoint net_private(const struct net *net, unsigned site)
{
	const struct net_site *s = &net->site[site];

	if (net->nat[s->nat].kind == NET_NONE)
		return public(net, s->nat, NET_PORT);
	return (struct wg_endpoint){
		.addr = {AF_INET, {192, 168, s->nat, 1 + site}},
		.port = NET_PORT,
	};
}

struct wg_endpoint net_victim(unsigned port)
{
	return (struct wg_endpoint){.addr = {AF_INET, {9, 9, 9, 9}},
				    .port = port};
}

static struct wg_endpoint of_hub(unsigned hub)
{
	return (struct wg_endpoint){.addr = {AF_INET, {192, 0, 2, hub}},
				    .port = NET_PORT};
}

static bool is_private(const struct wg_endpoint *e)
{
	return e->addr.b[0] == 192;
}

/* --- NATs */

static bool is_permitted(const struct net_mapping *m,
			 const struct wg_endpoint *e, bool with_port)
{
	unsigned i;

	for (i = 0; i < NET_PERMITS; i++)
		if (with_port ? wg_endpoint_same(&m->permit[i], e)
			      : wg_addr_same(&m->permit[i].addr, &e->addr))
			return true;
	return false;
}

/* What the packet's source is outside. */
static struct wg_endpoint out(struct net *net, unsigned site,
			      const struct wg_endpoint *to)
{
	struct net_nat *nat = &net->nat[net->site[site].nat];
	struct net_mapping *m;
	unsigned i;

	if (nat->kind == NET_NONE)
		return public(net, net->site[site].nat, NET_PORT);
	for (i = 0; i < NET_MAPPINGS; i++) {
		m = &nat->mapping[i];
		if (m->is_used && m->site == site &&
		    (nat->kind != NET_SYMMETRIC ||
		     wg_endpoint_same(&m->to, to)))
			break;
	}
	if (i == NET_MAPPINGS) {
		m = &nat->mapping[nat->next++ % NET_MAPPINGS];
		*m = (struct net_mapping){.site = site, .is_used = true,
					  .to = *to, .port = nat->next_port++};
	}
	if (!is_permitted(m, to, true))
		m->permit[m->n++ % NET_PERMITS] = *to;
	return public(net, net->site[site].nat, m->port);
}

/* Whose it is inside; -1: nobody's, or not permitted. */
static int in(const struct net *net, unsigned n, const struct wg_endpoint *from,
	      const struct wg_endpoint *to)
{
	const struct net_nat *nat = &net->nat[n];
	unsigned i;

	if (to->addr.b[2] != nat->generation)
		return -1;
	if (nat->kind == NET_NONE) {
		for (i = 0; net->site[i].nat != n; i++)
			;
		return to->port == NET_PORT ? (int)i : -1;
	}
	for (i = 0; i < NET_MAPPINGS; i++) {
		const struct net_mapping *m = &nat->mapping[i];

		if (!m->is_used || m->port != to->port)
			continue;
		if (nat->kind != NET_FULL &&
		    !is_permitted(m, from, nat->kind != NET_BY_ADDRESS))
			return -1;
		return m->site;
	}
	return -1;
}

struct wg_endpoint net_seen(struct net *net, unsigned site, unsigned hub)
{
	struct wg_endpoint to = of_hub(hub);

	return out(net, site, &to);
}

void net_reboot(struct net *net, unsigned n, bool new_address)
{
	struct net_nat *nat = &net->nat[n];

	memset(nat->mapping, 0, sizeof(nat->mapping));
	nat->generation += new_address;
	nat->changed_ms = net->now;
}

bool net_can(const struct net *net, unsigned a, unsigned b)
{
	unsigned x = net->site[a].nat, y = net->site[b].nat;
	enum net_nat_kind k = net->nat[x].kind, l = net->nat[y].kind;

	if (net->blocked[a][b] || net->blocked[b][a])
		return false;
	if (x == y)
		return true;
	if (k == NET_HUBS_ONLY || l == NET_HUBS_ONLY)
		return false;
	if (k != NET_SYMMETRIC && l != NET_SYMMETRIC)
		return true;
	return k <= NET_BY_ADDRESS || l <= NET_BY_ADDRESS;
}

/* --- packets */

static bool is_before(const struct net_packet *a, const struct net_packet *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void push(struct net *net, struct net_packet *p)
{
	size_t i = net->n++;

	if (net->n > net->room) {
		net->room = 2 * net->n;
		net->heap = realloc(net->heap,
				    net->room * sizeof(*net->heap));
	}
	p->order = net->order++;
	for (; i && is_before(p, net->heap[(i - 1) / 2]); i = (i - 1) / 2)
		net->heap[i] = net->heap[(i - 1) / 2];
	net->heap[i] = p;
}

static struct net_packet *pop(struct net *net)
{
	struct net_packet *p = net->heap[0], *last = net->heap[--net->n];
	size_t i = 0, k;

	for (; (k = 2 * i + 1) < net->n; i = k) {
		if (k + 1 < net->n &&
		    is_before(net->heap[k + 1], net->heap[k]))
			k++;
		if (is_before(last, net->heap[k]))
			break;
		net->heap[i] = net->heap[k];
	}
	net->heap[i] = last;
	return p;
}

static void under_way(struct net *net, const struct net_packet *p, int64_t ms)
{
	struct net_packet *copy = malloc(sizeof(*copy));

	*copy = *p;
	copy->at = net->now + ms;
	push(net, copy);
}

void net_tell(struct net *net, const struct net_packet *p, int64_t ms)
{
	under_way(net, p, ms);
}

static int64_t trip(struct net *net, unsigned a, unsigned b)
{
	return a + b + (net->jitter_ms ? net_below(net, net->jitter_ms) : 0);
}

/* By its way to the first one that has to look at it. */
void net_send(struct net *net, const struct net_packet *packet)
{
	const struct net_site *s = &net->site[packet->from];
	struct net_packet p = *packet;
	unsigned delay = 1;

	if (p.hub >= 0) {
		p.is_up = true;
		p.dst = of_hub(p.hub);
		p.src = out(net, p.from, &p.dst);
		under_way(net, &p, trip(net, s->delay_ms,
					net->hub[p.hub].delay_ms));
		return;
	}
	p.is_up = false;
	p.is_local = is_private(&p.dst);
	if (p.kind != NET_PROBE) {
		/* sealed: to an address that is or was the other site's */
		net->aliens += p.dst.addr.b[p.is_local ? 2 : 1] !=
				       net->site[p.to].nat ||
			       (p.is_local &&
				p.dst.addr.b[3] != 1 + p.to) ||
			       p.dst.addr.b[0] == 9;
	} else if (p.dst.addr.b[0] == 9) {
		net->victims++;
		return;
	}
	p.src = p.is_local ? net_private(net, p.from)
			   : out(net, p.from, &p.dst);
	if (!p.is_local)
		delay = s->delay_ms + net->site[p.to].delay_ms;
	under_way(net, &p, trip(net, delay, 0));
}

/* Down from a hub that has just got it. */
static enum net_why relay(struct net *net, struct net_packet *p)
{
	unsigned h = p->hub, held = 0;

	if (net->hub[h].is_down)
		return NET_DEAD;
	net->hub[h].at[p->from] = p->src;
	if (p->from == p->to) { /* a keepalive */
		free(p);
		return NET_WHYS;
	}
	if (!net->hub[h].at[p->to].addr.family)
		return NET_DEAD;
	p->is_up = false;
	p->src = of_hub(h);
	p->dst = net->hub[h].at[p->to];
	if (net->hub[h].is_liar && net_below(net, 100) == 0)
		held = net_below(net, 3000);
	p->at = net->now + held +
		trip(net, net->hub[h].delay_ms, net->site[p->to].delay_ms);
	push(net, p);
	return NET_WHYS;
}

/* At the site's end of the network. */
static enum net_why arrive(struct net *net, const struct net_packet *p)
{
	unsigned x = net->site[p->from].nat, y = net->site[p->to].nat;
	int site;

	if (net->site[p->to].is_cut || net->site[p->from].is_cut)
		return NET_CUT;
	if (p->hub < 0 && net->blocked[p->from][p->to])
		return NET_CUT;
	if (p->is_local)
		return x == y && p->dst.addr.b[2] == x &&
				       p->dst.addr.b[3] == 1 + p->to
			       ? NET_WHYS
			       : NET_NAT;
	if (p->hub < 0 && (net->nat[x].kind == NET_HUBS_ONLY ||
			   net->nat[y].kind == NET_HUBS_ONLY))
		return NET_NAT;
	if (p->hub < 0 && x == y && !net->nat[x].hairpins)
		return NET_NAT;
	if (p->dst.addr.b[0] != 45 || p->dst.addr.b[1] != y)
		return NET_NAT;
	site = in(net, y, &p->src, &p->dst);
	if (site >= 0 && site != p->to) {
		net->aliens += p->kind != NET_PROBE;
		return NET_NAT;
	}
	return site < 0 ? NET_NAT : NET_WHYS;
}

struct net_packet *net_next(struct net *net, enum net_why *ret_why)
{
	struct net_packet *p;
	enum net_why why;

	while (net->n && net->heap[0]->at <= net->now) {
		p = pop(net);
		*ret_why = NET_WHYS;
		if (p->is_taken || p->kind == NET_CALL)
			return p;
		if (net->loss_permille &&
		    net_below(net, 1000) < net->loss_permille)
			why = NET_LOST;
		else if (p->is_up && net->site[p->from].is_cut)
			why = NET_CUT;
		else if (p->is_up) {
			why = relay(net, p);
			if (why == NET_WHYS)
				continue;
		} else
			why = arrive(net, p);
		if (why != NET_WHYS)
			net->dropped[why]++;
		*ret_why = why;
		return p;
	}
	return NULL;
}
