/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is wrong on the way of an address: the one thing to mend first.
 */
#ifndef WGD_CAUSE_H
#define WGD_CAUSE_H

#include "frr-wgd/show/wgd_facts.h"

#define WGD_TRIES_MAX 6

struct wgd_cause {
	const char *name; /* a stable word, for programs; NULL: nothing wrong */
	bool dropped; /* packets do not arrive; false: only some, or perhaps */
	bool outside; /* WireGuard has no part in it; dropped is false */
	char reason[512];  /* one sentence for people, with names and numbers */
	char unknown[768]; /* what cannot be known from here; "" nothing */
	size_t n_tries;
	char tries[WGD_TRIES_MAX][256]; /* what to try, best first */
};

/* --- for wgd_cause_*.c */

/* The names that sentences are made of; "" where there is none. */
struct wgd_words {
	char addr[WG_ADDR_STRLEN], route[WG_PREFIX_STRLEN];
	char entry[WG_PREFIX_STRLEN], endpoint[WG_ENDPOINT_STRLEN];
	const char *ifname, *owner;
	char owner_key[64]; /* the owner's name where it has no other */
};

/* Does it apply? Then *c is filled in; dropped is set before. */
typedef bool (*wgd_rung)(const struct wgd_facts *f, const struct wgd_words *w,
			 struct wgd_cause *c);

/* Those about a mesh, for the two ladders. */
extern bool wgd_cause_member_revoked(const struct wgd_facts *f,
				     const struct wgd_words *w,
				     struct wgd_cause *c);
extern bool wgd_cause_not_let_in(const struct wgd_facts *f,
				 const struct wgd_words *w,
				 struct wgd_cause *c);
extern bool wgd_cause_no_hub(const struct wgd_facts *f,
			     const struct wgd_words *w, struct wgd_cause *c);
extern bool wgd_cause_relay(const struct wgd_facts *f,
			    const struct wgd_words *w, struct wgd_cause *c);
extern bool wgd_cause_relays_not(const struct wgd_facts *f,
				 const struct wgd_words *w,
				 struct wgd_cause *c);

/*
 * The path to a site of a mesh: why it is not direct (name, reason), when it is
 * tried again (unknown), and what would make it direct (tries).  Name is NULL
 * where it is, or is being changed.  False: there is no such path.
 */
struct wgd_path_view;
extern bool wgd_cause_path(const struct wgd_facts *f, const struct wgd_words *w,
			   struct wgd_path_view *view, struct wgd_cause *c);

extern const wgd_rung wgd_cause_route_rungs[]; /* 1. to 10.; NULL ends */
extern const wgd_rung wgd_cause_peer_rungs[];  /* 11. to 19. */
/* No rung applied: say what is not known even so. */
extern void wgd_cause_none(const struct wgd_facts *f, const struct wgd_words *w,
			   struct wgd_cause *c);

/* There never was a handshake, though one was asked for. */
extern bool wgd_cause_never_answered(const struct wgd_peer *p);
/* ... or what wants an answer has got none for long, calls at most. */
extern bool wgd_cause_is_silent(const struct wgd_peer *p);

extern void wgd_cause_try(struct wgd_cause *c, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The peer's name, or its public key (KEY: WG_KEY_STRLEN). */
extern const char *wgd_cause_peer_name(const struct wg_peer *peer, char *key);
#define wgd_cause_say(dst, ...) snprintf((dst), sizeof(dst), __VA_ARGS__)

#endif
