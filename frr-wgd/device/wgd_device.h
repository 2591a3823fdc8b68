/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device/: an interface's key, link, backend and userspace program, and what is
 * asked of the device.  It may call zebra/ and base/.  It decides nothing that
 * another room has to know: it returns what it found, and engine/ goes on.
 */
#ifndef WGD_DEVICE_H
#define WGD_DEVICE_H

#include "frr-wgd/base/wgd_if.h"

#define WGD_DEVICE_TURN_US 5000	   /* a turn of the loop */
#define WGD_DEVICE_TURN_NODES 2000 /* to look through until the clock is */

#define WGD_LATENCY_BUCKETS 13
extern const uint32_t wgd_device_latency_bounds[WGD_LATENCY_BUCKETS]; /* us */

struct wgd_device_stats {
	uint64_t events;  /* route messages that touched the interface */
	uint64_t batches; /* applies acknowledged */
	uint64_t ops;	  /* operations in them */
	uint64_t resyncs; /* reads that followed an error or a new link */
	uint64_t errors;
	uint64_t reads;
	uint32_t last_us, worst_us; /* from the first route to the last ack */
	/* how many bursts took so long; the last: longer than all */
	uint64_t latency[WGD_LATENCY_BUCKETS + 1], latency_sum_us;
};

struct wgd_device {
	struct wg_backend *be;
	/* COMPARING: all was read, and is looked through for what is missing */
	enum { WGD_IDLE, WGD_APPLYING, WGD_READING, WGD_COMPARING } busy;
	struct wg_op *ops; /* in flight, WG_BACKEND_BATCH of them */
	size_t n_ops;
	bool nobody;	    /* the peer that is being read has no key */
	char *refusal;	    /* what wg_plan_is_refused is about, for people */
	int64_t refused_ms; /* when it was refused last */

	struct event *t_in, *t_out, *t_timeout; /* backend */
	struct event *t_poll;			/* next read */
	struct event *t_idle; /* nothing happened for a while */
	int64_t last_apply_ms, read_began_ms, read_took_ms;
	int64_t poll_due_ms; /* the next read waits for a lull since; 0: none */
	int64_t read_cpu_us; /* what the last read cost us */
	int64_t dirty_since_us; /* 0: nothing pending */
	int64_t last_event_ms;	/* the last route */
	int64_t acked_us;	/* last batch acknowledged; 0: none yet */
	struct wgd_device_stats stats;
};

extern void wgd_device_new(struct wgd_if *wif);
extern void wgd_device_delete(struct wgd_if *wif);
/* Forget the backend; the device is unsynced. */
extern void wgd_device_detach(struct wgd_if *wif);

/* Begin to read it: 0 or -errno. */
extern int wgd_device_read(struct wgd_if *wif);
/* It has changed meanwhile, and begins anew. */
extern void wgd_device_again(struct wgd_if *wif);
/* wireguard-go takes a key of zeros from anybody's hand: that is no peer. */
extern bool wgd_device_is_nobody(struct wgd_if *wif, const struct wg_key *key);
/* All was told: compare. */
extern void wgd_device_compare(struct wgd_if *wif);
/* Reading took so much of the processor. */
extern void wgd_device_cost(struct wgd_if *wif, int64_t us);
/* It was read and compared.  SUSPECT: somebody else is at work there. */
extern void wgd_device_compared(struct wgd_if *wif, bool suspect);

/*
 * Begin to carry out the beginning of the plan: 1: it is under way, 0: there is
 * nothing, or what there is was refused, or -errno.
 */
extern int wgd_device_apply(struct wgd_if *wif);
/*
 * True: what the device would not have is its own configuration, most often a
 * port that somebody else has.  All else is followed as before, and this is
 * tried again from time to time: not often, for a program closes the port
 * that it has to try another.
 */
extern bool wgd_device_refused(struct wgd_if *wif, int rc);
/* What was begun was acknowledged. */
extern void wgd_device_applied(struct wgd_if *wif);

/* A route event touched the interface's table, now. */
extern void wgd_device_route_event(void);
/* Some of what is left to look through; true: there is more. */
extern bool wgd_device_sweep(struct wgd_if *wif);
/* There is nothing to do. */
extern void wgd_device_rest(struct wgd_if *wif);
/*
 * Something did not work: it is counted.  Returns the longest pause, in ms,
 * that the cost of a read asks for between attempts; 0: any.
 */
extern unsigned wgd_device_failed(struct wgd_if *wif);
/* What of its own configuration the device would not have; NULL: nothing. */
extern const char *wgd_device_refusal(const struct wgd_if *wif);
/* The UDP port in use, as far as it is known. */
extern uint16_t wgd_device_port(const struct wgd_if *wif);

#endif
