/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who can say what to the key process: the daemon, and so whoever has found a
 * hole in it.  He may ask for a file below the folders of the rules, and learns
 * from an error what is there.  He gets what the daemon gets, keys that are
 * alone in a file of root's with mode 0600, and never a byte of another file.
 * He may fill a folder of keys with new keys, seeds of his own among them, and
 * can overwrite or remove nothing.  A request costs one file of 53 bytes and
 * two folders; requests wait in the socket.
 *
 * A hole in the key process itself is bounded by what it keeps: two
 * capabilities and the calls of one that reads and writes small files.
 *
 * It does not come back when it has ended: nobody is left who could start it.
 * What runs goes on, for keys are read when a device is configured; the daemon
 * says so and is to be restarted, which interrupts no packet.  A parent that
 * restarts it was rejected: one more process with all its powers, for ever, for
 * something that should never happen.
 */
#include "lib/backend/wg_keyproc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/capability.h>

#include <sodium.h>

#include "lib/backend/wg_confine.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_sign.h"

#define STACK_USED 32768 /* by what is called to serve a request, at most */

static struct wg_helper proc = {.name = "wgd-keys", .fd = -1};

/* --- in the key process */

static bool is_well_formed(const struct wg_keyproc_request *r, size_t len)
{
	const char *end;

	if (len != sizeof(*r) || !r->kind || r->kind >= WG_KEYPROC_KINDS)
		return false;
	/* to put a seed is to bring one, and for nothing else */
	if (wg_key_is_zero(&r->seed) == (r->kind == WG_KEYPROC_PUT_SEED))
		return false;
	end = memchr(r->path, '\0', sizeof(r->path));
	return end && end != r->path &&
	       sodium_is_zero((const unsigned char *)end,
			      r->path + sizeof(r->path) - end);
}

/* What WireGuard takes for a key of what is in the file. */
static void key_of(const struct wg_keyfile_secret *secret, struct wg_key *ret)
{
	struct wg_sign_key key;

	if (!secret->is_seed) {
		*ret = secret->key;
		return;
	}
	wg_sign_of_seed(secret->key.b, &key);
	wg_sign_x25519_secret(&key, ret);
	wg_sign_wipe(&key);
}

static void read_file(const struct wg_keyfile_rules *rules,
		      const struct wg_keyproc_request *r,
		      struct wg_keyproc_answer *ret, bool *ret_taken)
{
	struct wg_keyfile_secret secret;
	struct wg_key key;

	ret->error = wg_keyfile_read(rules, r->path, &secret, ret_taken,
				     ret->text, sizeof(ret->text));
	if (!ret->error && r->kind == WG_KEYPROC_SEED && !secret.is_seed) {
		ret->error = wg_reason(
			-EINVAL, ret->text, sizeof(ret->text),
			"%s: has a WireGuard key; a seed, ed25519: and base64 of 32 bytes, is needed",
			r->path);
	} else if (!ret->error && r->kind == WG_KEYPROC_SEED) {
		ret->key = secret.key;
	} else if (!ret->error && r->kind == WG_KEYPROC_SECRET) {
		key_of(&secret, &ret->key);
	} else if (!ret->error && r->kind == WG_KEYPROC_PUBLIC) {
		key_of(&secret, &key);
		wg_key_public(&key, &ret->key);
		wg_key_wipe(&key);
	}
	wg_keyfile_wipe(&secret);
}

static void make_file(const struct wg_keyfile_rules *rules,
		      const struct wg_keyproc_request *r,
		      struct wg_keyproc_answer *ret)
{
	struct wg_keyfile_secret secret = {
		.is_seed = r->kind == WG_KEYPROC_NEW_SEED ||
			   r->kind == WG_KEYPROC_PUT_SEED,
	};

	if (r->kind == WG_KEYPROC_PUT_SEED)
		secret.key = r->seed;
	else
		wg_key_new(r->kind == WG_KEYPROC_NEW_PRIVATE, &secret.key);
	ret->error = wg_keyfile_make(rules, r->path, &secret, ret->text,
				     sizeof(ret->text));
	wg_keyfile_wipe(&secret);
}

void wg_keyproc_serve(const struct wg_keyfile_rules *rules, const void *request,
		      size_t len, struct wg_keyproc_answer *ret,
		      bool *ret_taken)
{
	const struct wg_keyproc_request *r = request;

	memset(ret, 0, sizeof(*ret));
	*ret_taken = false;
	if (!is_well_formed(r, len)) {
		ret->error = -EPROTO;
		snprintf(ret->text, sizeof(ret->text), "not a request");
		return;
	}
	ret->serial = r->serial;
	switch ((enum wg_keyproc_kind)r->kind) {
	case WG_KEYPROC_SECRET:
	case WG_KEYPROC_PUBLIC:
	case WG_KEYPROC_CHECK:
	case WG_KEYPROC_SEED:
		read_file(rules, r, ret, ret_taken);
		break;
	case WG_KEYPROC_NEW_PRIVATE:
	case WG_KEYPROC_NEW_PRESHARED:
	case WG_KEYPROC_NEW_SEED:
	case WG_KEYPROC_PUT_SEED:
		make_file(rules, r, ret);
		break;
	case WG_KEYPROC_KINDS:
		break;
	}
}

struct start {
	const struct wg_keyfile_rules *rules;
	int notices;
};

static void run(int fd, const void *arg)
{
	const struct start *start = arg;
	struct wg_keyproc_request request;
	struct wg_keyproc_answer answer;
	struct wg_notice notice = {.kind = WG_NOTICE_TEXT};
	bool taken;
	ssize_t n;

	if (wg_confine_caps(1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_CHOWN,
			    false) < 0)
		return;
	wg_confine_filter(WG_FILTER_KEYS); /* shown, where there is none */
	while ((n = wg_helper_receive(fd, &request, sizeof(request))) != 0) {
		if (n == -EINTR)
			continue;
		if (n < 0)
			return;
		wg_keyproc_serve(start->rules, &request, n, &answer, &taken);
		if (taken) {
			snprintf(
				notice.text, sizeof(notice.text),
				"%s: belonged to uid %u, as an earlier version made it: it is root's now",
				request.path, start->rules->former);
			wg_notice_say(start->notices, &notice);
		}
		wg_helper_answer(fd, &answer, sizeof(answer), -1);
		sodium_memzero(&answer, sizeof(answer));
		sodium_memzero(&request, sizeof(request));
		/* where libsodium worked: nothing else comes to overwrite it */
		sodium_stackzero(STACK_USED);
	}
}

/* --- in the daemon */

int wg_keyproc_start(const struct wg_keyfile_rules *rules, int notices)
{
	const struct start start = {rules, notices};

	return wg_helper_start(&proc, notices, run, &start);
}

struct wg_helper *wg_keyproc(void)
{
	return &proc;
}

static void serve_here(const struct wg_keyproc_request *request,
		       struct wg_keyproc_answer *ret)
{
	bool taken;

	wg_keyproc_serve(NULL, request, sizeof(*request), ret, &taken);
}

/* What is asked: of SEED is a copy. */
struct question {
	enum wg_keyproc_kind kind;
	const char *path;
	const struct wg_key *seed; /* to be put, or NULL */
};

static int ask(const struct question *q, struct wg_key *ret_key, char *err,
	       size_t errlen)
{
	struct wg_keyproc_request request = {.kind = q->kind};
	struct wg_keyproc_answer answer;
	const char *path = q->path;
	const char *why = answer.text;
	size_t len = strlen(path);
	int rc = 0;

	if (q->seed)
		request.seed = *q->seed;
	if (len == 0 || len >= sizeof(request.path)) {
		rc = -ENAMETOOLONG;
		why = "not the path of a file, or too long";
	} else if (proc.pid) {
		memcpy(request.path, path, len);
		rc = wg_helper_ask(&proc, &request, sizeof(request), &answer,
				   sizeof(answer), NULL);
		if (rc == -EPIPE)
			why = "the key process has ended; restart wgd, the devices forward meanwhile";
		else if (rc == -ETIMEDOUT)
			why = "the key process does not answer";
	} else {
		memcpy(request.path, path, len);
		serve_here(&request, &answer);
	}
	if (rc < 0) {
		wg_reason(rc, err, errlen, "%.256s: %s", path, why);
	} else {
		rc = answer.error;
		answer.text[sizeof(answer.text) - 1] = '\0';
		if (rc > 0)
			rc = -EPROTO;
		if (rc < 0)
			wg_reason(rc, err, errlen, "%s", answer.text);
	}
	if (ret_key) {
		wg_key_wipe(ret_key);
		if (rc == 0)
			*ret_key = answer.key;
	}
	sodium_memzero(&answer, sizeof(answer));
	sodium_memzero(&request, sizeof(request));
	/* registers that a copy went through may have been saved there */
	sodium_stackzero(STACK_USED);
	return rc;
}

int wg_key_load(const char *path, struct wg_key *ret_secret, char *err,
		size_t errlen)
{
	return ask(&(struct question){WG_KEYPROC_SECRET, path}, ret_secret, err,
		   errlen);
}

int wg_key_check(const char *path, char *err, size_t errlen)
{
	return ask(&(struct question){WG_KEYPROC_CHECK, path}, NULL, err,
		   errlen);
}

int wg_key_load_public(const char *path, struct wg_key *ret_pub, char *err,
		       size_t errlen)
{
	return ask(&(struct question){WG_KEYPROC_PUBLIC, path}, ret_pub, err,
		   errlen);
}

int wg_key_generate(const char *path, bool private_key, char *err,
		    size_t errlen)
{
	const struct question q = {private_key ? WG_KEYPROC_NEW_PRIVATE
					       : WG_KEYPROC_NEW_PRESHARED,
				   path};

	return ask(&q, NULL, err, errlen);
}

int wg_seed_load(const char *path, struct wg_key *ret_seed, char *err,
		 size_t errlen)
{
	return ask(&(struct question){WG_KEYPROC_SEED, path}, ret_seed, err,
		   errlen);
}

int wg_seed_generate(const char *path, char *err, size_t errlen)
{
	return ask(&(struct question){WG_KEYPROC_NEW_SEED, path}, NULL, err,
		   errlen);
}

int wg_seed_save(const char *path, const struct wg_key *seed, char *err,
		 size_t errlen)
{
	return ask(&(struct question){WG_KEYPROC_PUT_SEED, path, seed}, NULL,
		   err, errlen);
}
