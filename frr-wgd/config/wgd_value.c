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

#define PUBLISHED_MAX 64  /* characters of a name that others are told */
#define INVITE "wgmesh1:" /* how an invite to a mesh begins: it is a secret */
#define MODEL "/frr-interface:lib/interface/frr-wireguard:wireguard"

/* Is the value right?  False: WHY says why not. */
typedef bool (*checker)(const struct wgd_value *v, char *why, size_t len);

/* --- addresses */

static bool is_somebodys(const struct wg_addr *a, enum wg_use use, char *why,
			 size_t len)
{
	const char *unfit = wg_addr_unfit(a, use);

	if (unfit)
		strlcpy(why, unfit, len);
	return !unfit;
}

static bool is_address(const struct wgd_value *v, enum wg_use use, char *why,
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
	return is_address(v, WG_USE_ADDRESS, why, len);
}

static bool member(const struct wgd_value *v, char *why, size_t len)
{
	return is_address(v, WG_USE_MEMBER, why, len);
}

static bool source(const struct wgd_value *v, char *why, size_t len)
{
	return is_address(v, WG_USE_SOURCE, why, len);
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
 * label is a number, of any base, is none: inet_aton(3) takes it for an
 * address.
 */
static bool is_name(const char *s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_-";
	size_t n = 0, total = strlen(s);
	const char *label = s;
	char *end;

	for (; *s; s += n + (s[n] == '.')) {
		label = s;
		n = strspn(s, letters);
		if (!n || n > 63 || *s == '-' || s[n - 1] == '-' ||
		    s[n - 1] == '_' || (s[n] && s[n] != '.'))
			return false;
	}
	return total && total <= 253 &&
	       !(isdigit((unsigned char)*label) &&
		 (strtoul(label, &end, 0), !*end));
}

static bool is_host(const struct wgd_value *v, enum wg_use use, char *why,
		    size_t len)
{
	char text[WG_ADDR_STRLEN];
	struct wg_addr a;

	/* an address with its zone is an address */
	strlcpy(text, v->value, sizeof(text));
	text[strcspn(text, "%")] = '\0';
	if (wg_addr_parse(text, &a) == 0 && a.family == AF_INET6 &&
	    !is_somebodys(&a, use, why, len))
		return false;
	if (wg_addr_parse(v->value, &a) == 0)
		return is_somebodys(&a, use, why, len);
	if (is_name(v->value))
		return true;
	strlcpy(why,
		strspn(v->value, "0123456789.xX") == strlen(v->value) ||
				strchr(v->value, ':')
			? "looks like an address, and is none"
			: "is neither an address nor a host name",
		len);
	return false;
}

static bool host(const struct wgd_value *v, char *why, size_t len)
{
	return is_host(v, WG_USE_ENDPOINT, why, len);
}

/* --- of a mesh: others are told, so a secret here would be everybody's */

static bool is_no_secret(const struct wgd_value *v, char *why, size_t len)
{
	bool is_one = wgd_value_shown(v->value) != v->value;

	if (is_one)
		strlcpy(why,
			"this looks like a key or an invite, which stand in no line; make another, for logs may know this one now",
			len);
	return !is_one;
}

static bool mesh(const struct wgd_value *v, char *why, size_t len)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789_.-";
	size_t n = strlen(v->value);

	if (!is_no_secret(v, why, len))
		return false;
	if (n && n < 64 && strspn(v->value, letters) == n &&
	    !strchr(".-", *v->value))
		return true;
	strlcpy(why,
		"a name is 1 to 63 of A-Z a-z 0-9 _ . - and begins with none of the last two",
		len);
	return false;
}

static bool door(const struct wgd_value *v, char *why, size_t len)
{
	/* without a dot a key may be a name, and would be asked for in DNS */
	return (strchr(v->value, '.') || is_no_secret(v, why, len)) &&
	       host(v, why, len);
}

static bool published(const struct wgd_value *v, char *why, size_t len)
{
	size_t n = strlen(v->value);

	if (!door(v, why, len) || !is_host(v, WG_USE_MEMBER, why, len))
		return false;
	if (n <= PUBLISHED_MAX)
		return true;
	snprintf(why, len, "%zu characters, and others are told at most %d", n,
		 PUBLISHED_MAX);
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
	struct wg_key parsed;

	if (wg_key_parse(v->value, &parsed) == 0) {
		strlcpy(why,
			"this is a key, and not the name of a file that has one; make another, for logs may know this one now",
			len);
		return false;
	}
	if (*v->value == '/')
		return true;
	strlcpy(why, "not an absolute path", len);
	return false;
}

/* --- what the model bounds */

static const struct nb_node *node_of(const struct wgd_value *v)
{
	char path[XPATH_MAXLEN];

	snprintf(path, sizeof(path), MODEL "%s/%s", v->peer ? "/peer" : "",
		 v->leaf);
	return nb_node_find(path);
}

static const struct lysc_type *type_of(const struct wgd_value *v,
				       const char **ret_units)
{
	const struct nb_node *node = node_of(v);
	const struct lysc_node_leaf *leaf;

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
	bool hex = strmatch(v->leaf, "fwmark") && strncasecmp(digits, "0x", 2) == 0;
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(digits, &end, hex ? 16 : 10);
	if (isdigit((unsigned char)*digits) && !*end && !errno &&
	    n >= range->min_u64 && n <= range->max_u64)
		return true;
	snprintf(why, len, "not a number from %" PRIu64 " to %" PRIu64 "%s%s%s",
		 range->min_u64, range->max_u64, units ? " " : "", units ?: "",
		 strmatch(digits, "0")
			 ? "; 'no' before the line takes it away"
			 : "");
	return false;
}

/* The length of the character there (RFC 3629), 0 if it is none to be seen. */
static size_t character(const unsigned char *s)
{
	size_t n = *s < 0x80   ? 1
		   : *s < 0xc2 ? 0
		   : *s < 0xe0 ? 2
		   : *s < 0xf0 ? 3
		   : *s < 0xf5 ? 4
			       : 0;
	size_t i;

	if (*s < ' ' || *s == 0x7f)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* too long, a surrogate, too large; what is no letter */
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f) ||
	    (*s == 0xc2 && s[1] < 0xa0))
		return 0;
	return n;
}

static bool text(const struct wgd_value *v, char *why, size_t len)
{
	const char *units;
	const struct lysc_type_str *type =
		(const struct lysc_type_str *)type_of(v, &units);
	uint64_t max = type->length->parts[0].max_u64, n = 0;
	const char *s = v->value;
	size_t step;

	for (; *s; s += step, n++) { /* the model counts letters, too */
		step = character((const unsigned char *)s);
		if (!step) {
			strlcpy(why, "has bytes that are no text in UTF-8",
				len);
			return false;
		}
	}
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
	{false, "enable", "wireguard", NULL},
	{false, "gateway-group/member", "gateway-group member", member},
	{false, "gateway-group/member/bfd/profile",
	 "gateway-group member bfd profile", text},
	{false, "gateway-group/drain", "gateway-group drain", NULL},
	{false, "gateway-group/source", "gateway-group source", source},
	{false, "gateway-group/ipv6-source", "gateway-group source", source},
	{false, "mesh/name", "mesh name", mesh},
	{false, "mesh/hub", "mesh hub", NULL},
	{false, "mesh/hub/door", "mesh hub door", number},
	{false, "mesh/endpoint", "mesh endpoint", NULL},
	{false, "mesh/endpoint/host", "mesh endpoint", published},
	{false, "mesh/endpoint/port", "mesh endpoint port", number},
	{false, "mesh/door", "mesh door", NULL},
	{false, "mesh/door/host", "mesh door", door},
	{false, "mesh/door/port", "mesh door port", number},
	{false, "mesh/announce", "mesh announce", prefix},
	{false, "mesh/routes", "mesh routes", NULL},
	{false, "mesh/maximum-members", "mesh maximum-members", number},
	{false, "mesh/direct", "mesh direct", NULL},
	{false, "mesh/idle-timeout", "mesh idle-timeout", number},
	{false, "mesh/hello-interval", "mesh hello-interval", number},
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
		if (forms[i].is_right && forms[i].of_peer == of_peer &&
		    strncmp(line, forms[i].words, n) == 0 && line[n] == ' ') {
			*ret_value = line + n + 1;
			return forms[i].leaf;
		}
	}
	return NULL;
}

/* Does the model take it, where it is a leaf's?  Its patterns are more exact. */
static bool model_takes(const struct wgd_value *v)
{
	const struct nb_node *node = node_of(v);

	return !node || !(node->snode->nodetype & (LYS_LEAF | LYS_LEAFLIST)) ||
	       lyd_value_validate(ly_native_ctx, node->snode, v->value,
				  strlen(v->value), NULL, NULL,
				  NULL) == LY_SUCCESS;
}

const char *wgd_value_shown(const char *value)
{
	static const char base64[] =
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789+/";
	struct wg_key parsed;
	size_t n, longest = 0;
	const char *s;

	for (s = value; *s; s += n + (s[n] != '\0')) {
		n = strspn(s, base64);
		longest = MAX(longest, n);
	}
	/* a path has such letters, too, and its slashes are some */
	return wg_key_parse(value, &parsed) == 0 ||
			       strstr(value, INVITE) ||
			       (longest >= WG_KEY_STRLEN - 6 && *value != '/')
		       ? "(not repeated: it may be a secret)"
		       : value;
}

int wgd_value_check(const struct wgd_value *v, char *err, size_t len)
{
	const struct form *form = form_of(v->leaf);
	char why[256] = "is nothing that the model takes";

	if (!v->value || !form || !form->is_right ||
	    (form->is_right(v, why, sizeof(why)) &&
	     (form->is_right == number || model_takes(v))))
		return 0;
	snprintf(err, len, "interface %s%s%s: %s %.300s: %s", v->ifname,
		 v->peer ? " peer " : "", v->peer ?: "", form->words,
		 wgd_value_shown(v->value), why);
	return -EINVAL;
}
