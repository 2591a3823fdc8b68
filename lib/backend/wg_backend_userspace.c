/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A device that a program implements (wireguard-go), by its UAPI socket.
 *
 * One connection is kept and carries strictly one request, then its reply,
 * then the next request: programs hang when requests are pipelined.  A
 * connection is only used again after a reply that was whole and good; after
 * anything else it is closed, for after an error these programs read the
 * rest of the refused request as new ones.  Everything is non-blocking with a
 * time limit: a stopped program accepts connections and answers nothing, and
 * a stalled one fills the socket's buffer.
 *
 * A program may close the connection while it is idle.  If the same process
 * accepts a new one, that is its habit and nothing is lost.  If it is another
 * process, its device is another one too and empty: an apply then fails with
 * -EPIPE, because the ops were meant for the device that is gone; a read just
 * reads the new one.
 *
 * Steps of a request: the first one on a backend is preceded by the probe
 * whether the program can remove a prefix by itself (wg_uapi.h); then the
 * requests of the apply, cut where one grew too long, or the get.
 *
 *   apply, read --> PROBE --> PROBE_BAD --> RUN --> idle
 *
 * What an apply encoded before the probe was answered uses the throw-away
 * peer, which works everywhere.
 */
#include "lib/backend/wg_backend_priv.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <sodium.h>

#include "lib/backend/wg_launch.h"
#include "lib/backend/wg_uapi.h"

#define REQUEST_LEN (256 * 1024) /* cut an apply into requests of this size */
#define INPUT_LEN (64 * 1024)

enum step { STEP_RUN, STEP_PROBE, STEP_PROBE_BAD };

struct userspace {
	struct wg_backend be; /* first */
	struct sockaddr_un addr;
	bool by_launcher;
	int fd; /* -1: none */
	bool probed;
	enum step step;

	struct wg_uapi_encoder enc;
	/* Requests, each ended by an empty line; sent from..to is under way. */
	struct wg_secbuf out;
	size_t sent, to;
	bool deaf; /* it stopped reading: its reply may say why */

	struct wg_uapi_parser parser;
	char *in; /* INPUT_LEN */
	size_t in_at, in_len;
};

static struct userspace *own(struct wg_backend *be)
{
	return (struct userspace *)be;
}

/* --- the connection */

static void hang_up(struct userspace *us)
{
	if (us->fd >= 0)
		close(us->fd);
	us->fd = -1;
	sodium_memzero(us->in + us->in_at, us->in_len - us->in_at);
	us->in_at = us->in_len = 0;
	wg_uapi_parse_end(&us->parser);
}

/* EAGAIN: it does not accept and its queue is full. */
static int dial_ourselves(const struct sockaddr_un *addr)
{
	int fd, error;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/*
 * Programs are root's, and so are their sockets, which the launcher opens for
 * us.  Those of an earlier version are our user's.  Whoever else listens there
 * is not told a private key: the folder may have been open to others until now.
 */
static int dial(struct userspace *us)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	int fd = -EACCES;

	if (us->by_launcher)
		fd = wg_launch_connect(us->be.ifname);
	if (fd == -EACCES)
		fd = dial_ourselves(&us->addr);
	if (fd < 0)
		return fd;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) < 0 ||
	    (cred.uid != 0 && cred.uid != geteuid())) {
		close(fd);
		return -EPERM;
	}
	us->fd = fd;
	us->be.pid = cred.pid;
	us->be.uid = cred.uid;
	return 0;
}

/*
 * What became of an idle connection: 0 it stands, -EPIPE the program closed
 * it, -EPROTO it said what nobody had asked.
 */
static int idle_state(struct userspace *us)
{
	ssize_t n;
	char c;

	if (us->fd < 0)
		return -EPIPE;
	do
		n = recv(us->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return -EPROTO;
	return n < 0 && errno == EAGAIN ? 0 : -EPIPE;
}

/* Have a connection for a new request. */
static int connected(struct userspace *us)
{
	bool apply = us->be.request == WG_REQUEST_APPLY;
	pid_t before = us->be.pid;
	int error;

	error = idle_state(us);
	if (!error)
		return 0;
	if (error == -EPROTO && apply)
		return wg_backend_fail(&us->be, error, "%s: spoke unasked",
				       us->addr.sun_path);
	hang_up(us);
	error = dial(us);
	if (error)
		return wg_backend_fail(&us->be, error, "%s: %s",
				       us->addr.sun_path, strerror(-error));
	if (apply && us->be.pid != before)
		return wg_backend_fail(&us->be, -EPIPE,
				       "%s: is another program's now",
				       us->addr.sun_path);
	return 0;
}

/* The request ends badly. */
static int give_up(struct userspace *us, int error)
{
	hang_up(us);
	wg_secbuf_reset(&us->out, REQUEST_LEN);
	wg_backend_done(&us->be);
	return error;
}

/* --- sending */

/* Send what can be sent now, and wipe it: it may hold secrets. */
static int flush(struct userspace *us)
{
	ssize_t n;

	while (!us->deaf && us->sent < us->to) {
		n = send(us->fd, us->out.b + us->sent, us->to - us->sent,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET)) {
			us->deaf = true;
			break;
		}
		if (n < 0)
			return wg_backend_fail(&us->be, -errno, "%s: send: %s",
					       us->addr.sun_path,
					       strerror(errno));
		sodium_memzero(us->out.b + us->sent, n);
		us->sent += n;
	}
	return 0;
}

/* Begin to send the request that stands at `to` in out. */
static int start(struct userspace *us)
{
	const char *end;
	bool get;

	us->sent = us->to;
	end = memmem(us->out.b + us->sent, us->out.len - us->sent, "\n\n", 2);
	assert(end);
	us->to = end + 2 - us->out.b;
	us->deaf = false;
	get = us->step == STEP_RUN && us->be.request == WG_REQUEST_READ;
	wg_uapi_parse_begin(&us->parser, get);
	wg_backend_allow(&us->be,
			 get ? WG_BACKEND_READ_MS : WG_BACKEND_APPLY_MS);
	return flush(us);
}

static int put_out(struct userspace *us, const char *text, size_t len)
{
	int error = wg_secbuf_reserve(&us->out, len);

	if (!error) {
		memcpy(us->out.b + us->out.len, text, len);
		us->out.len += len;
	}
	return error;
}

/*
 * The probe's requests stand before the others in out.  Where the first
 * probe is refused the second is passed over.
 */
static int put_probe(struct userspace *us)
{
	char text[WG_UAPI_PROBE_LEN];
	struct wg_key nobody;
	int error = 0;

	wg_backend_random_key(&nobody);
	for (int i = WG_UAPI_PROBE; i <= WG_UAPI_PROBE_BAD && !error; i++)
		error = put_out(us, text, wg_uapi_probe(i, &nobody, text));
	return error;
}

static void begin(struct wg_backend *be, char *buf)
{
	wg_uapi_begin(&own(be)->enc, buf, REQUEST_LEN);
}

static int put(struct wg_backend *be, const struct wg_op *op,
	       const struct wg_key *secret)
{
	return wg_uapi_put(&own(be)->enc, op, secret);
}

static size_t end(struct wg_backend *be)
{
	return wg_uapi_end(&own(be)->enc);
}

/* What is in out may go; failures are for next(). */
static void launch(struct userspace *us)
{
	us->be.failed = connected(us);
	us->sent = us->to = 0;
	us->step = us->probed ? STEP_RUN : STEP_PROBE;
	if (!us->be.failed)
		us->be.failed = start(us);
}

static int userspace_apply(struct wg_backend *be, const struct wg_op *ops,
			   size_t n)
{
	static const struct wg_backend_encoder encoder = {REQUEST_LEN, begin,
							  put, end};
	struct userspace *us = own(be);
	int error = 0;

	us->enc = (struct wg_uapi_encoder){.can_remove = be->can_remove};
	wg_backend_random_key(&us->enc.throwaway);
	if (!us->probed)
		error = put_probe(us);
	if (!error)
		error = wg_backend_encode(be, &encoder, &us->out, ops, n);
	if (error) {
		wg_secbuf_reset(&us->out, REQUEST_LEN);
		return error;
	}
	if (us->out.len)
		launch(us);
	else /* no ops: nothing to wait for */
		wg_backend_allow(be, 0);
	return 0;
}

static void userspace_read(struct wg_backend *be)
{
	struct userspace *us = own(be);
	int error = 0;

	if (!us->probed)
		error = put_probe(us);
	if (!error)
		error = put_out(us, WG_UAPI_GET, strlen(WG_UAPI_GET));
	if (error)
		be->failed = wg_backend_fail(be, error, "%s", strerror(-error));
	else
		launch(us);
}

/* --- receiving */

/* 1 there is input, 0 none yet, or an error. */
static int fill(struct userspace *us)
{
	ssize_t n;

	do
		n = recv(us->fd, us->in, INPUT_LEN, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		us->in_at = 0;
		us->in_len = n;
		if (us->parser.get)
			wg_backend_allow(&us->be, WG_BACKEND_READ_MS);
		return 1;
	}
	if (n < 0 && errno == EAGAIN) {
		if (us->deaf)
			return wg_backend_fail(&us->be, -EPIPE,
					       "%s: reads no more",
					       us->addr.sun_path);
		if (!wg_backend_late(&us->be))
			return 0;
		return wg_backend_fail(&us->be, -ETIMEDOUT, "%s: %s",
				       us->addr.sun_path,
				       us->sent < us->to
					       ? "does not read"
					       : "does not answer");
	}
	if (n < 0 && errno != ECONNRESET)
		return wg_backend_fail(&us->be, -errno, "%s: receive: %s",
				       us->addr.sun_path, strerror(errno));
	if (us->parser.any)
		return wg_backend_fail(&us->be, -EPROTO,
				       "%s: closed within a reply",
				       us->addr.sun_path);
	return wg_backend_fail(&us->be, -EPIPE, "%s: closed",
			       us->addr.sun_path);
}

/* Pass over the request that would be next. */
static void skip(struct userspace *us)
{
	const char *end = memmem(us->out.b + us->to, us->out.len - us->to,
				 "\n\n", 2);

	assert(end);
	us->to = end + 2 - us->out.b;
}

/*
 * The request under way was answered: with 0 or with an errno.  1: it was the
 * last one, 0: the next one is under way, or an error.
 */
static int advance(struct userspace *us, int answer)
{
	int error;

	switch (us->step) {
	case STEP_RUN:
		if (answer)
			return wg_backend_fail(&us->be, answer,
					       "%s: refused: %s",
					       us->addr.sun_path,
					       strerror(-answer));
		break;
	case STEP_PROBE:
		if (answer == 0) {
			us->step = STEP_PROBE_BAD;
			break;
		}
		skip(us);
		us->probed = true;
		us->step = STEP_RUN;
		break;
	case STEP_PROBE_BAD:
		us->be.can_remove = answer != 0;
		us->probed = true;
		us->step = STEP_RUN;
		break;
	}
	if (answer)
		hang_up(us);
	if (us->to == us->out.len)
		return 1;
	error = connected(us);
	return error ? error : start(us);
}

/* What the reply says next: as wg_uapi_parse. */
static int parse(struct userspace *us, struct wg_event *ret)
{
	size_t used;
	int r;

	r = wg_uapi_parse(&us->parser, us->in + us->in_at,
			  us->in_len - us->in_at, &used, ret);
	us->in_at += used;
	if (us->in_at == us->in_len) {
		sodium_memzero(us->in, us->in_len);
		us->in_at = us->in_len = 0;
	}
	if (r < 0 && !us->parser.ended)
		return wg_backend_fail(&us->be, r, "%s: %s", us->addr.sun_path,
				       us->parser.why);
	return r;
}

/* A reply that came to its good end: can it be true? */
static int check_end(struct userspace *us)
{
	if (us->in_at < us->in_len)
		return wg_backend_fail(&us->be, -EPROTO,
				       "%s: more than one reply",
				       us->addr.sun_path);
	if (us->sent < us->to)
		return wg_backend_fail(&us->be, -EPROTO,
				       "%s: a reply before the request's end",
				       us->addr.sun_path);
	return 0;
}

/*
 * At most one recv(2) a call, and none after input was used up: a long reply
 * does not hold the caller's loop for longer than INPUT_LEN takes.
 */
static int userspace_next(struct wg_backend *be, struct wg_event *ret)
{
	struct userspace *us = own(be);
	struct wg_event event;
	int r;

	if (be->failed)
		return give_up(us, be->failed);
	if (us->out.len == 0) {
		r = 1;
		goto over;
	}
	r = flush(us);
	if (r < 0)
		return give_up(us, r);
	if (us->in_at == us->in_len && !us->parser.whole) {
		r = fill(us);
		/* It may drop a caller who asks what it does not know. */
		if (r == -EPIPE && us->step != STEP_RUN)
			goto answered;
		if (r < 0)
			return give_up(us, r);
		if (r == 0)
			return 0;
	}
	r = parse(us, &event);
	if (r == 0)
		return 0;
	if (r < 0 && !us->parser.ended)
		return give_up(us, r);
	if (!us->parser.ended) {
		*ret = event;
		return 1;
	}
	if (r > 0) {
		r = check_end(us);
		if (r < 0)
			return give_up(us, r);
	}
answered:
	r = advance(us, r);
	if (r < 0)
		return give_up(us, r);
	if (r == 0)
		return 0;
over:
	*ret = (struct wg_event){
		.kind = be->request == WG_REQUEST_APPLY ? WG_EV_APPLIED
							: WG_EV_END,
	};
	wg_secbuf_reset(&us->out, REQUEST_LEN);
	wg_backend_done(be);
	return 1;
}

/* --- the rest */

static int userspace_fd(const struct wg_backend *be)
{
	return ((const struct userspace *)be)->fd;
}

static short userspace_events(const struct wg_backend *be)
{
	const struct userspace *us = (const struct userspace *)be;

	return POLLIN | (us->sent < us->to && !us->deaf ? POLLOUT : 0);
}

static void userspace_close(struct wg_backend *be)
{
	struct userspace *us = own(be);

	hang_up(us);
	wg_secbuf_reset(&us->out, 0);
	free(us->in);
	free(us);
}

static const struct wg_backend_kind_ops userspace_ops = {
	.kind = WG_BACKEND_USERSPACE,
	.close = userspace_close,
	.fd = userspace_fd,
	.events = userspace_events,
	.apply = userspace_apply,
	.read = userspace_read,
	.next = userspace_next,
};

int wg_backend_open_userspace(const char *ifname, const char *dir,
			      struct wg_backend **ret)
{
	struct userspace *us;
	int error, n;

	us = calloc(1, sizeof(*us));
	if (!us)
		return -ENOMEM;
	wg_backend_init(&us->be, &userspace_ops, ifname);
	us->by_launcher = !dir && wg_launch()->pid;
	us->fd = -1;
	us->in = malloc(INPUT_LEN);
	us->addr.sun_family = AF_UNIX;
	n = snprintf(us->addr.sun_path, sizeof(us->addr.sun_path), "%s/%s.sock",
		     dir ? dir : WG_UAPI_DIR, ifname);
	if (!us->in)
		error = -ENOMEM;
	else if (n >= (int)sizeof(us->addr.sun_path))
		error = -ENAMETOOLONG;
	else
		error = dial(us);
	if (error) {
		userspace_close(&us->be);
		return error;
	}
	*ret = &us->be;
	return 0;
}
