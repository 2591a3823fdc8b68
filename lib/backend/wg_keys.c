/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keys by libsodium, in constant time where a secret is looked at.
 *
 * A secret lives in a stack variable of the function that reads or makes it
 * and is wiped on every way out.  Reasons that are handed out name the path,
 * never a byte of what is in the file.
 */
#include "lib/backend/wg_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

/* A reason for the log; returns error so that a caller can return it. */
static int __attribute__((format(printf, 4, 5)))
reason(int error, char *err, size_t errlen, const char *fmt, ...)
{
	va_list ap;

	if (err && errlen) {
		va_start(ap, fmt);
		vsnprintf(err, errlen, fmt, ap);
		va_end(ap);
	}
	return error;
}

int wg_keys_init(void)
{
	return sodium_init() < 0 ? -ENOSYS : 0;
}

int wg_key_parse(const char *s, struct wg_key *ret)
{
	struct wg_key key = { 0 };
	size_t len = 0;
	int error = -EINVAL;

	/* sodium refuses wrong padding and set bits behind the last byte. */
	if (strnlen(s, WG_KEY_STRLEN) == WG_KEY_STRLEN - 1)
		error = sodium_base642bin(key.b, sizeof(key.b), s,
					  WG_KEY_STRLEN - 1, NULL, &len, NULL,
					  sodium_base64_VARIANT_ORIGINAL);
	if (error || len != WG_KEY_LEN || sodium_is_zero(key.b, WG_KEY_LEN))
		error = -EINVAL;
	else
		*ret = key;
	wg_key_wipe(&key);
	return error;
}

char *wg_key_str(const struct wg_key *pub, char *buf)
{
	return sodium_bin2base64(buf, WG_KEY_STRLEN, pub->b, WG_KEY_LEN,
				 sodium_base64_VARIANT_ORIGINAL);
}

void wg_key_wipe(struct wg_key *secret)
{
	sodium_memzero(secret, sizeof(*secret));
}

/* Up to len bytes, over short reads.  The number or -errno. */
static ssize_t read_all(int fd, char *buf, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		n = read(fd, buf + have, len - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += n;
	}
	return have;
}

static int write_all(int fd, const char *buf, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, buf, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf += n;
		len -= n;
	}
	return 0;
}

int wg_key_load(const char *path, struct wg_key *ret_secret, char *err,
		size_t errlen)
{
	char text[WG_KEY_STRLEN + 1]; /* key, newline, and one too many */
	struct stat st;
	int fd, error;
	ssize_t n;

	wg_key_wipe(ret_secret);
	/* O_NONBLOCK: a FIFO must not hold us before we see that it is one. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		error = -errno;
		return reason(error, err, errlen, "%s: %s", path,
			      strerror(-error));
	}
	if (fstat(fd, &st) < 0) {
		error = reason(-errno, err, errlen, "%s: cannot be examined",
			       path);
		goto out;
	}
	if (!S_ISREG(st.st_mode)) {
		error = reason(-EPERM, err, errlen, "%s: is no regular file",
			       path);
		goto out;
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		error = reason(-EPERM, err, errlen,
			       "%s: mode %04o lets others in, 0600 is needed",
			       path, st.st_mode & 07777);
		goto out;
	}
	n = read_all(fd, text, sizeof(text));
	if (n < 0) {
		error = reason(n, err, errlen, "%s: %s", path, strerror(-n));
		goto out;
	}
	if (n == WG_KEY_STRLEN && text[n - 1] == '\n')
		n--;
	text[n < WG_KEY_STRLEN ? n : WG_KEY_STRLEN] = '\0';
	error = n == WG_KEY_STRLEN - 1 ? wg_key_parse(text, ret_secret)
				       : -EINVAL;
	if (error)
		reason(error, err, errlen,
		       "%s: not one line with a base64 key of 32 bytes", path);
out:
	sodium_memzero(text, sizeof(text));
	close(fd);
	return error;
}

/* Make the entry in the folder last over a power cut, where that is known. */
static void sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* For the keys of the daemon's user and nobody else. */
static void make_folder(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	mkdir(dirname(copy), S_IRWXU);
}

int wg_key_generate(const char *path, bool private_key, char *err,
		    size_t errlen)
{
	char text[WG_KEY_STRLEN], tmp[PATH_MAX];
	struct wg_key key;
	int fd, error;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return reason(-ENAMETOOLONG, err, errlen, "%s: name too long",
			      path);
	make_folder(path); /* if not, the next one says why */
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0) {
		error = -errno;
		return reason(error, err, errlen, "%s: %s", path,
			      strerror(-error));
	}
	randombytes_buf(key.b, sizeof(key.b));
	if (private_key) {
		key.b[0] &= 248;
		key.b[31] = (key.b[31] & 127) | 64;
	}
	wg_key_str(&key, text);
	text[WG_KEY_STRLEN - 1] = '\n';
	error = fchmod(fd, S_IRUSR | S_IWUSR) < 0 ? -errno : 0;
	if (!error)
		error = write_all(fd, text, sizeof(text));
	if (!error && fsync(fd) < 0)
		error = -errno;
	wg_key_wipe(&key);
	sodium_memzero(text, sizeof(text));
	/* link(2) and not rename(2): what is there is never overwritten. */
	if (close(fd) < 0 && !error)
		error = -errno;
	if (!error && link(tmp, path) < 0)
		error = -errno;
	unlink(tmp);
	if (error)
		return reason(error, err, errlen, "%s: %s", path,
			      strerror(-error));
	sync_folder(path);
	return 0;
}

void wg_key_public(const struct wg_key *secret, struct wg_key *ret_pub)
{
	if (sodium_is_zero(secret->b, WG_KEY_LEN))
		memset(ret_pub, 0, sizeof(*ret_pub));
	else
		crypto_scalarmult_base(ret_pub->b, secret->b);
}

int wg_key_load_public(const char *path, struct wg_key *ret_pub, char *err,
		       size_t errlen)
{
	struct wg_key secret;
	int error;

	error = wg_key_load(path, &secret, err, errlen);
	if (!error)
		wg_key_public(&secret, ret_pub);
	wg_key_wipe(&secret);
	return error;
}

void wg_key_linklocal(const struct wg_key *pub, struct wg_addr *ret)
{
	uint8_t hash[32];

	crypto_generichash(hash, sizeof(hash), pub->b, WG_KEY_LEN, NULL, 0);
	memset(ret, 0, sizeof(*ret));
	ret->family = AF_INET6;
	ret->b[0] = 0xfe;
	ret->b[1] = 0x80;
	memcpy(ret->b + 8, hash, 8);
	ret->b[8] &= ~0x02; /* made here, not by a manufacturer */
}
