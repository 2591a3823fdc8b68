// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks of the configuration.
 *
 * What is wrong is usually a relation: the same key, address or prefix at two
 * peers, two peers where one is allowed.  wgd_check_if looks at a whole
 * interface, sorting what may be said once; wgd_check_conflict at one new
 * value, in one pass over the interface.  Values are compared as libyang made
 * them canonical.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "frrstr.h"

#include "frr-wgd/wgd_check.h"
#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_nb.h"
#include "frr-wgd/wgd_program.h"
#include "frr-wgd/wgd_said.h"
#include "lib/backend/wg_keys.h"

DEFINE_MTYPE_STATIC(WGD, WGD_CHECK, "WireGuard configuration check");

static struct {
	char *ifname;
	const struct lyd_node *wireguard; /* only compared */
	struct wgd_said *said;
} looked_at;

bool wgd_check_is_configured(const struct lyd_node *wireguard)
{
	const struct lyd_node *child;

	wgd_nb_each_child (wireguard, child)
		if (lysc_is_np_cont(child->schema)
			    ? wgd_check_is_configured(child)
			    : !lyd_is_default(child))
			return true;
	return false;
}

/* --- a value by itself */

static int check_program(const char *ifname, const char *program, char *err,
			 size_t len)
{
	char path[PATH_MAX];
	int rc = wgd_program_find(program, path, sizeof(path));

	if (rc == 0)
		return 0;
	snprintf(err, len,
		 "interface %s: implementation userspace: program %s: %s",
		 ifname, program ?: WGD_PROGRAM_DEFAULT, safe_strerror(-rc));
	return -EINVAL;
}

/* An address that packets can come from, and answers go to. */
static int check_source(const char *ifname, const char *value, char *err,
			size_t len)
{
	static const struct wg_prefix never[] = {
		{ AF_INET, 8, { 0 } },
		{ AF_INET, 8, { 127 } },
		{ AF_INET, 16, { 169, 254 } },
		{ AF_INET, 3, { 224 } },
		{ AF_INET6, 127, { 0 } },
		{ AF_INET6, 10, { 0xfe, 0x80 } },
		{ AF_INET6, 8, { 0xff } },
	};
	struct wg_prefix p;
	size_t i;

	if (wg_prefix_parse(value, &p) < 0)
		return 0; /* YANG's business */
	for (i = 0; i < array_size(never); i++)
		if (wg_prefix_covers(&never[i], &p)) {
			snprintf(err, len,
				 "interface %s: gateway-group source %s: not a unicast address of more than one link",
				 ifname, value);
			return -EINVAL;
		}
	return 0;
}

int wgd_check_value(const char *ifname, const char *peer, const char *leaf,
		    const char *value, char *err, size_t len)
{
	struct wg_key key;
	char why[512];
	int rc;

	if (strmatch(leaf, "private-key-file")) {
		rc = wg_key_load_public(value, &key, why, sizeof(why));
		if (rc == 0 || rc == -ENOENT) /* it will be made */
			return 0;
		snprintf(err, len, "interface %s: private key: %s", ifname,
			 why);
		return -EINVAL;
	}
	if (strmatch(leaf, "preshared-key-file")) {
		rc = wg_key_load(value, &key, why, sizeof(why));
		wg_key_wipe(&key);
		if (rc == 0)
			return 0;
		snprintf(err, len, "interface %s peer %s: preshared key: %s",
			 ifname, peer, why);
		return -EINVAL;
	}
	if (frrstr_endswith(leaf, "source"))
		return check_source(ifname, value, err, len);
	if (strmatch(leaf, "program"))
		return check_program(ifname, value, err, len);
	return 0;
}

/* --- an interface */

/* Our own public key, as far as it is known before the commit. */
static bool own_key(const char *ifname, const struct lyd_node *wireguard,
		    char *ret)
{
	struct wgd_if *wif = wgd_if_find(ifname);
	const struct lyd_node *leaf;
	const char *path = NULL;
	char buf[PATH_MAX];
	struct wg_key pub;

	leaf = wireguard ? wgd_nb_below(wireguard, "private-key-file") : NULL;
	if (leaf)
		path = lyd_get_value(leaf);
	if (!path && wif)
		path = wgd_if_key_file(wif, buf, sizeof(buf));
	if (path && wg_key_load_public(path, &pub, NULL, 0) == 0)
		wg_key_str(&pub, ret);
	else if (!path && wif && wgd_if_public_key(wif))
		wg_key_str(wgd_if_public_key(wif), ret);
	else
		return false;
	return true;
}

static int say_own(const char *ifname, const char *peer, const char *key,
		   char *err, size_t len)
{
	snprintf(err, len,
		 "interface %s peer %s: public-key %s is the interface's own",
		 ifname, peer, key);
	return -EINVAL;
}

static int say_taken(const char *ifname, const char *peer, const char *leaf,
		     const char *value, const char *owner, char *err,
		     size_t len)
{
	snprintf(err, len, "interface %s peer %s: %s %s is already peer %s's",
		 ifname, peer, leaf, value, owner);
	return -EINVAL;
}

static int say_member(const char *ifname, const char *peer, const char *address,
		      char *err, size_t len)
{
	snprintf(err, len,
		 "interface %s: gateway-group member %s is reached outside the interface, and cannot be peer %s's address",
		 ifname, address, peer);
	return -EINVAL;
}

/* Is it the address of another gateway of the group? */
static bool is_member(const struct lyd_node *group, const char *address)
{
	const struct lyd_node *child;

	wgd_nb_each_child (group, child)
		if (wgd_nb_is(child, "member") &&
		    strmatch(wgd_nb_key(child), address))
			return true;
	return false;
}

static int say_any(const char *ifname, const char *peer, const char *other,
		   char *err, size_t len)
{
	snprintf(err, len,
		 "interface %s peer %s: route-following any is for one peer, and there is peer %s",
		 ifname, peer, other);
	return -EINVAL;
}

void wgd_check_forget(void)
{
	wgd_said_free(looked_at.said);
	XFREE(MTYPE_WGD_CHECK, looked_at.ifname);
	memset(&looked_at, 0, sizeof(looked_at));
}

/* Who said what on the interface. */
static struct wgd_said *look_at(const struct lyd_node *wireguard,
				const char *ifname)
{
	const struct lyd_node *peer, *leaf;

	if (looked_at.wireguard == wireguard &&
	    strmatch(looked_at.ifname, ifname))
		return looked_at.said;
	wgd_check_forget();
	looked_at.ifname = XSTRDUP(MTYPE_WGD_CHECK, ifname);
	looked_at.wireguard = wireguard;
	looked_at.said = wgd_said_new();
	wgd_nb_each_child (wireguard, peer) {
		if (!wgd_nb_is(peer, "peer"))
			continue;
		wgd_nb_each_child (peer, leaf)
			if (wgd_said_is_unique(leaf->schema->name))
				wgd_said_set(looked_at.said, leaf->schema->name,
					     lyd_get_value(leaf),
					     wgd_nb_key(peer));
	}
	return looked_at.said;
}

/* Which other peer has the value, in the tree as it is?  Else it is PEER's. */
static const char *taken(const struct lyd_node *wireguard, const char *ifname,
			 const char *peer, const char *leaf, const char *value)
{
	struct wgd_said *said = look_at(wireguard, ifname);
	const char *by = wgd_said_by(said, leaf, value);
	const struct lyd_node *owner, *sub;

	if (by && !(peer && strmatch(by, peer))) {
		owner = wgd_nb_peer(wireguard, by);
		if (owner)
			wgd_nb_each_child (owner, sub)
				if (wgd_nb_is(sub, leaf) &&
				    strmatch(lyd_get_value(sub), value))
					return by;
	}
	if (peer)
		wgd_said_set(said, leaf, value, peer);
	return NULL;
}

/* The first peer but this one. */
static const char *other_peer(const struct lyd_node *wireguard,
			      const char *peer)
{
	const struct lyd_node *child;

	wgd_nb_each_child (wireguard, child)
		if (wgd_nb_is(child, "peer") &&
		    !(peer && strmatch(wgd_nb_key(child), peer)))
			return wgd_nb_key(child);
	return NULL;
}

int wgd_check_conflict(const struct lyd_node *wireguard, const char *ifname,
		       const char *peer, const char *leaf, const char *value,
		       char *err, size_t len)
{
	const struct lyd_node *follow, *group;
	const char *first = peer, *other;
	char own[WG_KEY_STRLEN];

	if (value && strmatch(leaf, "public-key") &&
	    own_key(ifname, wireguard, own) && strmatch(value, own))
		return say_own(ifname, peer, own, err, len);
	if (!wireguard)
		return 0;
	follow = wgd_nb_below(wireguard, "route-following");
	if (peer ? follow && strmatch(lyd_get_value(follow), "any")
		 : value && strmatch(leaf, "route-following") &&
			    strmatch(value, "any")) {
		if (!first)
			first = other_peer(wireguard, NULL);
		other = first ? other_peer(wireguard, first) : NULL;
		if (other)
			return say_any(ifname, first, other, err, len);
	}
	if (!value)
		return 0;
	if (strmatch(leaf, "gateway-group/member")) {
		other = taken(wireguard, ifname, NULL, "address", value);
		return other ? say_member(ifname, other, value, err, len) : 0;
	}
	if (!peer || !wgd_said_is_unique(leaf))
		return 0;
	group = wgd_nb_below(wireguard, "gateway-group");
	if (group && strmatch(leaf, "address") && is_member(group, value))
		return say_member(ifname, peer, value, err, len);
	other = taken(wireguard, ifname, peer, leaf, value);
	return other ? say_taken(ifname, peer, leaf, value, other, err, len)
		     : 0;
}

static int say_once(struct wgd_said *said, const char *ifname, const char *peer,
		    const struct lyd_node *leaf, char *err, size_t len)
{
	const char *name = leaf->schema->name, *value = lyd_get_value(leaf);
	const char *other = wgd_said_by(said, name, value);

	if (other)
		return say_taken(ifname, peer, name, value, other, err, len);
	wgd_said_set(said, name, value, peer);
	return 0;
}

int wgd_check_if(const struct lyd_node *wireguard, const char *ifname,
		 char *err, size_t len)
{
	const struct lyd_node *child, *leaf, *group = NULL;
	bool any = false, userspace = false;
	const char *program = NULL;
	const char *first = NULL;
	struct wgd_said *said;
	char own[WG_KEY_STRLEN];
	bool own_known;
	int rc = 0;

	if (!wgd_check_is_configured(wireguard))
		return 0;
	if (strlen(ifname) >= WG_IFNAME_LEN) {
		snprintf(err, len,
			 "interface %s: a name has at most %d characters",
			 ifname, WG_IFNAME_LEN - 1);
		return -EINVAL;
	}
	wgd_nb_each_child (wireguard, child) {
		if (wgd_nb_is(child, "route-following"))
			any = strmatch(lyd_get_value(child), "any");
		else if (wgd_nb_is(child, "implementation"))
			userspace = strmatch(lyd_get_value(child), "userspace");
		else if (wgd_nb_is(child, "program"))
			program = lyd_get_value(child);
		else if (wgd_nb_is(child, "gateway-group"))
			group = child;
	}
	if (userspace && !program)
		rc = check_program(ifname, NULL, err, len);
	own_known = own_key(ifname, wireguard, own);
	said = wgd_said_new();
	wgd_nb_each_child (wireguard, child) {
		if (rc < 0)
			break;
		if (!wgd_nb_is(child, "peer"))
			continue;
		if (any && first)
			rc = say_any(ifname, wgd_nb_key(child), first, err, len);
		first = wgd_nb_key(child);
		wgd_nb_each_child (child, leaf) {
			if (rc == 0 && wgd_said_is_unique(leaf->schema->name))
				rc = say_once(said, ifname, first, leaf, err,
					      len);
			if (rc == 0 && group && wgd_nb_is(leaf, "address") &&
			    is_member(group, lyd_get_value(leaf)))
				rc = say_member(ifname, first,
						lyd_get_value(leaf), err, len);
			if (rc == 0 && own_known &&
			    wgd_nb_is(leaf, "public-key") &&
			    strmatch(lyd_get_value(leaf), own))
				rc = say_own(ifname, first, own, err, len);
		}
	}
	wgd_said_free(said);
	return rc;
}
