// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths as users see them, and what explain says of one that is not direct:
 * each reason in its words.
 *
 * We are site 2; h is a hub, b another site, which is peer b.
 */
#include "frr-wgd/tests/glue.h"

#include "frr-wgd/mesh/wgd_path_view.h"
#include "frr-wgd/show/wgd_cause.h"

static struct wgd_if *wif;
static struct wgd_mesh mesh;
static struct wgd_self self = {.number = 2, .name = (char *)"acme"};
static struct wgd_mesh_member h, b, *members[] = {&h, &b};
static struct wgd_peer peer_b;
static struct wgd_path_view v;
static struct wgd_facts f;
static struct wgd_words w = {
	.addr = "10.99.0.3", .ifname = "wg0", .owner = "b"};
static struct wgd_cause c;

/* --- what the rooms below say */

static const char *probe_error;
static struct wg_observed observed;

const char *wgd_probe_error(const struct wgd_mesh *m)
{
	return probe_error;
}

bool wgd_probe_is_open(const struct wgd_mesh *m)
{
	return !probe_error;
}

const struct wg_observed *wgd_probe_observed(const struct wgd_mesh *m)
{
	return &observed;
}

static void act(struct event *t)
{
}

static int setup(void **state)
{
	glue_setup(state);
	wif = wgd_if_new("wg0");
	wif->port = 51820;
	h = (struct wgd_mesh_member){.number = 1, .hub = 1, .name = "h"};
	b = (struct wgd_mesh_member){
		.number = 3, .name = "b", .peer = &peer_b};
	peer_b = (struct wgd_peer){.wif = wif};
	mesh = (struct wgd_mesh){.wif = wif,
				 .self = &self,
				 .members = members,
				 .n_members = array_size(members)};
	wif->mesh = &mesh;
	wgd_path_new(&mesh, act);
	f = (struct wgd_facts){.addr = addr_of("10.99.0.3"),
			       .wif = wif,
			       .peer = &peer_b,
			       .member = &b};
	observed = (struct wg_observed){};
	probe_error = NULL;
	return 0;
}

static int teardown(void **state)
{
	wgd_path_delete(&mesh);
	wif->mesh = NULL;
	wgd_if_delete(wif);
	return glue_teardown(state);
}

/* The path to b is in that state, for that reason, since a second. */
static struct wg_path *path_is(enum wg_path_state state, enum wg_path_why why)
{
	struct wg_path *p = &wgd_path_get(&mesh, &b)->core;

	p->state = state;
	p->why = why;
	p->since_ms = wgd_now_ms() - 1000;
	p->hold_ms = 0;
	return p;
}

/* --- the view */

/* A hub has no paths, nor has a site to one. */
static void test_none(void **state)
{
	assert_false(wgd_path_view(&h, &v));
	h.peer = &peer_b;
	assert_false(wgd_path_view(&h, &v));
	assert_true(wgd_path_view(&b, &v));
	mesh.is_hub = true;
	assert_false(wgd_path_view(&b, &v));
	mesh.is_hub = false;
	b.peer = NULL;
	assert_false(wgd_path_view(&b, &v));
}

static void test_relayed(void **state)
{
	assert_true(wgd_path_view(&b, &v)); /* nobody wanted more */
	assert_int_equal(v.state, WG_PATH_RELAY);
	assert_int_equal(v.why, WG_PATH_WHY_NO_DEMAND);
	assert_int_equal(v.since_ms, -1);
	assert_int_equal(v.relay_rtt_ms, -1);
	assert_int_equal(v.direct_rtt_ms, -1);
	path_is(WG_PATH_RELAY, WG_PATH_WHY_NO_PONG)->relay_rtt_ms = 61;
	b.path->core.hold_ms = wgd_now_ms() + 40000;
	assert_true(wgd_path_view(&b, &v));
	assert_int_equal(v.why, WG_PATH_WHY_NO_PONG);
	assert_in_range(v.since_ms, 1000, 60000);
	assert_int_equal(v.relay_rtt_ms, 61);
	assert_int_equal(v.direct_rtt_ms, -1);
	assert_in_range(v.held_ms, 1, 40000);
	b.path->core.hold_ms = wgd_now_ms() - 1; /* that is over */
	assert_true(wgd_path_view(&b, &v));
	assert_int_equal(v.held_ms, 0);
}

static void test_direct(void **state)
{
	struct wg_path *p = path_is(WG_PATH_DIRECT, WG_PATH_WHY_NO_DEMAND);

	p->rtt_ms = 20;
	p->relay_rtt_ms = 61;
	assert_true(wgd_path_view(&b, &v));
	assert_int_equal(v.direct_rtt_ms, 20); /* as the PONG said */
	assert_int_equal(v.relay_rtt_ms, 61);
	b.hello.state = WG_HELLO_ALIVE; /* HELLOs know it better */
	b.hello.rtt_ms = 23;
	assert_true(wgd_path_view(&b, &v));
	assert_int_equal(v.direct_rtt_ms, 23);
}

/* What was counted stays when the path goes. */
static void test_counts(void **state)
{
	struct wg_path *p = path_is(WG_PATH_RELAY, WG_PATH_WHY_LOST);

	assert_int_equal(wgd_path_counts(&mesh).attempts, 0);
	p->attempts = 5;
	p->switches = 2;
	p->losses = 1;
	wgd_path_forget(&mesh, &b);
	p = path_is(WG_PATH_RELAY, WG_PATH_WHY_LOST);
	p->attempts = 1;
	assert_int_equal(wgd_path_counts(&mesh).attempts, 6);
	assert_int_equal(wgd_path_counts(&mesh).switches, 2);
	assert_int_equal(wgd_path_counts(&mesh).losses, 1);
}

/* --- explain */

static void is(const char *name, const char *reason, const char *first_try)
{
	assert_true(wgd_cause_path(&f, &w, &v, &c));
	if (name)
		assert_string_equal(c.name, name);
	else
		assert_null(c.name);
	assert_string_equal(c.reason, reason);
	assert_string_equal(c.n_tries ? c.tries[0] : "", first_try);
}

static void why_is(enum wg_path_why why, const char *name, const char *reason,
		   const char *first_try)
{
	path_is(WG_PATH_RELAY, why);
	is(name, reason, first_try);
}

static void test_reasons(void **state)
{
	is("no-demand",
	   "neither end sent data: two packets within 10 s make them try",
	   "ping 10.99.0.3");
	why_is(WG_PATH_WHY_NO_ANSWER, "no-answer",
	       "b did not answer our call, which a hub was to bring",
	       "at b: show wireguard mesh: is it connected?");
	why_is(WG_PATH_WHY_NO_CANDIDATE, "no-candidate",
	       "b names no place where we could try: it must not or cannot probe, or no hub has told it where it is seen",
	       "at b: show wireguard mesh members: is it direct never, or no-raw-socket?");
	why_is(WG_PATH_WHY_NO_SETTLE, "no-settle",
	       "probes come through between us and b, but WireGuard's packets did not in time",
	       "tcpdump -n udp port 51820, here and there: do long packets arrive?");
	why_is(WG_PATH_WHY_LOST, "lost",
	       "it was direct, until nothing came back from b",
	       "if it happens often: does a NAT forget UDP within seconds, or is a link bad? ping by the underlay");
	why_is(WG_PATH_WHY_IDLE, "idle",
	       "it was direct, until neither end had data for the other: it is tried again as soon as there is",
	       "interface wg0: wireguard mesh idle-timeout, longer, or wireguard mesh direct always");
	why_is(WG_PATH_WHY_NEVER, "never",
	       "a line of interface wg0, wireguard mesh direct never, forbids it",
	       "interface wg0: no wireguard mesh direct");
	why_is(WG_PATH_WHY_NEW_KEY, "new-key",
	       "b has a new WireGuard key: it is tried again as soon as there is data",
	       "ping 10.99.0.3");
}

static void test_no_raw_socket(void **state)
{
	probe_error = "CAP_NET_RAW is missing"; /* and there is no path */
	is("no-raw-socket", "wgd cannot probe: CAP_NET_RAW is missing",
	   "let wgd have CAP_NET_RAW, and start it anew; show wireguard protection says what it has");
}

/* What it means depends on our own NAT. */
static void test_no_pong(void **state)
{
	static const char *const forward =
		"forward UDP port 51820 of the NAT to this machine, and interface wg0: wireguard mesh endpoint ADDRESS port 51820";
	int64_t now = wgd_now_ms();
	struct wg_endpoint seen = {.addr = addr_of("203.0.113.7"),
				   .port = 40312};
	struct wg_endpoint own = {.addr = addr_of("203.0.113.7"),
				  .port = 51820};

	why_is(WG_PATH_WHY_NO_PONG, "no-pong",
	       "no probe came through: the NAT of b, or ours, gives each place another port, or a firewall drops UDP that comes from outside",
	       forward);
	assert_string_equal(
		c.tries[1],
		"at b: show wireguard mesh: is its NAT symmetric? then publish a port there");
	wg_observed_pong(&observed, 1, AF_INET, &seen, now);
	seen.port++;
	wg_observed_pong(&observed, 2, AF_INET, &seen, now);
	why_is(WG_PATH_WHY_NO_PONG, "no-pong",
	       "no probe came through: our NAT is symmetric, each hub sees us with another port, so b cannot know which one to try",
	       forward);
	wg_observed_own(&observed, &own, 1);
	wg_observed_pong(&observed, 1, AF_INET, &own, now);
	wg_observed_pong(&observed, 2, AF_INET, &own, now);
	why_is(WG_PATH_WHY_NO_PONG, "no-pong",
	       "no probe came through, though we are behind no NAT: a firewall, here or there, or the NAT of b drops them",
	       "let UDP from outside in to port 51820 of this machine");
}

/* When it is tried again. */
static void test_held(void **state)
{
	path_is(WG_PATH_RELAY, WG_PATH_WHY_NO_PONG)->hold_ms =
		wgd_now_ms() + 39999;
	assert_true(wgd_cause_path(&f, &w, &v, &c));
	assert_true(strstr(c.unknown, "it is tried again in "));
	path_is(WG_PATH_RELAY, WG_PATH_WHY_NO_PONG);
	assert_true(wgd_cause_path(&f, &w, &v, &c));
	assert_string_equal(c.unknown, "");
}

/* Nothing to be done. */
static void test_under_way(void **state)
{
	path_is(WG_PATH_PROBING, WG_PATH_WHY_NO_DEMAND);
	is(NULL, "both ends are trying to be direct", "");
	path_is(WG_PATH_SWITCHING, WG_PATH_WHY_NO_DEMAND);
	is(NULL, "it is becoming direct", "");
	path_is(WG_PATH_START, WG_PATH_WHY_NO_DEMAND);
	is(NULL, "wgd was started, and does not know yet whether it is direct",
	   "");
	path_is(WG_PATH_DIRECT, WG_PATH_WHY_NO_DEMAND);
	is(NULL, "", "");
	f.member = &h;
	assert_false(wgd_cause_path(&f, &w, &v, &c));
	f.member = NULL;
	assert_false(wgd_cause_path(&f, &w, &v, &c));
}

/* None is forgotten. */
static void test_all(void **state)
{
	unsigned why;

	for (why = 0; why < WG_PATH_WHYS; why++) {
		path_is(WG_PATH_RELAY, why);
		assert_true(wgd_cause_path(&f, &w, &v, &c));
		assert_string_equal(c.name, wg_path_why_str(why));
		assert_true(*c.reason && c.n_tries);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_none),    CASE(test_relayed),
		CASE(test_direct),  CASE(test_counts),
		CASE(test_reasons), CASE(test_no_raw_socket),
		CASE(test_no_pong), CASE(test_held),
		CASE(test_all),	    CASE(test_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
