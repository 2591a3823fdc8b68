// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks of the configuration, of values among each other and with this machine
 * (of a value by itself: wgd_value.c; of a mesh: wgd_check_mesh.c).
 *
 * What is wrong is usually a relation: the same key, address or prefix at two
 * peers, two peers where one is allowed.  wgd_check_if looks at a whole
 * interface, sorting what may be said once; wgd_check_conflict at one new
 * value, in one pass over the interface.  Values are compared as libyang made
 * them canonical.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/config/wgd_check.h"
#include "frr-wgd/config/wgd_check_mesh.h"
#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/config/wgd_said.h"
#include "frr-wgd/device/wgd_key.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_launch.h"

DEFINE_MTYPE_STATIC(WGD, WGD_CHECK, "WireGuard configuration check");

static struct {
	char *ifname;
	const struct lyd_node *wireguard; /* only compared */
	struct wgd_said *said;
} looked_at;

/* --- keys of our own */

/* Our own public key, as far as it is known before the commit. */
static bool own_key(const struct lyd_node *wireguard, const char *ifname,
		    struct wg_key *ret)
{
	struct wgd_if *wif = wgd_if_find(ifname);
	const struct lyd_node *leaf;
	const char *path = NULL;
	char buf[PATH_MAX];

	leaf = wireguard ? wgd_nb_below(wireguard, "private-key-file") : NULL;
	if (leaf)
		path = lyd_get_value(leaf);
	else if (wif)
		path = wgd_key_file(wif, buf, sizeof(buf));
	else
		path = wgd_key_default_file(ifname, buf, sizeof(buf));
	if (path && wg_key_load_public(path, ret, NULL, 0) == 0)
		return true;
	if (path || !wif || !wgd_key_public(wif))
		return false;
	*ret = *wgd_key_public(wif);
	return true;
}

static int say_secret(const char *ifname, const char *peer, const char *whose,
		      char *err, size_t len)
{
	snprintf(err, len,
		 "interface %s peer %s: public-key: this is the private key of interface %s, and belongs nowhere but in its file",
		 ifname, peer, whose);
	return -EINVAL;
}

static int say_own(const char *ifname, const char *peer, const char *key,
		   char *err, size_t len)
{
	snprintf(err, len,
		 "interface %s peer %s: public-key %s is the interface's own",
		 ifname, peer, key);
	return -EINVAL;
}

int wgd_check_key(const struct lyd_node *wireguard, const struct wgd_value *v,
		  char *err, size_t len)
{
	bool is_known, is_private;
	struct wg_key pub, own;
	char text[WG_KEY_STRLEN];

	if (!v->value || !strmatch(v->leaf, "public-key"))
		return 0;
	is_private = wg_key_public_of(v->value, &pub) == 0;
	if (is_private)
		wgd_each_if (wif)
			if (wgd_key_public(wif) &&
			    wg_key_same(wgd_key_public(wif), &pub))
				return say_secret(v->ifname, v->peer, wif->name,
						  err, len);
	is_known = own_key(wireguard, v->ifname, &own);
	if (is_known && is_private && wg_key_same(&own, &pub))
		return say_secret(v->ifname, v->peer, v->ifname, err, len);
	/* the device would take no notice of such a peer */
	if (is_known && strmatch(v->value, wg_key_str(&own, text)))
		return say_own(v->ifname, v->peer, text, err, len);
	return 0;
}

/* --- this machine */

static int check_program(const struct wgd_value *v, char *err, size_t len)
{
	char path[WG_LAUNCH_ERR], why[WG_LAUNCH_ERR];

	if (wg_launch_check(v->value, path, sizeof(path), why, sizeof(why)) ==
	    0)
		return 0;
	snprintf(err, len, "interface %s: implementation userspace: program %s",
		 v->ifname, why);
	return -EINVAL;
}

static int check_private(const struct lyd_node *wireguard,
			 const struct wgd_value *v, char *err, size_t len)
{
	const struct lyd_node *peer, *leaf;
	char why[512], own[WG_KEY_STRLEN];
	struct wg_key pub, theirs;
	int rc = wg_key_load_public(v->value, &pub, why, sizeof(why));

	if (rc < 0) {
		snprintf(err, len, "interface %s: private key: %s%s%s%s",
			 v->ifname, why,
			 rc == -ENOENT
				 ? "; 'wireguard generate private-key file "
				 : "",
			 rc == -ENOENT ? v->value : "",
			 rc == -ENOENT ? "' makes it" : "");
		return -EINVAL;
	}
	wg_key_str(&pub, own);
	if (wireguard)
		wgd_nb_each_child (wireguard, peer) {
			leaf = wgd_nb_is(peer, "peer")
				       ? wgd_nb_below(peer, "public-key")
				       : NULL;
			if (!leaf)
				continue;
			if (strmatch(lyd_get_value(leaf), own))
				return say_own(v->ifname, wgd_nb_key(peer), own,
					       err, len);
			if (wg_key_public_of(lyd_get_value(leaf), &theirs) ==
				    0 &&
			    wg_key_same(&theirs, &pub))
				return say_secret(v->ifname, wgd_nb_key(peer),
						  v->ifname, err, len);
		}
	return 0;
}

static int check_preshared(const struct wgd_value *v, char *err, size_t len)
{
	char why[512];

	if (wg_key_check(v->value, why, sizeof(why)) == 0)
		return 0;
	snprintf(err, len, "interface %s peer %s: preshared key: %s",
		 v->ifname, v->peer, why);
	return -EINVAL;
}

int wgd_check_machine(const struct lyd_node *wireguard,
		      const struct wgd_value *v, char *err, size_t len)
{
	if (!v->value)
		return 0;
	if (strmatch(v->leaf, "private-key-file"))
		return check_private(wireguard, v, err, len);
	if (strmatch(v->leaf, "preshared-key-file"))
		return check_preshared(v, err, len);
	if (strmatch(v->leaf, "program"))
		return check_program(v, err, len);
	return 0;
}

/* --- an interface */

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

static size_t members(const struct lyd_node *group)
{
	const struct lyd_node *child;
	size_t n = 0;

	wgd_nb_each_child (group, child)
		n += wgd_nb_is(child, "member");
	return n;
}

static int say_full(const struct wgd_value *v, char *err, size_t len)
{
	snprintf(err, len,
		 "interface %s: gateway-group member %s: there are %d already, and more do not fit",
		 v->ifname, v->value, WGD_MEMBERS_MAX);
	return -EINVAL;
}

static int say_long(const char *ifname, char *err, size_t len)
{
	snprintf(err, len, "interface %s: a name has at most %d characters",
		 ifname, WG_IFNAME_LEN - 1);
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

/* The line that is for one peer only, if the leaf with this value is one. */
static const char *for_one(const char *leaf, const char *value)
{
	if (strmatch(leaf, "point-to-point") && strmatch(value, "true"))
		return "point-to-point";
	if (strmatch(leaf, "route-following") && strmatch(value, "any"))
		return "route-following any";
	return NULL;
}

/* The first such line that is configured; NULL: there may be more peers. */
static const char *has_for_one(const struct lyd_node *wireguard)
{
	const struct lyd_node *leaf;
	const char *line;

	wgd_nb_each_child (wireguard, leaf) {
		line = for_one(leaf->schema->name, lyd_get_value(leaf));
		if (line)
			return line;
	}
	return NULL;
}

static int say_one(const char *ifname, const char *peer, const char *other,
		   const char *line, char *err, size_t len)
{
	snprintf(err, len,
		 "interface %s peer %s: %s is for one peer, and there is peer %s",
		 ifname, peer, line, other);
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

int wgd_check_conflict(const struct lyd_node *interface,
		       const struct wgd_value *v, char *err, size_t len)
{
	const struct lyd_node *wireguard = wgd_nb_wireguard(interface), *group;
	const char *first = v->peer, *other, *line;

	if (strlen(v->ifname) >= WG_IFNAME_LEN)
		return say_long(v->ifname, err, len);
	if (wgd_check_key(wireguard, v, err, len) < 0 ||
	    wgd_check_mesh_conflict(interface, v, err, len) < 0)
		return -EINVAL;
	if (!wireguard)
		return 0;
	group = wgd_nb_below(wireguard, "gateway-group");
	line = v->peer    ? has_for_one(wireguard)
	       : v->value ? for_one(v->leaf, v->value)
			  : NULL;
	if (line) {
		if (!first)
			first = other_peer(wireguard, NULL);
		other = first ? other_peer(wireguard, first) : NULL;
		if (other)
			return say_one(v->ifname, first, other, line, err, len);
	}
	if (!v->value)
		return 0;
	if (strmatch(v->leaf, "gateway-group/member")) {
		if (group && !is_member(group, v->value) &&
		    members(group) >= WGD_MEMBERS_MAX)
			return say_full(v, err, len);
		other = taken(wireguard, v->ifname, NULL, "address", v->value);
		return other ? say_member(v->ifname, other, v->value, err, len)
			     : 0;
	}
	if (!v->peer || !wgd_said_is_unique(v->leaf))
		return 0;
	if (group && strmatch(v->leaf, "address") && is_member(group, v->value))
		return say_member(v->ifname, v->peer, v->value, err, len);
	other = taken(wireguard, v->ifname, v->peer, v->leaf, v->value);
	return other ? say_taken(v->ifname, v->peer, v->leaf, v->value, other,
				 err, len)
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
	const char *line = has_for_one(wireguard);
	const char *first = NULL;
	struct wgd_said *said;
	int rc = 0;

	if (!wgd_nb_is_configured(wireguard))
		return 0;
	if (strlen(ifname) >= WG_IFNAME_LEN)
		return say_long(ifname, err, len);
	if (wgd_check_mesh(wireguard, ifname, err, len) < 0)
		return -EINVAL;
	wgd_nb_each_child (wireguard, child) {
		if (wgd_nb_is(child, "gateway-group"))
			group = child;
	}
	said = wgd_said_new();
	wgd_nb_each_child (wireguard, child) {
		if (rc < 0)
			break;
		if (!wgd_nb_is(child, "peer"))
			continue;
		if (line && first)
			rc = say_one(ifname, wgd_nb_key(child), first, line,
				     err, len);
		first = wgd_nb_key(child);
		wgd_nb_each_child (child, leaf) {
			if (rc == 0 && wgd_said_is_unique(leaf->schema->name))
				rc = say_once(said, ifname, first, leaf, err,
					      len);
			if (rc == 0 && group && wgd_nb_is(leaf, "address") &&
			    is_member(group, lyd_get_value(leaf)))
				rc = say_member(ifname, first,
						lyd_get_value(leaf), err, len);
		}
	}
	wgd_said_free(said);
	return rc;
}
