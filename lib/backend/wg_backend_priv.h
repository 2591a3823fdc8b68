/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the two kinds of backend share: the table of their functions, the time
 * limit of a request and the text of the last error.  Not for others.
 */
#ifndef WG_BACKEND_PRIV_H
#define WG_BACKEND_PRIV_H

#include "lib/backend/wg_backend.h"
#include "lib/backend/wg_secbuf.h"

struct wg_backend_kind_ops {
	enum wg_backend_kind kind;
	void (*close)(struct wg_backend *be);
	int (*fd)(const struct wg_backend *be);
	short (*events)(const struct wg_backend *be); /* when busy */
	/* Start a request; what fails after the encoding is for next(). */
	int (*apply)(struct wg_backend *be, const struct wg_op *ops, size_t n);
	void (*read)(struct wg_backend *be);
	/* As wg_backend_next, of a busy backend. */
	int (*next)(struct wg_backend *be, struct wg_event *ret);
};

enum wg_request { WG_REQUEST_NONE, WG_REQUEST_APPLY, WG_REQUEST_READ };

/* The first member of each kind's own struct. */
struct wg_backend {
	const struct wg_backend_kind_ops *ops;
	char ifname[WG_IFNAME_LEN];
	pid_t pid;	 /* who accepted the last connection; 0: not known */
	uid_t uid;	 /* whose that process is */
	bool can_remove; /* probed: one prefix can be removed by itself */
	enum wg_request request; /* what is under way */
	int64_t deadline; /* CLOCK_MONOTONIC, ms; while busy */
	int failed; /* -errno that the next call of next() hands out */
	char error[640];
};

void wg_backend_init(struct wg_backend *be,
		     const struct wg_backend_kind_ops *ops, const char *ifname);

/* The request is over, well or not. */
void wg_backend_done(struct wg_backend *be);

/* The device has MS from now on. */
void wg_backend_allow(struct wg_backend *be, int ms);
bool wg_backend_late(const struct wg_backend *be);

/* "IFNAME: WHAT" becomes the error's text; returns error. */
int wg_backend_fail(struct wg_backend *be, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Read the secret that OP names by file, if it names one.  The caller wipes
 * *secret.  0 and *ret_secret (NULL: none named) or -errno, text set.
 */
int wg_backend_secret(struct wg_backend *be, const struct wg_op *op,
		      struct wg_key *secret, const struct wg_key **ret_secret);

/*
 * How a kind writes operations into requests of at most ROOM bytes: one is
 * begun, takes ops one by one, and is ended where the next one does not fit
 * (put: -EMSGSIZE).
 */
struct wg_backend_encoder {
	size_t room;
	void (*begin)(struct wg_backend *be, char *buf);
	int (*put)(struct wg_backend *be, const struct wg_op *op,
		   const struct wg_key *secret);
	size_t (*end)(struct wg_backend *be);
};
/* All ops, behind what is in OUT, with the secrets that they name.  0 or
 * -errno, text set. */
int wg_backend_encode(struct wg_backend *be,
		      const struct wg_backend_encoder *enc,
		      struct wg_secbuf *out, const struct wg_op *ops, size_t n);

/* A public key that nobody has. */
void wg_backend_random_key(struct wg_key *ret);

#endif
