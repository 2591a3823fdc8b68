/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sites with WireGuard and wgd on the network of path_net.h, as far as paths
 * need it: an endpoint that follows each packet that is opened, readings of it,
 * hellos, probes, CALLs by hubs.  A site's program may stand still or be away
 * while its kernel goes on.
 */
#ifndef PATH_WORLD_H
#define PATH_WORLD_H

#include "lib/core/tests/path_net.h"
#include "lib/core/wg_hello.h"

#define WORLD_PAIRS 30
#define WORLD_PINGS 64 /* of a pair, whose PONG counts */
#define WORLD_IDLE_MS 10000

/* What is sealed for the other end goes there. */
struct world_at {
	int8_t hub; /* -1: direct */
	struct wg_endpoint direct;
};

/* One end of a pair. */
struct world_end {
	uint8_t from, to;
	struct world_at at; /* in the kernel */
	int8_t relay;	    /* the hub that is to relay */
	/* data to the other end: one in GAP_MS until UNTIL_MS */
	unsigned gap_ms;
	int64_t data_ms, until_ms;
	/* the program's */
	struct wg_path path;
	struct wg_hello hello;
	uint64_t lost;	/* hellos, as seen last */
	int64_t due_ms;
	struct {
		uint64_t id;
		int64_t at_ms;
		struct wg_endpoint to;
	} ping[WORLD_PINGS];
	unsigned pings;
};

struct world_site {
	bool is_away;	     /* the program */
	int64_t until_ms;    /* ... till then, or standing still */
	int64_t disturbed_ms; /* the last time that it did */
	int64_t wall_ms;     /* its clock's difference */
	bool is_connected[NET_HUBS];
	int64_t link_ms[NET_HUBS]; /* the link has been as it is, since */
	bool has_link[NET_HUBS];
	struct wg_endpoint candidates[WG_PLACES_TOLD];
	unsigned n_candidates;
};

struct world {
	struct net net;
	bool is_lossless; /* the network loses nothing: each drop is ours */
	struct world_site site[NET_SITES];
	struct world_end end[2 * WORLD_PAIRS]; /* a pair is 2i and 2i + 1 */
	uint8_t index[NET_SITES][NET_SITES];   /* of them */
	/* each packet of data */
	struct world_data {
		int64_t at_ms;
		uint8_t end;
		enum { WORLD_UNDER_WAY, WORLD_CAME, WORLD_DROPPED } fate;
	} *data;
	size_t n_data, room_data;
	/* what happened */
	unsigned long direct, losses, unsettled, restarts, putbacks, came_direct;
	unsigned long not_excused; /* drops that nothing explains */
};

void world_begin(struct world *w, uint64_t seed, bool is_lossless);
void world_end(struct world *w);
void world_run(struct world *w, int64_t ms);

/* The program is away, or stands still, for so long. */
void world_disturb(struct world *w, unsigned site, bool is_away, int64_t ms);
void world_mode(struct world *w, unsigned end, enum wg_path_mode mode);

#endif
