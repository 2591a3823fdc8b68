/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files with keys when a call to the system fails: any one, the first, the
 * second and so on, in every way of failing.  What is read is right or nothing,
 * what is made is there whole or not at all, and nobody is told a secret.
 *
 * The linker puts what is below in the place of these calls (--wrap).
 */
#include "lib/backend/wg_keyproc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/backend/tests/keydir.h"
#include "lib/backend/wg_keys.h"

#define SEED "ed25519:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* --- calls that fail */

enum how { FAILS, INTERRUPTED, SHORT, HOWS };

static struct {
	bool on;
	enum how how;
	unsigned at; /* the call that it happens to, from 1 */
	unsigned n;  /* calls so far */
	const char *call;
} fault;

/* Does it happen to this call?  SHORT is for those that may be. */
static bool happens(const char *call, bool may_be_short)
{
	if (!fault.on || ++fault.n != fault.at)
		return false;
	fault.call = call;
	if (fault.how == SHORT)
		return may_be_short;
	errno = fault.how == FAILS ? EIO : EINTR;
	return true;
}

/* clang-format off */

#define WRAP(type, name, args, pass)                                           \
	type __real_##name args;                                               \
	type __wrap_##name args;                                               \
	type __wrap_##name args                                                \
	{                                                                      \
		return happens(#name, false) ? -1 : __real_##name pass;        \
	}

WRAP(int, fstat, (int fd, struct stat *st), (fd, st))
WRAP(int, fstatat, (int at, const char *path, struct stat *st, int flags),
     (at, path, st, flags))
WRAP(int, mkdirat, (int at, const char *path, mode_t mode), (at, path, mode))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, linkat, (int from, const char *a, int to, const char *b, int flags),
     (from, a, to, b, flags))
WRAP(int, unlinkat, (int at, const char *path, int flags), (at, path, flags))

#define WRAP_SOME(name, buffer)                                                \
	ssize_t __real_##name(int fd, buffer *buf, size_t len);                \
	ssize_t __wrap_##name(int fd, buffer *buf, size_t len);                \
	ssize_t __wrap_##name(int fd, buffer *buf, size_t len)                 \
	{                                                                      \
		bool now = happens(#name, true);                               \
									       \
		if (now && fault.how != SHORT)                                 \
			return -1;                                             \
		return __real_##name(fd, buf, now && len > 7 ? 7 : len);       \
	}

WRAP_SOME(read, void)
WRAP_SOME(write, const void)
/* clang-format on */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return happens("open", false) ? -1 : __real_open(path, flags, mode);
}

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & O_CREAT)
		mode = va_arg(ap, mode_t);
	va_end(ap);
	return happens("openat", false) ? -1
					: __real_openat(at, path, flags, mode);
}

/* It closes and says that it did not, as Linux does. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	bool now = happens("close", false);
	int error = errno, rc = __real_close(fd);

	if (now)
		errno = error;
	return now ? -1 : rc;
}

/* --- files */

/* Anything of a secret, and be it some characters of its text? */
static bool tells(const char *text)
{
	return strstr(text, "nWGx") || strstr(text, "uf2A");
}

static unsigned entries(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	unsigned n = 0;

	while (d && (e = readdir(d)))
		n += *e->d_name != '.';
	if (d)
		closedir(d);
	return n;
}

static void request(struct wg_keyproc_request *ret, uint32_t kind,
		    const char *path)
{
	memset(ret, 0, sizeof(*ret));
	ret->kind = kind;
	if (kind == WG_KEYPROC_PUT_SEED)
		assert_int_equal(wg_seed_parse(SEED, &ret->seed), 0);
	snprintf(ret->path, sizeof(ret->path), "%s", path);
}

/* Did the fault hit a call that is made again, or goes on where it was? */
static bool is_borne(void)
{
	bool of_some = strcmp(fault.call, "read") == 0 ||
		       strcmp(fault.call, "write") == 0;

	return *fault.call &&
	       (fault.how == SHORT || (fault.how == INTERRUPTED && of_some));
}

/*
 * Serve it with the fault: no descriptor is left, nothing is told.  False: the
 * fault came to no call, for there are not so many.
 */
static bool serve(const struct wg_keyproc_request *r,
		  struct wg_keyproc_answer *ret, bool *ret_taken)
{
	unsigned open_before = entries("/proc/self/fd");
	struct wg_keyfile_rules rule = rules();

	fault.n = 0;
	fault.call = "";
	fault.on = true;
	wg_keyproc_serve(&rule, r, sizeof(*r), ret, ret_taken);
	fault.on = false;
	assert_int_equal(entries("/proc/self/fd"), open_before);
	assert_true(ret->error <= 0);
	assert_false(tells(ret->text));
	if (ret->error) {
		assert_true(*ret->text);
		assert_true(wg_key_is_zero(&ret->key));
		assert_false(is_borne());
	}
	return fault.n >= fault.at;
}

/* --- making */

/* What is there after a request to make it, with a fault. */
static void check_made(const struct wg_keyproc_request *r,
		       const struct wg_keyproc_answer *a)
{
	bool is_seed = r->kind >= WG_KEYPROC_SEED;
	struct wg_keyproc_request look;
	struct wg_keyproc_answer seen;
	unsigned want = a->error == 0;
	bool taken;

	/* the one call that cannot be made good */
	if (strcmp(fault.call, "unlinkat") == 0 && fault.how != SHORT)
		want++;
	assert_int_equal(entries(path_of(is_seed ? "mesh/acme" : "mesh")),
			 want);
	request(&look, is_seed ? WG_KEYPROC_SEED : WG_KEYPROC_SECRET, r->path);
	wg_keyproc_serve(NULL, &look, sizeof(look), &seen, &taken);
	assert_int_equal(seen.error, a->error ? -ENOENT : 0);
	if (r->kind == WG_KEYPROC_PUT_SEED && !a->error)
		assert_true(wg_key_same(&seen.key, &r->seed));
	/* once more, without one */
	fault.at += 1000;
	assert_false(serve(r, &seen, &taken));
	fault.at -= 1000;
	assert_int_equal(seen.error, a->error ? 0 : -EEXIST);
}

/* What is made is there whole, or not at all and then at the next attempt. */
static void make_fails(uint32_t kind)
{
	bool is_seed = kind >= WG_KEYPROC_SEED, taken;
	struct wg_keyproc_request r;
	struct wg_keyproc_answer a;
	unsigned failed = 0;
	char command[200];

	request(&r, kind, path_of(is_seed ? "mesh/acme/made" : "mesh/made"));
	snprintf(command, sizeof(command), "rm -rf %s", path_of("mesh"));
	for (fault.at = 1;; fault.at++) {
		assert_int_equal(system(command), 0);
		if (!serve(&r, &a, &taken))
			break;
		check_made(&r, &a);
		failed += a.error != 0;
	}
	assert_int_equal(a.error, 0);
	/* as many as there are calls that count */
	assert_true(fault.at > 12);
	assert_true(fault.how == SHORT ? failed == 0 : failed >= 6);
}

static void test_make_fails(void **state)
{
	for (fault.how = FAILS; fault.how < HOWS; fault.how++) {
		make_fails(WG_KEYPROC_NEW_PRIVATE);
		make_fails(WG_KEYPROC_NEW_PRESHARED);
		make_fails(WG_KEYPROC_NEW_SEED);
		make_fails(WG_KEYPROC_PUT_SEED);
	}
}

/* --- reading */

/* A file of the former owner's, so that there is more to do. */
static void give_away(const char *path)
{
	if (geteuid() == 0)
		assert_int_equal(chown(path, OTHER, OTHER), 0);
}

/* What is read is the right secret or none. */
static void read_fails(uint32_t kind)
{
	bool taken, others = geteuid() == 0;
	struct wg_keyproc_request r;
	struct wg_keyproc_answer a, want;
	unsigned failed = 0;
	struct stat st;

	put("read", SEED "\n", 0600);
	request(&r, kind, path_of("read"));
	fault.at = 1000;
	assert_false(serve(&r, &want, &taken));
	assert_int_equal(want.error, 0);
	for (fault.at = 1;; fault.at++) {
		give_away(r.path);
		if (!serve(&r, &a, &taken))
			break;
		assert_int_equal(stat(r.path, &st), 0);
		assert_int_equal(taken, others && !a.error);
		assert_int_equal(st.st_uid,
				 others && a.error ? OTHER : geteuid());
		if (!a.error)
			assert_true(wg_key_same(&a.key, &want.key));
		failed += a.error != 0;
	}
	assert_int_equal(a.error, 0);
	assert_true(fault.at > 6);
	assert_true(fault.how == SHORT ? failed == 0 : failed >= 3);
}

static void test_read_fails(void **state)
{
	for (fault.how = FAILS; fault.how < HOWS; fault.how++) {
		read_fails(WG_KEYPROC_SECRET);
		read_fails(WG_KEYPROC_PUBLIC);
		read_fails(WG_KEYPROC_CHECK);
		read_fails(WG_KEYPROC_SEED);
	}
}

/* A secret that was read before the failure is not left with the caller. */
static void test_read_wipes(void **state)
{
	struct wg_keyfile_rules rule = rules();
	struct wg_keyfile_secret s, zero = {};
	bool taken = false;
	unsigned failed = 0;
	int rc;

	put("read", SEED "\n", 0600);
	fault.how = FAILS;
	for (fault.at = 1;; fault.at++) {
		give_away(path_of("read"));
		memset(&s, 0x5a, sizeof(s));
		fault.n = 0;
		fault.on = true;
		rc = wg_keyfile_read(&rule, path_of("read"), &s, &taken, NULL,
				     0);
		fault.on = false;
		if (fault.n < fault.at)
			break;
		failed += rc != 0;
		if (rc)
			assert_memory_equal(&s, &zero, sizeof(s));
	}
	assert_int_equal(rc, 0);
	assert_true(failed >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make_fails),
		cmocka_unit_test(test_read_fails),
		cmocka_unit_test(test_read_wipes),
	};

	return cmocka_run_group_tests(tests, keydir_setup, keydir_teardown);
}
