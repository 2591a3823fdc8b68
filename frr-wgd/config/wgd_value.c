// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Values by their form: a table of all leaves, and a checker for each form.
 *
 * Ranges and lengths are the model's (frr-wireguard.yang), which says them in
 * words of its own.  What is refused here is wrong on every machine and at any
 * time; what is wrong on this one now is wgd_check_machine's.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/base/wgd.h"
#include "frr-wgd/config/wgd_value.h"
#include "lib/backend/wg_keys.h"

#define MODEL "/frr-interface:lib/interface/frr-wireguard:wireguard"

/* Is the value right?  False: WHY says why not. */
typedef bool (*checker)(const struct wgd_value *v, char *why, size_t len);

/* --- addresses that are nobody's */

enum use { ENDPOINT = 1, ADDRESS = 2, MEMBER = 4, SOURCE = 8, ALL = 15 };

static const struct {
	struct wg_prefix prefix;
	unsigned by; /* whom it cannot be used by */
	const char *why;
} nobodys[] = {
	{{AF_INET, 8, {0}}, ALL, "is no host's address"},
	{{AF_INET, 8, {127}},
	 ADDRESS | MEMBER | SOURCE,
	 "is the loopback of each machine"},
	{{AF_INET, 16, {169, 254}}, SOURCE, "is a link-local address"},
	{{AF_INET, 4, {224}}, ALL, "is a multicast address"},
	{{AF_INET, 32, {255, 255, 255, 255}}, ALL, "is broadcast"},
	{{AF_INET, 4, {240}}, SOURCE, "is reserved"},
	{{AF_INET6, 128, {0}}, ALL, "is no host's address"},
	{{AF_INET6, 128, {[15] = 1}},
	 ADDRESS | MEMBER | SOURCE,
	 "is the loopback of each machine"},
	{{AF_INET6, 96, {[10] = 0xff, 0xff}},
	 ALL,
	 "is IPv4 in IPv6's clothes: say it as IPv4"},
	{{AF_INET6, 10, {0xfe, 0x80}},
	 ENDPOINT | MEMBER | SOURCE,
	 "is a link-local address, and no link is known here: take one that is routed"},
	{{AF_INET6, 8, {0xff}}, ALL, "is a multicast address"},
};

static bool is_somebodys(const struct wg_addr *a, enum use use, char *why,
			 size_t len)
{
	struct wg_prefix host = wg_prefix_host(a);
	size_t i;

	for (i = 0; i < array_size(nobodys); i++)
		if ((nobodys[i].by & use) &&
		    wg_prefix_covers(&nobodys[i].prefix, &host)) {
			strlcpy(why, nobodys[i].why, len);
			return false;
		}
	return true;
}

static bool is_address(const struct wgd_value *v, enum use use, char *why,
		       size_t len)
{
	struct wg_addr a;

	if (wg_addr_parse(v->value, &a) == 0)
		return is_somebodys(&a, use, why, len);
	strlcpy(why,
		strchr(v->value, '/') ? "an address has no length behind it"
				      : "is no address",
		len);
	return false;
}

static bool address(const struct wgd_value *v, char *why, size_t len)
{
	return is_address(v, ADDRESS, why, len);
}

static bool member(const struct wgd_value *v, char *why, size_t len)
{
	return is_address(v, MEMBER, why, len);
}

static bool source(const struct wgd_value *v, char *why, size_t len)
{
	return is_address(v, SOURCE, why, len);
}

static bool prefix(const struct wgd_value *v, char *why, size_t len)
{
	struct wg_prefix p;

	if (wg_prefix_parse(v->value, &p) < 0)
		snprintf(
			why, len,
			"is no prefix, which is an address, a slash and a length of up to %u",
			strchr(v->value, ':') ? 128 : 32);
	else if (!strchr(v->value, '/'))
		snprintf(why, len, "has no length: %s/%u is this address alone",
			 v->value, p.len);
	else
		return true;
	return false;
}

/* --- hosts */

/*
 * A name as DNS has it (RFC 1123 2.1), the underscore too.  One whose last
 * label is a number is none, since it would look like an address.
 */
static bool is_name(const char *s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-";
	size_t n = 0, total = strlen(s);
	const char *label = s;

	for (; *s; s += n + (s[n] == '.')) {
		label = s;
		n = strspn(s, letters);
		if (!n || n > 63 || *s == '-' || s[n - 1] == '-' ||
		    (s[n] && s[n] != '.'))
			return false;
	}
	return total && total <= 253 && strspn(label, "0123456789") != n;
}

static bool host(const struct wgd_value *v, char *why, size_t len)
{
	char text[WG_ADDR_STRLEN];
	struct wg_addr a;

	/* an address with its zone is an address */
	strlcpy(text, v->value, sizeof(text));
	text[strcspn(text, "%")] = '\0';
	if (wg_addr_parse(text, &a) == 0 && a.family == AF_INET6 &&
	    !is_somebodys(&a, ENDPOINT, why, len))
		return false;
	if (wg_addr_parse(v->value, &a) == 0)
		return is_somebodys(&a, ENDPOINT, why, len);
	if (is_name(v->value))
		return true;
	strlcpy(why,
		strspn(v->value, "0123456789.") == strlen(v->value) ||
				strchr(v->value, ':')
			? "looks like an address, and is none"
			: "is neither an address nor a host name",
		len);
	return false;
}

/* --- keys and files */

static bool key(const struct wgd_value *v, char *why, size_t len)
{
	struct wg_key parsed;

	if (wg_key_parse(v->value, &parsed) == 0)
		return true;
	strlcpy(why, "not 32 bytes of base64", len);
	return false;
}

static bool file(const struct wgd_value *v, char *why, size_t len)
{
	if (*v->value == '/')
		return true;
	strlcpy(why, "not an absolute path", len);
	return false;
}

/* --- what the model bounds */

static const struct lysc_type *type_of(const struct wgd_value *v,
				       const char **ret_units)
{
	char path[XPATH_MAXLEN];
	const struct nb_node *node;
	const struct lysc_node_leaf *leaf;

	snprintf(path, sizeof(path), MODEL "%s/%s", v->peer ? "/peer" : "",
		 v->leaf);
	node = nb_node_find(path);
	assert(node && node->snode->nodetype == LYS_LEAF);
	leaf = (const struct lysc_node_leaf *)node->snode;
	*ret_units = leaf->units;
	return leaf->type;
}

static bool number(const struct wgd_value *v, char *why, size_t len)
{
	const char *units, *digits = v->value;
	const struct lysc_type_num *type =
		(const struct lysc_type_num *)type_of(v, &units);
	const struct lysc_range_part *range = &type->range->parts[0];
	bool hex = strmatch(v->leaf, "fwmark") && strncmp(digits, "0x", 2) == 0;
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(digits, &end, hex ? 16 : 10);
	if (isdigit((unsigned char)*digits) && !*end && !errno &&
	    n >= range->min_u64 && n <= range->max_u64)
		return true;
	snprintf(why, len, "not a number from %" PRIu64 " to %" PRIu64 "%s%s%s",
		 range->min_u64, range->max_u64, units ? " " : "", units ?: "",
		 n == 0 && *digits == '0'
			 ? "; 'no' before the line takes it away"
			 : "");
	return false;
}

static bool text(const struct wgd_value *v, char *why, size_t len)
{
	const char *units;
	const struct lysc_type_str *type =
		(const struct lysc_type_str *)type_of(v, &units);
	uint64_t max = type->length->parts[0].max_u64, n = 0;
	const char *s;

	for (s = v->value; *s; s++)
		n += (*s & 0xc0) != 0x80; /* the model counts letters */
	if (n <= max)
		return true;
	snprintf(why, len,
		 "%" PRIu64 " characters, and at most %" PRIu64 " fit", n, max);
	return false;
}

/* --- the table */

static const struct form {
	bool of_peer;
	const char *leaf, *words;
	checker is_right;
} forms[] = {
	{false, "private-key-file", "private-key file", file},
	{false, "listen-port", "listen-port", number},
	{false, "fwmark", "fwmark", number},
	{false, "mtu", "mtu", number},
	{false, "announce-table", "announce table", number},
	{false, "gateway-group/member", "gateway-group member", member},
	{false, "gateway-group/source", "gateway-group source", source},
	{false, "gateway-group/ipv6-source", "gateway-group source", source},
	{true, "description", "description", text},
	{true, "public-key", "public-key", key},
	{true, "preshared-key-file", "preshared-key file", file},
	{true, "endpoint/host", "endpoint", host},
	{true, "endpoint/port", "endpoint port", number},
	{true, "persistent-keepalive", "persistent-keepalive", number},
	{true, "address", "address", address},
	{true, "allowed-ips", "allowed-ips", prefix},
	{true, "prefix-list", "prefix-list", text},
	{true, "ipv6-prefix-list", "ipv6 prefix-list", text},
	{true, "maximum-prefix", "maximum-prefix", number},
	{true, "bfd/profile", "bfd profile", text},
};

static const struct form *form_of(const char *leaf)
{
	size_t i;

	for (i = 0; i < array_size(forms); i++)
		if (strmatch(forms[i].leaf, leaf))
			return &forms[i];
	return NULL;
}

const char *wgd_value_words(const char *leaf)
{
	const struct form *form = form_of(leaf);

	return form ? form->words : leaf;
}

const char *wgd_value_leaf(const char *line, bool of_peer,
			   const char **ret_value)
{
	size_t i, n;

	for (i = 0; i < array_size(forms); i++) {
		n = strlen(forms[i].words);
		if (forms[i].of_peer == of_peer &&
		    strncmp(line, forms[i].words, n) == 0 && line[n] == ' ') {
			*ret_value = line + n + 1;
			return forms[i].leaf;
		}
	}
	return NULL;
}

int wgd_value_check(const struct wgd_value *v, char *err, size_t len)
{
	const struct form *form = form_of(v->leaf);
	char why[256];

	if (!v->value || !form || form->is_right(v, why, sizeof(why)))
		return 0;
	snprintf(err, len, "interface %s%s%s: %s %.300s: %s", v->ifname,
		 v->peer ? " peer " : "", v->peer ?: "", form->words, v->value,
		 why);
	return -EINVAL;
}
