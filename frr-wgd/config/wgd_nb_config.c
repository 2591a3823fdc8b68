// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the northbound to interfaces and peers: applying reads the running
 * configuration of what the commit touched.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "libfrr.h"
#include "log.h"

#include "frr-wgd/base/wgd_if.h"
#include "frr-wgd/config/wgd_answer.h"
#include "frr-wgd/config/wgd_check.h"
#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/engine/wgd_life.h"
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
	struct wgd_if *wif = wgd_life_get(ifname_of(dnode));

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

/* Where in the model, below the interface's container or the peer. */
static const char *leaf_of(const struct lyd_node *dnode, char *buf, size_t len)
{
	const struct lyd_node *parent = lyd_parent(dnode);

	if (wgd_nb_is(parent, "peer") || wgd_nb_is(parent, "wireguard"))
		return dnode->schema->name;
	snprintf(buf, len, "%s/%s", parent->schema->name, dnode->schema->name);
	return buf;
}

/*
 * Commands have asked before, and of them who typed the line; see
 * wgd_check_machine why a file may say what is not so now.
 */
static int check_value(struct nb_context *context, const struct lyd_node *dnode,
		       char *errmsg, size_t len)
{
	const struct lyd_node *wireguard =
		yang_dnode_get_parent(dnode, "wireguard");
	const struct lyd_node *peer = yang_dnode_get_parent(dnode, "peer");
	char buf[64];
	struct wgd_value v = {
		.ifname = ifname_of(dnode),
		.peer = peer ? wgd_nb_key(peer) : NULL,
		.leaf = leaf_of(dnode, buf, sizeof(buf)),
		.value = value(dnode),
	};
	bool refused = wgd_value_check(&v, errmsg, len) < 0;

	/* in a transaction of the CLI it may also have been loaded from a file */
	if (!refused && (context->client != NB_CLIENT_CLI ||
			 frr_get_cli_mode() == FRR_CLI_TRANSACTIONAL))
		refused = wgd_check_key(wireguard, &v, errmsg, len) < 0;
	if (!refused && context->client != NB_CLIENT_CLI)
		refused = wgd_check_machine(wireguard, &v, errmsg, len) < 0;
	return refused ? NB_ERR_VALIDATION : NB_OK;
}

int wgd_nb_value_modify(struct nb_cb_modify_args *args)
{
	if (args->event == NB_EV_VALIDATE)
		return check_value(args->context, args->dnode, args->errmsg,
				   args->errmsg_len);
	return wgd_nb_modify(args);
}

int wgd_nb_value_create(struct nb_cb_create_args *args)
{
	if (args->event == NB_EV_VALIDATE)
		return check_value(args->context, args->dnode, args->errmsg,
				   args->errmsg_len);
	return wgd_nb_create(args);
}

int wgd_nb_member_create(struct nb_cb_create_args *args)
{
	struct wgd_value v = {
		.ifname = ifname_of(args->dnode),
		.leaf = "gateway-group/member",
		.value = wgd_nb_key(args->dnode),
	};

	if (args->event == NB_EV_VALIDATE)
		return wgd_value_check(&v, args->errmsg, args->errmsg_len) < 0
			       ? NB_ERR_VALIDATION
			       : NB_OK;
	return wgd_nb_create(args);
}

/* A host and its port, which the model bounds. */
int wgd_nb_place_create(struct nb_cb_create_args *args)
{
	char leaf[64];
	struct wgd_value v = {
		.ifname = ifname_of(args->dnode),
		.leaf = leaf,
		.value = wgd_nb_key(args->dnode),
	};

	if (args->event != NB_EV_VALIDATE)
		return wgd_nb_create(args);
	snprintf(leaf, sizeof(leaf), "mesh/%s/host", args->dnode->schema->name);
	return wgd_value_check(&v, args->errmsg, args->errmsg_len) < 0
		       ? NB_ERR_VALIDATION
		       : NB_OK;
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

static void read_prefix(const struct lyd_node *leaf, struct wg_prefix *set,
			size_t *n)
{
	if (wg_prefix_parse(value(leaf), &set[*n]) == 0)
		wg_prefix_mask(&set[(*n)++]);
}

static void read_peer(const struct lyd_node *peer, struct wgd_peer_conf *conf)
{
	const struct lyd_node *leaf, *sub;
	size_t addresses = 0, statics = 0, exclusives = 0;

	memset(conf, 0, sizeof(*conf));
	if (!peer)
		return;
	wgd_nb_each_child (peer, leaf) {
		addresses += wgd_nb_is(leaf, "address");
		statics += wgd_nb_is(leaf, "allowed-ips");
		exclusives += wgd_nb_is(leaf, "exclusive");
	}
	conf->addresses = XCALLOC(MTYPE_WGD_CONF,
				  (addresses + 1) * sizeof(*conf->addresses));
	conf->statics = XCALLOC(MTYPE_WGD_CONF,
				(statics + 1) * sizeof(*conf->statics));
	conf->exclusives = XCALLOC(MTYPE_WGD_CONF,
				   (exclusives + 1) * sizeof(*conf->exclusives));
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
		else if (wgd_nb_is(leaf, "allowed-ips"))
			read_prefix(leaf, conf->statics, &conf->n_statics);
		else if (wgd_nb_is(leaf, "exclusive"))
			read_prefix(leaf, conf->exclusives,
				    &conf->n_exclusives);
	}
	qsort(conf->addresses, conf->n_addresses, sizeof(*conf->addresses),
	      address_cmp);
}

static void free_peer_conf(struct wgd_peer_conf *conf)
{
	XFREE(MTYPE_WGD_CONF, conf->addresses);
	XFREE(MTYPE_WGD_CONF, conf->statics);
	XFREE(MTYPE_WGD_CONF, conf->exclusives);
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

static void read_place(const struct lyd_node *entry,
		       struct wgd_mesh_place *places, size_t *n)
{
	const struct lyd_node *key = lyd_child(entry);

	if (*n == WGD_MESH_PLACES_MAX)
		return;
	places[*n].host = XSTRDUP(MTYPE_WGD_STR, value(key));
	places[(*n)++].port = number(key->next);
}

static enum wg_path_mode direct(const char *word)
{
	return strmatch(word, "always")	 ? WG_PATH_ALWAYS
	       : strmatch(word, "never") ? WG_PATH_NEVER
					 : WG_PATH_ON_DEMAND;
}

static void read_mesh(const struct lyd_node *mesh, struct wgd_mesh_conf *conf)
{
	const struct lyd_node *child, *leaf;

	wgd_nb_each_child (mesh, child) {
		if (wgd_nb_is(child, "name"))
			conf->name = XSTRDUP(MTYPE_WGD_STR, value(child));
		else if (wgd_nb_is(child, "hub")) {
			conf->hub = true;
			wgd_nb_each_child (child, leaf)
				conf->door = number(leaf);
		} else if (wgd_nb_is(child, "endpoint"))
			read_place(child, conf->endpoints, &conf->n_endpoints);
		else if (wgd_nb_is(child, "door"))
			read_place(child, conf->doors, &conf->n_doors);
		else if (wgd_nb_is(child, "announce") &&
			 conf->n_announced < WGD_MESH_ANNOUNCED_MAX)
			read_prefix(child, conf->announced, &conf->n_announced);
		else if (wgd_nb_is(child, "routes"))
			conf->routes = boolean(child);
		else if (wgd_nb_is(child, "maximum-members"))
			conf->maximum = number(child);
		else if (wgd_nb_is(child, "direct"))
			conf->direct = direct(value(child));
		else if (wgd_nb_is(child, "idle-timeout"))
			conf->idle_s = number(child);
		else if (wgd_nb_is(child, "hello-interval"))
			conf->hello_ms = number(child);
	}
}

static void read_if(const struct lyd_node *wireguard, struct wgd_if_conf *conf)
{
	const struct lyd_node *leaf;

	memset(conf, 0, sizeof(*conf));
	conf->mesh.door = WGD_MESH_DOOR;
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
		else if (wgd_nb_is(leaf, "point-to-point"))
			conf->p2p = boolean(leaf);
		else if (wgd_nb_is(leaf, "aggregate"))
			conf->aggregate = boolean(leaf);
		else if (wgd_nb_is(leaf, "announce-table"))
			conf->announce_table = number(leaf);
		else if (wgd_nb_is(leaf, "gateway-group"))
			read_group(leaf, conf);
		else if (wgd_nb_is(leaf, "mesh"))
			read_mesh(leaf, &conf->mesh);
	}
}

static void apply_peers(struct wgd_if *wif, const struct lyd_node *wireguard)
{
	const struct lyd_node *dnode;
	struct wgd_life_peer *work;
	size_t n = 0, i = 0;

	wgd_each_peer (wif, p)
		n += p->touched;
	if (!n)
		return;
	work = XCALLOC(MTYPE_WGD_CONF, n * sizeof(*work));
	wgd_each_peer (wif, p) {
		if (!p->touched)
			continue;
		dnode = wgd_nb_peer(wireguard, wg_peer_name(p->peer));
		work[i].p = p;
		work[i].gone = !dnode;
		read_peer(dnode, &work[i++].conf);
	}
	wgd_life_peers(work, n);
	for (i = 0; i < n; i++)
		free_peer_conf(&work[i].conf);
	XFREE(MTYPE_WGD_CONF, work);
}

void wgd_nb_apply(struct nb_cb_apply_finish_args *args)
{
	const char *ifname = ifname_of(args->dnode);
	struct wgd_if_conf conf;
	struct wgd_if *wif;

	wgd_check_forget();
	if (!wgd_nb_is_configured(args->dnode)) {
		wif = wgd_if_find(ifname);
		if (wif)
			wgd_life_unconfigure(wif);
		return;
	}
	wif = wgd_life_get(ifname);
	read_if(args->dnode, &conf);
	apply_peers(wif, args->dnode);
	wgd_life_configure(wif, &conf);
	wgd_answer_if(args, wif);
	wgd_each_peer (wif, p) {
		if (p->touched)
			wgd_answer_peer(args, p);
		p->touched = false;
	}
}
