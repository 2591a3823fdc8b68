/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Liveness of one peer.
 *
 * First the verdict, from what is known now; the first rule that applies:
 *
 *  1. The operator: no key, shut down.
 *  2. BFD, where it is or was established: up is up, down is down.  A session
 *     that is gone (bfdd, not the peer) or that somebody shut down says
 *     nothing; but after it said down, the peer is down until it gives a sign
 *     of life: bytes received later than that.
 *  3. WireGuard.  Packets that want an answer get none for longer than its
 *     keepalive and rekey timeouts: down.  A handshake not older than a
 *     session can be: up.  None, although keepalives would have made one:
 *     down.  Else nothing is known: without traffic there is no session, and
 *     none is needed.
 *
 * Rule 3 is judged when the device is read, and stays until it is read again:
 * a large device is read seldom, and what time alone would make of an old read
 * would be wrong.
 *
 * Silence is: sent, and sent again after some time, and nothing received since
 * the first.  Keepalives want no answer: there is at most one for what was
 * received last, and those that are configured.  Nor are calls a sign of
 * life: who takes our answer confirms it at once with a message of another
 * size, so calls alone say that our packets do not arrive there, or that the
 * preshared keys differ.  The device counts their bytes all the same; they are
 * told by their size, and by how often they may be repeated.  Both say little
 * of a long time: data is a multiple of a call's size now and then, and so much
 * of it that many calls would be no more.  So between rare reads all is data.
 *
 * That it takes no answer is said while it goes on calling.  One call may be
 * the last thing that it did before it died, and who called a while ago may
 * have died since: that is silence, and says nothing of the keys.
 *
 * Then the hysteresis.  Down is said at once.  So is the return, but for a
 * peer that flaps: one that goes down within WG_FLAP_MS of its return.  Its
 * next return has to last for a hold before it is said; the hold is
 * WG_HOLD_MIN_MS at first, doubles with each flap up to WG_HOLD_MAX_MS, and is
 * forgiven when the peer stays up for WG_FLAP_MS.  So a peer cannot come back
 * more than once a hold, and one that is well is never kept down for longer
 * than WG_HOLD_MAX_MS.
 *
 * Invariants (test_liveness.c): the newest change is the state, since then;
 * DOWN is held only while due lies ahead; the verdict DOWN is the state DOWN.
 */
#include "lib/core/wg_liveness.h"

#include <assert.h>

#define KEEPALIVE_BYTES 32
/* Between reads that are further apart nothing is taken for calls. */
#define CALLS_READ_MS (3 * WG_CALL_MS)
/* Who did not call for longer calls no more: one may be lost on the way. */
#define CALLS_LAST_MS (2 * WG_CALL_MS)

const char *wg_why_str(enum wg_why why)
{
	static const char *const names[] = {
		[WG_WHY_INCOMPLETE] = "incomplete",
		[WG_WHY_SHUTDOWN] = "shutdown",
		[WG_WHY_NEVER] = "no-handshake-yet",
		[WG_WHY_OLD] = "no-session",
		[WG_WHY_FRESH] = "session",
		[WG_WHY_BFD_UP] = "bfd-up",
		[WG_WHY_BFD_DOWN] = "bfd-down",
		[WG_WHY_BFD_LOST] = "bfd-was-down",
		[WG_WHY_SILENT] = "silent",
		[WG_WHY_DEAF] = "takes-no-answer",
		[WG_WHY_OLD_KEEPALIVE] = "handshake-old",
		[WG_WHY_HELD] = "held-down",
	};

	return names[why];
}

void wg_liveness_init(struct wg_liveness *l, int64_t now)
{
	*l = (struct wg_liveness){
		.state = WG_PEER_INCOMPLETE,
		.why = WG_WHY_INCOMPLETE,
		.since = now,
		.admin = WG_PEER_INCOMPLETE,
		.silent_since = -1,
		.back_at = -1,
		.due = -1,
	};
}

/* --- the verdict */

static enum wg_peer_state of_wireguard(const struct wg_liveness *l,
				       enum wg_why *ret_why)
{
	if (l->is_silent) {
		*ret_why = l->is_deaf ? WG_WHY_DEAF : WG_WHY_SILENT;
		return WG_PEER_DOWN;
	}
	if (!l->has_handshake) {
		*ret_why = WG_WHY_NEVER;
		return WG_PEER_UNKNOWN;
	}
	if (l->is_fresh) {
		*ret_why = WG_WHY_FRESH;
		return WG_PEER_UP;
	}
	*ret_why = l->has_keepalive ? WG_WHY_OLD_KEEPALIVE : WG_WHY_OLD;
	return l->has_keepalive ? WG_PEER_DOWN : WG_PEER_UNKNOWN;
}

static enum wg_peer_state verdict(const struct wg_liveness *l,
				  enum wg_why *ret_why)
{
	if (l->admin != WG_PEER_UNKNOWN) {
		*ret_why = l->admin == WG_PEER_SHUTDOWN ? WG_WHY_SHUTDOWN
							: WG_WHY_INCOMPLETE;
		return l->admin;
	}
	if (l->bfd == WG_LIVENESS_BFD_UP) {
		*ret_why = WG_WHY_BFD_UP;
		return WG_PEER_UP;
	}
	if (l->bfd == WG_LIVENESS_BFD_DOWN || l->bfd_lost) {
		*ret_why = l->bfd_lost ? WG_WHY_BFD_LOST : WG_WHY_BFD_DOWN;
		return WG_PEER_DOWN;
	}
	return of_wireguard(l, ret_why);
}

/* --- the hysteresis */

static bool is_running(enum wg_peer_state state)
{
	return state == WG_PEER_UNKNOWN || state == WG_PEER_UP;
}

/* The one setter. */
static void change(struct wg_liveness *l, int64_t now, enum wg_peer_state to,
		   enum wg_why why)
{
	l->ring[l->n_changes++ % WG_LIVENESS_CHANGES] =
		(struct wg_liveness_change){
			.ms = now,
			.from = l->state,
			.to = to,
			.why = why,
		};
	l->ups += to == WG_PEER_UP;
	l->downs += to == WG_PEER_DOWN;
	l->state = to;
	l->since = now;
}

static void goes_down(struct wg_liveness *l, int64_t now)
{
	if (!is_running(l->state) || l->back_at < 0 ||
	    now - l->back_at >= WG_FLAP_MS) {
		l->hold_ms = 0;
		return;
	}
	l->flaps++;
	l->hold_ms = l->hold_ms ? l->hold_ms * 2 : WG_HOLD_MIN_MS;
	if (l->hold_ms > WG_HOLD_MAX_MS)
		l->hold_ms = WG_HOLD_MAX_MS;
}

/* Must its return wait? */
static bool is_held(struct wg_liveness *l, int64_t now)
{
	if (l->state != WG_PEER_DOWN || !l->hold_ms)
		return false;
	if (l->due < 0) {
		l->due = now + l->hold_ms;
		l->held++;
	}
	return now < l->due;
}

static bool judge(struct wg_liveness *l, int64_t now)
{
	enum wg_why why = WG_WHY_NEVER;
	enum wg_peer_state to = verdict(l, &why);
	enum wg_peer_state from = l->state;

	if (is_running(to) && is_held(l, now)) {
		l->why = WG_WHY_HELD;
		return false;
	}
	l->due = -1;
	if (to == WG_PEER_DOWN && from != WG_PEER_DOWN)
		goes_down(l, now);
	if (is_running(to) && from == WG_PEER_DOWN)
		l->back_at = now;
	if (!is_running(to) && to != WG_PEER_DOWN) {
		/* what the operator did is no flap */
		l->hold_ms = 0;
		l->back_at = -1;
	}
	if (to != from)
		change(l, now, to, why);
	l->why = why;
	assert(l->state == to);
	return to != from;
}

/* --- what happened */

bool wg_liveness_set_admin(struct wg_liveness *l, int64_t now,
			   enum wg_peer_state admin)
{
	assert(admin <= WG_PEER_SHUTDOWN || admin == WG_PEER_UNKNOWN);
	if (l->admin != admin && admin == WG_PEER_UNKNOWN) {
		/* a peer that is new to the device begins with nothing */
		l->was_read = l->has_handshake = l->is_fresh = false;
		l->is_silent = l->is_deaf = l->bfd_lost = false;
		l->calls = 0;
		l->silent_since = -1;
	}
	l->admin = admin;
	return judge(l, now);
}

bool wg_liveness_set_bfd(struct wg_liveness *l, int64_t now,
			 enum wg_liveness_bfd bfd)
{
	if (bfd != WG_LIVENESS_BFD_NONE)
		l->bfd_lost = false;
	else if (l->bfd == WG_LIVENESS_BFD_DOWN) {
		l->bfd_lost = true;
		l->base_known = false;
	}
	l->bfd = bfd;
	return judge(l, now);
}

bool wg_liveness_forget_bfd(struct wg_liveness *l, int64_t now)
{
	l->bfd = WG_LIVENESS_BFD_NONE;
	l->bfd_lost = false;
	return judge(l, now);
}

/* Bytes that the keepalives of so many ms are, at most. */
static uint64_t keepalives(int64_t ms, uint16_t every)
{
	uint64_t n = 1;

	if (every)
		n += ms / 1000 / every + 1;
	return n * KEEPALIVE_BYTES;
}

/* How many calls the last bytes may be, with nothing else; 0: they are not. */
static uint64_t calls_only(const struct wg_liveness *l, int64_t now,
			   uint64_t rx)
{
	int64_t ms = now - l->read_at;
	uint64_t n = (rx - l->rx) / WG_CALL_BYTES;

	if (!l->was_read || rx <= l->rx || (rx - l->rx) % WG_CALL_BYTES ||
	    ms > CALLS_READ_MS)
		return 0;
	return n <= (uint64_t)ms / WG_CALL_MS + 1 ? n : 0;
}

static void look_for_calls(struct wg_liveness *l, int64_t now, uint64_t n)
{
	l->calls += n;
	if (n)
		l->called_at = now;
	l->is_deaf = l->calls > 1 && now - l->called_at <= CALLS_LAST_MS;
}

static void look_for_silence(struct wg_liveness *l, int64_t now,
			     const struct wg_liveness_read *r)
{
	uint64_t calls = calls_only(l, now, r->rx);

	l->is_silent = false;
	if (!l->was_read || (r->rx != l->rx && !calls) || r->tx < l->tx) {
		l->silent_since = -1; /* it spoke, or is a new one */
		l->calls = 0;
		l->is_deaf = false;
		return;
	}
	look_for_calls(l, now, calls);
	if (l->silent_since < 0) {
		if (r->tx == l->tx)
			return;
		l->silent_since = now;
		l->silent_tx = r->tx;
	}
	l->is_silent = now - l->silent_since >= WG_SILENT_MS &&
		       r->tx - l->silent_tx >
			       keepalives(now - l->silent_since, r->keepalive);
}

bool wg_liveness_set_read(struct wg_liveness *l, int64_t now,
			  const struct wg_liveness_read *r)
{
	look_for_silence(l, now, r);
	if (l->bfd_lost && !l->base_known) {
		l->base_known = true; /* what it sent before may be in here */
		l->base = r->rx;
	} else if (l->bfd_lost && r->rx != l->base)
		l->bfd_lost = false;
	l->was_read = true;
	l->read_at = now;
	l->rx = r->rx;
	l->tx = r->tx;
	l->has_handshake = r->handshake_age >= 0;
	l->is_fresh =
		l->has_handshake && r->handshake_age < WG_HANDSHAKE_FRESH_S;
	l->has_keepalive = r->keepalive;
	return judge(l, now);
}

bool wg_liveness_tick(struct wg_liveness *l, int64_t now)
{
	return judge(l, now);
}

/* --- asking */

int64_t wg_liveness_next(const struct wg_liveness *l)
{
	return l->due;
}

int64_t wg_liveness_silence(const struct wg_liveness *l, int64_t now)
{
	return l->is_silent ? now - l->silent_since : 0;
}

const struct wg_liveness_change *wg_liveness_change(const struct wg_liveness *l,
						    size_t i)
{
	if (i >= l->n_changes || i >= WG_LIVENESS_CHANGES)
		return NULL;
	return &l->ring[(l->n_changes - 1 - i) % WG_LIVENESS_CHANGES];
}
