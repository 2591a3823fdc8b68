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

#include "frr-wgd/base/wgd.h"
#include "frr-wgd/base/wgd_clock.h"
#include "lib/backend/wg_backend.h"
#include "lib/core/wg_path.h"

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
	WGD_IF_ABSENT,	 /* no link, or no way to it; tried again */
	WGD_IF_STARTING, /* the userspace program was started */
	WGD_IF_UNSYNCED, /* there, but its contents are not known */
	WGD_IF_SYNCED,	 /* known, and being kept as decided */
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

#define WGD_MESH_PLACES_MAX 8	  /* endpoints, and doors */
#define WGD_MESH_ANNOUNCED_MAX 128 /* prefixes */
#define WGD_MESH_DOOR 51822	  /* UDP port, the default of all doors */
#define WGD_MESH_MEMBERS 4096	  /* the default of maximum */
#define WGD_MESH_IDLE_S 120	  /* ... of idle_s */
#define WGD_MESH_HELLO_MS 200	  /* ... of hello_ms */

/*
 * The mesh that the interface is in.  Lines without a name may be there, in
 * whatever order they are typed: they count when it is.
 */
struct wgd_mesh_conf {
	char *name; /* a folder's, too (wgd_value.c); NULL: in none */
	bool hub;
	uint16_t door; /* a hub's own; set also where it is none */
	bool routes;
	uint32_t maximum; /* members */
	enum wg_path_mode direct;
	uint32_t idle_s;   /* without data, until a direct path is left */
	uint16_t hello_ms; /* between hellos on one */
	size_t n_endpoints, n_doors, n_announced;
	struct wgd_mesh_place {
		char *host; /* an address, in one spelling, or a name */
		uint16_t port;
	} endpoints[WGD_MESH_PLACES_MAX], /* ours, which others are told */
		doors[WGD_MESH_PLACES_MAX];
	/* 0: what is certified; masked, each once, in no order; with /0 */
	struct wg_prefix announced[WGD_MESH_ANNOUNCED_MAX];
};

/* What the operator configured for the interface (not its peers). */
struct wgd_if_conf {
	bool userspace;
	char *program;	      /* NULL: wireguard-go */
	char *key_file;	      /* NULL: the default */
	uint16_t listen_port; /* 0: any */
	uint32_t fwmark;      /* 0: none */
	uint32_t mtu;	      /* bytes; 0: the default */
	enum wg_follow follow;
	bool p2p; /* one peer, that any next hop is */
	bool aggregate;
	struct wg_addr source[2]; /* IPv4, IPv6; AF_UNSPEC: any */
	uint8_t announce_table;	  /* 0: nothing is announced */
	struct wgd_group_conf group;
	struct wgd_mesh_conf mesh;
};

#define WGD_MTU_DEFAULT 1420
#define WGD_MTU_MESH 1340 /* the default in a mesh: sealed twice */
#define WGD_MTU_MIN 1280  /* IPv6 wants no less */

static inline uint32_t wgd_mtu_default(const struct wgd_if_conf *conf)
{
	return conf->mesh.name ? WGD_MTU_MESH : WGD_MTU_DEFAULT;
}

/* What each room keeps of it is that room's; others read, and ask for more. */
struct wgd_if {
	char name[WG_IFNAME_LEN];
	struct wg_dev *dev;
	struct wgd_if_conf conf;
	enum wgd_if_state state;
	char *reason;	/* why not SYNCED, for people; NULL */
	uint16_t port;	/* as last read */
	bool want_read; /* look again though nothing is known to be wrong */
	bool want_look; /* look at the link again */

	struct event *t_run; /* the next step, at due_ms; kicks wait until */
	int64_t due_ms, not_before_ms;
	unsigned retry_ms; /* back-off */

	struct wgd_link *link;	   /* device/wgd_attach.h */
	struct wgd_device *device; /* device/wgd_device.h */
	struct wgd_under *under;   /* underlay/wgd_underlay.h */
	struct wgd_group
		*group; /* gateway/; NULL: it is no gateway of several */
	struct wgd_mesh *mesh; /* mesh/; NULL: it is in none */
	bool awaits_peers; /* the mesh may not know yet who is one */
	bool drained;	/* by the RPC, whatever the configuration says */
	char *doubted; /* what an answer told already: see wgd_answer.c */
	int64_t alone_ms; /* since when wgd_peer_alone; 0: it is not so */
	bool said_alone;
};


extern const char *wgd_if_state_str(enum wgd_if_state state);
/* The interface's state; "pending": in sync but for what is under way. */
extern const char *wgd_if_sync_state(const struct wgd_if *wif);

extern struct wgd_if *wgd_if_find(const char *name);
extern struct wgd_if *wgd_if_find_index(uint32_t ifindex); /* of its link */
extern struct wgd_if *wgd_if_first(void);
extern struct wgd_if *wgd_if_next(struct wgd_if *wif);
#define wgd_each_if(wif)                                                       \
	for (struct wgd_if *wif = wgd_if_first(); wif; wif = wgd_if_next(wif))
extern struct wgd_if *wgd_if_new(const char *name);
extern void wgd_if_delete(struct wgd_if *wif);
extern void wgd_if_conf_clear(struct wgd_if_conf *conf);

/* The one setter: logs what changed and why (NULL: nothing to say). */
extern void wgd_if_set_state(struct wgd_if *wif, enum wgd_if_state state,
			     const char *why);

/*
 * Something may be to do: look at it in this turn of the loop, or when the
 * time has come if it is backing off or has just been written to.
 */
extern void wgd_if_kick(struct wgd_if *wif);
extern void wgd_if_kick_all(void);
/* Look at it in so many ms, whatever was scheduled. */
extern void wgd_if_kick_in(struct wgd_if *wif, unsigned ms);
/* Nothing can be done for so many ms; no longer. */
extern void wgd_if_back_off(struct wgd_if *wif, unsigned ms);
extern void wgd_if_try_now(struct wgd_if *wif);
/* Read the device back as soon as possible and repair it. */
extern void wgd_if_resync(struct wgd_if *wif, const char *why);
/* The link came, changed, or went, or may have. */
extern void wgd_if_link_changed(const char *name);

#endif
