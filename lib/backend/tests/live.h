/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A real device for tests and benchmarks, in namespaces of the calling
 * process's own: the kernel's, or a wireguard-go that is started and stopped
 * here.  And a picture of what a device has, read through a backend.
 */
#ifndef LIVE_H
#define LIVE_H

#include "lib/backend/wg_backend.h"

/*
 * Private network and mount namespaces, and an empty WG_UAPI_DIR.
 * NULL, or why not.
 */
const char *live_enter(void);

/* Make the kernel's device.  NULL, or why not. */
const char *live_kernel(const char *ifname);

/* Start PROGRAM for a device; NULL or why not.  One at a time. */
const char *live_userspace(const char *program, const char *ifname);
/* SIGKILL, SIGSTOP, SIGCONT to the program; after SIGKILL it is reaped. */
void live_signal(int sig);
/* End the program. */
void live_stop(void);

/* --- what a device has */

#define LIVE_PEERS 64

struct live_peer {
	struct wg_event ev;
	size_t n; /* prefixes */
	struct wg_prefix *prefixes; /* sorted */
};

struct live_picture {
	struct wg_event device;
	size_t n_peers, ends, agains;
	struct live_peer peers[LIVE_PEERS];
};

/* 0 or the read's error. */
int live_read(struct wg_backend *be, struct live_picture *ret);
void live_forget(struct live_picture *pic);
struct live_peer *live_find(struct live_picture *pic, const struct wg_key *key);
/* Is P among the prefixes of the peer with KEY? */
bool live_has(struct live_picture *pic, const struct wg_key *key,
	      const char *prefix);
/* Of all peers. */
size_t live_prefixes(const struct live_picture *pic);

#endif
