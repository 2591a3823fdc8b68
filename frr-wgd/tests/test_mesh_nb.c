// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A mesh in the northbound: the leaves of its state and of its members', the
 * RPCs, the notification.  Two members: 3 is a hub, 7 a site of the same name
 * as another peer.
 */
#include "frr-wgd/tests/glue_nb.h"

#include "command.h"
#include "hook.h"
#include "if.h"

#include "frr-wgd/config/wgd_nb.h"
#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_mesh_life.h"
#include "frr-wgd/mesh/wgd_mesh_view.h"
#include "frr-wgd/mesh/wgd_path_view.h"

#define STATE "/frr-interface:lib/interface/frr-wireguard:wireguard/state/mesh"

static struct wgd_if *wif;
static struct interface ifp = {.name = "wg0"};
static struct wgd_mesh mesh;
static struct wgd_mesh_member hub, site, *both[] = {&hub, &site};
static char loaded[256];
static bool forced;
static int load_rc;

static void act(struct event *t)
{
}

/* --- what is below */

int wgd_mesh_load(struct wgd_if *w, const char *file, bool force, char *answer,
		  size_t len)
{
	assert_ptr_equal(w, wif);
	forced = force;
	strlcpy(loaded, file, sizeof(loaded));
	snprintf(answer, len, "%s of %d", file, load_rc);
	return load_rc;
}

int wgd_self_request(struct wgd_self *self, char line[WG_LINE_STRLEN])
{
	strlcpy(line, "wgreq1:AAAA", WG_LINE_STRLEN);
	return self->reason ? -EIO : 0;
}

/* An item with an end at 1800000000 s, and nothing else. */
const uint8_t *wgd_mesh_certificate(const struct wgd_mesh *m)
{
	static const uint8_t c[] = {'W',
				    'G',
				    'M',
				    WG_ITEM_IS_CERTIFICATE,
				    1,
				    0,
				    0,
				    19,
				    WG_ITEM_UNTIL,
				    0,
				    8,
				    0,
				    0,
				    0,
				    0,
				    0x6b,
				    0x49,
				    0xd2,
				    0};

	return c;
}

struct wg_wall wgd_mesh_wall(const struct wgd_mesh *m)
{
	return (struct wg_wall){.now = 1000, .floor = 2000};
}

static int setup(void **state)
{
	static const struct wg_directory_conf conf = {.maximum = 10};

	glue_nb_setup(state);
	wif = wgd_if_new("wg0");
	hub = (struct wgd_mesh_member){.number = 3,
				       .serial = 5,
				       .hub = 1,
				       .until = 1700000000,
				       .sequence = 9,
				       .name = "h",
				       .connected = true};
	site = (struct wgd_mesh_member){.number = 7,
					.serial = 6,
					.name = "a",
					.refused = WGD_MESH_NAME_IN_USE};
	mesh = (struct wgd_mesh){.wif = wif,
				 .act = act,
				 .members = both,
				 .n_members = 2,
				 .state = WGD_MESH_CONNECTED};
	mesh.self = wgd_self_new("wg0", "acme");
	mesh.self->number = 4;
	mesh.map = wgd_map_new("/nowhere", &conf, &mesh.drops);
	wgd_alarm_new(&mesh);
	wif->mesh = &mesh;
	load_rc = 2;
	*loaded = '\0';
	return 0;
}

static int teardown(void **state)
{
	wgd_map_delete(&mesh.map);
	wgd_alarm_delete(&mesh);
	wgd_self_delete(&mesh.self);
	event_cancel(&mesh.t_act);
	wif->mesh = NULL;
	wgd_if_delete(wif);
	return glue_teardown(state);
}

/* --- state */

/* The value of the leaf; NULL: it is not there. */
static const char *leaf(const char *path, const void *entry)
{
	static char value[128];
	struct nb_cb_get_elem_args args = {.list_entry = entry};
	struct nb_node *node;
	struct yang_data *d;
	char xpath[XPATH_MAXLEN];

	snprintf(xpath, sizeof(xpath), STATE "/%s", path);
	node = nb_node_find(xpath);
	assert_non_null(node);
	args.xpath = xpath;
	d = node->cbs.get_elem(&args);
	if (!d)
		return NULL;
	strlcpy(value, d->value, sizeof(value));
	yang_data_free(d);
	return value;
}

static void is(const char *path, const void *entry, const char *value)
{
	const char *found = leaf(path, entry);

	if (!value)
		assert_null(found);
	else if (!found || strcmp(found, value) != 0)
		fail_msg("%s is %s, not %s", path, found ?: "absent", value);
}

static void test_mesh(void **state)
{
	is("name", &ifp, "acme");
	is("state", &ifp, "connected");
	is("number", &ifp, "4");
	is("role", &ifp, "site");
	is("members", &ifp, "3");
	is("authority-number", &ifp, "0");
	is("reason", &ifp, NULL);
	is("time-source", &ifp, "below-floor");
	is("certificate-until", &ifp, "1800000000");
	is("list-number", &ifp, NULL);
	is("list-due", &ifp, NULL);
}

/* What is not known is not there. */
static void test_joining(void **state)
{
	wgd_map_delete(&mesh.map);
	mesh.state = WGD_MESH_JOINING;
	mesh.self->reason = XSTRDUP(MTYPE_WGD_STR, "no invite");
	is("state", &ifp, "joining");
	is("reason", &ifp, "no invite");
	is("number", &ifp, NULL);
	is("role", &ifp, NULL);
	is("members", &ifp, NULL);
	is("authority-number", &ifp, NULL);
	is("certificate-until", &ifp, NULL);
	is("time-source", &ifp, NULL);
	wif->mesh = NULL;
	is("name", &ifp, NULL);
}

static void test_members(void **state)
{
	is("member/number", &hub, "3");
	is("member/name", &hub, "h");
	is("member/serial", &hub, "5");
	is("member/sequence", &hub, "9");
	is("member/hub", &hub, "true");
	is("member/live", &hub, "true");
	is("member/certificate-until", &hub, "1700000000");
	is("member/refused", &hub, NULL);
	is("member/hub", &site, "false");
	is("member/live", &site, "false");
	is("member/relay-hub", &site, NULL);
	is("member/refused", &site, "name-in-use");
}

/* The site is a peer, and reached by a direct path since 2 s. */
static void make_direct(struct wgd_peer *peer, struct wgd_path *path)
{
	*peer = (struct wgd_peer){.wif = wif};
	*path = (struct wgd_path){
		.core = {.state = WG_PATH_DIRECT,
			 .why = WG_PATH_WHY_LOST,
			 .since_ms = wgd_now_ms() - 2000,
			 .rtt_ms = 12,
			 .relay_rtt_ms = 50},
	};
	site.refused = WGD_MESH_PEER;
	site.peer = peer;
	site.path = path;
}

static void test_path(void **state)
{
	struct wgd_path path;
	struct wgd_peer peer;

	is("member/path", &site, NULL); /* it is no peer */
	is("member/path-reason", &site, NULL);
	is("member/path-since", &site, NULL);
	is("member/rtt-relay", &site, NULL);
	is("member/rtt-direct", &site, NULL);
	make_direct(&peer, &path);
	is("member/path", &site, "direct");
	is("member/path-reason", &site, NULL);
	is("member/path-since", &site, "2");
	is("member/rtt-relay", &site, "50");
	is("member/rtt-direct", &site, "12");
	path.core.state = WG_PATH_RETURNING;
	is("member/path", &site, "returning");
	is("member/path-reason", &site, "lost");
	is("member/rtt-direct", &site, NULL);
}

/* The model has that value. */
static void has_word(const char *path, const char *word)
{
	struct lyd_node *node = NULL;
	char xpath[XPATH_MAXLEN];

	snprintf(
		xpath, sizeof(xpath),
		"/frr-interface:lib/interface[name='wg0']/frr-wireguard:wireguard/state/mesh/%s",
		path);
	if (lyd_new_path(NULL, ly_native_ctx, xpath, word, 0, &node) !=
	    LY_SUCCESS)
		fail_msg("%s has no value %s", path, word);
	while (node && lyd_parent(node))
		node = lyd_parent(node);
	lyd_free_all(node);
}

/* What C can say the model can. */
static void test_words(void **state)
{
	unsigned i;

	for (i = 0; i < WGD_MESH_STATES; i++)
		has_word("state", wgd_mesh_state_str(i));
	for (i = WGD_MESH_PEER + 1; i <= WGD_MESH_HUB_NUMBER_IN_USE; i++)
		has_word("member[number='1']/refused", wgd_mesh_refused_str(i));
	for (i = 0; i < WG_PATH_STATES; i++)
		has_word("member[number='1']/path", wg_path_state_str(i));
	for (i = 0; i < WG_PATH_WHYS; i++)
		has_word("member[number='1']/path-reason", wg_path_why_str(i));
	for (i = WG_WALL_CLOCK; i <= WG_WALL_BELOW_FLOOR; i++)
		has_word("time-source", wg_wall_source_str(i));
	for (i = 0; i < WG_ALARMS; i++)
		has_word("alarm/kind", wg_alarm_kind_str(i));
}

static void test_list(void **state)
{
	const struct nb_node *node = nb_node_find(STATE "/member");
	struct nb_cb_get_next_args next = {.parent_list_entry = &ifp};
	struct yang_list_keys keys;
	struct nb_cb_get_keys_args get = {.list_entry = &site, .keys = &keys};
	struct nb_cb_lookup_entry_args find = {.parent_list_entry = &ifp,
					       .keys = &keys};

	assert_ptr_equal(node->cbs.get_next(&next), &hub);
	next.list_entry = &hub;
	assert_ptr_equal(node->cbs.get_next(&next), &site);
	next.list_entry = &site;
	assert_null(node->cbs.get_next(&next));
	assert_int_equal(node->cbs.get_keys(&get), NB_OK);
	assert_string_equal(keys.key[0], "7");
	assert_ptr_equal(node->cbs.lookup_entry(&find), &site);
	strlcpy(keys.key[0], "8", sizeof(keys.key[0]));
	assert_null(node->cbs.lookup_entry(&find));
	wif->mesh = NULL;
	next.list_entry = NULL;
	assert_null(node->cbs.get_next(&next));
}

static void test_alarms(void **state)
{
	const struct nb_node *node = nb_node_find(STATE "/alarm");
	struct nb_cb_get_next_args next = {.parent_list_entry = &ifp};
	const void *first, *second;

	assert_null(node->cbs.get_next(&next));
	wgd_alarm_happened(&mesh, WG_ALARM_CONFLICT, "h", "two of %s", "one");
	wgd_alarm_happened(&mesh, WG_ALARM_DISK, NULL, "full");
	first = node->cbs.get_next(&next);
	assert_non_null(first);
	next.list_entry = first;
	second = node->cbs.get_next(&next);
	assert_non_null(second);
	next.list_entry = second;
	assert_null(node->cbs.get_next(&next));
	is("alarm/kind", first, "conflict");
	is("alarm/member", first, "h");
	is("alarm/text", first, "two of one");
	is("alarm/since", first, "0");
	is("alarm/kind", second, "disk");
	is("alarm/member", second, NULL);
}

/* --- RPCs */

static char err[256], out[256];
static const char *force; /* its leaf; NULL: absent */

/* What it says of LEAF is in out, or why it failed in err. */
static int rpc(const char *xpath, const char *ifname, const char *file,
	       const char *name)
{
	struct nb_cb_rpc_args args = {
		.xpath = xpath, .errmsg = err, .errmsg_len = sizeof(err)};
	const struct nb_node *node = nb_node_find(xpath);
	int rc;

	*out = *err = '\0';
#if FRR_VER >= 100100
	struct lyd_node *input, *output;

	lyd_new_path(NULL, ly_native_ctx, xpath, NULL, 0, &input);
	lyd_new_path(NULL, ly_native_ctx, xpath, NULL, 0, &output);
	if (ifname)
		lyd_new_path(input, ly_native_ctx, "interface", ifname, 0,
			     NULL);
	if (file)
		lyd_new_path(input, ly_native_ctx, "file", file, 0, NULL);
	if (force)
		lyd_new_path(input, ly_native_ctx, "force", force, 0, NULL);
	args.input = input;
	args.output = output;
	rc = node->cbs.rpc(&args);
	if (yang_dnode_exists(output, name))
		strlcpy(out, yang_dnode_get_string(output, "%s", name),
			sizeof(out));
	lyd_free_all(input);
	lyd_free_all(output);
#else
	struct list *input = yang_data_list_new(),
		    *output = yang_data_list_new();
	struct yang_data *d;
	char path[XPATH_MAXLEN];

	snprintf(path, sizeof(path), "%s/input/interface", xpath);
	if (ifname)
		listnode_add(input, yang_data_new(path, ifname));
	snprintf(path, sizeof(path), "%s/input/file", xpath);
	if (file)
		listnode_add(input, yang_data_new(path, file));
	snprintf(path, sizeof(path), "%s/input/force", xpath);
	if (force)
		listnode_add(input, yang_data_new(path, force));
	args.input = input;
	args.output = output;
	rc = node->cbs.rpc(&args);
	d = yang_data_list_find(output, "%s/output/%s", xpath, name);
	if (d)
		strlcpy(out, d->value, sizeof(out));
	list_delete(&input);
	list_delete(&output);
#endif
	return rc;
}

static void test_request(void **state)
{
	assert_int_equal(rpc(WGD_RPC_MESH_REQUEST, "wg0", NULL, "line"), NB_OK);
	assert_string_equal(out, "wgreq1:AAAA");
	mesh.self->reason = XSTRDUP(MTYPE_WGD_STR, "the disk is full");
	assert_int_equal(rpc(WGD_RPC_MESH_REQUEST, "wg0", NULL, "line"),
			 NB_ERR);
	assert_string_equal(err, "the disk is full");
	assert_string_equal(out, "");
	assert_int_equal(rpc(WGD_RPC_MESH_REQUEST, "wg9", NULL, "line"),
			 NB_ERR_NOT_FOUND);
	assert_string_equal(err, "wg9 is in no mesh");
}

static void test_load(void **state)
{
	assert_int_equal(rpc(WGD_RPC_MESH_LOAD, "wg0", "/a/update", "items"),
			 NB_OK);
	assert_string_equal(out, "2");
	assert_string_equal(loaded, "/a/update");
	assert_int_equal(rpc(WGD_RPC_MESH_LOAD, "wg0", "/a/update", "answer"),
			 NB_OK);
	assert_string_equal(out, "/a/update of 2");
	assert_false(forced);
	force = "true";
	assert_int_equal(rpc(WGD_RPC_MESH_LOAD, "wg0", "/a/update", "answer"),
			 NB_OK);
	assert_true(forced);
	force = NULL;
	load_rc = -ENOENT;
	assert_int_equal(rpc(WGD_RPC_MESH_LOAD, "wg0", "/a/update", "items"),
			 NB_ERR);
	assert_string_equal(out, "");
	assert_true(strstr(err, "/a/update of -"));
	*loaded = '\0';
	assert_int_equal(rpc(WGD_RPC_MESH_LOAD, "wg9", "/a/update", "items"),
			 NB_ERR_NOT_FOUND);
	assert_string_equal(loaded, "");
}

/* --- the notification */

static char told[512];

static int tell(const char *xpath, struct list *arguments)
{
	struct listnode *node;
	struct yang_data *d;

	strlcpy(told, xpath, sizeof(told));
	for (ALL_LIST_ELEMENTS_RO(arguments, node, d)) {
		strlcat(told, strrchr(d->xpath, '/'), sizeof(told));
		strlcat(told, "=", sizeof(told));
		strlcat(told, d->value, sizeof(told));
	}
	return 0;
}

/* Once for each change; a member that never was a peer is none. */
static void test_notification(void **state)
{
	static struct wgd_peer peer;

	hook_register(nb_notification_send, tell);
	hook_register(wgd_mesh_member_changed, wgd_nb_member_changed);
	*told = '\0';
	wgd_mesh_tell(&mesh, &hub);
	wgd_mesh_tell(&mesh, &site);
	assert_string_equal(told, "");
	hub.peer = &peer;
	wgd_mesh_tell(&mesh, &hub);
	assert_string_equal(
		told,
		"/frr-wireguard:mesh-member-change/interface=wg0/mesh=acme/member=h/number=3/is-peer=true/live=true");
	*told = '\0';
	wgd_mesh_tell(&mesh, &hub);
	assert_string_equal(told, "");
	hub.connected = false;
	wgd_mesh_tell(&mesh, &hub);
	assert_true(strstr(told, "/is-peer=true/live=false"));
	hub.peer = NULL;
	hub.refused = WGD_MESH_OUT_OF_TIME;
	wgd_mesh_tell(&mesh, &hub);
	assert_true(strstr(told, "/is-peer=false/live=false/refused=expired"));
	hook_unregister(wgd_mesh_member_changed, wgd_nb_member_changed);
	hook_unregister(nb_notification_send, tell);
}

static void test_path_notification(void **state)
{
	struct wgd_path path;
	struct wgd_peer peer;

	hook_register(nb_notification_send, tell);
	make_direct(&peer, &path);
	assert_int_equal(wgd_nb_path_changed(&mesh, &site), 0);
	assert_string_equal(
		told,
		"/frr-wireguard:mesh-path-change/interface=wg0/mesh=acme/member=a/number=7/path=direct");
	path.core.state = WG_PATH_RETURNING;
	assert_int_equal(wgd_nb_path_changed(&mesh, &site), 0);
	assert_true(strstr(told, "/path=returning/path-reason=lost"));
	hook_unregister(nb_notification_send, tell);
}

static void test_alarm_notification(void **state)
{
	static const struct wg_alarm alarm = {
		.kind = WG_ALARM_EXPIRY, .subject = "h", .text = "soon"};

	hook_register(nb_notification_send, tell);
	assert_int_equal(wgd_nb_alarm_changed(&mesh, &alarm, true), 0);
	assert_string_equal(
		told,
		"/frr-wireguard:mesh-alarm/interface=wg0/mesh=acme/kind=expiry/raised=true/member=h/text=soon");
	hook_unregister(nb_notification_send, tell);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_words),   CASE(test_mesh),
		CASE(test_joining), CASE(test_members),
		CASE(test_list),    CASE(test_request),
		CASE(test_load),    CASE(test_notification),
		CASE(test_alarms),  CASE(test_alarm_notification),
		CASE(test_path),    CASE(test_path_notification),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
