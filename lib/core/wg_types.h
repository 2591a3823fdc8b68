/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The small values that everything else is made of: keys, addresses,
 * prefixes, endpoints.  Plain structs, compared and copied by value, one code
 * for IPv4 and IPv6.
 */
#ifndef WG_TYPES_H
#define WG_TYPES_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define WG_KEY_LEN 32
#define WG_IFNAME_LEN 16 /* IFNAMSIZ, with the final 0 */

/*
 * A Curve25519 public key or a 32-byte secret.  Secrets live in such a struct
 * only inside lib/backend and only between a file and the device.
 */
struct wg_key {
	uint8_t b[WG_KEY_LEN];
};

/* An address: family is AF_INET or AF_INET6 (AF_UNSPEC: none). */
struct wg_addr {
	uint8_t family;
	uint8_t b[16]; /* network order; IPv4 in the first 4, the rest 0 */
};

/* A prefix: bits behind len are always 0 (wg_prefix_mask sees to that). */
struct wg_prefix {
	uint8_t family;
	uint8_t len; /* 0..32 or 0..128 */
	uint8_t b[16]; /* as in wg_addr */
};

/* Where a peer's encrypted packets go. */
struct wg_endpoint {
	struct wg_addr addr; /* family AF_UNSPEC: no endpoint known */
	uint16_t port; /* host order, 1..65535 */
	uint32_t scope; /* interface index of a link-local address, else 0 */
};

static inline unsigned wg_family_bits(uint8_t family)
{
	return family == AF_INET ? 32 : 128;
}

static inline unsigned wg_family_bytes(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static inline bool wg_key_same(const struct wg_key *a, const struct wg_key *b)
{
	return memcmp(a->b, b->b, WG_KEY_LEN) == 0;
}

static inline bool wg_key_is_zero(const struct wg_key *k)
{
	static const struct wg_key zero;

	return wg_key_same(k, &zero);
}

static inline bool wg_addr_same(const struct wg_addr *a,
				const struct wg_addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, 16) == 0;
}

static inline bool wg_prefix_same(const struct wg_prefix *a,
				  const struct wg_prefix *b)
{
	return a->family == b->family && a->len == b->len &&
	       memcmp(a->b, b->b, 16) == 0;
}

/* Is it one of these N? */
static inline bool wg_prefix_among(const struct wg_prefix *p,
				   const struct wg_prefix *set, size_t n)
{
	while (n--)
		if (wg_prefix_same(&set[n], p))
			return true;
	return false;
}

static inline bool wg_endpoint_same(const struct wg_endpoint *a,
				    const struct wg_endpoint *b)
{
	return wg_addr_same(&a->addr, &b->addr) &&
	       (a->addr.family == AF_UNSPEC ||
		(a->port == b->port && a->scope == b->scope));
}

/* In fe80::/10 (RFC 4291 2.4)? */
static inline bool wg_addr_is_linklocal(const struct wg_addr *a)
{
	return a->family == AF_INET6 && a->b[0] == 0xfe &&
	       (a->b[1] & 0xc0) == 0x80;
}

/* In 224.0.0.0/4 or ff00::/8? */
/*
 * What an address is to be: where encrypted packets go, a next hop within the
 * tunnel, another gateway, or where ours come from.
 */
enum wg_use {
	WG_USE_ENDPOINT = 1,
	WG_USE_ADDRESS = 2,
	WG_USE_MEMBER = 4,
	WG_USE_SOURCE = 8,
};
/*
 * Why nobody, anywhere, can have it for that: words that follow the address;
 * NULL: somebody can (RFC 6890, RFC 4291 2.5.5.2).
 */
extern const char *wg_addr_unfit(const struct wg_addr *a, enum wg_use use);
extern bool wg_addr_is_loopback(const struct wg_addr *a);
/*
 * Of a private network, where it means another host than elsewhere: RFC 1918,
 * RFC 6598 (behind a provider's NAT), RFC 4193?
 */
extern bool wg_addr_is_private(const struct wg_addr *a);

static inline bool wg_addr_is_multicast(const struct wg_addr *a)
{
	return a->family == AF_INET    ? a->b[0] >> 4 == 14
	       : a->family == AF_INET6 ? a->b[0] == 0xff
				       : false;
}

/*
 * Does the prefix lie within what is never somebody's on the far side of a
 * tunnel: "this" network (RFC 1122 3.2.1.3), loopback, IPv4 link-local (RFC
 * 3927), multicast, and IPv6's like of them, but for fe80::/10?  What covers
 * one of these, as a default route does, does not.
 */
bool wg_prefix_is_martian(const struct wg_prefix *p);

/* The host prefix (/32, /128) of an address. */
static inline struct wg_prefix wg_prefix_host(const struct wg_addr *a)
{
	struct wg_prefix p = { .family = a->family,
			       .len = wg_family_bits(a->family) };

	memcpy(p.b, a->b, sizeof(p.b));
	return p;
}

/* Clear the host bits.  Returns whether there were any. */
bool wg_prefix_mask(struct wg_prefix *p);

/* Does p cover q (also when they are equal)? False for other families. */
bool wg_prefix_covers(const struct wg_prefix *p, const struct wg_prefix *q);

/* IPv4 before IPv6, then by bits, then the shorter first: <0, 0, >0. */
int wg_prefix_cmp(const struct wg_prefix *a, const struct wg_prefix *b);

/*
 * Text.  The buffers hold WG_ADDR_STRLEN, WG_PREFIX_STRLEN and
 * WG_ENDPOINT_STRLEN characters and are returned.  Parsers return 0 or
 * -EINVAL; wg_prefix_parse accepts a bare address as a host prefix and keeps
 * host bits (mask afterwards, to be able to say so).
 */
#define WG_ADDR_STRLEN INET6_ADDRSTRLEN
#define WG_PREFIX_STRLEN (INET6_ADDRSTRLEN + 4)
#define WG_ENDPOINT_STRLEN (INET6_ADDRSTRLEN + 20)
char *wg_addr_str(const struct wg_addr *a, char *buf);
char *wg_prefix_str(const struct wg_prefix *p, char *buf);
/* "192.0.2.1:51820", "[2001:db8::1]:51820", "[fe80::1%3]:51820" */
char *wg_endpoint_str(const struct wg_endpoint *e, char *buf);
int wg_addr_parse(const char *s, struct wg_addr *ret);
int wg_prefix_parse(const char *s, struct wg_prefix *ret);

#endif
