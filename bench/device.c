/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.userspace.add, .move, .remove, and device.kernel likewise: how fast
 * lib/backend programs a device, as a share of what the bare program (bare.h)
 * reaches in the same run.
 *
 * Each measurement has a fresh device with its peers made, gives 100,000
 * prefixes to them, then each to the next peer, then takes all of them away,
 * in batches of WG_BACKEND_BATCH.  Ours and the bare program take turns, who
 * is first changes; compared are the medians, for a shared machine disturbs
 * single runs.  Nothing is compared that was not read back whole from the
 * device.
 *
 * Usage: device userspace|kernel [ROUNDS]
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "bench/bare.h"
#include "lib/backend/tests/drive.h"
#include "lib/backend/tests/live.h"
#include "lib/backend/wg_backend.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_link.h"

#define IFNAME "wgbench0"
#define SOCKET WG_UAPI_DIR "/" IFNAME ".sock"
#define PROGRAM "wireguard-go"
#define PREFIXES 100000
#define PEERS 8
#define ROUNDS_MAX 99
#define GOAL 0.9

enum who { BARE, OURS };
enum what { ADD, MOVE, REMOVE, N_WHAT };
static const char *const names[] = { "add", "move", "remove" };

static struct wg_key keys[PEERS];
static struct wg_op ops[PREFIXES];

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/* What both programs do, for ours. */
static void make_ops(enum what what)
{
	unsigned shift = what != ADD;

	for (unsigned p = 0; p < PEERS; p++)
		bare_key(p, keys[p].b);
	for (uint32_t i = 0; i < PREFIXES; i++) {
		uint32_t a = bare_address(i);

		ops[i].kind = what == REMOVE ? WG_OP_REMOVE : WG_OP_ADD;
		ops[i].key =
			&keys[(bare_peer(i, PREFIXES, PEERS) + shift) % PEERS];
		ops[i].prefix = (struct wg_prefix){
			.family = AF_INET,
			.len = 28,
			.b = { a >> 24, a >> 16, a >> 8, a },
		};
	}
}

static int make_peers(struct wg_backend *be)
{
	static const struct wg_peer_conf conf;
	struct wg_op set[PEERS];

	for (unsigned p = 0; p < PEERS; p++)
		set[p] = op_peer(&keys[p], &conf);
	return drive_apply(be, set, PEERS);
}

static int ours(struct wg_backend *be)
{
	int r = 0;

	for (size_t i = 0; i < PREFIXES && !r; i += WG_BACKEND_BATCH)
		r = drive_apply(be, ops + i,
				PREFIXES - i < WG_BACKEND_BATCH
					? PREFIXES - i
					: WG_BACKEND_BATCH);
	return r;
}

/* All prefixes are there, each with its peer; or none is. */
static int check(struct wg_backend *be, enum what what)
{
	struct live_picture pic;
	int r;

	r = live_read(be, &pic);
	if (!r && live_prefixes(&pic) != (what == REMOVE ? 0 : PREFIXES))
		r = -EBADE;
	for (unsigned p = 0; p < PEERS && !r && what != REMOVE; p++) {
		struct live_peer *peer = live_find(&pic, &keys[p]);

		size_t i = 0;

		while (i < PREFIXES && ops[i].key != &keys[p])
			i++;
		for (size_t j = 0; peer && j < peer->n && !r; j++, i++)
			if (i == PREFIXES || ops[i].key != &keys[p] ||
			    !wg_prefix_same(&peer->prefixes[j],
					    &ops[i].prefix))
				r = -EBADE;
	}
	live_forget(&pic);
	return r;
}

static int program(struct wg_backend *be, enum wg_backend_kind kind,
		   enum who who, enum what what)
{
	struct bare_job job = {
		.n = PREFIXES,
		.n_peers = PEERS,
		.shift = what != ADD,
		.batch = WG_BACKEND_BATCH,
	};

	if (who == OURS)
		return ours(be);
	if (what == REMOVE)
		job.how = kind == WG_BACKEND_KERNEL && wg_backend_can_remove(be)
				  ? BARE_REMOVE
				  : BARE_THROW;
	if (kind == WG_BACKEND_KERNEL)
		return bare_kernel(IFNAME, &job);
	return bare_userspace(SOCKET, &job);
}

/* All measurements on a fresh device: their seconds.  NULL or why not. */
static const char *measure(enum wg_backend_kind kind, enum who who,
			   double ret[N_WHAT])
{
	struct wg_backend *be = NULL;
	const char *why;
	struct wg_link link;
	double t;
	int r;

	why = kind == WG_BACKEND_KERNEL ? live_kernel(IFNAME)
					: live_userspace(PROGRAM, IFNAME);
	if (why)
		return why;
	r = kind == WG_BACKEND_KERNEL
		    ? wg_backend_open_kernel(IFNAME, &be)
		    : wg_backend_open_userspace(IFNAME, NULL, &be);
	if (!r)
		r = make_peers(be);
	for (enum what what = ADD; what < N_WHAT && !r; what++) {
		make_ops(what);
		t = now();
		r = program(be, kind, who, what);
		ret[what] = now() - t;
		if (!r)
			r = check(be, what);
	}
	wg_backend_close(&be);
	live_stop();
	if (kind == WG_BACKEND_KERNEL && wg_link_get(IFNAME, &link) == 0)
		wg_link_delete(link.ifindex);
	return r ? strerror(-r) : NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double taken[N_WHAT][2][ROUNDS_MAX];

static void report(const char *base, enum what what, enum wg_backend_kind kind,
		   int rounds, const char *why)
{
	double(*t)[ROUNDS_MAX] = taken[what], rate[2];
	struct utsname un;
	char name[64];

	snprintf(name, sizeof(name), "%s.%s", base, names[what]);
	if (why) {
		printf("{\"bench\":\"%s\",\"value\":null,\"unit\":\"ratio\","
		       "\"goal\":%g,\"reference\":null,\"how\":\"%s\"}\n",
		       name, GOAL, why);
		return;
	}
	for (int who = 0; who < 2; who++) {
		qsort(t[who], rounds, sizeof(t[who][0]), compare);
		rate[who] = PREFIXES / t[who][rounds / 2];
		fprintf(stderr, "%s: %s: %.0f prefixes/s (%.0f to %.0f)\n",
			name, who == OURS ? "lib/backend" : "bare", rate[who],
			PREFIXES / t[who][rounds - 1], PREFIXES / t[who][0]);
	}
	uname(&un);
	printf("{\"bench\":\"%s\",\"value\":%.3f,\"unit\":\"ratio\","
	       "\"goal\":%g,\"reference\":%.0f,\"how\":\"%d prefixes to %s in "
	       "batches of %d, %.0f/s; reference: prefixes/s of a bare program "
	       "in the same run; medians of %d; Linux %s\"}\n",
	       name, rate[OURS] / rate[BARE], GOAL, rate[BARE], PREFIXES,
	       kind == WG_BACKEND_KERNEL ? "the kernel" : PROGRAM,
	       WG_BACKEND_BATCH, rate[OURS], rounds, un.release);
	fflush(stdout);
}

static void bench(const char *name, enum wg_backend_kind kind, int rounds,
		  const char *why)
{
	for (int i = 0; i < rounds && !why; i++)
		for (int turn = 0; turn < 2 && !why; turn++) {
			enum who who = (i + turn) & 1;
			double t[N_WHAT] = { 0 };

			why = measure(kind, who, t);
			for (enum what what = ADD; what < N_WHAT; what++)
				taken[what][who][i] = t[what];
		}
	for (enum what what = ADD; what < N_WHAT; what++)
		report(name, what, kind, rounds, why);
}

int main(int argc, char **argv)
{
	bool kernel = argc > 1 && strcmp(argv[1], "kernel") == 0;
	int rounds = argc > 2 ? atoi(argv[2]) : 9;
	const char *why;

	if (argc < 2 || (!kernel && strcmp(argv[1], "userspace") != 0) ||
	    rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: device userspace|kernel [ROUNDS]\n");
		return 2;
	}
	if (wg_keys_init() != 0)
		return 1;
	why = live_enter();
	if (kernel)
		bench("device.kernel", WG_BACKEND_KERNEL, rounds, why);
	else
		bench("device.userspace", WG_BACKEND_USERSPACE, rounds, why);
	return 0;
}
