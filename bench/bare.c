/* SPDX-License-Identifier: GPL-2.0-or-later */
/* See bare.h.  Raw text, raw netlink, no library. */
#include "bench/bare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/wireguard.h>

/* Not in the headers of kernels that cannot do it. */
#define ALLOWEDIP_A_FLAGS 4
#define ALLOWEDIP_F_REMOVE_ME 1u
#define BARE_REMOVE_MAX 1800 /* prefixes, of 36 bytes */

/* The peer that prefix i is taken from or given to. */
static unsigned whose(const struct bare_job *job, uint32_t i)
{
	if (job->how == BARE_THROW)
		return job->n_peers; /* one more */
	return (bare_peer(i, job->n, job->n_peers) + job->shift) % job->n_peers;
}

/* ... of a batch.  What REMOVE_ME takes is longer, and a nest has 64 KiB. */
static uint32_t batch_of(const struct bare_job *job)
{
	return job->how == BARE_REMOVE && job->batch > BARE_REMOVE_MAX
		       ? BARE_REMOVE_MAX
		       : job->batch;
}

static bool is_last(const struct bare_job *job, uint32_t i)
{
	return (i + 1) % batch_of(job) == 0 || i == job->n - 1;
}

/* --- text */

static int say(int fd, const char *text, size_t len)
{
	char reply[64];
	ssize_t n;
	int error;

	while (len) {
		n = write(fd, text, len);
		if (n < 0)
			return -errno;
		text += n;
		len -= n;
	}
	n = read(fd, reply, sizeof(reply) - 1);
	if (n <= 0)
		return -EPIPE;
	reply[n] = '\0';
	return sscanf(reply, "errno=%d", &error) == 1 ? -abs(error) : -EPROTO;
}

static char *say_key(char *at, unsigned p)
{
	uint8_t key[32];

	bare_key(p, key);
	at += sprintf(at, "public_key=");
	for (int j = 0; j < 32; j++)
		at += sprintf(at, "%02x", key[j]);
	return at + sprintf(at, "\n");
}

int bare_userspace(const char *path, const struct bare_job *job)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char *text = malloc(64 * (size_t)job->batch + 4096), *at = text;
	unsigned last = -1;
	int fd, error = 0;

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (!text || fd < 0 || connect(fd, (void *)&un, sizeof(un)) < 0) {
		error = -errno;
		goto out;
	}
	for (uint32_t i = 0; i < job->n && !error; i++) {
		uint32_t a = bare_address(i);
		unsigned p = whose(job, i);

		if (i % job->batch == 0) {
			at = text + sprintf(text, "set=1\n");
			last = -1;
		}
		if (p != last) {
			at = say_key(at, p);
			last = p;
		}
		at += sprintf(at, "allowed_ip=%u.%u.%u.%u/28\n", a >> 24,
			      a >> 16 & 255, a >> 8 & 255, a & 255);
		if (is_last(job, i)) {
			if (job->how == BARE_THROW) {
				at = say_key(at, p);
				at += sprintf(at, "remove=true\n");
			}
			at += sprintf(at, "\n");
			error = say(fd, text, at - text);
		}
	}
out:
	if (fd >= 0)
		close(fd);
	free(text);
	return error;
}

/* --- netlink */

static char buf[131072] __attribute__((aligned(4)));
static struct nlmsghdr *const nh = (void *)buf;
static int nl;

static struct nlattr *put(int type, const void *data, int len)
{
	struct nlattr *a = (void *)(buf + nh->nlmsg_len);

	a->nla_type = type;
	a->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(a + 1, data, len);
	nh->nlmsg_len += NLA_ALIGN(a->nla_len);
	return a;
}

static struct nlattr *nest(int type)
{
	return put(type | NLA_F_NESTED, NULL, 0);
}

static void end(struct nlattr *a)
{
	a->nla_len = buf + nh->nlmsg_len - (char *)a;
}

static void start(int type, int cmd)
{
	struct genlmsghdr *g = (void *)(nh + 1);

	memset(buf, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	nh->nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	nh->nlmsg_type = type;
	nh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	g->cmd = cmd;
	g->version = 1;
}

/* Send, and wait for the ack; a family's number goes to *family. */
static int ask(uint16_t *family)
{
	static char in[65536] __attribute__((aligned(4)));
	struct nlmsghdr *h;
	struct nlattr *a;
	ssize_t n;

	if (send(nl, buf, nh->nlmsg_len, 0) < 0)
		return -errno;
	for (;;) {
		n = recv(nl, in, sizeof(in), 0);
		if (n < 0)
			return -errno;
		for (h = (void *)in; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			int left = h->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN;

			if (h->nlmsg_type == NLMSG_ERROR)
				return ((struct nlmsgerr *)NLMSG_DATA(h))
					->error;
			a = (void *)((char *)NLMSG_DATA(h) + GENL_HDRLEN);
			while (family && left > 0) {
				if (a->nla_type == CTRL_ATTR_FAMILY_ID)
					memcpy(family, a + 1, 2);
				left -= NLA_ALIGN(a->nla_len);
				a = (void *)((char *)a +
					     NLA_ALIGN(a->nla_len));
			}
		}
	}
}

static struct nlattr *peer_nest(unsigned p)
{
	struct nlattr *peer = nest(0);
	uint8_t key[32];

	bare_key(p, key);
	put(WGPEER_A_PUBLIC_KEY, key, 32);
	return peer;
}

/* The whole throw-away peer goes. */
static void put_end_of(unsigned p)
{
	uint32_t flags = WGPEER_F_REMOVE_ME;
	struct nlattr *peer = peer_nest(p);

	put(WGPEER_A_FLAGS, &flags, 4);
	end(peer);
}

int bare_kernel(const char *ifname, const struct bare_job *job)
{
	struct nlattr *peers = NULL, *peer = NULL, *ips = NULL, *ip;
	uint16_t family = 0, af = AF_INET;
	uint32_t flags = ALLOWEDIP_F_REMOVE_ME;
	uint8_t len = 28;
	unsigned last = -1;
	int error;

	nl = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (nl < 0)
		return -errno;
	start(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put(CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME, sizeof(WG_GENL_NAME));
	error = ask(&family);
	for (uint32_t i = 0; i < job->n && !error; i++) {
		uint32_t a = htonl(bare_address(i));
		unsigned p = whose(job, i);

		if (i % batch_of(job) == 0) {
			start(family, WG_CMD_SET_DEVICE);
			put(WGDEVICE_A_IFNAME, ifname, strlen(ifname) + 1);
			peers = nest(WGDEVICE_A_PEERS);
			last = -1;
		}
		if (p != last) {
			if (last != -1u) {
				end(ips);
				end(peer);
			}
			peer = peer_nest(p);
			ips = nest(WGPEER_A_ALLOWEDIPS);
			last = p;
		}
		ip = nest(0);
		put(WGALLOWEDIP_A_FAMILY, &af, 2);
		put(WGALLOWEDIP_A_IPADDR, &a, 4);
		put(WGALLOWEDIP_A_CIDR_MASK, &len, 1);
		if (job->how == BARE_REMOVE)
			put(ALLOWEDIP_A_FLAGS, &flags, 4);
		end(ip);
		if (is_last(job, i)) {
			end(ips);
			end(peer);
			if (job->how == BARE_THROW)
				put_end_of(p);
			end(peers);
			error = ask(NULL);
		}
	}
	close(nl);
	return error;
}
