/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it costs each packet that a gateway of a group looks at what it sends
 * (lib/backend/wg_stray.h): processor time of a packet that leaves and arrives,
 * over the loopback of a namespace of its own, with that socket less without
 * it.
 */
#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <net/if.h>

#include "lib/backend/wg_stray.h"

#define PACKETS 100000
#define BYTES 1400
#define ROUNDS 15
#define GOAL_NS 400

static double cpu_ns(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * 1e9 +
	       (r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e3;
}

static double packet_ns(int fd)
{
	struct sockaddr_in to = {AF_INET, htons(9), {htonl(INADDR_LOOPBACK)}};
	static const char data[BYTES] = {4};
	double begin = cpu_ns();
	unsigned i;

	for (i = 0; i < PACKETS; i++)
		sendto(fd, data, sizeof(data), 0, (struct sockaddr *)&to,
		       sizeof(to));
	return (cpu_ns() - begin) / PACKETS;
}

/* The least of some: what else the machine does only adds. */
static void least(double *of, double ns)
{
	if (!*of || ns < *of)
		*of = ns;
}

static int measure(double *ret_without, double *ret_with)
{
	struct wg_stray_conf conf = {WG_STRAY_SENT, 51820, 0x77000001};
	struct sockaddr_in sink = {AF_INET, htons(9), {htonl(INADDR_LOOPBACK)}};
	struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct wg_stray *s;
	int in, out, rc;
	unsigned i;

	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	in = socket(AF_INET, SOCK_DGRAM, 0);
	out = socket(AF_INET, SOCK_DGRAM, 0);
	/* nobody reads it: what arrives is dropped */
	if (ioctl(out, SIOCSIFFLAGS, &up) < 0 ||
	    bind(in, (struct sockaddr *)&sink, sizeof(sink)) < 0)
		return -1;
	for (i = 0; i < ROUNDS; i++) {
		least(ret_without, packet_ns(out));
		rc = wg_stray_open(&conf, &s);
		if (rc < 0)
			return rc;
		least(ret_with, packet_ns(out));
		wg_stray_close(&s);
	}
	return 0;
}

int main(void)
{
	double without = 0, with = 0;

	if (measure(&without, &with) < 0) {
		printf("{\"bench\": \"anycast.tap\", \"value\": null, "
		       "\"unit\": \"ns\", \"goal\": %d, \"reference\": null, "
		       "\"how\": \"needs root\"}\n",
		       GOAL_NS);
		return 0;
	}
	printf("{\"bench\": \"anycast.tap\", \"value\": %.0f, \"unit\": \"ns\", "
	       "\"goal\": %d, \"reference\": %.0f, \"how\": \"processor time "
	       "for looking at a packet that leaves and arrives, least of %d; "
	       "reference: of the packet itself\"}\n",
	       with - without, GOAL_NS, without, ROUNDS);
	return 0;
}
