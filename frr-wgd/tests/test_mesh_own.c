// SPDX-License-Identifier: GPL-2.0-or-later
/* Our own state, and records of ours that we did not make. */
#include "frr-wgd/tests/mesh_map.h"

#include "frr-wgd/mesh/wgd_own.h"

#define DAY 86400
#define UNTIL (400 * DAY)
#define HUB 20
#define OTHER_HUB 21
#define INVITE 50

static void given(const struct wg_offer *c)
{
	mesh->self->certificate.len = c->len;
	memcpy(mesh->self->certificate.b, c->b, c->len);
	mesh_take(c, 0);
}

static struct wg_offer *certificate(uint32_t serial, uint8_t flags)
{
	return mesh_certificate(
		&items,
		(struct mesh_certificate){
			.member = MESH_SELF,
			.serial = serial,
			.key = flags & WG_ITEM_FLAG_INVITE ? INVITE : MESH_SELF,
			.flags = flags,
			.until = UNTIL});
}

static const char *state(void)
{
	wgd_own_state(mesh);
	return wgd_mesh_state_str(mesh->state);
}

static void begin(void)
{
	given(certificate(1, 0));
	wgd_own_begin(mesh);
	assert_string_equal(state(), "joining");
}

static void connect_hub(void)
{
	mesh_synced = true;
	assert_string_equal(state(), "connected");
}

static void test_connected_and_isolated(void **s)
{
	begin();
	mesh_now_ms += 3600000;
	assert_string_equal(state(), "joining"); /* never let in */
	connect_hub();
	/* nobody asks while a hub is there, only when it is lost */
	mesh_now_ms += 3600000;
	mesh_synced = false;
	assert_string_equal(state(), "connected");
	mesh_now_ms += 14999;
	assert_string_equal(state(), "connected");
	mesh_now_ms += 1;
	assert_string_equal(state(), "isolated");
	connect_hub();
}

static bool record(uint64_t sequence, uint8_t wg_key, uint32_t from)
{
	return mesh_take(
		mesh_record(&items, (struct mesh_record){.member = MESH_SELF,
							 .sequence = sequence,
							 .identity = MESH_SELF,
							 .wg_key = wg_key}),
		from);
}

/* As a start finds it that has been in the mesh before. */
static void test_isolated_after_a_start(void **s)
{
	given(certificate(1, 0));
	assert_true(record(3, 60, 0));
	wgd_own_begin(mesh);
	assert_string_equal(state(), "joining");
	mesh_now_ms += 15000;
	assert_string_equal(state(), "isolated");
}

static void test_revoked(void **s)
{
	begin();
	connect_hub();
	mesh_take(mesh_list(&items,
			    (struct mesh_list){.number = 1,
					       .due = UNTIL,
					       .revoked = {{MESH_SELF, 2}}}),
		  3);
	assert_string_equal(state(), "revoked");
	/* the keeper gives us a new one */
	mesh_take(certificate(2, 0), 3);
	assert_string_equal(state(), "connected");
}

/* All leave us at once, so the list may never come; and doors may lie. */
static void test_a_door_says_revoked(void **s)
{
	begin();
	mesh_why = "revoked";
	assert_string_equal(state(), "revoked");
	connect_hub();
	mesh_synced = false;
	assert_string_equal(state(), "connected");
	mesh_now_ms += 15000;
	assert_string_equal(state(), "revoked");
	mesh_why = "disputed";
	assert_string_equal(state(), "disputed");
	mesh_why = "busy";
	assert_string_equal(state(), "isolated");
}

static void test_void_authority(void **s)
{
	begin();
	mesh_take(mesh_authority(
			  &items,
			  (struct mesh_authority){.number = 4,
						  .key = 90,
						  .flags = WG_ITEM_FLAG_VOID}),
		  3);
	assert_string_equal(state(), "joining");
	mesh_take(mesh_list(&items, (struct mesh_list){.authority = 4,
						       .number = 1,
						       .signer = 90}),
		  3);
	assert_string_equal(state(), "revoked");
}

static void test_expired(void **s)
{
	begin();
	connect_hub();
	mesh_wall.now = UNTIL + 30 * DAY;
	assert_string_equal(state(), "connected");
	mesh_wall.now++;
	assert_string_equal(state(), "expired");
	/* a clock that nobody set removes nobody */
	mesh_wall.unsynchronised = true;
	assert_string_equal(state(), "connected");
}

static void hub(uint32_t number, uint8_t n)
{
	struct mesh_certificate c = {.member = number,
				     .serial = 1,
				     .key = number,
				     .flags = WG_ITEM_FLAG_HUB,
				     .until = UNTIL};

	c.mark = n;
	assert_true(mesh_take(mesh_certificate(&items, c), 0));
}

static void witness(uint32_t by, uint8_t identity)
{
	assert_true(mesh_take(
		mesh_witness(&items, (struct mesh_witness){.member = MESH_SELF,
							   .hub = by,
							   .invite = INVITE,
							   .identity = identity,
							   .signer = by}),
		by));
}

static void test_disputed(void **s)
{
	given(certificate(1, WG_ITEM_FLAG_INVITE));
	wgd_own_begin(mesh);
	hub(HUB, 1);
	hub(OTHER_HUB, 2);
	witness(HUB, 70);
	assert_string_equal(state(), "joining");
	witness(OTHER_HUB, 71);
	assert_string_equal(state(), "disputed");
	/* invited anew */
	mesh_take(certificate(2, 0), 3);
	assert_string_equal(state(), "joining");
}

/* --- records */

static void test_restored_backup(void **s)
{
	given(certificate(1, 0));
	record(3, 60, 0);
	wgd_own_begin(mesh);
	assert_true(wgd_own_may_say(mesh));
	/* a hub has what we said after the backup was made */
	record(9, 60, 3);
	mesh_synced = true;
	assert_true(wgd_own_may_say(mesh));
	assert_int_equal(wgd_mesh_sequence(mesh), 9);
	assert_int_equal(mesh->floor, 9); /* so the next one is above it */
	assert_string_equal(mesh_alarms(), "");
	assert_string_equal(state(), "connected");
}

static void test_cloned(void **s)
{
	begin();
	mesh_synced = true;
	assert_true(wgd_own_may_say(mesh));
	record(5, 61, 3);
	assert_true(wgd_own_may_say(mesh));
	assert_int_equal(mesh->floor, 5);
	assert_string_equal(mesh_alarms(), "cloned");
	assert_string_equal(state(), "cloned");
	/* it answers at once; for a minute we say nothing */
	record(7, 61, 3);
	glue_run(5);
	mesh_acts = 0;
	assert_false(wgd_own_may_say(mesh));
	glue_run(5);
	assert_int_equal(mesh_acts, 0); /* nor do we look again and again */
	mesh_now_ms += 59999;
	assert_false(wgd_own_may_say(mesh));
	mesh_now_ms += 1;
	assert_true(wgd_own_may_say(mesh));
	/* it is gone; the alarm stands for a day */
	mesh_now_ms += 300000;
	assert_true(wgd_own_may_say(mesh));
	assert_string_equal(state(), "connected");
	assert_string_equal(mesh_alarms(), "cloned");
	mesh_now_ms += DAY * 1000LL;
	assert_string_equal(mesh_alarms(), "");
}

/* The keeper let another machine in, as the member that we were. */
static void test_another_in_our_place(void **state)
{
	begin();
	mesh_synced = true;
	assert_true(wgd_own_may_say(mesh));
	mesh_take(mesh_certificate(&items, (struct mesh_certificate){
						   .member = MESH_SELF,
						   .serial = 2,
						   .key = 55,
						   .until = UNTIL}),
		  3);
	mesh_take(mesh_record(&items, (struct mesh_record){.member = MESH_SELF,
							   .sequence = 1,
							   .identity = 55,
							   .wg_key = 61}),
		  3);
	wgd_own_may_say(mesh);
	wgd_own_state(mesh);
	/* it has an identity of its own */
	assert_string_equal(mesh_alarms(), "");
	assert_string_equal(wgd_mesh_state_str(mesh->state), "connected");
	assert_int_equal(mesh->floor, 0);
}

/* Who stole our identity says the last number: we say nothing, and never 0. */
static void test_last_sequence(void **s)
{
	const struct wg_offer *c;
	uint64_t next = 0;

	begin();
	mesh_synced = true;
	assert_true(wgd_mesh_next_sequence(mesh, 0, &next));
	assert_int_equal(next, 1);
	assert_true(wgd_mesh_next_sequence(mesh, UINT64_MAX - 1, &next));
	assert_true(next == UINT64_MAX);
	assert_false(wgd_mesh_next_sequence(mesh, UINT64_MAX, &next));
	assert_true(wgd_own_may_say(mesh));
	assert_true(record(UINT64_MAX, 61, 3));
	wgd_own_may_say(mesh);
	assert_string_equal(mesh_alarms(), "cloned");
	assert_false(wgd_mesh_next_sequence(mesh, 0, &next));
	/* the keeper certifies another identity: its numbers are others */
	c = mesh_certificate(&items,
			     (struct mesh_certificate){.member = MESH_SELF,
						       .serial = 2,
						       .key = MESH_SELF + 1,
						       .until = UNTIL});
	given(c);
	mesh->floor = 0; /* as whoever reads it does */
	assert_true(wgd_mesh_next_sequence(mesh, 0, &next));
	assert_int_equal(next, 1);
}

/* --- our certificate */

static void test_renewed_as_a_hub(void **s)
{
	struct wgd_mesh_member other = {.number = 3};
	struct wgd_mesh_member *members[] = {&other};

	begin();
	mesh->members = members;
	mesh->n_members = 1;
	wgd_own_certificate(mesh);
	assert_int_equal(mesh->hub, 0);
	assert_false(other.changed);
	mesh_take(certificate(2, WG_ITEM_FLAG_HUB), 3);
	wgd_own_certificate(mesh);
	assert_int_equal(mesh->hub, 1);
	assert_true(other.changed); /* it has another relay address */
	mesh_take(certificate(3, 0), 3);
	wgd_own_certificate(mesh);
	assert_int_equal(mesh->hub, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MESH(test_connected_and_isolated),
		MESH(test_isolated_after_a_start),
		MESH(test_revoked),
		MESH(test_a_door_says_revoked),
		MESH(test_void_authority),
		MESH(test_expired),
		MESH(test_disputed),
		MESH(test_restored_backup),
		MESH(test_cloned),
		MESH(test_another_in_our_place),
		MESH(test_last_sequence),
		MESH(test_renewed_as_a_hub),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
