// SPDX-License-Identifier: GPL-2.0-or-later
#include "frr-wgd/tests/fake_zebra.h"

#include <sys/syscall.h>
#include <sys/un.h>

#include "libfrr.h"
#include "network.h"
#include "stream.h"

#include "frr-wgd/base/wgd_convert.h"

#define COMMANDS 512 /* more than there are */

struct zapi_route fake_zebra_route;

static char path[64];
static int fd = -1;
static struct event *t_accept;
static unsigned hang_ups;
static struct client {
	int fd;
	struct event *t;
} clients[FAKE_ZEBRA_CLIENTS];
static size_t n_clients;
static unsigned heard[COMMANDS];
static struct route {
	bool there;
	struct zapi_route api;
} routes[8];

static void tell(const struct client *c, uint16_t command,
		 struct zapi_route *api)
{
	struct stream *s = stream_new(ZEBRA_MAX_PACKET_SIZ);

	zapi_route_encode(command, s, api);
	assert_int_equal(write(c->fd, s->data, stream_get_endp(s)),
			 stream_get_endp(s));
	stream_free(s);
}

/* A client that subscribes is told all there is. */
static void subscribed(const struct client *c)
{
	size_t i;

	for (i = 0; i < array_size(routes); i++)
		if (routes[i].there)
			tell(c, ZEBRA_REDISTRIBUTE_ROUTE_ADD, &routes[i].api);
}

static void came(struct event *t)
{
	struct client *c = EVENT_ARG(t);
	uint8_t bytes[ZEBRA_MAX_PACKET_SIZ];
	struct stream *s;
	uint16_t len, command;

	/* whole messages are written at once, and short ones */
	if (recv(c->fd, bytes, ZEBRA_HEADER_SIZE, MSG_PEEK | MSG_WAITALL) !=
	    ZEBRA_HEADER_SIZE)
		return;
	len = bytes[0] << 8 | bytes[1];
	command = bytes[8] << 8 | bytes[9];
	assert_int_equal(recv(c->fd, bytes, len, MSG_WAITALL), len);
	if (command < COMMANDS)
		heard[command]++;
	if (command == ZEBRA_ROUTE_ADD || command == ZEBRA_ROUTE_DELETE) {
		s = stream_new(len);
		stream_put(s, bytes + ZEBRA_HEADER_SIZE,
			   len - ZEBRA_HEADER_SIZE);
		zapi_route_decode(s, &fake_zebra_route);
		stream_free(s);
	}
	if (command == ZEBRA_REDISTRIBUTE_ADD &&
	    bytes[ZEBRA_HEADER_SIZE] == AFI_IP)
		subscribed(c);
	event_add_read(wgd.master, came, c, c->fd, &c->t);
}

static void accepted(struct event *t)
{
	struct client *c = &clients[n_clients++];

	assert_true(n_clients <= FAKE_ZEBRA_CLIENTS);
	c->fd = accept(fd, NULL, NULL);
	assert_true(c->fd >= 0);
	event_add_read(wgd.master, came, c, c->fd, &c->t);
	event_add_read(wgd.master, accepted, NULL, fd, &t_accept);
}

/*
 * In place of libc's: libfrr connects and says hello in one go, so a zebra that
 * ends in between has to end here.
 */
int connect(int sock, const struct sockaddr *sa, socklen_t len)
{
	int rc = syscall(SYS_connect, sock, sa, len);

	if (rc == 0 && hang_ups) {
		hang_ups--;
		close(accept(fd, NULL, NULL));
	}
	return rc;
}

void fake_zebra_hang_up(unsigned n)
{
	hang_ups = n;
}

void fake_zebra_start(void)
{
	struct sockaddr_un su = {.sun_family = AF_UNIX};

	signal(SIGPIPE, SIG_IGN); /* as in a daemon */
	snprintf(path, sizeof(path), "/tmp/wgd-test-zebra.%d", (int)getpid());
	unlink(path);
	strlcpy(su.sun_path, path, sizeof(su.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&su, sizeof(su)), 0);
	assert_int_equal(listen(fd, FAKE_ZEBRA_CLIENTS), 0);
	assert_true(frr_zclient_addr(&zclient_addr, &zclient_addr_len, path));
	event_add_read(wgd.master, accepted, NULL, fd, &t_accept);
	fake_zebra_forget();
	memset(routes, 0, sizeof(routes));
}

void fake_zebra_stop(void)
{
	event_cancel(&t_accept);
	while (n_clients) {
		event_cancel(&clients[--n_clients].t);
		close(clients[n_clients].fd);
	}
	close(fd);
	unlink(path);
}

void fake_zebra_forget(void)
{
	memset(heard, 0, sizeof(heard));
	memset(&fake_zebra_route, 0, sizeof(fake_zebra_route));
}

unsigned fake_zebra_heard(uint16_t command)
{
	return heard[command];
}

void fake_zebra_tell(uint16_t command, const char *prefix, const char *gateway,
		     uint32_t ifindex)
{
	struct wg_prefix p = prefix_of(prefix);
	struct zapi_route api = {
		.type = ZEBRA_ROUTE_STATIC,
		.safi = SAFI_UNICAST,
		.prefix = wgd_convert_to_frr(&p),
		.nexthop_num = 1,
		.nexthops = {{.ifindex = ifindex}},
	};
	struct wg_addr gw;
	size_t i, k;

	SET_FLAG(api.message, ZAPI_MESSAGE_NEXTHOP);
	api.nexthops[0].type = NEXTHOP_TYPE_IFINDEX;
	if (gateway) {
		gw = addr_of(gateway);
		api.nexthops[0].type = NEXTHOP_TYPE_IPV4_IFINDEX;
		memcpy(&api.nexthops[0].gate, gw.b, 4);
	}
	for (k = 0; routes[k].there &&
		    !prefix_same(&routes[k].api.prefix, &api.prefix);
	     k++)
		assert_true(k + 1 < array_size(routes));
	routes[k].there = command == ZEBRA_REDISTRIBUTE_ROUTE_ADD;
	routes[k].api = api;
	for (i = 0; i < n_clients; i++)
		tell(&clients[i], command, &api);
}
