// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the northbound to interfaces and peers.
 *
 * Applying reads the running configuration.  Peers that the commit touched
 * first give up what they no longer have and then take what is theirs, so that
 * an address, a prefix or a key can move between peers in one commit.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "if.h"
#include "log.h"

#include "frr-wgd/wgd_check.h"
#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_nb.h"
#include "frr-wgd/wgd_peer.h"
#include "lib/backend/wg_keys.h"

DEFINE_MTYPE_STATIC(WGD, WGD_CONF, "WireGuard configuration");

static const char *value(const struct lyd_node *leaf)
{
	return lyd_get_value(leaf);
}

static const char *ifname_of(const struct lyd_node *dnode)
{
	return wgd_nb_key(yang_dnode_get_parent(dnode, "interface"));
}

static unsigned long number(const struct lyd_node *leaf)
{
	return strtoul(value(leaf), NULL, 10);
}

static bool boolean(const struct lyd_node *leaf)
{
	return strmatch(value(leaf), "true");
}

/* --- marking */

/* Something at or under this node changed. */
static void touch(const struct lyd_node *dnode)
{
	const struct lyd_node *peer = dnode;
	struct wgd_if *wif = wgd_if_get(ifname_of(dnode));

	while (peer && !wgd_nb_is(peer, "peer") && !wgd_nb_is(peer, "wireguard"))
		peer = lyd_parent(peer);
	if (peer && wgd_nb_is(peer, "peer"))
		wgd_peer_get(wif, wgd_nb_key(peer))->touched = true;
}

int wgd_nb_create(struct nb_cb_create_args *args)
{
	if (args->event == NB_EV_APPLY)
		touch(args->dnode);
	return NB_OK;
}

int wgd_nb_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_APPLY)
		touch(args->dnode);
	return NB_OK;
}

int wgd_nb_destroy(struct nb_cb_destroy_args *args)
{
	if (args->event == NB_EV_APPLY)
		touch(args->dnode);
	return NB_OK;
}

/* --- validation */

static int check_value(struct nb_cb_modify_args *args, const char *peer)
{
	if (args->event != NB_EV_VALIDATE)
		return wgd_nb_modify(args);
	return wgd_check_value(ifname_of(args->dnode), peer,
			       args->dnode->schema->name, value(args->dnode),
			       args->errmsg, args->errmsg_len) < 0
		       ? NB_ERR_VALIDATION
		       : NB_OK;
}

int wgd_nb_if_value_modify(struct nb_cb_modify_args *args)
{
	return check_value(args, NULL);
}

int wgd_nb_peer_value_modify(struct nb_cb_modify_args *args)
{
	return check_value(args, wgd_nb_key(lyd_parent(args->dnode)));
}

int wgd_nb_validate(struct nb_cb_pre_validate_args *args)
{
	return wgd_check_if(args->dnode, ifname_of(args->dnode), args->errmsg,
			    args->errmsg_len) < 0
		       ? NB_ERR_VALIDATION
		       : NB_OK;
}

/* --- applying */

/* IPv4 first: libyang 2 keeps the order of lines, 3 has one of its own. */
static int address_cmp(const void *a, const void *b)
{
	const struct wg_addr *x = a, *y = b;

	return x->family != y->family ? x->family - y->family
				      : memcmp(x->b, y->b, sizeof(x->b));
}

static void read_peer(const struct lyd_node *peer, struct wgd_peer_conf *conf)
{
	const struct lyd_node *leaf, *sub;
	size_t addresses = 0, statics = 0;

	memset(conf, 0, sizeof(*conf));
	if (!peer)
		return;
	wgd_nb_each_child (peer, leaf) {
		addresses += wgd_nb_is(leaf, "address");
		statics += wgd_nb_is(leaf, "allowed-ips");
	}
	conf->addresses = XCALLOC(MTYPE_WGD_CONF,
				  (addresses + 1) * sizeof(*conf->addresses));
	conf->statics = XCALLOC(MTYPE_WGD_CONF,
				(statics + 1) * sizeof(*conf->statics));
	wgd_nb_each_child (peer, leaf) {
		if (wgd_nb_is(leaf, "endpoint")) {
			wgd_nb_each_child (leaf, sub)
				if (wgd_nb_is(sub, "host"))
					conf->host = value(sub);
				else
					conf->port = number(sub);
		} else if (wgd_nb_is(leaf, "public-key"))
			conf->has_key = wg_key_parse(value(leaf),
						     &conf->key) == 0;
		else if (wgd_nb_is(leaf, "description"))
			conf->description = value(leaf);
		else if (wgd_nb_is(leaf, "preshared-key-file"))
			conf->psk_file = value(leaf);
		else if (wgd_nb_is(leaf, "persistent-keepalive"))
			conf->keepalive = number(leaf);
		else if (wgd_nb_is(leaf, "prefix-list"))
			conf->plist[0] = value(leaf);
		else if (wgd_nb_is(leaf, "ipv6-prefix-list"))
			conf->plist[1] = value(leaf);
		else if (wgd_nb_is(leaf, "maximum-prefix"))
			conf->maximum = number(leaf);
		else if (wgd_nb_is(leaf, "shutdown"))
			conf->shutdown = boolean(leaf);
		else if (wgd_nb_is(leaf, "announce"))
			conf->announce = boolean(leaf);
		else if (wgd_nb_is(leaf, "bfd")) {
			conf->bfd = true;
			wgd_nb_each_child (leaf, sub)
				conf->bfd_profile = value(sub);
		}
		else if (wgd_nb_is(leaf, "address"))
			conf->n_addresses +=
				wg_addr_parse(value(leaf),
					      &conf->addresses
						       [conf->n_addresses]) ==
				0;
		else if (wgd_nb_is(leaf, "allowed-ips") &&
			 wg_prefix_parse(value(leaf),
					 &conf->statics[conf->n_statics]) == 0)
			wg_prefix_mask(&conf->statics[conf->n_statics++]);
	}
	qsort(conf->addresses, conf->n_addresses, sizeof(*conf->addresses),
	      address_cmp);
}

static void free_peer_conf(struct wgd_peer_conf *conf)
{
	XFREE(MTYPE_WGD_CONF, conf->addresses);
	XFREE(MTYPE_WGD_CONF, conf->statics);
}

static void read_member(const struct lyd_node *member,
			struct wgd_member_conf *conf)
{
	const struct lyd_node *leaf, *sub;

	memset(conf, 0, sizeof(*conf));
	wgd_nb_each_child (member, leaf) {
		if (wgd_nb_is(leaf, "address"))
			wg_addr_parse(value(leaf), &conf->addr);
		else if (wgd_nb_is(leaf, "bfd")) {
			conf->bfd = true;
			wgd_nb_each_child (leaf, sub)
				conf->profile =
					XSTRDUP(MTYPE_WGD_STR, value(sub));
		}
	}
}

static void read_group(const struct lyd_node *group, struct wgd_if_conf *conf)
{
	const struct lyd_node *child;

	wgd_nb_each_child (group, child) {
		if (wgd_nb_is(child, "drain"))
			conf->group.drain = boolean(child);
		else if (wgd_nb_is(child, "member") &&
			 conf->group.n_members < WGD_MEMBERS_MAX)
			read_member(child,
				    &conf->group.members
					     [conf->group.n_members++]);
		else if (wgd_nb_is(child, "source"))
			wg_addr_parse(value(child), &conf->source[0]);
		else if (wgd_nb_is(child, "ipv6-source"))
			wg_addr_parse(value(child), &conf->source[1]);
	}
}

static void read_if(const struct lyd_node *wireguard, struct wgd_if_conf *conf)
{
	const struct lyd_node *leaf;

	memset(conf, 0, sizeof(*conf));
	wgd_nb_each_child (wireguard, leaf) {
		if (wgd_nb_is(leaf, "private-key-file"))
			conf->key_file = XSTRDUP(MTYPE_WGD_STR, value(leaf));
		else if (wgd_nb_is(leaf, "listen-port"))
			conf->listen_port = number(leaf);
		else if (wgd_nb_is(leaf, "fwmark"))
			conf->fwmark = number(leaf);
		else if (wgd_nb_is(leaf, "mtu"))
			conf->mtu = number(leaf);
		else if (wgd_nb_is(leaf, "implementation"))
			conf->userspace = strmatch(value(leaf), "userspace");
		else if (wgd_nb_is(leaf, "program"))
			conf->program = XSTRDUP(MTYPE_WGD_STR, value(leaf));
		else if (wgd_nb_is(leaf, "route-following"))
			conf->follow = strmatch(value(leaf), "any")
					       ? WG_FOLLOW_ANY
					       : WG_FOLLOW_PREFIXES;
		else if (wgd_nb_is(leaf, "aggregate"))
			conf->aggregate = strmatch(value(leaf), "true");
		else if (wgd_nb_is(leaf, "announce-table"))
			conf->announce_table = number(leaf);
		else if (wgd_nb_is(leaf, "gateway-group"))
			read_group(leaf, conf);
	}
}

/* The touched peers of an interface, with what they are now. */
struct work {
	struct wgd_peer *p;
	struct wgd_peer_conf conf;
	bool gone;
};

static void apply_peers(struct wgd_if *wif, const struct lyd_node *wireguard)
{
	const struct lyd_node *dnode;
	struct wg_peer *peer;
	struct work *work;
	size_t n = 0, i = 0;

	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		n += ((struct wgd_peer *)wg_peer_arg(peer))->touched;
	if (!n)
		return;
	work = XCALLOC(MTYPE_WGD_CONF, n * sizeof(*work));
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer)) {
		struct wgd_peer *p = wg_peer_arg(peer);

		if (!p->touched)
			continue;
		p->touched = false;
		dnode = wgd_nb_peer(wireguard, wg_peer_name(peer));
		work[i].p = p;
		work[i].gone = !dnode;
		read_peer(dnode, &work[i++].conf);
	}
	for (i = 0; i < n; i++)
		wgd_peer_withdraw(work[i].p, &work[i].conf);
	for (i = 0; i < n; i++) {
		if (work[i].gone)
			wgd_peer_delete(work[i].p);
		else
			wgd_peer_configure(work[i].p, &work[i].conf);
		free_peer_conf(&work[i].conf);
	}
	XFREE(MTYPE_WGD_CONF, work);
}

void wgd_nb_apply(struct nb_cb_apply_finish_args *args)
{
	const char *ifname = ifname_of(args->dnode);
	struct wgd_if_conf conf;
	struct wgd_if *wif;

	wgd_check_forget();
	if (!wgd_check_is_configured(args->dnode)) {
		wif = wgd_if_find(ifname);
		if (wif)
			wgd_if_unconfigure(wif);
		return;
	}
	wif = wgd_if_get(ifname);
	read_if(args->dnode, &conf);
	apply_peers(wif, args->dnode);
	wgd_if_configure(wif, &conf);
}

/* `no interface NAME`: the northbound tells only libfrr of it. */
static int interface_deleted(struct interface *ifp)
{
	struct wgd_if *wif = wgd_if_find(ifp->name);

	if (wif && !yang_dnode_existsf(
			   running_config->dnode,
			   "/frr-interface:lib/interface[name='%s']",
			   ifp->name))
		wgd_if_unconfigure(wif);
	return 0;
}

void wgd_nb_init(void)
{
	hook_register(if_del, interface_deleted);
}

void wgd_nb_finish(void)
{
	hook_unregister(if_del, interface_deleted);
	wgd_check_forget();
}
