// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <poll.h>

#include "libfrr.h"

#include "frr-wgd/base/wgd_ask.h"
#include "frr-wgd/base/wgd_clock.h"

static int64_t not_before; /* when a daemon is asked again after one hung */

/* A socket, or -errno. */
static int connect_to(const char *daemon)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char *name;
	int rc;

	if (fd < 0)
		return -errno;
	strlcpy(at.sun_path, frr_zclientpath, sizeof(at.sun_path));
	name = strrchr(at.sun_path, '/');
	name = name ? name + 1 : at.sun_path;
	snprintf(name, sizeof(at.sun_path) - (name - at.sun_path), "%s.vty",
		 daemon);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

bool wgd_ask_is_there(const char *daemon)
{
	int fd = connect_to(daemon);

	if (fd >= 0)
		close(fd);
	/* any other error says nothing of it */
	return fd != -ENOENT && fd != -ECONNREFUSED;
}

/* Three zeros and the result end an answer (lib/vty.c, vtysh_read). */
static bool is_end(const char *buf, size_t n)
{
	return n >= 4 && !buf[n - 4] && !buf[n - 3] && !buf[n - 2];
}

static bool answer(int fd, char *buf, size_t len)
{
	int64_t until = wgd_now_ms() + WGD_ASK_MS, left;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0;
	ssize_t rc;

	while (n < len - 1 && !is_end(buf, n)) {
		left = until - wgd_now_ms();
		if (left <= 0 || poll(&p, 1, left) <= 0) {
			not_before = wgd_now_ms() + WGD_ASK_AGAIN_MS;
			return false;
		}
		rc = recv(fd, buf + n, len - 1 - n, 0);
		if (rc <= 0)
			return false;
		n += rc;
	}
	buf[n] = '\0';
	return true;
}

bool wgd_ask(const char *daemon, const char *command, char *buf, size_t len)
{
	ssize_t n = strlen(command) + 1;
	bool ok;
	int fd;

	if (wgd_now_ms() < not_before)
		return false;
	fd = connect_to(daemon);
	if (fd < 0)
		return false;
	ok = send(fd, command, n, MSG_NOSIGNAL) == n && answer(fd, buf, len);
	close(fd);
	return ok;
}
