/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network for paths: hubs, and sites behind NATs of all kinds (RFC 4787).
 * Packets take their time, overtake each other, and are lost where the network
 * loses them; who drops one says why.
 *
 * Sites behind one NAT reach each other's private addresses.  No address or port
 * is ever given out twice, so a packet that comes to another site than the one
 * it is for was sent to the wrong place.
 */
#ifndef PATH_NET_H
#define PATH_NET_H

#include "lib/core/wg_hello_msg.h"
#include "lib/core/wg_path.h"

#define NET_SITES 20
#define NET_HUBS 3
#define NET_PORT 51820
#define NET_MAPPINGS 256 /* of a NAT: the newest */
#define NET_PERMITS 64	 /* of a mapping: the newest */

enum net_nat_kind {
	NET_NONE,	/* a public address */
	NET_FULL,	/* full cone */
	NET_BY_ADDRESS, /* restricted to addresses that were sent to */
	NET_BY_PORT,	/* ... and ports */
	NET_SYMMETRIC,	/* another port for each destination, and so restricted */
	NET_HUBS_ONLY,	/* a firewall: nothing but to hubs */
	NET_KINDS,
};

struct net_mapping {
	uint8_t site;
	bool is_used;
	struct wg_endpoint to; /* NET_SYMMETRIC */
	uint16_t port;	       /* outside */
	struct wg_endpoint permit[NET_PERMITS];
	unsigned n;
};

struct net_nat {
	enum net_nat_kind kind;
	uint8_t generation; /* of its address */
	bool hairpins;
	uint16_t next_port;
	struct net_mapping mapping[NET_MAPPINGS];
	unsigned next;
	int64_t changed_ms; /* rebooted, or got another address */
};

enum net_kind { NET_DATA, NET_HELLO, NET_SWITCH, NET_IDLE, NET_PROBE, NET_CALL };

enum net_why {
	NET_LOST,  /* at random */
	NET_CUT,
	NET_NAT,   /* no mapping, not permitted, an address that is gone */
	NET_DEAD,  /* a hub that is down, or does not know the site */
	NET_WHYS,
};

struct net_packet {
	int64_t at;
	uint64_t order;
	enum net_kind kind;
	uint8_t from, to;   /* sites: sealed by, and for */
	int8_t hub;	    /* relayed by; -1: direct */
	bool is_up;	    /* on its way to that hub */
	bool is_local;	    /* to a private address */
	bool is_taken;	    /* WireGuard had it; the program has not */
	struct wg_endpoint src, dst;
	uint32_t number;    /* NET_DATA: which; else of pair messages */
	uint8_t state;	    /* NET_HELLO */
	uint32_t echo, ms;
	struct wg_endpoint place; /* NET_SWITCH, PONG: seen */
	bool is_pong;
	uint64_t id; /* NET_PROBE */
	struct wg_path_call call;
};

struct net_site {
	uint8_t nat, delay_ms;
	bool is_cut;
	int64_t cut_ms; /* the last change */
};

struct net {
	uint64_t rnd;
	int64_t now;
	unsigned loss_permille, jitter_ms;
	unsigned n_nats;
	struct net_nat nat[NET_SITES];
	struct net_site site[NET_SITES];
	struct {
		bool is_down, is_liar;
		int64_t down_ms;
		uint8_t delay_ms;
		/* where its device has each site */
		struct wg_endpoint at[NET_SITES];
	} hub[NET_HUBS];
	bool blocked[NET_SITES][NET_SITES]; /* direct only */
	int64_t blocked_ms[NET_SITES][NET_SITES];
	/* under way */
	struct net_packet **heap;
	size_t n, room;
	uint64_t order;
	/* what happened */
	uint64_t aliens;  /* sealed packets sent to, or come to, others */
	uint64_t victims; /* probes to who is no member */
	uint64_t dropped[NET_WHYS];
};

unsigned net_below(struct net *net, unsigned n);
void net_begin(struct net *net, uint64_t seed);
void net_end(struct net *net);

struct wg_endpoint net_private(const struct net *net, unsigned site);
/* Where a hub sees the site. */
struct wg_endpoint net_seen(struct net *net, unsigned site, unsigned hub);
/* Who never asked for anything. */
struct wg_endpoint net_victim(unsigned port);
void net_reboot(struct net *net, unsigned nat, bool new_address);
/* Is it known that the pair can, or cannot, have a direct path? */
bool net_can(const struct net *net, unsigned a, unsigned b);

/* By hub, or direct to DST.  The packet is copied. */
void net_send(struct net *net, const struct net_packet *p);
/* What is reliable: comes in MS. */
void net_tell(struct net *net, const struct net_packet *p, int64_t ms);
/*
 * The next packet that comes to its site now, of the caller to free; NULL: none.
 * One that is dropped is told as such: *RET_WHY is not NET_WHYS.
 */
struct net_packet *net_next(struct net *net, enum net_why *ret_why);

#endif
