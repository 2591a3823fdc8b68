/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is a peer up? A state machine for one peer, fed with what is known of it.
 *
 *                        keyless          shut down
 *                      INCOMPLETE          SHUTDOWN
 *                            \  configured  /
 *                             v            v
 *                     UNKNOWN <--------------> UP
 *                           \                  /
 *               at once      v                v      at once, or after a hold
 *                                  DOWN
 *
 * Times are milliseconds of one clock that does not jump, given by the caller.
 */
#ifndef WG_LIVENESS_H
#define WG_LIVENESS_H

#include "lib/core/wg_dev.h"

/* WireGuard: a session lives 180 s; with traffic it is renewed after 120 s */
#define WG_HANDSHAKE_FRESH_S 180
/* WireGuard: keepalive 10 s, rekey timeout 5 s; nothing for longer is silence
 */
#define WG_SILENT_MS 15000
/*
 * WireGuard: a call (the initiation of a handshake) is a message of so many
 * bytes, and is repeated after so long while no answer comes.
 */
#define WG_CALL_BYTES 148
#define WG_CALL_MS 5000
/* Whoever goes down so soon after it came back flaps. */
#define WG_FLAP_MS 60000
#define WG_HOLD_MIN_MS 1000
#define WG_HOLD_MAX_MS 60000

#define WG_LIVENESS_CHANGES 16

/* What BFD says; see wgd_bfd.h. */
enum wg_liveness_bfd {
	WG_LIVENESS_BFD_NONE, /* no session, or not established yet */
	WG_LIVENESS_BFD_DOWN, /* was up and is not */
	WG_LIVENESS_BFD_UP,
	WG_LIVENESS_BFD_ADMIN_DOWN, /* no failure (RFC 5882, 4.2) */
};

/* Why it is in its state. */
enum wg_why {
	WG_WHY_INCOMPLETE,
	WG_WHY_SHUTDOWN,
	WG_WHY_NEVER,	 /* unknown: no handshake yet */
	WG_WHY_OLD,	 /* unknown: no session, and none is needed */
	WG_WHY_FRESH,	 /* up: in a session */
	WG_WHY_BFD_UP,	 /* up */
	WG_WHY_BFD_DOWN, /* down */
	WG_WHY_BFD_LOST, /* down: so BFD said last, and no sign of life since */
	WG_WHY_SILENT,	 /* down: sent, and nothing received */
	WG_WHY_DEAF,	 /* down: it calls, and takes none of our answers */
	WG_WHY_OLD_KEEPALIVE, /* down: no session, though there are keepalives
			       */
	WG_WHY_HELD,	      /* down: it came back, and is not trusted yet */
};
/* For programs: "bfd-down". */
const char *wg_why_str(enum wg_why why);

struct wg_liveness_change {
	int64_t ms;
	uint8_t from, to; /* enum wg_peer_state */
	uint8_t why;	  /* enum wg_why */
};

struct wg_liveness {
	/* what it is; only wg_liveness.c writes anything here */
	enum wg_peer_state state;
	enum wg_why why;
	int64_t since;	     /* in this state; the reason may be newer */
	uint64_t ups, downs; /* how often it came into these states */
	uint64_t flaps;	     /* it went down soon after it came back */
	uint64_t held;	     /* how often coming back had to wait */
	unsigned hold_ms;    /* how long it is held the next time */
	uint64_t n_changes;  /* the last WG_LIVENESS_CHANGES are in the ring */
	struct wg_liveness_change ring[WG_LIVENESS_CHANGES];

	/* what is known */
	enum wg_peer_state admin; /* UNKNOWN: it may run */
	enum wg_liveness_bfd bfd;
	bool bfd_lost;	 /* it was down, then ended; no sign of life since */
	bool base_known; /* base is of after that */
	uint64_t base;	 /* rx then */
	bool was_read;
	int64_t read_at;
	uint64_t rx, tx;
	uint64_t silent_tx;   /* tx when the silence began */
	int64_t silent_since; /* sent, nothing received; -1: no */
	bool is_silent; /* too long, and it was sent more than keepalives */
	uint64_t calls; /* since it said anything else */
	int64_t called_at; /* the read that had the last; valid: calls */
	bool is_deaf; /* it goes on calling, and says nothing else */
	bool has_handshake, is_fresh, has_keepalive;

	/* hysteresis */
	int64_t back_at; /* when it last left DOWN; -1: never */
	int64_t due;	 /* it may come back then; -1: nothing is held */
};

/* One read of the device. */
struct wg_liveness_read {
	uint64_t rx, tx;       /* bytes, as the device counts them */
	int64_t handshake_age; /* seconds; -1: there was none */
	uint16_t keepalive;    /* seconds, as configured; 0: none */
};

void wg_liveness_init(struct wg_liveness *l, int64_t now);

/*
 * What happened.  True: the state changed.  Ask wg_liveness_next then and
 * whenever the reason may have changed, that is after each of these.
 */
bool wg_liveness_set_admin(struct wg_liveness *l, int64_t now,
			   enum wg_peer_state admin); /* see there */
bool wg_liveness_set_bfd(struct wg_liveness *l, int64_t now,
			 enum wg_liveness_bfd bfd);
/* There is no session to be had any more: nor what it said. */
bool wg_liveness_forget_bfd(struct wg_liveness *l, int64_t now);
bool wg_liveness_set_read(struct wg_liveness *l, int64_t now,
			  const struct wg_liveness_read *r);
bool wg_liveness_tick(struct wg_liveness *l, int64_t now);

/* When to tick; -1: something must happen first. */
int64_t wg_liveness_next(const struct wg_liveness *l);

/*
 * Milliseconds since when packets that want an answer get none, as far as
 * reads show it; 0: they do, or there are none, or it is not long enough.
 */
int64_t wg_liveness_silence(const struct wg_liveness *l, int64_t now);

/* The I-th last change, 0 the newest; NULL: it is not remembered. */
const struct wg_liveness_change *wg_liveness_change(const struct wg_liveness *l,
						    size_t i);

#endif
