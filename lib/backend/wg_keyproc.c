/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who can say what to the key process: the daemon, and so whoever has found a
 * hole in it.  He may ask for a file below the folders of the rules, and learns
 * from an error what is there.  He gets what the daemon gets, keys that are
 * alone in a file of root's with mode 0600, and never a byte of another file.
 * He may fill a folder of keys with new keys, and can overwrite or remove
 * nothing.  A request costs one file of 46 bytes; requests wait in the socket.
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

#define STACK_USED 32768 /* by what is called to serve a request, at most */

static struct wg_helper proc = {.name = "wgd-keys", .fd = -1};

/* --- in the key process */

static bool is_well_formed(const struct wg_keyproc_request *r, size_t len)
{
	const char *end;

	if (len != sizeof(*r) || !r->kind || r->kind >= WG_KEYPROC_KINDS)
		return false;
	end = memchr(r->path, '\0', sizeof(r->path));
	return end && end != r->path &&
	       sodium_is_zero((const unsigned char *)end,
			      r->path + sizeof(r->path) - end);
}

void wg_keyproc_serve(const struct wg_keyfile_rules *rules, const void *request,
		      size_t len, struct wg_keyproc_answer *ret,
		      bool *ret_taken)
{
	const struct wg_keyproc_request *r = request;
	struct wg_key secret;

	memset(ret, 0, sizeof(*ret));
	*ret_taken = false;
	if (!is_well_formed(r, len)) {
		ret->error = -EPROTO;
		snprintf(ret->text, sizeof(ret->text), "not a request");
		return;
	}
	ret->serial = r->serial;
	if (r->kind == WG_KEYPROC_NEW_PRIVATE ||
	    r->kind == WG_KEYPROC_NEW_PRESHARED) {
		ret->error = wg_keyfile_make(rules, r->path,
					     r->kind == WG_KEYPROC_NEW_PRIVATE,
					     ret->text, sizeof(ret->text));
		return;
	}
	ret->error = wg_keyfile_read(rules, r->path, &secret, ret_taken,
				     ret->text, sizeof(ret->text));
	if (!ret->error && r->kind == WG_KEYPROC_SECRET)
		ret->key = secret;
	else if (!ret->error && r->kind == WG_KEYPROC_PUBLIC)
		wg_key_public(&secret, &ret->key);
	wg_key_wipe(&secret);
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

static int ask(enum wg_keyproc_kind kind, const char *path,
	       struct wg_key *ret_key, char *err, size_t errlen)
{
	struct wg_keyproc_request request = {.kind = kind};
	struct wg_keyproc_answer answer;
	const char *why = answer.text;
	size_t len = strlen(path);
	int rc = 0;

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
	return rc;
}

int wg_key_load(const char *path, struct wg_key *ret_secret, char *err,
		size_t errlen)
{
	return ask(WG_KEYPROC_SECRET, path, ret_secret, err, errlen);
}

int wg_key_check(const char *path, char *err, size_t errlen)
{
	return ask(WG_KEYPROC_CHECK, path, NULL, err, errlen);
}

int wg_key_load_public(const char *path, struct wg_key *ret_pub, char *err,
		       size_t errlen)
{
	return ask(WG_KEYPROC_PUBLIC, path, ret_pub, err, errlen);
}

int wg_key_generate(const char *path, bool private_key, char *err,
		    size_t errlen)
{
	return ask(private_key ? WG_KEYPROC_NEW_PRIVATE
			       : WG_KEYPROC_NEW_PRESHARED,
		   path, NULL, err, errlen);
}
