/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * By which way a pair of sites talks: through a hub (the relay), or direct.
 * One machine a pair, the same at both ends; wg_path.c says what it does.
 * Pure: no socket, no clock.
 *
 *   wg_path_init(p, &conf, id, endpoint, is_relay, now);
 *   any of the events below, then
 *   while (wg_path_next(p, now, &act))
 *           do what act says
 *   again at wg_path_due(p)
 *
 * The device's endpoint for the other site is to be wg_path_endpoint(), or,
 * where that is NULL, the relay address at the hub that relays; the WG_PATH_SET
 * actions say when to set it, also where it seems to be so already.
 *
 * Times are milliseconds of a clock that does not jump.
 */
#ifndef WG_PATH_H
#define WG_PATH_H

#include "lib/core/wg_bucket.h"
#include "lib/core/wg_places.h"

/* Demand: two packets within ... */
#define WG_PATH_DEMAND_MS 10000
/* An attempt. */
#define WG_PATH_CALL_MS 2000	    /* for the answer to a CALL */
#define WG_PATH_CALL_AGAIN_MS 700   /* the same CALL once more */
#define WG_PATH_START_MAX_MS 1000   /* of start_ms; more counts as this */
#define WG_PATH_PROBE_MS 3000	    /* for a PONG */
#define WG_PATH_PICK_MS 30	    /* from the first PONG to the choice */
#define WG_PATH_SWITCH_MS 2000	    /* for the other end to come along, ... */
#define WG_PATH_SETTLE_MS 10000	    /* ... and until both are settled */
#define WG_PATH_SWITCH_AGAIN_MS 100 /* the same SWITCH once more */
/* Setting the endpoint: so often, ... */
#define WG_PATH_SET_EVERY_MS 10 /* about; never in step with the data */
#define WG_PATH_SET_SOON_MS 1  /* while something leaves for the relay */
#define WG_PATH_SET_MIN 10     /* ... so many times, or for ... */
#define WG_PATH_SET_RTTS 3     /* ... round trips by the relay, ... */
#define WG_PATH_SET_MAX 150    /* ... but not more often */
#define WG_PATH_QUIET_MS 20    /* nothing more left for the relay */
#define WG_PATH_RETURN_MS 1000 /* for the other end to come along */
/* A direct path. */
#define WG_PATH_IDLE_MS 120000	   /* the default of conf.idle_ms */
#define WG_PATH_IDLE_AGAIN_MS 5000 /* between offers to leave it */
#define WG_PATH_STRANGE_PINGS 5	   /* to where the other end moved, ... */
#define WG_PATH_STRANGE_MS 1000	   /* ... and for the answer */
#define WG_PATH_STEADY_MS 60000	   /* it has proven good */
/* After an attempt that failed: none for so long, doubled each time. */
#define WG_PATH_HOLD_MS 40000
#define WG_PATH_HOLD_SOON_MS 10000 /* there was a path */
#define WG_PATH_HOLD_MAX_MS 3600000
#define WG_PATH_HOLD_ALONE_MAX_MS 60000 /* where no hub can carry a CALL */
#define WG_PATH_FRESH_MS 10000 /* between CALLs, though there is news */
/* CALLs of the other end that are answered: one in so long, so many at once. */
#define WG_PATH_CALLED_EVERY_MS 10000
#define WG_PATH_CALLED_BURST 3

/* The number in HELLOs. */
enum wg_path_state {
	WG_PATH_START, /* after a start of ours: not known yet */
	WG_PATH_RELAY,
	WG_PATH_CALLING,   /* we ask the other end to try */
	WG_PATH_PROBING,   /* both do */
	WG_PATH_SWITCHING, /* to a proven place */
	WG_PATH_DIRECT,
	WG_PATH_RETURNING, /* to the relay */
	WG_PATH_STATES,
};
/* "start", "relay", ... */
const char *wg_path_state_str(enum wg_path_state state);

/* Why the pair is not direct; in WG_PATH_DIRECT of no meaning. */
enum wg_path_why {
	WG_PATH_WHY_NO_DEMAND,	  /* "no-demand": nobody wants it */
	WG_PATH_WHY_NO_ANSWER,	  /* "no-answer": to our CALL */
	WG_PATH_WHY_NO_CANDIDATE, /* "no-candidate": the other end has none */
	WG_PATH_WHY_NO_PONG,	  /* "no-pong": no probe came through */
	WG_PATH_WHY_NO_SETTLE, /* "no-settle": one came, the switch did not */
	WG_PATH_WHY_LOST,      /* "lost": HELLOs, at one end */
	WG_PATH_WHY_IDLE,      /* "idle": no data, at both ends */
	WG_PATH_WHY_NEVER,     /* "never": so configured */
	WG_PATH_WHY_NO_RAW_SOCKET, /* "no-raw-socket": we cannot probe */
	WG_PATH_WHY_NEW_KEY,	   /* "new-key": of the other end */
	WG_PATH_WHYS,
};
const char *wg_path_why_str(enum wg_path_why why);

enum wg_path_mode {
	WG_PATH_ON_DEMAND,
	WG_PATH_ALWAYS,
	WG_PATH_NEVER,
};

struct wg_path_conf {
	bool leads; /* our member number is the lower one */
	enum wg_path_mode mode;
	uint32_t idle_ms; /* without data, until a direct path is left */
	bool can_probe;	  /* there is a raw socket */
};

/* One pair; read what stands before the line. */
struct wg_path {
	enum wg_path_state state;
	enum wg_path_why why;
	int64_t since_ms; /* of the state */
	uint32_t rtt_ms;  /* of the place in use, by its PONG */
	uint32_t relay_rtt_ms; /* by the relay, as far as is known; or 0 */
	struct wg_path_conf conf;
	struct wg_places places;	     /* of this attempt, or path */
	uint64_t attempts, switches, losses; /* so often, of this machine */
	int64_t hold_ms; /* no CALL of ours before that */
	uint8_t other;	 /* the state of the other end, as heard last */
	/* only wg_path.c uses what follows */
	int8_t at;	      /* place in use; -1: the relay */
	int8_t wanted;	      /* that a SWITCH named, unproven; -1: none */
	int8_t strange;	      /* that the device was found at; -1: none */
	uint8_t fails;	      /* of attempts of ours, in a row */
	uint8_t answers_left; /* to this CALL */
	bool has_hub, is_alone, is_caller, other_came, is_lost;
	/* what is to be done */
	bool tell, answer, idle;
	bool hello, hello_told, watch, watch_told;
	enum wg_path_state told;
	uint16_t sets; /* of the endpoint, left */
	uint8_t turn;  /* of them, of all */
	int64_t set_due_ms, switch_due_ms, idle_due_ms, call_due_ms;
	uint64_t next_id, id, answer_id;
	uint32_t hub_rtt_ms;   /* of the hub that carries CALLs */
	uint32_t start_ms;     /* what our answer says */
	int64_t begin_ms;      /* of PINGs */
	int64_t pong_ms;       /* the first one */
	int64_t settled_ms;    /* a HELLO went and came by the new way */
	int64_t relayed_ms;    /* something left for the relay */
	int64_t set_ms;	       /* all sets were done */
	int64_t data_ms, demand_ms, called_ms, strange_ms;
	struct wg_bucket called;
};

/*
 * The other site became a peer, or we began: the device has ENDPOINT for it
 * (NULL: none), which is a relay address or not.  ID is random: our CALLs count
 * from there.
 */
void wg_path_init(struct wg_path *p, const struct wg_path_conf *conf,
		  uint64_t id, const struct wg_endpoint *endpoint,
		  bool is_relay, int64_t now);

/* --- events */

void wg_path_conf_set(struct wg_path *p, const struct wg_path_conf *conf,
		      int64_t now);
/*
 * Is a hub connected that has the other site?  RTT_MS is the time to it and
 * back, as its HELLOs say (0: not known).
 */
void wg_path_hub(struct wg_path *p, bool is_there, uint32_t rtt_ms,
		 int64_t now);
/* N packets with data left for the other site. */
void wg_path_data(struct wg_path *p, unsigned n, int64_t now);
/*
 * Our candidates are others now, or its published endpoints are: what was held
 * off may be tried again.
 */
void wg_path_fresh(struct wg_path *p, int64_t now);

/*
 * A CALL of the other site, or its answer to ours.  The places went through
 * wg_places_fit.  Where no hub is there, the caller answers a WG_PATH_CALL by
 * itself, with the endpoints that the other site published.
 */
struct wg_path_call {
	uint64_t id;
	uint32_t start_ms; /* CALL: the caller's way to its hub; answer: both */
	bool is_answer;
	uint8_t n;
	struct wg_endpoint places[WG_PLACES_TOLD];
};
void wg_path_called(struct wg_path *p, const struct wg_path_call *call,
		    int64_t now);

/* Is its PING to be answered?  (After that: wg_path_pinged.) */
bool wg_path_answers(const struct wg_path *p);
/* A PING with the pair's MAC came from there. */
void wg_path_pinged(struct wg_path *p, const struct wg_endpoint *from,
		    int64_t now);
/*
 * The PONG to a PING of ours, that came from where the PING went.  SEEN: where
 * the other end says that our PING came from.
 */
void wg_path_pong(struct wg_path *p, const struct wg_endpoint *from,
		  const struct wg_endpoint *seen, uint32_t rtt_ms, int64_t now);

/*
 * What came out of the pair's tunnel, each of a higher number than all before.
 * A HELLO, in the state STATE; of an answer, how long it took (TOOK_MS).  Of one
 * that was overtaken (wg_hello_is_latest) the state is p->other.
 */
void wg_path_heard(struct wg_path *p, enum wg_path_state state, bool is_answer,
		   uint32_t took_ms, int64_t now);
/* A SWITCH, to the place where we are to have the other end. */
void wg_path_switched(struct wg_path *p, const struct wg_endpoint *place,
		      int64_t now);
/* An IDLE: the other end has no data, and would leave the direct path. */
void wg_path_idled(struct wg_path *p, int64_t now);
/* Three HELLOs in a row were lost; also each further one, till an answer. */
void wg_path_lost(struct wg_path *p, int64_t now);

/* While WG_PATH_WATCH is on: something sealed left for its relay address. */
void wg_path_relayed(struct wg_path *p, int64_t now);
/* The device was read, as for wg_path_init. */
void wg_path_device(struct wg_path *p, const struct wg_endpoint *endpoint,
		    bool is_relay, int64_t now);
/* The other end has another key: it is a new peer, at the relay. */
void wg_path_new_key(struct wg_path *p, int64_t now);

/* --- what to do */

enum wg_path_do {
	WG_PATH_TELL,	/* the state or its reason changed */
	WG_PATH_CALL,	/* send act.call with our candidates, by a hub */
	WG_PATH_PING,	/* send a PING to act.place */
	WG_PATH_SWITCH, /* send a SWITCH with act.place in the tunnel */
	WG_PATH_IDLE,	/* send an IDLE in the tunnel */
	WG_PATH_HELLO,	/* act.on: ask HELLOs, as often as for hubs */
	WG_PATH_WATCH,	/* act.on: tell wg_path_relayed */
	WG_PATH_SET,	/* set the device's endpoint to what it is to be */
};

struct wg_path_act {
	enum wg_path_do what;
	bool on;
	enum wg_path_state was; /* TELL: the state that was told before */
	struct wg_endpoint place;
	struct {
		uint64_t id;
		uint32_t start_ms;
		bool is_answer;
		bool has_places; /* false: send it without any */
		bool by_hub;	 /* false: see wg_path_called */
	} call;
};

/* When to call wg_path_next; -1: not before an event. */
int64_t wg_path_due(const struct wg_path *p);
/* False: nothing more to do now. */
bool wg_path_next(struct wg_path *p, int64_t now, struct wg_path_act *ret);

/*
 * Where the device is to have the other site.  NULL: at the relay.  In
 * WG_PATH_START it is where the device has it already, and nothing sets it.
 */
const struct wg_endpoint *wg_path_endpoint(const struct wg_path *p);
/*
 * May the device have it there for now?  In RELAY or not is not asked here.
 * What may not be goes back to wg_path_endpoint.
 */
bool wg_path_allows(const struct wg_path *p, const struct wg_endpoint *at);

/*
 * Assert the invariants; above all that in each state the endpoint is the
 * relay's or a proven place (in WG_PATH_START: what it was).
 */
void wg_path_check(const struct wg_path *p);

#endif
