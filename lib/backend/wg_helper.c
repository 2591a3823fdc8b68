/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets of type SEQPACKET: a message is whole or not there, and of a length
 * that is looked at.  Neither end trusts the other: the helper because a hole
 * in the daemon is what it is there for, the daemon because that costs nothing.
 */
#include "lib/backend/wg_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void __attribute__((noreturn))
child(const struct wg_helper *h, int fd, int keep,
      void (*run)(int fd, const void *arg), const void *arg)
{
	static const int defaults[] = {SIGTERM, SIGCHLD, SIGUSR1, SIGUSR2};
	static const int ignored[] = {SIGHUP, SIGINT, SIGPIPE};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), low = fd, high = keep;
	size_t i;

	setsid();
	prctl(PR_SET_NAME, h->name, 0, 0, 0);
	for (i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		signal(defaults[i], SIG_DFL);
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
#ifndef __SANITIZE_ADDRESS__
		dup2(null, STDERR_FILENO);
#endif
	}
	if (keep >= 0 && keep < fd) {
		low = keep;
		high = fd;
	}
	/* what is left are 0 to 2, and the two */
	close_range(3, low - 1, 0);
	if (high > low)
		close_range(low + 1, high - 1, 0);
	close_range((high > low ? high : low) + 1, ~0U, 0);
	if (chdir("/") < 0)
		_exit(1);
	/* only root has, and needs, other groups to leave */
	if (setgroups(0, NULL) < 0 && geteuid() == 0)
		_exit(1);
	run(fd, arg);
	_exit(0);
}

int wg_helper_start(struct wg_helper *h, int keep,
		    void (*run)(int fd, const void *arg), const void *arg)
{
	int fd[2], rc;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		child(h, fd[1], keep, run, arg);
	rc = pid < 0 ? -errno : 0;
	close(fd[1]);
	if (rc < 0) {
		close(fd[0]);
		return rc;
	}
	h->fd = fd[0];
	h->pid = pid;
	h->over = false;
	return 0;
}

/*
 * A request found the end.  Whoever waits for input on the descriptor hears of
 * it by that, and asks wg_helper_ended(): until then its number is not free.
 */
static void over(struct wg_helper *h)
{
	shutdown(h->fd, SHUT_RDWR);
	h->over = true;
}

/* One message: its length, 0 at the end, or -errno.  RET_FD as above. */
static ssize_t receive(int fd, void *buf, size_t len, int flags, int *ret_fd)
{
	union {
		char b[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct iovec iov = {buf, len};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ret_fd ? control.b : NULL,
		.msg_controllen = ret_fd ? sizeof(control.b) : 0,
	};
	struct cmsghdr *c;
	ssize_t n = recvmsg(fd, &msg, flags | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return -errno;
	if (!ret_fd)
		return n;
	*ret_fd = -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(c), sizeof(int));
	return n;
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Throw away what nobody waits for.  Is that the end? */
static bool eat(struct wg_helper *h)
{
	char buf[4096];
	ssize_t n;
	int fd = -1;

	while ((n = receive(h->fd, buf, sizeof(buf), MSG_DONTWAIT, &fd)) > 0 ||
	       n == -EINTR) {
		if (n < 0)
			continue;
		h->late = false;
		if (fd >= 0)
			close(fd);
	}
	explicit_bzero(buf, sizeof(buf));
	return n != -EAGAIN;
}

int wg_helper_ask(struct wg_helper *h, void *request, size_t request_len,
		  void *answer, size_t answer_len, int *ret_fd)
{
	int64_t end = now_ms() + WG_HELPER_TIMEOUT_MS, left;
	uint32_t serial;
	ssize_t n;
	int fd = -1;

	if (h->fd < 0 || h->over)
		return -EPIPE;
	if (h->late && eat(h))
		goto ended;
	if (h->late)
		return -ETIMEDOUT;
	serial = ++h->serial;
	memcpy(request, &serial, sizeof(serial));
	n = send(h->fd, request, request_len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return -ETIMEDOUT; /* it hangs since long */
	if (n < 0)
		goto ended;
	while ((left = end - now_ms()) > 0) {
		struct pollfd p = {.fd = h->fd, .events = POLLIN};

		if (poll(&p, 1, left) <= 0)
			continue;
		n = receive(h->fd, answer, answer_len, MSG_DONTWAIT, &fd);
		if (n == -EAGAIN || n == -EINTR)
			continue;
		if (n <= 0)
			goto ended;
		if ((size_t)n == answer_len &&
		    memcmp(answer, &serial, sizeof(serial)) == 0) {
			if (ret_fd)
				*ret_fd = fd;
			else if (fd >= 0)
				close(fd);
			return 0;
		}
		if (fd >= 0)
			close(fd);
	}
	h->late = true;
	return -ETIMEDOUT;
ended:
	over(h);
	return -EPIPE;
}

bool wg_helper_ended(struct wg_helper *h)
{
	if (h->fd >= 0 && eat(h)) {
		close(h->fd);
		h->fd = -1;
	}
	return h->fd < 0;
}

/* --- in a helper */

ssize_t wg_helper_receive(int fd, void *request, size_t len)
{
	ssize_t n = receive(fd, request, len, MSG_TRUNC, NULL);

	/* longer than we know: as bad as one that is too short */
	return n > (ssize_t)len ? 1 : n;
}

void wg_helper_answer(int to, const void *answer, size_t len, int fd)
{
	union {
		char b[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {{0}};
	struct iovec iov = {(void *)answer, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = control.b;
		msg.msg_controllen = sizeof(control.b);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	while (sendmsg(to, &msg, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

int wg_reason(int error, char *err, size_t errlen, const char *fmt, ...)
{
	va_list ap;

	if (err && errlen) {
		va_start(ap, fmt);
		vsnprintf(err, errlen, fmt, ap);
		va_end(ap);
	}
	return error;
}

/* --- said unasked */

int wg_notice_open(int ret_fd[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fd) < 0
		       ? -errno
		       : 0;
}

int wg_notice_next(int fd, struct wg_notice *ret)
{
	ssize_t n;

	do
		n = receive(fd, ret, sizeof(*ret), MSG_DONTWAIT, NULL);
	while (n > 0 && n != (ssize_t)sizeof(*ret));
	ret->text[sizeof(ret->text) - 1] = '\0';
	return n > 0;
}

void wg_notice_say(int fd, const struct wg_notice *notice)
{
	/* who does not listen loses a line of the log, and a helper no time */
	send(fd, notice, sizeof(*notice), MSG_NOSIGNAL | MSG_DONTWAIT);
}
