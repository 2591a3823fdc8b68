/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of gateways with one key, for tests of wg_group.
 *
 * It has three gateways with devices that behave as WireGuard does, two
 * clients that are only WireGuard, a network that decides which gateway a
 * client's packets reach, and connections with delay between the gateways.
 */
#ifndef GROUP_MODEL_H
#define GROUP_MODEL_H

#include "lib/core/tests/group.h"

#define GATEWAYS 3
#define CLIENTS 2
#define STEP 5 /* ms */

struct session {
	int gateway; /* -1: none */
	unsigned id;
};

struct dev_peer {
	struct wg_endpoint endpoint;
	unsigned session; /* 0: none */
	int64_t handshake;
	uint16_t keepalive;
	unsigned life; /* which peer of this key it is */
};

/* What the device is still to do. */
struct pending {
	bool set;
	bool remove, call;
	int64_t at;
};

struct gateway {
	struct wg_group *group; /* NULL: the daemon is away */
	bool alive;		/* the machine */
	bool first;		/* the device was not read yet */
	struct wg_client *client[CLIENTS];
	struct dev_peer peer[CLIENTS];
	struct pending pending[CLIENTS];
	int64_t initiate[CLIENTS]; /* when the device does next; 0: never */
	int64_t read_at;
	int64_t lost[GATEWAYS]; /* since when the other is not heard */
	bool ready[GATEWAYS];
};

extern struct gateway gw[GATEWAYS];
extern struct wg_endpoint place[CLIENTS];
extern int reach[CLIENTS];     /* gateway that its packets reach */
extern int64_t moves[CLIENTS]; /* when it becomes a living one; 0: it is */
extern struct session session[CLIENTS];
extern unsigned unanswered; /* packets of clients */
extern int64_t heard[CLIENTS], tried[CLIENTS];
extern int64_t every[CLIENTS]; /* ms between its packets */
extern bool cut[GATEWAYS][GATEWAYS];
extern bool bfd_down;	     /* each calls the others dead, and they are not */
extern unsigned initiations; /* that devices sent */
extern int64_t now;

unsigned rnd(unsigned n);

void begin(void);
void finish(void);
/* The time goes on: by STEP, or for so long. */
void step(void);
void run_for(int64_t ms);
/* Something happens, whatever it is. */
void event(void);

/* A handshake that the client asked for. */
void handshake(unsigned c, int g);
/* The machine with all that is on it, or its daemon alone. */
void dies(int g);
void daemon_ends(int g);
void daemon_starts(int g);

/*
 * Each client is served by exactly the gateway that its packets reach, and the
 * others hold nothing of it.
 */
void expect_order(const char *when);

#endif
