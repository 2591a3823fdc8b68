/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One WireGuard interface as the daemon sees it: what glues a device of the
 * core to a link and a backend.
 *
 * An interface is keyed by name: it is configured before it exists, survives
 * its link, and the kernel's index of it changes.
 */
#ifndef WGD_IF_H
#define WGD_IF_H

#include "frr-wgd/wgd.h"
#include "lib/backend/wg_backend.h"

/*
 *             wgd_if_enable               link and backend are there
 *  (none) --------------------> ABSENT ------------------------------+
 *                              ^  |  ^ program started              |
 *               error, no link |  v  | socket answers               v
 *                              | STARTING ----------------------> UNSYNCED
 *                              |                                   |  ^
 *                              |            read and compared      v  | error
 *                              +-------------------------------- SYNCED
 */
enum wgd_if_state {
	WGD_IF_ABSENT, /* no link, or no way to it; tried again */
	WGD_IF_STARTING, /* the userspace program was started */
	WGD_IF_UNSYNCED, /* there, but its contents are not known */
	WGD_IF_SYNCED, /* known, and being kept as decided */
};

#define WGD_MEMBERS_MAX 16

/* The other gateways with our key. */
struct wgd_group_conf {
	bool drain;
	size_t n_members;
	struct wgd_member_conf {
		struct wg_addr addr;
		bool bfd;
		char *profile; /* NULL: bfdd's default */
	} members[WGD_MEMBERS_MAX];
};

/* What the operator configured for the interface (not its peers). */
struct wgd_if_conf {
	bool userspace;
	char *program; /* NULL: wireguard-go */
	char *key_file; /* NULL: the default */
	uint16_t listen_port; /* 0: any */
	uint32_t fwmark; /* 0: none */
	uint32_t mtu; /* bytes; 0: the default */
	enum wg_follow follow;
	bool aggregate;
	struct wg_addr source[2]; /* IPv4, IPv6; AF_UNSPEC: any */
	uint8_t announce_table; /* 0: nothing is announced */
	struct wgd_group_conf group;
};

#define WGD_MTU_DEFAULT 1420
#define WGD_MTU_MIN 1280 /* IPv6 wants no less */

#define WGD_LATENCY_BUCKETS 13
extern const uint32_t wgd_latency_bounds[WGD_LATENCY_BUCKETS]; /* us */

struct wgd_if_stats {
	uint64_t events; /* route messages that touched the interface */
	uint64_t batches; /* applies acknowledged */
	uint64_t ops; /* operations in them */
	uint64_t resyncs; /* reads that followed an error or a new link */
	uint64_t errors;
	uint64_t reads;
	uint32_t last_us, worst_us; /* from the first route to the last ack */
	/* ... how many bursts took so long; the last: longer than all */
	uint64_t latency[WGD_LATENCY_BUCKETS + 1], latency_sum_us;
};

struct wgd_if {
	char name[WG_IFNAME_LEN];
	struct wg_dev *dev;
	struct wgd_if_conf conf;
	enum wgd_if_state state;
	bool adopted; /* the link was there before us */
	bool known; /* adopted or made is known (a link was seen) */
	uint32_t ifindex, vrf; /* of the link that we had last; VRF 0: none */
	int64_t lost_ms; /* ... since when it is gone */
	uint16_t found_port, port; /* adopted: as it had it; as last read */
	uint32_t found_fwmark;
	uint32_t tunnel; /* ifindex that wgd_underlay knows; 0: none */
	struct wgd_source *sources; /* see wgd_source.c */
	char *reason; /* why not SYNCED, for people; NULL */
	char *refusal; /* what wg_plan_is_refused is about, for people */
	int64_t refused_ms; /* ... and when it was last */

	struct wgd_group *group; /* NULL: it is no gateway of several */
	bool drained; /* by the RPC, whatever the configuration says */

	struct wg_backend *be;
	/* COMPARING: all was read, and is looked through for what is missing */
	enum { WGD_IDLE, WGD_APPLYING, WGD_READING, WGD_COMPARING } busy;
	struct wg_op *ops; /* in flight, WG_BACKEND_BATCH of them */
	size_t n_ops;
	bool want_read; /* look again though nothing is known to be wrong */
	bool want_look; /* ... at the link */
	bool nobody; /* the peer that is being read has no key */

	pid_t program; /* of our own child; 0: none */
	unsigned retry_ms; /* back-off */
	int64_t started_ms; /* STARTING: since when */

	struct event *t_run; /* once per turn of the loop */
	struct event *t_in, *t_out, *t_timeout; /* backend */
	struct event *t_poll; /* next read */
	struct event *t_idle; /* nothing happened for a while */
	int64_t last_apply_ms, read_began_ms, read_took_ms;
	int64_t watch_ms; /* read often until then (wgd_device_watch) */
	int64_t poll_due_ms; /* the next read waits for a lull since; 0: none */
	int64_t read_cpu_us; /* what the last read cost us */
	int64_t dirty_since_us; /* 0: nothing pending */
	int64_t last_event_ms;	/* the last route */
	int64_t acked_us; /* last batch acknowledged; 0: none yet */

	struct wgd_if_stats stats;

	/* packets refused for their source (wg_link.h), as last looked at */
	struct {
		bool known; /* looked at since the link came */
		uint32_t ifindex;
		uint64_t n; /* since the link was made */
		int64_t looked_ms; /* monotonic */
		uint64_t grew_by; /* when it grew last, ... */
		int64_t grew_ms, grew_over_ms; /* at, and within how long */
	} refused;
};

extern const char *wgd_if_state_str(enum wgd_if_state state);

extern struct wgd_if *wgd_if_find(const char *name);
extern struct wgd_if *wgd_if_find_index(uint32_t ifindex); /* of its link */
extern struct wgd_if *wgd_if_get(const char *name); /* made where absent */
extern struct wgd_if *wgd_if_first(void);
extern struct wgd_if *wgd_if_next(struct wgd_if *wif);

/* The configuration changed (conf is taken over, its strings too). */
extern void wgd_if_configure(struct wgd_if *wif, struct wgd_if_conf *conf);
/*
 * The last line of configuration is gone: forget the interface, and delete
 * the link if we made it.
 */
extern void wgd_if_unconfigure(struct wgd_if *wif);
/* The daemon ends: forget everything, touch nothing. */
extern void wgd_if_finish(void);

/* Something may be to do: look at it in this turn of the loop. */
extern void wgd_if_kick(struct wgd_if *wif);
extern void wgd_if_kick_all(void);
/* A route event touched the interface's table, now. */
extern void wgd_if_route_event(void);
/* Read the device back as soon as possible and repair it. */
extern void wgd_if_resync(struct wgd_if *wif, const char *why);
/* The link came, changed, or went, or may have. */
extern void wgd_if_link_changed(const char *name);
/* All routes are here: entries of an earlier life may go. */
extern void wgd_if_release_stale(void);
/* Our own public key, or NULL while it is not known. */
extern const struct wg_key *wgd_if_public_key(struct wgd_if *wif);
/* The private key file in use; NULL on an adopted link without one. */
extern const char *wgd_if_key_file(struct wgd_if *wif, char *buf, size_t len);

/* --- for wgd_attach.c and wgd_device.c */

extern int64_t wgd_now_us(void); /* monotonic */
extern int64_t wgd_now_ms(void);
/* The one setter: logs what changed and why (NULL: nothing to say). */
extern void wgd_if_set_state(struct wgd_if *wif, enum wgd_if_state state,
			     const char *why);
/* Step in so many ms, whatever was scheduled. */
extern void wgd_if_kick_in(struct wgd_if *wif, unsigned ms);
/* Forget the backend; the device is unsynced. */
extern void wgd_if_detach(struct wgd_if *wif);
/*
 * Something did not work (-errno; what it was about is asked of the backend):
 * log it, forget the backend, try again later each time.
 */
extern void wgd_if_fail(struct wgd_if *wif, int rc, const char *doing);
/*
 * A preshared key that can no longer be read must not hold up the other peers;
 * one that can be read again brings its peer back.  FAILED: look at all.
 */
extern void wgd_if_check_secrets(struct wgd_if *wif, bool failed);

#endif
