/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text and order of the small values.  The parsers are strict: exactly what
 * inet_pton takes, a length without sign, blanks or leading zeros, nothing
 * behind.  An IPv4 address occupies the first four bytes and the rest is 0,
 * so that comparing all sixteen is right for both families.
 */
#include "lib/core/wg_types.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

bool wg_prefix_mask(struct wg_prefix *p)
{
	unsigned i = p->len / 8;
	unsigned n = wg_family_bytes(p->family);
	bool had = false;

	if (p->len % 8) {
		uint8_t mask = 0xff << (8 - p->len % 8);

		had = p->b[i] & ~mask;
		p->b[i++] &= mask;
	}
	for (; i < n; i++) {
		had |= p->b[i] != 0;
		p->b[i] = 0;
	}
	return had;
}

bool wg_prefix_covers(const struct wg_prefix *p, const struct wg_prefix *q)
{
	unsigned whole = p->len / 8;
	unsigned rest = p->len % 8;

	if (p->family != q->family || p->len > q->len ||
	    memcmp(p->b, q->b, whole) != 0)
		return false;
	return rest == 0 || (p->b[whole] ^ q->b[whole]) >> (8 - rest) == 0;
}

/* For each route once: no table, so that it costs next to nothing. */
bool wg_prefix_is_martian(const struct wg_prefix *p)
{
	static const uint8_t zero[15];
	const uint8_t *b = p->b;

	if (p->family == AF_INET6)
		return (p->len >= 8 && b[0] == 0xff) ||
		       (p->len >= 127 && b[15] <= 1 &&
			memcmp(b, zero, sizeof(zero)) == 0);
	return (p->len >= 8 && (b[0] == 0 || b[0] == 127)) ||
	       (p->len >= 16 && b[0] == 169 && b[1] == 254) ||
	       (p->len >= 4 && b[0] >> 4 == 14);
}

static const struct {
	struct wg_prefix prefix;
	unsigned uses; /* what it cannot be used for */
	const char *why;
} unfit[] = {
#define ALL                                                                    \
	(WG_USE_ENDPOINT | WG_USE_ADDRESS | WG_USE_MEMBER | WG_USE_SOURCE)
	{{AF_INET, 8, {0}}, ALL, "is no host's address"},
	/* an endpoint on this machine may be meant */
	{{AF_INET, 8, {127}},
	 ALL & ~WG_USE_ENDPOINT,
	 "is the loopback of each machine"},
	{{AF_INET, 16, {169, 254}}, WG_USE_SOURCE, "is a link-local address"},
	{{AF_INET, 4, {224}}, ALL, "is a multicast address"},
	{{AF_INET, 32, {255, 255, 255, 255}}, ALL, "is broadcast"},
	{{AF_INET, 4, {240}}, WG_USE_SOURCE, "is reserved"},
	{{AF_INET6, 128, {0}}, ALL, "is no host's address"},
	{{AF_INET6, 128, {[15] = 1}},
	 ALL & ~WG_USE_ENDPOINT,
	 "is the loopback of each machine"},
	{{AF_INET6, 96, {[10] = 0xff, 0xff}},
	 ALL,
	 "is IPv4 in IPv6's clothes: say it as IPv4"},
	{{AF_INET6, 10, {0xfe, 0x80}},
	 ALL & ~WG_USE_ADDRESS,
	 "is a link-local address, and no link is known here: take one that is routed"},
	{{AF_INET6, 8, {0xff}}, ALL, "is a multicast address"},
#undef ALL
};

const char *wg_addr_unfit(const struct wg_addr *a, enum wg_use use)
{
	struct wg_prefix host = wg_prefix_host(a);
	size_t i;

	for (i = 0; i < sizeof(unfit) / sizeof(*unfit); i++)
		if ((unfit[i].uses & use) &&
		    wg_prefix_covers(&unfit[i].prefix, &host))
			return unfit[i].why;
	return NULL;
}

bool wg_addr_is_loopback(const struct wg_addr *a)
{
	static const struct wg_addr six = {AF_INET6, {[15] = 1}};

	return a->family == AF_INET ? a->b[0] == 127 : wg_addr_same(a, &six);
}

bool wg_addr_is_private(const struct wg_addr *a)
{
	static const struct wg_prefix nets[] = {
		{AF_INET, 8, {10}},	   {AF_INET, 12, {172, 16}},
		{AF_INET, 16, {192, 168}}, {AF_INET, 10, {100, 64}},
		{AF_INET6, 7, {0xfc}},
	};
	struct wg_prefix host = wg_prefix_host(a);
	size_t i;

	for (i = 0; i < sizeof(nets) / sizeof(*nets); i++)
		if (wg_prefix_covers(&nets[i], &host))
			return true;
	return false;
}

int wg_prefix_cmp(const struct wg_prefix *a, const struct wg_prefix *b)
{
	int c;

	if (a->family != b->family)
		return a->family == AF_INET ? -1 : 1;
	c = memcmp(a->b, b->b, sizeof(a->b));
	return c ? c : (int)a->len - (int)b->len;
}

char *wg_addr_str(const struct wg_addr *a, char *buf)
{
	if (a->family == AF_UNSPEC ||
	    !inet_ntop(a->family, a->b, buf, WG_ADDR_STRLEN))
		strcpy(buf, "none");
	return buf;
}

char *wg_prefix_str(const struct wg_prefix *p, char *buf)
{
	struct wg_addr a = {.family = p->family};
	char addr[WG_ADDR_STRLEN];

	memcpy(a.b, p->b, sizeof(a.b));
	snprintf(buf, WG_PREFIX_STRLEN, "%s/%u", wg_addr_str(&a, addr), p->len);
	return buf;
}

char *wg_endpoint_str(const struct wg_endpoint *e, char *buf)
{
	char addr[WG_ADDR_STRLEN];
	char scope[12] = "";

	if (e->addr.family == AF_UNSPEC)
		return strcpy(buf, "none");
	wg_addr_str(&e->addr, addr);
	if (e->scope)
		snprintf(scope, sizeof(scope), "%%%u", e->scope);
	if (e->addr.family == AF_INET)
		snprintf(buf, WG_ENDPOINT_STRLEN, "%s:%u", addr, e->port);
	else
		snprintf(buf, WG_ENDPOINT_STRLEN, "[%s%s]:%u", addr, scope,
			 e->port);
	return buf;
}

int wg_addr_parse(const char *s, struct wg_addr *ret)
{
	struct wg_addr a = {.family = strchr(s, ':') ? AF_INET6 : AF_INET};

	if (inet_pton(a.family, s, a.b) != 1)
		return -EINVAL;
	*ret = a;
	return 0;
}

/* One to three digits, no leading zero, nothing else. */
static int parse_len(const char *s, unsigned max, uint8_t *ret_len)
{
	unsigned v = 0;
	unsigned n = 0;

	for (; s[n] >= '0' && s[n] <= '9' && n < 3; n++)
		v = v * 10 + s[n] - '0';
	if (n == 0 || s[n] || v > max || (n > 1 && s[0] == '0'))
		return -EINVAL;
	*ret_len = v;
	return 0;
}

int wg_prefix_parse(const char *s, struct wg_prefix *ret)
{
	const char *slash = strchr(s, '/');
	char text[WG_ADDR_STRLEN];
	struct wg_prefix p;
	struct wg_addr a;
	size_t n = slash ? (size_t)(slash - s) : strlen(s);

	if (n >= sizeof(text))
		return -EINVAL;
	memcpy(text, s, n);
	text[n] = '\0';
	if (wg_addr_parse(text, &a) < 0)
		return -EINVAL;
	p = wg_prefix_host(&a);
	if (slash && parse_len(slash + 1, p.len, &p.len) < 0)
		return -EINVAL;
	*ret = p;
	return 0;
}
