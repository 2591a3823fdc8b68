// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a member of the map is no peer, and when that changes by itself. */
#include "frr-wgd/tests/mesh_map.h"

#include "frr-wgd/mesh/wgd_judge.h"

#define DAY 86400
#define UNTIL (400 * DAY)

static struct wgd_mesh_member member;

static const char *verdict(void)
{
	struct wg_directory_who who;

	wg_directory_who(wgd_map_directory(mesh->map), 3, &who);
	member.refused = who.newest ? wgd_judge(mesh, &member, &who)
				    : wgd_judge_gone(mesh, &member);
	return wgd_mesh_refused_str(member.refused);
}

static bool differs(void)
{
	struct wg_wall wall = wgd_mesh_wall(mesh);

	return wgd_judge_differs(&member, &wall);
}

static void certificate(uint8_t flags)
{
	assert_true(mesh_take(
		mesh_certificate(&items,
				 (struct mesh_certificate){.member = 3,
							   .serial = 1,
							   .key = 3,
							   .flags = flags,
							   .until = UNTIL}),
		0));
	member = (struct wgd_mesh_member){
		.number = 3, .serial = 1, .until = UNTIL};
}

static void record(void)
{
	assert_true(mesh_take(
		mesh_record(&items, (struct mesh_record){.member = 3,
							 .sequence = 1,
							 .identity = 3,
							 .wg_key = 60}),
		0));
}

static void list(uint32_t number, uint32_t revoked)
{
	assert_true(mesh_take(
		mesh_list(&items,
			  (struct mesh_list){.number = number,
					     .revoked = {{revoked, 2}}}),
		0));
}

static void test_one_after_another(void **state)
{
	certificate(WG_ITEM_FLAG_INVITE);
	assert_string_equal(verdict(), "not-redeemed");
	mesh_teardown(state);
	mesh_setup(state);
	certificate(0);
	assert_string_equal(verdict(), "no-record");
	record();
	assert_string_equal(verdict(), "no-list");
	assert_false(differs());
	list(1, 99);
	assert_string_equal(verdict(), "");
	assert_false(differs());
	list(2, 3);
	assert_string_equal(verdict(), "revoked");
	assert_false(differs());
}

/* Hubs know who is revoked, and of hubs no list is awaited. */
static void test_no_list_is_a_matter_of_sites(void **state)
{
	certificate(0);
	record();
	mesh->is_hub = true;
	assert_string_equal(verdict(), "");
	mesh->is_hub = false;
	member.hub = 1;
	assert_string_equal(verdict(), "");
}

static void test_time_alone(void **state)
{
	certificate(0);
	record();
	list(1, 99);
	assert_string_equal(verdict(), "");
	mesh_wall.now = UNTIL + 30 * DAY;
	assert_false(differs());
	mesh_wall.now++;
	assert_true(differs());
	assert_string_equal(verdict(), "expired");
	assert_false(differs());
	/* the clock was wrong, or is not to be relied on */
	mesh_wall.unsynchronised = true;
	assert_true(differs());
	assert_string_equal(verdict(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MESH(test_one_after_another),
		MESH(test_no_list_is_a_matter_of_sites),
		MESH(test_time_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
