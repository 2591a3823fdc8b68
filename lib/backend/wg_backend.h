/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One WireGuard device, whoever implements it: the kernel by generic netlink
 * (linux/wireguard.h) or a userspace program by its UAPI socket
 * (https://www.wireguard.com/xplatform/#configuration-protocol).
 *
 * Requests are started with wg_backend_apply or wg_backend_read, at most one
 * at a time, and followed with wg_backend_next, which hands out what the
 * device said, event by event, and never blocks.  The caller waits for
 * wg_backend_fd (wg_backend_events says for what) or for wg_backend_timeout,
 * then calls wg_backend_next until it returns 0.
 *
 * After an error nothing is known about the device: a request is carried out
 * partly.  The backend is idle again and can be used; the caller reads the
 * device back and repairs (lib/core/wg_sync.h).
 */
#ifndef WG_BACKEND_H
#define WG_BACKEND_H

#include <sys/types.h>

#include "lib/core/wg_op.h"

struct wg_backend;

enum wg_backend_kind {
	WG_BACKEND_KERNEL,
	WG_BACKEND_USERSPACE,
};

enum wg_event_kind {
	WG_EV_APPLIED = 1, /* all ops of the apply took effect */
	WG_EV_DEVICE, /* begin of a read: the device itself */
	/*
	 * One peer; the same key may come again: more prefixes, and all that
	 * is known of the peer by then.
	 */
	WG_EV_PEER,
	WG_EV_PREFIX, /* one prefix of the last peer */
	WG_EV_END, /* end of a read */
	WG_EV_AGAIN, /* the read was torn and has started anew: forget it */
};

struct wg_event {
	enum wg_event_kind kind;
	struct wg_key key; /* DEVICE: own public key (zero: none); PEER */
	uint16_t listen_port; /* DEVICE */
	uint32_t fwmark; /* DEVICE */
	/* PEER; wireguard-go never tells a scope, and a peer may have roamed */
	struct wg_endpoint endpoint;
	uint16_t keepalive; /* PEER, seconds */
	bool has_psk; /* PEER */
	int64_t handshake; /* PEER: CLOCK_REALTIME seconds; 0: never */
	uint64_t rx_bytes, tx_bytes; /* PEER */
	struct wg_prefix prefix; /* PREFIX */
};

#define WG_BACKEND_APPLY_MS 5000 /* time for one apply to be acknowledged */
#define WG_BACKEND_READ_MS 10000 /* longest silence inside a read */
/*
 * Ops a caller should give to one apply: nothing is changed while it is under
 * way, which with 2,000 is 10 ms, and 80 on a busy machine.
 */
#define WG_BACKEND_BATCH 500

/*
 * Make the backend for the device IFNAME.  The kernel's device must exist;
 * the userspace program must have its socket, DIR/IFNAME.sock with dir
 * WG_UAPI_DIR where NULL is given.  Nothing on the device is changed.
 * Errors: -ENODEV no such device, -EOPNOTSUPP no WireGuard in this kernel or
 * another kind of device, -EPERM no CAP_NET_ADMIN, -ENOENT no socket,
 * -ECONNREFUSED a dead socket, -EAGAIN the program does not accept, -EACCES,
 * -ENOMEM.
 */
#define WG_UAPI_DIR "/run/wireguard"
int wg_backend_open_kernel(const char *ifname, struct wg_backend **ret);
int wg_backend_open_userspace(const char *ifname, const char *dir,
			      struct wg_backend **ret);
void wg_backend_close(struct wg_backend **be);

enum wg_backend_kind wg_backend_kind(const struct wg_backend *be);

/*
 * The process that implements it, as it was when it opened its socket: one that
 * went to the background has another pid by now.  False: none.
 */
bool wg_backend_process(const struct wg_backend *be, pid_t *ret_pid,
			uid_t *ret_uid);

/*
 * Can it remove one prefix by itself (WGALLOWEDIP_F_REMOVE_ME, allowed_ip=-P),
 * as was probed: at open (kernel), with the first request (userspace, lest a
 * stopped program hold the caller in open)? Where not, REMOVE goes through a
 * throw-away peer.
 */
bool wg_backend_can_remove(const struct wg_backend *be);

/*
 * What the last error was about, for the log: names the object (device, peer
 * by public key, prefix, file) and the reason; never a secret.  "" if none.
 */
const char *wg_backend_error(const struct wg_backend *be);

/* The file descriptor to wait for; it may change after each call here. */
int wg_backend_fd(const struct wg_backend *be);
/* POLLIN and POLLOUT as poll(2) names them; 0 when idle. */
short wg_backend_events(const struct wg_backend *be);
/* Milliseconds until wg_backend_next must be called; -1: idle. */
int wg_backend_timeout(const struct wg_backend *be);

/*
 * Start to carry out OPS in their order.  The ops and what they point to may
 * go once this returns.  Any N is legal: the request is cut into as many
 * messages as the 64 KiB nest and message limits ask for.  REMOVE uses the
 * device's own flag where it was probed, else the throw-away peer.  PEER_SET
 * never touches the peer's prefixes; it and ADD create a missing peer
 * (PEER_SET always comes before a peer's first ADD).  REMOVE and PEER_REMOVE
 * of what is not there succeed and create nothing.  The throw-away peer takes
 * the prefix from whoever has it: REMOVE must name the peer that owns it.
 * Errors: -EBUSY a request is under way; those of reading a secret's file
 * (then nothing was sent).
 */
int wg_backend_apply(struct wg_backend *be, const struct wg_op *ops, size_t n);

/* Start to read the whole device.  -EBUSY as above. */
int wg_backend_read(struct wg_backend *be);

/*
 * The next thing that the device said: 1 and *ret, 0 nothing yet (or idle),
 * or an error, after which the backend is idle: -ETIMEDOUT, -EPIPE the
 * program hung up, -EPROTO it said what it must not, -ENODEV the device is
 * gone, or any errno that the device answered.
 */
int wg_backend_next(struct wg_backend *be, struct wg_event *ret);

#endif
