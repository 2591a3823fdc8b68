/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Anycast gateways with one private key: who serves which client.
 *
 * The principle: a client is served by the gateway that its packets reach.
 * This is one gateway's part in it, for the clients of one interface: pure,
 * the time is an argument, in milliseconds of a clock that never jumps.
 *
 *   wg_group_seen, _stray, _told, ... --> roles of the clients
 *   wg_group_next_change              --> what the device is to be made
 *   wg_group_next_msg                 --> what a member is to be told
 *
 * Members are the other gateways, by small numbers that the caller gives.
 */
#ifndef WG_GROUP_H
#define WG_GROUP_H

#include "lib/core/wg_group_msg.h"

#define WG_GROUP_MEMBERS 16

struct wg_group;

enum wg_role {
	WG_ROLE_PASSIVE, /* on the device without endpoint: it only answers */
	WG_ROLE_TAKING,	 /* given its last endpoint, a handshake is awaited */
	WG_ROLE_SERVING, /* it had a handshake with us, and with nobody since */
};
const char *wg_role_str(enum wg_role role);

#define WG_NEVER INT64_MIN

/* An endpoint by which a client is found, for our own handshake messages. */
struct wg_place {
	struct wg_endpoint endpoint; /* AF_UNSPEC: unknown */
	struct wg_client *client;    /* private */
	struct wg_place *next;
};

#define WG_OWN_INDICES 3
/* A receiver index that names the client; see wg_group_index.c. */
struct wg_index {
	uint32_t value;		  /* 0: none */
	struct wg_client *client; /* private */
	struct wg_index *next;
};

/* A client; what is not marked "caller" is only to be read. */
struct wg_client {
	struct wg_key key;
	void *arg; /* caller */
	enum wg_role role;
	int server;	 /* PASSIVE: the member that claims it; -1: nobody */
	uint64_t serial; /* the highest that anybody said */
	/* where it was last, and where our own device saw it last */
	struct wg_place last, own;
	int64_t handshake_ms; /* with who serves it; WG_NEVER */
	/*
	 * The peer is being taken off the device, to be made anew.  What a read
	 * says of it does not count until wg_group_removed.
	 */
	bool removing;

	/* private to lib/core/wg_group*.c */
	bool flying; /* TAKING: an attempt is under way */
	bool urgent; /* TAKING: its packets come here */
	bool fresh; /* nothing happened to it on the device since it was made */
	bool looked; /* the device was read since the last attempt */
	bool changed, busy;
	bool release;  /* tell the members when it is removed */
	uint64_t heir; /* the member that shall take it then; 0: any */
	unsigned attempts, contests;
	int64_t took_ms, attempt_ms, next_ms; /* TAKING */
	int64_t backup_ms;    /* take it then if nobody has; WG_NEVER */
	int64_t again_ms;     /* taking failed: not before; WG_NEVER */
	int64_t placed_ms;    /* PASSIVE: it has an endpoint since; WG_NEVER */
	int64_t asked_ms;     /* its server was asked for it; WG_NEVER */
	int64_t doubt_ms;     /* it was asked in vain since; WG_NEVER */
	/* given by our device, and by those of members; the last one first */
	struct wg_index own_index[WG_OWN_INDICES], told_index[2];
	bool index_live; /* own_index[0] may be one of the device's */
	bool index_used; /* own_index[0] is, or was, of a session */
	struct wg_endpoint stray; /* where its last stray packet came from */
	int64_t stray_ms;	  /* when; WG_NEVER */
	int doubted; /* taken from this member, which has not given it; -1 */
	uint32_t tell, ask;   /* members, by bit */
	uint32_t server_snap; /* in which snapshot the server named it */
	struct wg_client *key_next; /* in the hash */
	struct wg_client *changed_next, *busy_next, *busy_prev;
};

struct wg_group_stats {
	uint64_t takes, served, failed; /* TAKING begun, and how it ended */
	uint64_t released, yielded;	/* given away, and to who was better */
	uint64_t asked;			/* members were asked for a client */
	uint64_t strays;  /* packets that said where a client's go */
	uint64_t strange; /* packets that name no client */
	uint64_t unknown; /* records of clients that are not ours */
};

/* SELF: a random number, not 0, that names this gateway while it lives. */
struct wg_group *wg_group_new(uint64_t self);
void wg_group_delete(struct wg_group **group);
uint64_t wg_group_self(const struct wg_group *group);
const struct wg_group_stats *wg_group_stats(const struct wg_group *group);

/* --- clients */
struct wg_client *wg_client_new(struct wg_group *group,
				const struct wg_key *key, void *arg);
void wg_client_delete(struct wg_group *group, struct wg_client *client);
struct wg_client *wg_client_find(struct wg_group *group,
				 const struct wg_key *key);
/* TAKING, and its turn has come: a handshake is to be started. */
bool wg_client_is_called(const struct wg_client *client);
size_t wg_group_count(const struct wg_group *group, enum wg_role role);

/* --- members */
void wg_group_member_add(struct wg_group *group, unsigned member);
void wg_group_member_del(struct wg_group *group, unsigned member);
/* Its `self`, as it said; it may be another than before. */
void wg_group_member_id(struct wg_group *group, unsigned member, uint64_t id);
/*
 * It is dead, or is not known to be. Not to be heard of is not to be dead:
 * BFD decides, or whoever the caller trusts.  Its clients are taken.  If it was
 * called dead and lived, which ended less than a minute before, only those are
 * whose packets come here, and the others when it is still dead after a hold of
 * 1 s, which doubles with each such error up to 60 s.
 */
void wg_group_member_dead(struct wg_group *group, unsigned member, bool dead,
			  int64_t now);
/* It said something, whatever it was. */
void wg_group_member_heard(struct wg_group *group, unsigned member,
			   int64_t now);
/* Can it be told something? Everything is told it when it can, again. */
void wg_group_member_ready(struct wg_group *group, unsigned member, bool ready);
/* It is drained: it takes nothing. */
void wg_group_member_drained(struct wg_group *group, unsigned member,
			     bool drained);

/*
 * It lied, and is not listened to for a while: who it claims is nobody's, and
 * is taken as if it had died.
 */
void wg_group_member_lied(struct wg_group *group, unsigned member, int64_t now);

/* --- what happens */
/*
 * A member said this.  -EPROTO: it lies, see wg_group_told.c; nothing was done.
 */
int wg_group_told(struct wg_group *group, unsigned member,
		  const struct wg_group_msg *msg, int64_t now);
/* A read of the device: AGE_MS since the last handshake, or WG_AGE_NONE. */
void wg_group_seen(struct wg_group *group, struct wg_client *client,
		   uint32_t age_ms, const struct wg_endpoint *endpoint,
		   int64_t now);
/*
 * Our own machine sent a handshake message there, with this sender index: that
 * is how the packets of the session name it.  True: it may be for a client that
 * is not known to be served, so the device is to be read.
 */
bool wg_group_sent(struct wg_group *group, const struct wg_endpoint *to,
		   uint32_t index, int64_t now);
/* Does it name a client? If not, that is counted. */
bool wg_group_knows(struct wg_group *group, uint32_t index, int64_t now);
/*
 * A data packet with this receiver index reached us from there.  True: it is a
 * client's that somebody else serves, or nobody.
 */
bool wg_group_stray(struct wg_group *group, const struct wg_endpoint *from,
		    uint32_t index, int64_t now);
/* The device has acknowledged that a client of `removing` is off. */
void wg_group_removed(struct wg_group *group, struct wg_client *client,
		      int64_t now);
/* We send, and it does not answer: nothing, for SILENT_MS. */
#define WG_GROUP_SILENT_MS 12000
void wg_group_silent(struct wg_group *group, struct wg_client *client);
/* There is no way from here to its endpoint. */
void wg_group_unreachable(struct wg_group *group, struct wg_client *client);
/*
 * Give everything away, and take nothing that comes not by itself.  A client
 * goes when its packets are seen elsewhere, and after WG_GROUP_DRAIN_MS in any
 * case: so the network has time to take them there, and nothing is lost
 * meanwhile.
 */
#define WG_GROUP_DRAIN_MS 500
void wg_group_drain(struct wg_group *group, bool drain, int64_t now);
bool wg_group_is_drained(const struct wg_group *group);
/* The time went on. */
void wg_group_tick(struct wg_group *group, int64_t now);
/* When wg_group_tick has something to do; INT64_MAX: never. */
int64_t wg_group_due(const struct wg_group *group);

/* --- what is to be done */
/*
 * A client whose role, endpoint or `removing` changed, or NULL:
 *  removing  take the peer off the device, then say wg_group_removed; and
 *  PASSIVE   make it without endpoint and without keepalives;
 *  TAKING    ... with endpoint, and a keepalive of 1 s, which starts at once,
 *            when it is its turn (wg_client_is_called), before as PASSIVE;
 *  SERVING   ... it has its endpoint; keepalives as configured.
 */
struct wg_client *wg_group_next_change(struct wg_group *group);
bool wg_group_has_change(const struct wg_group *group);
/* The next thing to tell the member: true and *ret. It counts as told. */
bool wg_group_next_msg(struct wg_group *group, unsigned member, int64_t now,
		       struct wg_group_msg *ret);
/* The clients, in no order. */
struct wg_client *wg_client_next(struct wg_group *group,
				 const struct wg_client *after);
/* Clients that are `removing` or TAKING, in no order. */
struct wg_client *wg_client_busy(struct wg_group *group,
				 const struct wg_client *after);

/* Assert what must hold at any time. */
void wg_group_check(const struct wg_group *group);

#endif
