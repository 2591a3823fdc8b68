/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who reaches a listener, on the loopback interface. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include "lib/backend/wg_tcp.h"
#include "lib/core/tests/text.h"

static socklen_t sockaddr_of(const char *text, uint16_t port,
			     struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	struct sockaddr_in *four = (struct sockaddr_in *)ret;

	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(port);
		return sizeof(*four);
	}
	assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons(port);
	return sizeof(*six);
}

static uint8_t family_of(const char *text)
{
	return strchr(text, ':') ? AF_INET6 : AF_INET;
}

/* A listener at that address, and its port; -1: it can have no filter. */
static int listener(const char *at, uint16_t *port)
{
	struct sockaddr_storage su;
	socklen_t len = sockaddr_of(at, 0, &su);
	int fd = socket(su.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0), off = 0;

	assert_true(fd >= 0);
	if (bind(fd, (struct sockaddr *)&su, len) < 0) {
		close(fd);
		return -1; /* no IPv6 here */
	}
	if (wg_tcp_guard(fd, family_of(at), &(struct wg_tcp_guard){}) ==
	    -EPERM) {
		close(fd);
		return -1; /* without CAP_NET_ADMIN, since Linux 6.18 */
	}
	setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &off, sizeof(off));
	assert_int_equal(listen(fd, 8), 0);
	getsockname(fd, (struct sockaddr *)&su, &len);
	*port = ntohs(((struct sockaddr_in *)&su)->sin_port);
	return fd;
}

/* Is it let in? */
static bool reaches(const char *from, const char *at, uint16_t port)
{
	struct sockaddr_storage su;
	socklen_t len = sockaddr_of(from, 0, &su);
	int fd = socket(su.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0), rc;
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	assert_int_equal(bind(fd, (struct sockaddr *)&su, len), 0);
	len = sockaddr_of(at, port, &su);
	if (connect(fd, (struct sockaddr *)&su, len) < 0)
		assert_int_equal(errno, EINPROGRESS);
	poll(&p, 1, 100);
	rc = wg_tcp_made(fd);
	assert_true(rc >= 0); /* not even refused */
	close(fd);
	return rc;
}

static void test_guard(void **state)
{
	const struct wg_addr from[] = {addr_of("127.0.0.2"), addr_of("::1"),
				       addr_of("127.0.0.4"),
				       addr_of("2001:db8::1")};
	uint32_t lo[] = {4711, if_nametoindex("lo")};
	struct wg_tcp_guard guard = {.from = from, .n_from = 4};
	uint16_t port;
	int fd = listener("127.0.0.1", &port);

	if (fd < 0)
		skip();
	assert_true(reaches("127.0.0.3", "127.0.0.1", port));
	assert_int_equal(wg_tcp_guard(fd, AF_INET, &guard), 0);
	assert_true(reaches("127.0.0.2", "127.0.0.1", port));
	assert_true(reaches("127.0.0.4", "127.0.0.1", port));
	assert_false(reaches("127.0.0.3", "127.0.0.1", port));
	/* by another interface, and by that one */
	guard.not_by = lo;
	guard.n_not_by = 1;
	assert_int_equal(wg_tcp_guard(fd, AF_INET, &guard), 0);
	assert_true(reaches("127.0.0.4", "127.0.0.1", port));
	guard.n_not_by = 2;
	assert_int_equal(wg_tcp_guard(fd, AF_INET, &guard), 0);
	assert_false(reaches("127.0.0.4", "127.0.0.1", port));
	/* nobody */
	guard = (struct wg_tcp_guard){};
	assert_int_equal(wg_tcp_guard(fd, AF_INET, &guard), 0);
	assert_false(reaches("127.0.0.2", "127.0.0.1", port));
	close(fd);
}

static void test_guard6(void **state)
{
	const struct wg_addr from[] = {addr_of("127.0.0.2"), addr_of("::2"),
				       addr_of("::1")};
	struct wg_tcp_guard guard = {.from = from, .n_from = 2};
	uint16_t port;
	int fd = listener("::1", &port);

	if (fd < 0)
		skip();
	assert_int_equal(wg_tcp_guard(fd, AF_INET6, &guard), 0);
	assert_false(reaches("::1", "::1", port));
	guard.n_from = 3;
	assert_int_equal(wg_tcp_guard(fd, AF_INET6, &guard), 0);
	assert_true(reaches("::1", "::1", port));
	close(fd);
}

/* More than fits: then nobody is kept out, not who is meant to come in. */
static void test_too_many(void **state)
{
	static struct wg_addr from[4000];
	struct wg_tcp_guard guard = {.from = from, .n_from = 100};
	uint16_t port;
	int fd = listener("127.0.0.1", &port);
	size_t i;

	if (fd < 0)
		skip();
	for (i = 0; i < 4000; i++)
		from[i] = (struct wg_addr){AF_INET, {10, 0, i >> 8, i & 255}};
	assert_int_equal(wg_tcp_guard(fd, AF_INET, &guard), 0);
	assert_false(reaches("127.0.0.2", "127.0.0.1", port));
	guard.n_from = 4000;
	assert_int_equal(wg_tcp_guard(fd, AF_INET, &guard), -E2BIG);
	assert_true(reaches("127.0.0.2", "127.0.0.1", port));
	close(fd);
}

static void test_refused(void **state)
{
	struct sockaddr_storage su;
	uint16_t port;
	int fd = listener("127.0.0.1", &port);
	socklen_t len = sockaddr_of("127.0.0.1", port, &su);

	close(fd);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (connect(fd, (struct sockaddr *)&su, len) < 0 &&
	    errno == EINPROGRESS)
		assert_int_equal(wg_tcp_made(fd), -ECONNREFUSED);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guard),
		cmocka_unit_test(test_guard6),
		cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
