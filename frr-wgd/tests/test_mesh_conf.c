// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The lines of a mesh: what of them is refused, by itself and beside others,
 * and what the daemon is told.  The northbound's table fits the model, or it
 * does not start.
 */
#include "frr-wgd/tests/glue_nb.h"

#include "if.h"

#include "frr-wgd/config/wgd_answer.h"
#include "frr-wgd/config/wgd_check.h"
#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/engine/wgd_life.h"

#define KEY "4ZVEkAkX5mzTyvZ3LOZ+vSFg9yzHMvD1TqNUvXGHBG4="
/* without the letters that no name of a host has */
#define LIKE_A_KEY "4ZVEkAkX5mzTyvZ3LOZ1vSFg9yzHMvD1TqNUvXGHBG4"
#define INVITE "wgmesh1:V0dNBwEA-short"
#define TEN "abcdefghi."
#define SIXTY TEN TEN TEN TEN TEN TEN

static struct lyd_node *tree;
static struct wgd_if_conf told; /* of the last commit */

struct wgd_if *wgd_life_get(const char *name)
{
	return wgd_if_find(name) ?: wgd_if_new(name);
}

void wgd_life_configure(struct wgd_if *wif, struct wgd_if_conf *conf)
{
	wgd_if_conf_clear(&told);
	told = *conf;
}

void wgd_answer_if(struct nb_cb_apply_finish_args *args, struct wgd_if *wif)
{
}

static int teardown(void **state)
{
	lyd_free_all(tree);
	tree = NULL;
	wgd_check_forget();
	wgd_if_conf_clear(&told);
	memset(&told, 0, sizeof(told));
	while (wgd_if_first())
		wgd_if_delete(wgd_if_first());
	return glue_teardown(state);
}

static struct lyd_node *node(const char *ifname, const char *path)
{
	struct lyd_node *match;
	char xpath[512];

	snprintf(xpath, sizeof(xpath),
		 "/frr-interface:lib/interface[name='%s']%s%s", ifname,
		 path ? "/frr-wireguard:wireguard/" : "", path ?: "");
	return tree && lyd_find_path(tree, xpath, 0, &match) == LY_SUCCESS
		       ? match
		       : NULL;
}

/* PATH NULL: the interface has nothing of WireGuard. */
static void put(const char *ifname, const char *path, const char *value)
{
	struct lyd_node *new;
	char xpath[512];

	snprintf(xpath, sizeof(xpath),
		 "/frr-interface:lib/interface[name='%s']%s%s", ifname,
		 path ? "/frr-wireguard:wireguard/" : "", path ?: "");
	assert_int_equal(lyd_new_path(tree, ly_native_ctx, xpath, value,
				      LYD_NEW_PATH_UPDATE, &new),
			 LY_SUCCESS);
	if (!tree)
		for (tree = new; lyd_parent(tree);)
			tree = lyd_parent(tree);
}

static void drop(const char *ifname, const char *path)
{
	lyd_free_tree(node(ifname, path));
}

/* Is the sentence there, with the interface and all the words? */
static void says(const char *err, const char *ifname, const char *a,
		 const char *b)
{
	if (!strstr(err, ifname) || !strstr(err, a) || !strstr(err, b))
		fail_msg("'%s' does not say %s, %s and %s", err, ifname, a, b);
}

/* --- values */

static const struct {
	const char *leaf, *value, *why; /* NULL: it is right */
} values[] = {
	{"mesh/name", "acme", NULL},
	{"mesh/name", "a", NULL},
	{"mesh/name", "_Acme-2.eu", NULL},
	{"mesh/name", SIXTY "123", NULL},
	{"mesh/name", SIXTY "1234", "1 to 63"},
	{"mesh/name", "", "1 to 63"},
	{"mesh/name", ".", "none of the last two"},
	{"mesh/name", "..", "none of the last two"},
	{"mesh/name", ".acme", "none of the last two"},
	{"mesh/name", "-acme", "none of the last two"},
	{"mesh/name", "../acme", "A-Z a-z 0-9"},
	{"mesh/name", "a/b", "A-Z a-z 0-9"},
	{"mesh/name", "a b", "A-Z a-z 0-9"},
	{"mesh/name", "a:b", "A-Z a-z 0-9"},
	{"mesh/name", "acm\xc3\xa9", "A-Z a-z 0-9"},
	{"mesh/name", LIKE_A_KEY, "looks like a key"},
	{"mesh/name", INVITE, "an invite"},
	{"mesh/hub/door", "1", NULL},
	{"mesh/hub/door", "65535", NULL},
	{"mesh/hub/door", "0", "1 to 65535; 'no'"},
	{"mesh/hub/door", "65536", "1 to 65535"},
	{"mesh/endpoint/host", "198.51.100.1", NULL},
	{"mesh/endpoint/host", "2001:db8::1", NULL},
	{"mesh/endpoint/host", "vpn.example.net", NULL},
	{"mesh/endpoint/host", SIXTY "1abc", NULL},
	{"mesh/endpoint/host", SIXTY "1abcd", "65 characters"},
	{"mesh/endpoint/host", "127.0.0.1", "loopback"},
	{"mesh/endpoint/host", "::1", "loopback"},
	{"mesh/endpoint/host", "0.0.0.0", "no host's"},
	{"mesh/endpoint/host", "224.0.0.1", "multicast"},
	{"mesh/endpoint/host", "fe80::1", "link-local"},
	{"mesh/endpoint/host", "fe80::1%eth0", "link-local"},
	{"mesh/endpoint/host", "::ffff:192.0.2.1", "say it as IPv4"},
	{"mesh/endpoint/host", "10.1", "looks like an address"},
	{"mesh/endpoint/host", "host_", "nor a host name"},
	{"mesh/endpoint/host", KEY, "looks like a key"},
	{"mesh/endpoint/host", LIKE_A_KEY, "looks like a key"},
	{"mesh/endpoint/host", INVITE, "an invite"},
	{"mesh/endpoint/port", "51820", NULL},
	{"mesh/endpoint/port", "0", "1 to 65535"},
	{"mesh/door/host", "127.0.0.1", NULL}, /* forwarded from here */
	{"mesh/door/host", "door.example.net", NULL},
	{"mesh/door/host", LIKE_A_KEY ".example", NULL},
	{"mesh/door/host", SIXTY SIXTY "example", NULL},
	{"mesh/door/host", "ff02::1", "multicast"},
	{"mesh/door/host", LIKE_A_KEY, "looks like a key"},
	{"mesh/door/port", "70000", "1 to 65535"},
	{"mesh/announce", "0.0.0.0/0", NULL},
	{"mesh/announce", "::/0", NULL},
	{"mesh/announce", "192.168.0.0/16", NULL},
	{"mesh/announce", "10.0.0.0", "no length"},
	{"mesh/announce", "10.0.0.0/33", "up to 32"},
	{"mesh/announce", "2001:db8::/129", "up to 128"},
	{"mesh/maximum-members", "1", NULL},
	{"mesh/maximum-members", "100000", NULL},
	{"mesh/maximum-members", "0", "1 to 100000 members"},
	{"mesh/maximum-members", "100001", "1 to 100000 members"},
	{"mesh/idle-timeout", "10", NULL},
	{"mesh/idle-timeout", "9", "10 to 86400 seconds"},
	{"mesh/hello-interval", "50", NULL},
	{"mesh/hello-interval", "10001", "50 to 10000 milliseconds"},
};

static void test_values(void **state)
{
	struct wgd_value v = {.ifname = "wg0"};
	bool is_secret;
	char err[1024];
	size_t i;
	int rc;

	for (i = 0; i < array_size(values); i++) {
		v.leaf = values[i].leaf;
		v.value = values[i].value;
		rc = wgd_value_check(&v, err, sizeof(err));
		if (!values[i].why) {
			if (rc)
				fail_msg("%s %s: %s", v.leaf, v.value, err);
			continue;
		}
		if (rc != -EINVAL)
			fail_msg("%s %s is taken", v.leaf, v.value);
		is_secret = strstr(values[i].why, "a key") ||
			    strstr(values[i].why, "an invite");
		says(err, "interface wg0: mesh ",
		     is_secret ? "not repeated" : v.value, values[i].why);
		if (is_secret)
			assert_null(strstr(err, v.value));
	}
}

static void test_words_of_a_line(void **state)
{
	static const struct {
		const char *line, *leaf, *value;
	} lines[] = {
		{"mesh name a/b", "mesh/name", "a/b"},
		{"mesh hub door 0", "mesh/hub/door", "0"},
		{"mesh endpoint h port 0", "mesh/endpoint/host", "h port 0"},
		{"mesh door h port 0", "mesh/door/host", "h port 0"},
		{"mesh announce 10.0.0.0", "mesh/announce", "10.0.0.0"},
		{"mesh maximum-members 0", "mesh/maximum-members", "0"},
		{"mesh routes on", NULL, NULL},
		{"mesh hub 7", NULL, NULL},
		{"mesh nonsense 7", NULL, NULL},
	};
	const char *leaf, *value;
	size_t i;

	for (i = 0; i < array_size(lines); i++) {
		leaf = wgd_value_leaf(lines[i].line, false, &value);
		if (!lines[i].leaf) {
			assert_null(leaf);
			continue;
		}
		assert_string_equal(leaf, lines[i].leaf);
		assert_string_equal(value, lines[i].value);
	}
}

/* --- beside others */

static int conflict(const char *ifname, const char *leaf, const char *value,
		    char *err)
{
	struct wgd_value v = {.ifname = ifname, .leaf = leaf, .value = value};

	*err = '\0';
	return wgd_check_conflict(node(ifname, NULL), &v, err, 1024);
}

static int whole(const char *ifname, char *err)
{
	*err = '\0';
	return wgd_check_if(wgd_nb_wireguard(node(ifname, NULL)), ifname, err,
			    1024);
}

/* Where a line stands in the tree, as what it is asked, and what is said. */
static const struct {
	const char *path, *leaf, *value, *words;
	bool excluded;
} beside[] = {
	{"private-key-file", "private-key-file", "/etc/frr/x.key",
	 "private-key file", true},
	{"fwmark", "fwmark", "7", "fwmark", true},
	{"route-following", "route-following", "any", "route-following any",
	 true},
	{"route-following", "route-following", "prefixes", NULL, false},
	{"point-to-point", "point-to-point", "true", "point-to-point", true},
	{"point-to-point", "point-to-point", "false", NULL, false},
	{"gateway-group/member[address='192.0.2.1']", "gateway-group/member",
	 "192.0.2.1", "gateway-group", true},
	{"gateway-group/drain", "gateway-group/drain", "true", "gateway-group",
	 true},
	{"gateway-group/drain", "gateway-group/drain", "false", NULL, false},
	{"gateway-group/source", "gateway-group/source", "192.0.2.1",
	 "gateway-group", true},
	{"gateway-group/ipv6-source", "gateway-group/ipv6-source",
	 "2001:db8::1", "gateway-group", true},
	{"enable", "enable", "true", NULL, false},
	{"listen-port", "listen-port", "51820", NULL, false},
	{"mtu", "mtu", "1280", NULL, false},
	{"implementation", "implementation", "userspace", NULL, false},
	{"aggregate", "aggregate", "true", NULL, false},
	{"announce-table", "announce-table", "7", NULL, false},
	{"mesh/hub", "mesh/hub/door", "7", NULL, false},
	{"mesh/routes", "mesh/routes", "true", NULL, false},
};

static void test_excluded(void **state)
{
	char err[1024];
	size_t i;
	int bad;

	for (i = 0; i < array_size(beside); i++) {
		bad = beside[i].excluded ? -EINVAL : 0;
		/* the line first, then the name */
		put("wg0", beside[i].path,
		    strchr(beside[i].path, '[') ? NULL : beside[i].value);
		assert_int_equal(whole("wg0", err), 0);
		assert_int_equal(conflict("wg0", "mesh/name", "acme", err),
				 bad);
		if (bad)
			says(err, "interface wg0: mesh name acme",
			     beside[i].words, "together");
		/* both */
		put("wg0", "mesh/name", "acme");
		assert_int_equal(whole("wg0", err), bad);
		if (bad)
			says(err, "interface wg0: mesh name acme",
			     beside[i].words, "together");
		/* the name first, then the line; and the line goes */
		drop("wg0", strchr(beside[i].path, '/') &&
					    strncmp(beside[i].path, "mesh", 4)
				    ? "gateway-group"
				    : beside[i].path);
		assert_int_equal(whole("wg0", err), 0);
		assert_int_equal(conflict("wg0", beside[i].leaf,
					  beside[i].value, err),
				 bad);
		if (bad)
			says(err, "interface wg0: ", beside[i].words,
			     "mesh name acme");
		assert_int_equal(conflict("wg0", beside[i].leaf, NULL, err), 0);
		/* no mesh, no objection */
		drop("wg0", "mesh");
		assert_int_equal(conflict("wg0", beside[i].leaf,
					  beside[i].value, err),
				 0);
		lyd_free_all(tree);
		tree = NULL;
	}
}

static void test_one_interface(void **state)
{
	char err[1024];

	put("wg0", "mesh/name", "acme");
	put("wg1", NULL, NULL);
	assert_int_equal(conflict("wg0", "mesh/name", "acme", err), 0);
	assert_int_equal(conflict("wg1", "mesh/name", "acme2", err), 0);
	assert_int_equal(conflict("wg1", "mesh/name", "acme", err), -EINVAL);
	says(err, "interface wg1: mesh name acme", "interface wg0", "already");
	put("wg1", "mesh/name", "acme2");
	assert_int_equal(whole("wg1", err), 0);
	put("wg1", "mesh/name", "acme");
	assert_int_equal(whole("wg1", err), -EINVAL);
	says(err, "interface wg1: mesh name acme", "interface wg0", "already");
	assert_int_equal(whole("wg0", err), -EINVAL);
	/* it moves */
	drop("wg0", "mesh/name");
	assert_int_equal(whole("wg1", err), 0);
	assert_int_equal(conflict("wg0", "mesh/name", "acme", err), -EINVAL);
	says(err, "interface wg0: mesh name acme", "interface wg1", "already");
}

/* What the model says of how many there may be. */
static size_t most(const char *leaf)
{
	const struct nb_node *nb;
	char path[256];

	snprintf(path, sizeof(path),
		 "/frr-interface:lib/interface/frr-wireguard:wireguard/%s",
		 leaf);
	nb = nb_node_find(path);
	assert_non_null(nb);
	return nb->snode->nodetype == LYS_LIST
		       ? ((const struct lysc_node_list *)nb->snode)->max
		       : ((const struct lysc_node_leaflist *)nb->snode)->max;
}

/* The N-th of a list: as it stands in the tree, and as it is asked. */
static void one_of(const char *leaf, unsigned n, char *path, char *value)
{
	bool is_prefix = strmatch(leaf, "mesh/announce");

	/* one host, many ports; one address, many hosts */
	snprintf(value, 64, is_prefix ? "10.0.%u.0/24" : "192.0.2.1 port %u",
		 n);
	snprintf(path, 128, "%s[host='192.0.2.1'][port='%u']", leaf, n);
	if (is_prefix)
		snprintf(path, 128, "%s[.='%s']", leaf, value);
}

static void test_room(void **state)
{
	static const struct {
		const char *leaf;
		unsigned max;
	} lists[] = {
		{"mesh/endpoint", WGD_MESH_PLACES_MAX},
		{"mesh/door", WGD_MESH_PLACES_MAX},
		{"mesh/announce", WGD_MESH_ANNOUNCED_MAX},
	};
	char err[1024], path[128], value[64];
	size_t i;
	unsigned n;

	put("wg0", NULL, NULL);
	for (i = 0; i < array_size(lists); i++) {
		assert_int_equal(most(lists[i].leaf), lists[i].max);
		for (n = 1; n <= lists[i].max; n++) {
			one_of(lists[i].leaf, n, path, value);
			assert_int_equal(conflict("wg0", lists[i].leaf, value,
						  err),
					 0);
			put("wg0", path, NULL);
		}
		one_of(lists[i].leaf, 1, path, value); /* it is there */
		assert_int_equal(conflict("wg0", lists[i].leaf, value, err), 0);
		one_of(lists[i].leaf, n, path, value);
		assert_int_equal(conflict("wg0", lists[i].leaf, value, err),
				 -EINVAL);
		says(err, "interface wg0: mesh ", value, "do not fit");
	}
}

/* --- who configures without commands */

static int validate(const char *path, char *err)
{
	struct nb_context context = {.client = NB_CLIENT_GRPC};
	struct nb_cb_create_args create = {
		.context = &context,
		.event = NB_EV_VALIDATE,
		.errmsg = err,
		.errmsg_len = 1024,
	};
	struct nb_cb_modify_args modify = {
		.context = &context,
		.event = NB_EV_VALIDATE,
		.errmsg = err,
		.errmsg_len = 1024,
	};
	const struct nb_node *nb;

	*err = '\0';
	create.dnode = modify.dnode = node("wg0", path);
	nb = modify.dnode->schema->priv;
	return nb->cbs.create ? nb->cbs.create(&create)
			      : nb->cbs.modify(&modify);
}

static void test_validated(void **state)
{
	static const struct {
		const char *path, *value, *why;
	} nodes[] = {
		{"mesh/name", "acme", NULL},
		{"mesh/name", LIKE_A_KEY, "looks like a key"},
		{"mesh/endpoint[host='192.0.2.1'][port='1']", NULL, NULL},
		{"mesh/endpoint[host='127.0.0.1'][port='1']", NULL, "loopback"},
		{"mesh/endpoint[host='" SIXTY "abcde'][port='1']", NULL,
		 "65 characters"},
		{"mesh/door[host='" LIKE_A_KEY "'][port='1']", NULL,
		 "looks like a key"},
		{"mesh/door[host='127.0.0.1'][port='1']", NULL, NULL},
		{"mesh/door[host='0.0.0.0'][port='1']", NULL, "no host's"},
		{"mesh/hub/door", "443", NULL},
		{"mesh/announce[.='10.0.0.0/8']", NULL, NULL},
		{"mesh/routes", "true", NULL},
		{"mesh/maximum-members", "7", NULL},
		{"mesh/direct", "never", NULL},
		{"mesh/idle-timeout", "600", NULL},
		{"mesh/hello-interval", "1000", NULL},
	};
	char err[1024];
	size_t i;

	for (i = 0; i < array_size(nodes); i++) {
		put("wg0", nodes[i].path, nodes[i].value);
		assert_int_equal(validate(nodes[i].path, err),
				 nodes[i].why ? NB_ERR_VALIDATION : NB_OK);
		if (nodes[i].why)
			says(err, "interface wg0: mesh ", nodes[i].why, "");
	}
}

/* --- what the daemon is told */

static void commit(const char *ifname)
{
	struct nb_cb_apply_finish_args args = {};

	assert_int_equal(lyd_validate_all(&tree, ly_native_ctx,
					  LYD_VALIDATE_NO_STATE, NULL),
			 LY_SUCCESS);
	args.dnode = wgd_nb_wireguard(node(ifname, NULL));
	wgd_nb_apply(&args);
}

static bool is_told(const struct wgd_mesh_place *places, size_t n,
		    const char *host, uint16_t port)
{
	while (n--)
		if (strmatch(places[n].host, host) && places[n].port == port)
			return true;
	return false;
}

static void test_told(void **state)
{
	const struct wgd_mesh_conf *m = &told.mesh;
	struct wg_prefix p;

	put("wg0", "enable", "true");
	commit("wg0");
	assert_null(m->name);
	assert_false(m->hub || m->routes);
	assert_int_equal(m->door, WGD_MESH_DOOR);
	assert_int_equal(m->maximum, WGD_MESH_MEMBERS);
	assert_int_equal(m->direct, WG_PATH_ON_DEMAND);
	assert_int_equal(m->idle_s, WGD_MESH_IDLE_S);
	assert_int_equal(m->hello_ms, WGD_MESH_HELLO_MS);
	assert_int_equal(m->n_endpoints + m->n_doors + m->n_announced, 0);
	assert_int_equal(wgd_mtu_default(&told), 1420);

	put("wg0", "mesh/name", "acme");
	put("wg0", "mesh/hub", NULL);
	put("wg0", "mesh/endpoint[host='vpn.example.net'][port='51820']", NULL);
	put("wg0", "mesh/endpoint[host='2001:db8::1'][port='7']", NULL);
	put("wg0", "mesh/door[host='192.0.2.1'][port='51822']", NULL);
	put("wg0", "mesh/announce[.='0.0.0.0/0']", NULL);
	put("wg0", "mesh/announce[.='2001:db8:7::/48']", NULL);
	put("wg0", "mesh/routes", "true");
	put("wg0", "mesh/maximum-members", "100000");
	put("wg0", "mesh/direct", "always");
	put("wg0", "mesh/idle-timeout", "86400");
	put("wg0", "mesh/hello-interval", "50");
	commit("wg0");
	assert_string_equal(m->name, "acme");
	assert_true(m->hub && m->routes);
	assert_int_equal(m->door, WGD_MESH_DOOR);
	assert_int_equal(m->maximum, 100000);
	assert_int_equal(m->direct, WG_PATH_ALWAYS);
	assert_int_equal(m->idle_s, 86400);
	assert_int_equal(m->hello_ms, 50);
	assert_int_equal(m->n_endpoints, 2);
	assert_true(is_told(m->endpoints, 2, "vpn.example.net", 51820));
	assert_true(is_told(m->endpoints, 2, "2001:db8::1", 7));
	assert_int_equal(m->n_doors, 1);
	assert_true(is_told(m->doors, 1, "192.0.2.1", 51822));
	assert_int_equal(m->n_announced, 2);
	p = prefix_of("0.0.0.0/0");
	assert_true(wg_prefix_same(&m->announced[0], &p) ||
		    wg_prefix_same(&m->announced[1], &p));
	p = prefix_of("2001:db8:7::/48");
	assert_true(wg_prefix_same(&m->announced[0], &p) ||
		    wg_prefix_same(&m->announced[1], &p));
	assert_int_equal(wgd_mtu_default(&told), 1340);

	put("wg0", "mesh/hub/door", "443");
	commit("wg0");
	assert_int_equal(m->door, 443);
	drop("wg0", "mesh");
	commit("wg0");
	assert_null(m->name);
	assert_false(m->hub || m->routes);
	assert_int_equal(m->door, WGD_MESH_DOOR);
	assert_int_equal(m->maximum, WGD_MESH_MEMBERS);
	assert_int_equal(m->n_endpoints + m->n_doors + m->n_announced, 0);
}

int main(void)
{
#define CONF(test) cmocka_unit_test_setup_teardown(test, glue_nb_setup, teardown)
	const struct CMUnitTest tests[] = {
		CONF(test_values),	  CONF(test_words_of_a_line),
		CONF(test_excluded),	  CONF(test_one_interface),
		CONF(test_room),	  CONF(test_validated),
		CONF(test_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
