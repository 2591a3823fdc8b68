/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What it costs that a site looks at whom it sends data to: 100,000 packets a
 * second leave by a tun device, which throws them away, so a packet costs as
 * little as it can; and another process looks at them as wgd does, with the
 * same socket (lib/backend/wg_demand.h) and the same pauses
 * (lib/core/wg_sampler.h).
 *
 * Rounds of four go in turn, each with the same packets: nobody looks; wgd's
 * way; a socket that is always open, and read as fast as can be; and nobody
 * once more. Of each round the processor time of the sender's packets is
 * compared with the mean of both without.  What wgd's way costs is less than
 * two rounds without are apart, so it is said by what is known better: which
 * part of the packets is cloned, of what it costs to clone them all.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_packet.h>
#include <linux/if_tun.h>

#include "lib/backend/wg_demand.h"
#include "lib/core/wg_sampler.h"

#define PER_SECOND 100000
#define PER_MS (PER_SECOND / 1000)
#define MS 400 /* of each part of a round */
#define BYTES 1200
#define ROUNDS 41
#define GOAL 1 /* percent */

enum way { NOBODY, SAMPLED, ALWAYS, NOBODY_AGAIN, WAYS };

static struct wg_demand_conf conf;
static int out = -1;
static uint64_t *cloned; /* packets, by who looks */

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000) + t.tv_nsec / 1000;
}

static double cpu_us(const struct rusage *r)
{
	return (r->ru_utime.tv_sec + r->ru_stime.tv_sec) * 1e6 +
	       r->ru_utime.tv_usec + r->ru_stime.tv_usec;
}

/* --- the process that looks, until it is killed */

/* Whatever the filter let through is counted, also what found no room. */
static void count(const struct wg_demand *d)
{
	struct tpacket_stats stats;
	socklen_t len = sizeof(stats);

	if (getsockopt(wg_demand_fd(d), SOL_PACKET, PACKET_STATISTICS, &stats,
		       &len) == 0)
		*cloned += stats.tp_packets;
}

static void look(enum way way)
{
	struct wg_addr to[WG_DEMAND_TURN];
	struct wg_sampler sampler = {};
	struct wg_demand *d;
	size_t n, left;

	bool nobody = way == NOBODY || way == NOBODY_AGAIN;

	if (!nobody && wg_demand_open(&conf, &d) < 0)
		_exit(1);
	if (write(STDOUT_FILENO, "", 1) != 1)
		_exit(1);
	for (;;) {
		struct pollfd fd = {.events = POLLIN};
		unsigned ms;
		bool spent;

		if (nobody) {
			pause();
			continue;
		}
		fd.fd = wg_demand_fd(d);
		poll(&fd, 1, -1);
		if (wg_demand_next(d, to, &n) != 1 || way == ALWAYS)
			continue;
		spent = wg_sampler_seen(&sampler, n, now_us());
		if (!spent)
			continue;
		wg_demand_pause(d, true);
		ms = wg_sampler_pause(&sampler, random(), now_us());
		while (wg_demand_next(d, to, &left) == 1)
			;
		count(d);
		poll(NULL, 0, ms);
		wg_sampler_resume(&sampler, now_us());
		wg_demand_pause(d, false);
	}
}

/* --- the sender */

/*
 * Processor time of a packet, ns; of who looked, a share of one processor;
 * which part was cloned.
 */
static int measure(enum way way, double *ret_ns, double *ret_looked,
		   double *ret_cloned)
{
	static const char data[BYTES];
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(9),
				 .sin_addr = {htonl(0x0a630002)}};
	struct rusage before, after, looked;
	int64_t began, due;
	int ready[2];
	unsigned ms, i;
	pid_t pid;
	char c;

	if (pipe(ready) < 0)
		return -errno;
	*cloned = 0;
	pid = fork();
	if (pid == 0) {
		dup2(ready[1], STDOUT_FILENO);
		look(way);
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &c, 1) != 1)
		return -EPERM;
	close(ready[0]);
	getrusage(RUSAGE_SELF, &before);
	began = now_us();
	for (ms = 0; ms < MS; ms++) {
		for (i = 0; i < PER_MS; i++)
			sendto(out, data, sizeof(data), 0,
			       (struct sockaddr *)&to, sizeof(to));
		due = began + (ms + 1) * 1000 - now_us();
		if (due > 0)
			poll(NULL, 0, due / 1000);
	}
	getrusage(RUSAGE_SELF, &after);
	began = now_us() - began;
	kill(pid, SIGKILL);
	wait4(pid, NULL, 0, &looked);
	*ret_ns = (cpu_us(&after) - cpu_us(&before)) * 1000 / (MS * PER_MS);
	*ret_looked = cpu_us(&looked) / began;
	*ret_cloned = (double)*cloned / (MS * PER_MS);
	return 0;
}

static int make_device(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr = {htonl(0x0a630001)}};
	struct ifreq r = {.ifr_name = "d0", .ifr_flags = IFF_TUN | IFF_NO_PI};
	struct ifreq addr = {.ifr_name = "d0"}, up = {.ifr_name = "d0"};
	int tun;

	memcpy(&addr.ifr_addr, &at, sizeof(at));
	up.ifr_flags = IFF_UP;
	if (unshare(CLONE_NEWNET) < 0)
		return -errno;
	tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
	out = socket(AF_INET, SOCK_DGRAM, 0);
	if (tun < 0 || ioctl(tun, TUNSETIFF, &r) < 0 ||
	    ioctl(out, SIOCSIFADDR, &addr) < 0 ||
	    ioctl(out, SIOCSIFFLAGS, &up) < 0 ||
	    /* without a route */
	    setsockopt(out, SOL_SOCKET, SO_BINDTODEVICE, "d0", 3) < 0)
		return -errno;
	conf.ifindex = if_nametoindex("d0");
	return 0;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

int main(void)
{
	static double more[WAYS][ROUNDS], looked[WAYS][ROUNDS], packet[ROUNDS],
		apart[ROUNDS], share[WAYS][ROUNDS];
	double ns[WAYS], part;
	int rc = make_device();
	unsigned i;

	cloned = mmap(NULL, sizeof(*cloned), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < ROUNDS && rc == 0; i++) {
		enum way way;

		for (way = 0; way < WAYS && rc == 0; way++)
			rc = measure(way, &ns[way], &looked[way][i],
				     &share[way][i]);
		for (way = 0; way < WAYS && rc == 0; way++)
			more[way][i] =
				(ns[way] * 2 / (ns[NOBODY] + ns[NOBODY_AGAIN]) -
				 1) *
				100;
		apart[i] = fabs(more[NOBODY_AGAIN][i]) * 2;
		packet[i] = ns[NOBODY];
	}
	if (rc < 0) {
		printf("{\"bench\": \"demand.cost\", \"value\": null, "
		       "\"unit\": \"%%\", \"goal\": %d, \"reference\": null, "
		       "\"how\": \"needs root: %s\"}\n",
		       GOAL, strerror(-rc));
		return 0;
	}
	part = median(share[SAMPLED]);
	printf("{\"bench\": \"demand.cost\", \"value\": %.2f, \"unit\": \"%%\", "
	       "\"goal\": %d, \"reference\": %.2f, \"how\": \"more processor "
	       "time for a packet that leaves at %d/s, of %.0f ns: %.2f %% are "
	       "cloned; median of %d rounds; as measured %.2f, where two without "
	       "are %.2f apart; reference: a socket that is always open\"}\n",
	       part * median(more[ALWAYS]), GOAL, median(more[ALWAYS]),
	       PER_SECOND, median(packet), part * 100, ROUNDS,
	       median(more[SAMPLED]), median(apart));
	printf("{\"bench\": \"demand.look\", \"value\": %.2f, \"unit\": \"%%\", "
	       "\"goal\": %d, \"reference\": %.2f, \"how\": \"of a processor, "
	       "who looks at these packets; reference: a socket that is always "
	       "open\"}\n",
	       median(looked[SAMPLED]) * 100, GOAL,
	       median(looked[ALWAYS]) * 100);
	return 0;
}
