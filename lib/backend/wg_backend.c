/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is the same for every kind of device: one request at a time, a time
 * limit, a text for the last error.
 *
 * `request` says what is under way and nothing else does; a backend is idle
 * when it is WG_REQUEST_NONE.  Whatever goes wrong after a request was
 * accepted is told by wg_backend_next alone, so that a caller has one place
 * to handle it: `failed` carries it there.
 */
#include "lib/backend/wg_backend_priv.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <sodium.h>

#include "lib/backend/wg_keys.h"

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void wg_backend_init(struct wg_backend *be,
		     const struct wg_backend_kind_ops *ops, const char *ifname)
{
	be->ops = ops;
	snprintf(be->ifname, sizeof(be->ifname), "%s", ifname);
}

void wg_backend_done(struct wg_backend *be)
{
	be->request = WG_REQUEST_NONE;
	be->failed = 0;
}

void wg_backend_allow(struct wg_backend *be, int ms)
{
	be->deadline = now_ms() + ms;
}

bool wg_backend_late(const struct wg_backend *be)
{
	return now_ms() >= be->deadline;
}

int wg_backend_fail(struct wg_backend *be, int error, const char *fmt, ...)
{
	va_list ap;
	int n;

	assert(error < 0);
	n = snprintf(be->error, sizeof(be->error), "%s: ", be->ifname);
	va_start(ap, fmt);
	vsnprintf(be->error + n, sizeof(be->error) - n, fmt, ap);
	va_end(ap);
	return error;
}

int wg_backend_secret(struct wg_backend *be, const struct wg_op *op,
		      struct wg_key *secret, const struct wg_key **ret_secret)
{
	char pub[WG_KEY_STRLEN], err[512];
	const char *path = NULL;
	int error;

	if (op->kind == WG_OP_DEVICE_SET)
		path = op->dev_conf->private_key_file;
	else if (op->kind == WG_OP_PEER_SET)
		path = op->peer_conf->psk_file;
	*ret_secret = NULL;
	if (!path)
		return 0;
	error = wg_key_load(path, secret, err, sizeof(err));
	if (error && op->kind == WG_OP_PEER_SET)
		return wg_backend_fail(be, error, "peer %s: preshared key: %s",
				       wg_key_str(op->key, pub), err);
	if (error)
		return wg_backend_fail(be, error, "private key: %s", err);
	*ret_secret = secret;
	return 0;
}

int wg_backend_encode(struct wg_backend *be,
		      const struct wg_backend_encoder *enc,
		      struct wg_secbuf *out, const struct wg_op *ops, size_t n)
{
	const struct wg_key *given;
	struct wg_key secret;
	size_t i = 0;
	int error;

	while (i < n) {
		error = wg_secbuf_reserve(out, enc->room);
		if (error)
			return wg_backend_fail(be, error, "%s",
					       strerror(-error));
		enc->begin(be, out->b + out->len);
		for (; i < n; i++) {
			error = wg_backend_secret(be, &ops[i], &secret, &given);
			if (!error)
				error = enc->put(be, &ops[i], given);
			if (given)
				sodium_memzero(&secret, sizeof(secret));
			if (error)
				break;
		}
		out->len += enc->end(be);
		if (error && error != -EMSGSIZE)
			return error;
	}
	return 0;
}

void wg_backend_random_key(struct wg_key *ret)
{
	randombytes_buf(ret->b, sizeof(ret->b));
}

/* --- what the header promises */

void wg_backend_close(struct wg_backend **be)
{
	if (*be)
		(*be)->ops->close(*be);
	*be = NULL;
}

enum wg_backend_kind wg_backend_kind(const struct wg_backend *be)
{
	return be->ops->kind;
}

bool wg_backend_process(const struct wg_backend *be, pid_t *ret_pid,
			uid_t *ret_uid)
{
	*ret_pid = be->pid;
	*ret_uid = be->uid;
	return be->pid != 0;
}

bool wg_backend_can_remove(const struct wg_backend *be)
{
	return be->can_remove;
}

const char *wg_backend_error(const struct wg_backend *be)
{
	return be->error;
}

int wg_backend_fd(const struct wg_backend *be)
{
	return be->ops->fd(be);
}

short wg_backend_events(const struct wg_backend *be)
{
	if (be->request == WG_REQUEST_NONE || be->failed)
		return 0;
	return be->ops->events(be);
}

int wg_backend_timeout(const struct wg_backend *be)
{
	int64_t left;

	if (be->request == WG_REQUEST_NONE)
		return -1;
	left = be->failed ? 0 : be->deadline - now_ms();
	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

int wg_backend_apply(struct wg_backend *be, const struct wg_op *ops, size_t n)
{
	int error;

	if (be->request != WG_REQUEST_NONE)
		return -EBUSY;
	be->error[0] = '\0';
	be->failed = 0;
	be->request = WG_REQUEST_APPLY;
	wg_backend_allow(be, WG_BACKEND_APPLY_MS);
	error = be->ops->apply(be, ops, n);
	if (error)
		wg_backend_done(be);
	return error;
}

int wg_backend_read(struct wg_backend *be)
{
	if (be->request != WG_REQUEST_NONE)
		return -EBUSY;
	be->error[0] = '\0';
	be->failed = 0;
	be->request = WG_REQUEST_READ;
	wg_backend_allow(be, WG_BACKEND_READ_MS);
	be->ops->read(be);
	return 0;
}

int wg_backend_next(struct wg_backend *be, struct wg_event *ret)
{
	if (be->request == WG_REQUEST_NONE)
		return 0;
	return be->ops->next(be, ret);
}
