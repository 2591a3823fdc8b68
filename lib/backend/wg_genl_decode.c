/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink, read.
 *
 * Three levels, one reader each, driven by two cursors: the next peer's nest
 * and, inside it, the next prefix's.  A peer's own attributes are read before
 * its prefixes are, whatever their order.  All lengths are checked against
 * what holds them; what does not add up is -EPROTO.
 */
#include "lib/backend/wg_genl.h"

#include <errno.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>

void wg_genl_decode_begin(struct wg_genl_decoder *dec)
{
	memset(dec, 0, sizeof(*dec));
}

static size_t len_of(const struct nlattr *attr)
{
	return mnl_attr_get_payload_len(attr);
}

/* Like mnl_attr_get_uNN, of any alignment; 0 where the length is wrong. */
static uint64_t number(const struct nlattr *attr)
{
	const void *p = mnl_attr_get_payload(attr);
	uint16_t n16;
	uint32_t n32;
	uint64_t n64;

	switch (len_of(attr)) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		memcpy(&n16, p, 2);
		return n16;
	case 4:
		memcpy(&n32, p, 4);
		return n32;
	case 8:
		memcpy(&n64, p, 8);
		return n64;
	}
	return 0;
}

/* Step over the attribute at *at; NULL: the end, or (then *ret) nonsense. */
static const struct nlattr *step(const char **at, const char *end, int *ret)
{
	const struct nlattr *attr = (const void *)*at;

	if (*at == end)
		return NULL;
	if (end - *at < (int)sizeof(*attr) || !mnl_attr_ok(attr, end - *at)) {
		*ret = -EPROTO;
		return NULL;
	}
	*at += MNL_ALIGN(mnl_attr_get_len(attr));
	if (*at > end) /* the last one's padding may be left out */
		*at = end;
	return attr;
}

static void inside(const struct nlattr *attr, const char **at,
		   const char **end)
{
	*at = mnl_attr_get_payload(attr);
	*end = *at + len_of(attr);
}

/* --- a prefix */

static int read_prefix(const struct nlattr *nest, struct wg_event *ret)
{
	struct wg_prefix p = { 0 };
	const struct nlattr *attr;
	const char *at, *end;
	uint64_t len = 255;
	size_t bytes = 0;
	int error = 0;

	inside(nest, &at, &end);
	while ((attr = step(&at, end, &error))) {
		switch (mnl_attr_get_type(attr)) {
		case WGALLOWEDIP_A_FAMILY:
			p.family = number(attr);
			break;
		case WGALLOWEDIP_A_IPADDR:
			bytes = len_of(attr);
			if (bytes > sizeof(p.b))
				return -EPROTO;
			memcpy(p.b, mnl_attr_get_payload(attr), bytes);
			break;
		case WGALLOWEDIP_A_CIDR_MASK:
			len = number(attr);
			break;
		}
	}
	if (error || (p.family != AF_INET && p.family != AF_INET6) ||
	    bytes != wg_family_bytes(p.family) ||
	    len > wg_family_bits(p.family))
		return -EPROTO;
	p.len = len;
	wg_prefix_mask(&p);
	*ret = (struct wg_event){ .kind = WG_EV_PREFIX, .prefix = p };
	return 0;
}

/* --- a peer */

static void read_endpoint(const struct nlattr *attr, struct wg_endpoint *e)
{
	const void *p = mnl_attr_get_payload(attr);
	struct sockaddr_in6 sin6;
	struct sockaddr_in sin;

	if (len_of(attr) == sizeof(sin)) {
		memcpy(&sin, p, sizeof(sin));
		e->addr.family = AF_INET;
		memcpy(e->addr.b, &sin.sin_addr, 4);
		e->port = ntohs(sin.sin_port);
	} else if (len_of(attr) == sizeof(sin6)) {
		memcpy(&sin6, p, sizeof(sin6));
		e->addr.family = AF_INET6;
		memcpy(e->addr.b, &sin6.sin6_addr, 16);
		e->port = ntohs(sin6.sin6_port);
		e->scope = sin6.sin6_scope_id;
	}
}

static bool any_bit(const struct nlattr *attr)
{
	const uint8_t *p = mnl_attr_get_payload(attr);
	uint8_t bits = 0;

	for (size_t i = 0; i < len_of(attr); i++)
		bits |= p[i];
	return bits;
}

static int read_peer(struct wg_genl_decoder *dec, const struct nlattr *nest)
{
	struct wg_event ev = { .kind = WG_EV_PEER };
	const struct nlattr *attr;
	bool have_key = false;
	const char *at, *end;
	int64_t seconds;
	int error = 0;

	dec->ip = dec->ips_end = NULL;
	inside(nest, &at, &end);
	while ((attr = step(&at, end, &error))) {
		switch (mnl_attr_get_type(attr)) {
		case WGPEER_A_PUBLIC_KEY:
			if (len_of(attr) != WG_KEY_LEN)
				return -EPROTO;
			memcpy(ev.key.b, mnl_attr_get_payload(attr),
			       WG_KEY_LEN);
			have_key = true;
			break;
		case WGPEER_A_PRESHARED_KEY:
			ev.has_psk = any_bit(attr);
			break;
		case WGPEER_A_ENDPOINT:
			read_endpoint(attr, &ev.endpoint);
			break;
		case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
			ev.keepalive = number(attr);
			break;
		case WGPEER_A_LAST_HANDSHAKE_TIME:
			/* struct __kernel_timespec */
			if (len_of(attr) < sizeof(seconds))
				return -EPROTO;
			memcpy(&seconds, mnl_attr_get_payload(attr),
			       sizeof(seconds));
			ev.handshake = seconds;
			break;
		case WGPEER_A_RX_BYTES:
			ev.rx_bytes = number(attr);
			break;
		case WGPEER_A_TX_BYTES:
			ev.tx_bytes = number(attr);
			break;
		case WGPEER_A_ALLOWEDIPS:
			inside(attr, &dec->ip, &dec->ips_end);
			break;
		}
	}
	if (error || !have_key)
		return -EPROTO;
	if (!dec->peer_known || !wg_key_same(&dec->last, &ev.key))
		dec->pending = ev;
	dec->peer_known = true;
	dec->last = ev.key;
	return 0;
}

/* --- a message */

int wg_genl_decode(struct wg_genl_decoder *dec, const struct nlmsghdr *nlh)
{
	struct wg_event ev = { .kind = WG_EV_DEVICE };
	const struct nlattr *attr;
	const char *at, *end;
	int error = 0;

	dec->peer = dec->peers_end = dec->ip = dec->ips_end = NULL;
	dec->pending.kind = 0;
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(struct genlmsghdr))
		return -EPROTO;
	at = (const char *)mnl_nlmsg_get_payload(nlh) +
	     sizeof(struct genlmsghdr);
	end = (const char *)nlh + nlh->nlmsg_len;
	while ((attr = step(&at, end, &error))) {
		switch (mnl_attr_get_type(attr)) {
		case WGDEVICE_A_PUBLIC_KEY:
			if (len_of(attr) != WG_KEY_LEN)
				return -EPROTO;
			memcpy(ev.key.b, mnl_attr_get_payload(attr),
			       WG_KEY_LEN);
			break;
		case WGDEVICE_A_LISTEN_PORT:
			ev.listen_port = number(attr);
			break;
		case WGDEVICE_A_FWMARK:
			ev.fwmark = number(attr);
			break;
		case WGDEVICE_A_PEERS:
			inside(attr, &dec->peer, &dec->peers_end);
			break;
		}
	}
	if (error) {
		dec->peer = dec->peers_end = NULL;
		return error;
	}
	/* Only the first message of a dump describes the device. */
	if (!dec->device_said)
		dec->pending = ev;
	dec->device_said = true;
	return 0;
}

int wg_genl_decode_next(struct wg_genl_decoder *dec, struct wg_event *ret)
{
	const struct nlattr *attr;
	int error = 0;

	for (;;) {
		if (dec->pending.kind) {
			*ret = dec->pending;
			dec->pending.kind = 0;
			return 1;
		}
		attr = step(&dec->ip, dec->ips_end, &error);
		if (attr) {
			error = read_prefix(attr, ret);
			return error ? error : 1;
		}
		if (!error)
			attr = step(&dec->peer, dec->peers_end, &error);
		if (!error && attr)
			error = read_peer(dec, attr);
		if (error)
			return error;
		if (!attr)
			return 0;
	}
}
