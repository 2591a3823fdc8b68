/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A naive oracle: it knows only the configuration and the routes, and finds
 * every owner and verdict anew after each step, by scanning arrays.
 *
 * What depends on the past is asked for, not remembered: the present owner
 * (rule 4) is who the core said before the step.  With maxima in play, which
 * routes fit depends on the order, so there the oracle checks that the
 * outcome is a rest: with the counts as they are, no decision would differ.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "lib/core/tests/fake_kernel.h"

#define N_DEVS 3
#define N_VRFS 2
#define N_PEERS 4
#define N_KEYS 9 /* 1..8 */
#define N_ADDRS 6
#define N_PREFIXES 29
#define N_PREFIXES4 20 /* the first ones */
#define N_NH 3
#define N_CERTIFIED 4
#define O_LOOKUPS 18
#define STRANGER 100 /* first byte of a stranger's key */

struct o_peer {
	struct wg_peer *peer; /* NULL: there is none */
	unsigned key;	      /* 0: none */
	bool addr[N_ADDRS];
	bool is_static[N_PREFIXES];
	bool is_exclusive[N_PREFIXES]; /* those of them that are */
	bool shutdown;
	enum wg_peer_state liveness;
	uint32_t denied[2]; /* bits of prefixes, by family */
	uint32_t maximum;
	/* what the mesh says */
	bool member; /* it has a certificate: */
	unsigned number;
	struct wg_certified certified[N_CERTIFIED];
	unsigned n_certified;
	bool announced[N_PREFIXES];
	bool live;
};

struct o_dev {
	struct wg_dev *dev; /* NULL: there is none */
	uint32_t vrf;
	uint32_t ifindex;
	bool adopted;
	bool any, p2p;
	bool aggregate;
	bool aggregated; /* ever */
	unsigned key;
	bool stale; /* a sync kept what it found */
	struct o_peer peers[N_PEERS];
	struct fake_kernel fk;
	struct wg_op ops[16]; /* carried out, not committed yet */
	size_t n_ops;
	/* how far a read is; pieces of work may be left behind each */
	enum { O_IDLE, O_BEGUN, O_HALF, O_ENDED } reading;
	bool keep;
	bool released; /* what was kept may go, piece by piece */
	/* what the core said before the step */
	struct wg_peer *before[N_PREFIXES];
	/* a candidate was down: perhaps its owner has it for that only */
	bool lent[N_PREFIXES];
};

struct o_route {
	bool there;
	uint8_t proto;
	size_t n_nh;
	struct wg_nexthop nh[N_NH];
	bool fresh;
};

struct o_world {
	struct wg_core *core;
	bool mesh; /* some peers are members of one */
	struct o_dev devs[N_DEVS];
	struct o_route routes[N_VRFS][N_PREFIXES];
	bool wanted[N_VRFS][N_ADDRS];
	bool told[N_VRFS][N_ADDRS]; /* by the core */
	size_t n_gw[N_VRFS][N_ADDRS];
	struct wg_nexthop gw[N_VRFS][N_ADDRS][2];
};

extern struct o_world w;

extern struct wg_addr addrs[N_ADDRS];
extern struct wg_prefix prefixes[N_PREFIXES];
extern struct wg_addr o_lookups[O_LOOKUPS]; /* addresses to be looked up */

/* Fill the tables above; the random numbers from here on. */
void o_init(void);
void o_seed(uint64_t seed);
uint32_t rnd(uint32_t n);

/* Key number k; 0: none. */
struct wg_key key_of(unsigned k);
/* The prefix's number in the table; N_PREFIXES: not there. */
unsigned prefix_index(const struct wg_prefix *p);

/* What a route's next hops are on a device (NULL: on any); how many. */
struct o_candidate {
	struct o_peer *peer; /* NULL: nobody's */
	unsigned weight;
};
size_t o_resolve(uint32_t vrf, const struct o_route *r, struct o_dev *od,
		 struct o_candidate *ret);
bool o_recursive(const struct o_route *r);

/* Complete, and not shut down? */
bool o_usable(const struct o_dev *od, const struct o_peer *op);

/* Rule 2: do certificates let the peer have prefix number P? */
bool o_is_certified(const struct o_dev *od, const struct o_peer *op,
		    unsigned p);
/* Rule 2b: NULL: nobody. */
struct o_peer *o_announcer(struct o_dev *od, unsigned p);
/* What members have is in their certificates, address by address. */
void o_check_sealed(struct o_dev *od);
/* How often each was seen: a test of what never happens is none. */
struct o_mesh_seen {
	unsigned not_covered, another_is_longer, given, sealed;
};
extern struct o_mesh_seen o_mesh_seen;

/* Who has what, before the next step. */
void o_remember(void);
/* Is everything as it should be? STRICT: one decision since then. */
void o_check(bool strict);
/* Nothing is pending: has the device what is decided? */
void o_check_device(struct o_dev *od);

#endif
