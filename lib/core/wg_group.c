/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who serves which client.
 *
 *              release, yield, gave up
 *   PASSIVE <------------------------------ SERVING
 *    |  ^ |                                  ^   |
 *    |  | +-- it had a handshake with us ----+   | the device lost it
 *    |  | gave up, yield                     |   |
 *    |  +------------------- TAKING ---------+   |
 *    +-- release to us, ---> ^    handshake      |
 *        stray, its server   +-------------------+
 *        died
 *
 * Why nobody fights.  Only the network decides which gateway a client's
 * packets reach, and only that one can have a handshake with it: as responder
 * because it got the initiation, as initiator because it got the response.  So
 * a handshake is proof, and everything else a hint that starts one attempt:
 * TAKING is bounded (wg_group_take.c) and ends in PASSIVE, where
 * nothing is sent.  Two gateways that cannot talk to each other may both try,
 * each once; the one that the packets do not reach gets no answer.
 *
 * What an unanswered initiation does.  The client answers it, and keeps the
 * session that it has: a responder's new keys are `next` until the first
 * packet under them (noise.c, wg_noise_handshake_begin_session; receive.c,
 * wg_noise_received_with_keypair).  It forgets `previous` and starts no
 * handshake of its own for 5 s (send.c, last_sent_handshake): so what is lost
 * is at most what was under way across a renewal of keys.  The source of the
 * initiation is the same anycast address, so the client does not roam.
 *
 * Why the old one is taken off first.  WireGuard cannot forget an endpoint
 * or a session.  A gateway that keeps either goes on initiating, and each
 * time its initiation may cross that of the new one.
 *
 * BFD errs where processors are scarce. To take all clients of a member is
 * work, for both, and it is in vain if the member lives; if each fall of BFD
 * did it, two busy gateways would keep each other so for ever.  So if BFD was
 * wrong about a member, its next death within a minute means only that a client
 * whose packets come here is taken without its being asked; all the others are
 * when it stays dead for a hold, which is longer with each repetition.
 *
 * Strangers.  Anybody can send a packet, from wherever it likes.  What it says
 * counts only if it names a client by a receiver index (wg_group_index.c),
 * which nobody outside the path of the session's packets knows; without it a
 * packet moves nothing, starts nothing and sends nothing.
 *
 * What is lost costs time.  The state of a member is what its device has and
 * what others tell; a stray of a client that nobody serves is answered by an
 * attempt; and without any state the client itself starts a handshake, 15 s
 * after it heard nothing, with the gateway that its packets reach.
 */
#include "lib/core/wg_group.h"

#include <assert.h>

#include "lib/core/wg_group_priv.h"

#define BACKUP_MS 1000	  /* for each survivor that comes before us */
#define PLACED_MS 5000	  /* more than a handshake takes */
#define SESSION_MS 180000 /* WireGuard rejects older keys */
#define FLAP_MS 60000	  /* who was called dead and was not, flaps */
/* What it says sooner may be an echo of its life, what later its return. */
#define HEARD_MIN_MS 500
#define HEARD_MAX_MS 2000
#define SHORT_MS 1000 /* no machine is back so soon */
#define HOLD_MIN_MS 1000
#define HOLD_MAX_MS 60000

const char *wg_role_str(enum wg_role role)
{
	static const char *const names[] = {"passive", "taking", "serving"};

	return names[role];
}

/* --- life */

struct wg_group *wg_group_new(uint64_t self)
{
	struct wg_mem mem = {};
	struct wg_group *g = wg_mem_get(&mem, sizeof(*g));

	g->mem = mem;
	g->self = self;
	g->give_ms = WG_NEVER;
	g->changed_tail = &g->changed;
	return g;
}

void wg_group_delete(struct wg_group **group)
{
	struct wg_group *g = *group;
	struct wg_client *c;
	struct wg_mem mem;
	unsigned m;

	*group = NULL;
	if (!g)
		return;
	while ((c = wg_client_next(g, NULL)))
		wg_client_delete(g, c);
	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		wg_group_member_del(g, m);
	mem = g->mem;
	wg_mem_put(&mem, g, sizeof(*g));
}

uint64_t wg_group_self(const struct wg_group *g)
{
	return g->self;
}

const struct wg_group_stats *wg_group_stats(const struct wg_group *g)
{
	return &g->stats;
}

/* --- roles */

static void serve(struct wg_group *g, struct wg_client *c, int64_t now)
{
	if (c->role == WG_ROLE_PASSIVE)
		c->serial++;
	else
		g->stats.served++;
	if (c->role != WG_ROLE_TAKING)
		c->doubted = -1;
	else
		wg_take_answered(g, c, now);
	/* a member that is called dead was not asked: it may be in good faith */
	if (c->doubted >= 0 && g->member[c->doubted].dead)
		c->doubted = -1;
	if (c->doubted >= 0)
		g->member[c->doubted].lies++;
	c->contests = 0;
	c->again_ms = WG_NEVER;
	c->fresh = false;
	wg_client_set_role(g, c, WG_ROLE_SERVING);
	wg_client_tell_all(g, c);
}

/* --- members */

/* The same number at every gateway (splitmix64's finish). */
static uint64_t score(const struct wg_client *c, uint64_t id)
{
	uint64_t x;

	memcpy(&x, c->key.b, sizeof(x));
	x ^= id;
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static bool takes(const struct wg_member *m)
{
	return m->configured && m->ready && !m->dead && !m->drained && m->id;
}

/* How many living members, but this one, come before us for the client. */
static unsigned rank(const struct wg_group *g, const struct wg_client *c,
		     unsigned but)
{
	unsigned m, n = 0;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		n += m != but && takes(&g->member[m]) &&
		     score(c, g->member[m].id) > score(c, g->self);
	return n;
}

/* Who of the others shall have it; 0: nobody can. */
static uint64_t heir_of(const struct wg_group *g, const struct wg_client *c)
{
	uint64_t best = 0;
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (takes(&g->member[m]) &&
		    (!best || score(c, g->member[m].id) > score(c, best)))
			best = g->member[m].id;
	return best;
}

void wg_group_member_add(struct wg_group *g, unsigned m)
{
	assert(m < WG_GROUP_MEMBERS && !g->member[m].configured);
	g->member[m] = (struct wg_member){.configured = true,
					  .erred_ms = WG_NEVER,
					  .orphan_ms = WG_NEVER};
}

/* A drained gateway: all that somebody else can have. */
static void give_away(struct wg_group *g)
{
	struct wg_client *c;
	uint64_t heir;

	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c)) {
		c->backup_ms = WG_NEVER;
		wg_client_set_busy(g, c);
		heir = heir_of(g, c);
		if (c->role != WG_ROLE_PASSIVE && heir)
			wg_client_release(g, c, heir);
	}
}

void wg_group_member_ready(struct wg_group *g, unsigned m, bool ready)
{
	struct wg_member *to = &g->member[m];
	struct wg_client *c;

	if (to->ready == ready)
		return;
	to->ready = ready;
	to->head = to->tail = 0;
	to->begin = to->end = ready;
	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c)) {
		c->tell &= ~(1u << m);
		c->ask &= ~(1u << m);
		if (ready && c->role != WG_ROLE_PASSIVE)
			wg_client_tell(g, m, c);
	}
	if (ready && g->drained && g->give_ms == WG_NEVER)
		give_away(g);
}

void wg_group_member_del(struct wg_group *g, unsigned m)
{
	struct wg_member *member = &g->member[m];
	struct wg_client *c;

	wg_group_member_ready(g, m, false);
	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c)) {
		if (c->server == (int)m)
			c->server = -1;
		if (c->doubted == (int)m)
			c->doubted = -1;
	}
	wg_mem_put(&g->mem, member->queue,
		   member->cap * sizeof(*member->queue));
	*member = (struct wg_member){};
}

void wg_group_member_id(struct wg_group *g, unsigned m, uint64_t id)
{
	g->member[m].id = id;
}

void wg_group_member_drained(struct wg_group *g, unsigned m, bool drained)
{
	g->member[m].drained = drained;
}

void wg_group_backup(struct wg_group *g, struct wg_client *c, unsigned but,
		     int64_t now)
{
	c->backup_ms = now + rank(g, c, but) * BACKUP_MS;
	wg_client_set_busy(g, c);
}

/* Its clients are to be taken, each by the one whose turn it is. */
static void orphan(struct wg_group *g, unsigned m, int64_t now)
{
	struct wg_client *c;

	for (c = wg_client_next(g, NULL); c; c = wg_client_next(g, c)) {
		if (c->server != (int)m || c->role != WG_ROLE_PASSIVE)
			continue;
		c->server = -1;
		if (!wg_group_may_take(g))
			continue;
		wg_group_backup(g, c, m, now);
	}
	wg_group_tick(g, now);
}

void wg_group_member_heard(struct wg_group *g, unsigned m, int64_t now)
{
	struct wg_member *member = &g->member[m];

	if (member->dead && now - member->dead_ms >= HEARD_MIN_MS &&
	    now - member->dead_ms < HEARD_MAX_MS)
		member->heard = true;
}

static bool has_erred(const struct wg_member *member, int64_t now)
{
	return member->erred_ms != WG_NEVER && now - member->erred_ms < FLAP_MS;
}

static void died(struct wg_group *g, unsigned m, int64_t now)
{
	struct wg_member *member = &g->member[m];

	member->dead_ms = now;
	member->dead_id = member->id;
	member->heard = false;
	if (has_erred(member, now))
		member->orphan_ms = now + member->hold_ms;
	else
		orphan(g, m, now);
}

/* If it is the same as before, and could not have been dead, BFD erred. */
static void lives(struct wg_member *member, int64_t now)
{
	unsigned twice = 2 * member->hold_ms;

	member->orphan_ms = WG_NEVER;
	if (member->id != member->dead_id ||
	    (!member->heard && now - member->dead_ms >= SHORT_MS))
		return;
	member->hold_ms = !has_erred(member, now) ? HOLD_MIN_MS
			  : twice > HOLD_MAX_MS	  ? HOLD_MAX_MS
						  : twice;
	member->erred_ms = now;
}

void wg_group_member_dead(struct wg_group *g, unsigned m, bool dead,
			  int64_t now)
{
	if (g->member[m].dead == dead)
		return;
	g->member[m].dead = dead;
	if (dead)
		died(g, m, now);
	else
		lives(&g->member[m], now);
}

void wg_group_member_lied(struct wg_group *g, unsigned m, int64_t now)
{
	g->member[m].lies = 0;
	orphan(g, m, now);
}

/* --- what the device and the network say */

/*
 * A passive one, in no session.  What is left of an earlier life must not start
 * a handshake; but an endpoint may also be that of a client which is just
 * having one.
 */
static void seen_idle(struct wg_group *g, struct wg_client *c, uint32_t age_ms,
		      const struct wg_endpoint *endpoint, int64_t now)
{
	bool placed = endpoint->addr.family != AF_UNSPEC;

	c->fresh = !placed && age_ms == WG_AGE_NONE;
	if (!placed)
		c->placed_ms = WG_NEVER;
	else if (c->placed_ms == WG_NEVER)
		c->placed_ms = now;
	if (age_ms != WG_AGE_NONE ||
	    (placed && now - c->placed_ms >= PLACED_MS))
		wg_client_remove(g, c);
}

void wg_group_seen(struct wg_group *g, struct wg_client *c, uint32_t age_ms,
		   const struct wg_endpoint *endpoint, int64_t now)
{
	bool in_session = age_ms < SESSION_MS;
	int64_t at = now - age_ms;
	bool moved;

	if (c->removing)
		return;
	c->looked = true;
	if (c->role == WG_ROLE_PASSIVE && !in_session) {
		seen_idle(g, c, age_ms, endpoint, now);
		return;
	}
	if (c->role == WG_ROLE_SERVING && age_ms == WG_AGE_NONE) {
		wg_take_begin(g, c, now); /* the device is another */
		return;
	}
	if (age_ms == WG_AGE_NONE)
		return;
	moved = endpoint->addr.family &&
		!wg_group_same_place(endpoint, &c->last.endpoint);
	if (moved || !wg_group_same_place(&c->own.endpoint, &c->last.endpoint))
		wg_client_set_endpoint(
			g, c, moved ? endpoint : &c->last.endpoint, true);
	if (c->role != WG_ROLE_SERVING) {
		c->handshake_ms = at;
		wg_index_used(g, c, now);
		serve(g, c, now);
	} else if (moved || at > c->handshake_ms + WG_GROUP_HANDSHAKE_MS) {
		if (at > c->handshake_ms + WG_GROUP_HANDSHAKE_MS)
			wg_index_used(g, c, now);
		c->handshake_ms = at;
		wg_client_tell_all(g, c);
	}
}

bool wg_group_sent(struct wg_group *g, const struct wg_endpoint *to,
		   uint32_t value, int64_t now)
{
	struct wg_client *c = wg_client_at(g, to);

	if (!value)
		return false; /* it means: none */
	g->sent[g->n_sent++ % WG_GROUP_SENT] =
		(struct wg_sent){*to, value, now};
	if (!c)
		return true;
	if (wg_index_give(g, c, value) && c->role == WG_ROLE_SERVING)
		wg_client_tell_all(g, c);
	return c->role != WG_ROLE_SERVING;
}

void wg_group_removed(struct wg_group *g, struct wg_client *c, int64_t now)
{
	if (!c->removing)
		return;
	c->removing = false;
	c->fresh = true;
	c->placed_ms = WG_NEVER;
	if (c->release) {
		c->release = false;
		wg_client_tell_all(g, c);
	}
	if (c->role == WG_ROLE_TAKING)
		wg_take_removed(g, c, now);
	wg_client_mark(g, c);
	wg_client_set_busy(g, c);
}

/*
 * It may have gone to another gateway without our being told or asked; if we
 * go on, our next initiation (after 15 s of silence) would meet that one's.
 */
void wg_group_silent(struct wg_group *g, struct wg_client *c)
{
	if (c->role == WG_ROLE_SERVING)
		wg_client_release(g, c, 0);
}

/*
 * Whom we serve somebody else may reach.  Whom we are taking was perhaps just
 * given to us for the same reason: handing it on would go round for ever, so
 * the attempts end as they do.
 */
void wg_group_unreachable(struct wg_group *g, struct wg_client *c)
{
	uint64_t heir = heir_of(g, c);

	if (c->role == WG_ROLE_SERVING && heir)
		wg_client_release(g, c, heir);
}

void wg_group_drain(struct wg_group *g, bool drain, int64_t now)
{
	if (g->drained == drain)
		return;
	g->drained = drain;
	g->give_ms = drain ? now + WG_GROUP_DRAIN_MS : WG_NEVER;
}

bool wg_group_is_drained(const struct wg_group *g)
{
	return g->drained;
}

/* --- time */

void wg_group_tick(struct wg_group *g, int64_t now)
{
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m].configured &&
		    g->member[m].orphan_ms != WG_NEVER &&
		    now >= g->member[m].orphan_ms) {
			g->member[m].orphan_ms = WG_NEVER;
			orphan(g, m, now);
		}
	if (g->give_ms != WG_NEVER && now >= g->give_ms) {
		g->give_ms = WG_NEVER;
		give_away(g);
	}
	wg_take_tick(g, now);
}

int64_t wg_group_due(const struct wg_group *g)
{
	int64_t due = wg_take_due(g);
	unsigned m;

	for (m = 0; m < WG_GROUP_MEMBERS; m++)
		if (g->member[m].configured)
			wg_earlier(&due, g->member[m].orphan_ms);
	wg_earlier(&due, g->give_ms);
	return due;
}

/* --- checking */

void wg_group_check(const struct wg_group *g)
{
	size_t count[3] = {}, i, n_busy = 0, n = 0, n_flying = 0;
	const struct wg_client *c;
	const struct wg_index *x, *y;
	size_t n_index = 0, k;

	for (i = 0; i < WG_GROUP_BUCKETS; i++)
		for (c = g->by_key[i]; c; c = c->key_next) {
			count[c->role]++;
			n += c->busy;
			n_flying += c->flying;
			assert(!c->flying || c->role == WG_ROLE_TAKING);
			assert(c->busy ==
			       (c->removing || c->role == WG_ROLE_TAKING ||
				c->backup_ms != WG_NEVER));
			assert(c->role == WG_ROLE_PASSIVE || c->server < 0);
			assert(c->role == WG_ROLE_PASSIVE || !c->release);
			assert(!c->release || c->removing);
			assert(!c->fresh || !c->removing);
			assert(c->role != WG_ROLE_SERVING || !c->fresh);
			assert(c->attempts <= WG_GROUP_ATTEMPTS);
			for (k = 0; k < WG_OWN_INDICES; k++)
				n_index += !!c->own_index[k].value;
			for (k = 0; k < 2; k++)
				n_index += !!c->told_index[k].value;
		}
	/* an index is one client's */
	for (i = 0; i < WG_GROUP_BUCKETS; i++)
		for (x = g->by_index[i]; x; x = x->next) {
			assert(x->value % WG_GROUP_BUCKETS == i);
			for (y = x->next; y; y = y->next)
				assert(x->value != y->value);
			n_index--;
		}
	assert(n_index == 0);
	for (c = g->busy; c; c = c->busy_next)
		n_busy++;
	assert(n == n_busy);
	assert(n_flying == g->flying);
	for (i = 0; i < 3; i++)
		assert(count[i] == g->count[i]);
}
