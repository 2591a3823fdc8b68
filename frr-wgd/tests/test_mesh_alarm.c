// SPDX-License-Identifier: GPL-2.0-or-later
/* Which alarms follow from items, clock and disk, and what is told of them. */
#include "frr-wgd/tests/mesh_map.h"

#include <sys/stat.h>

#include "frr-wgd/mesh/wgd_alarm.h"

#define DAY 86400
#define UNTIL (400 * DAY)

static unsigned raised, cleared;

static int count(const struct wgd_mesh *m, const struct wg_alarm *a, bool up)
{
	assert_ptr_equal(m, mesh);
	if (up)
		raised++;
	else
		cleared++;
	return 0;
}

static struct wg_offer *certificate(uint32_t member, uint64_t until)
{
	return mesh_certificate(&items,
				(struct mesh_certificate){.member = member,
							  .serial = 1,
							  .key = member,
							  .until = until});
}

/* We have a certificate, and nothing is alarming. */
static void begin(void)
{
	raised = cleared = 0;
	assert_true(mesh_take(certificate(MESH_SELF, UNTIL), 0));
	mesh->self->certificate.len = certificate(MESH_SELF, UNTIL)->len;
	memcpy(mesh->self->certificate.b, certificate(MESH_SELF, UNTIL)->b,
	       mesh->self->certificate.len);
	mesh_wall.now = 1000;
	assert_string_equal(mesh_alarms(), "");
}

static void test_clock(void **state)
{
	begin();
	mesh_wall.unsynchronised = true;
	assert_string_equal(mesh_alarms(), "clock");
	assert_int_equal(raised, 1);
	mesh_alarms();
	assert_int_equal(raised, 1);
	mesh_wall.unsynchronised = false;
	assert_string_equal(mesh_alarms(), "");
	assert_int_equal(cleared, 1);
	/* something was signed later than our clock says */
	assert_true(mesh_take(mesh_list(&items, (struct mesh_list){
							.number = 1,
							.mark = 200,
							.due = UNTIL}),
			      0));
	mesh_wall.now = 199;
	assert_string_equal(mesh_alarms(), "clock");
	mesh_wall.now = 200;
	assert_string_equal(mesh_alarms(), "");
}

/* The floor is the newest on disk, too. */
static void test_floor_is_on_disk(void **state)
{
	begin();
	mesh_take(mesh_list(&items, (struct mesh_list){.number = 1,
						       .mark = 200,
						       .due = UNTIL}),
		  0);
	mesh_restart();
	mesh_wall.now = 199;
	assert_string_equal(mesh_alarms(), "clock");
}

static void test_expiry(void **state)
{
	static const struct {
		uint64_t left;
		unsigned raised; /* since the beginning */
	} cases[] = {
		{31 * DAY, 0}, {30 * DAY, 1}, {29 * DAY, 1},
		{7 * DAY, 2},  {DAY, 3},      {DAY / 2, 3},
	};
	size_t i;

	begin();
	for (i = 0; i < array_size(cases); i++) {
		mesh_wall.now = UNTIL - cases[i].left;
		assert_string_equal(mesh_alarms(),
				    cases[i].raised ? "expiry" : "");
		assert_int_equal(raised, cases[i].raised);
	}
	/* renewed */
	assert_true(mesh_take(mesh_certificate(&items,
					       (struct mesh_certificate){
						       .member = MESH_SELF,
						       .serial = 2,
						       .key = MESH_SELF,
						       .until = 2 * UNTIL}),
			      0));
	assert_string_equal(mesh_alarms(), "");
	assert_int_equal(cleared, 1);
}

static void test_expiry_of_another(void **state)
{
	struct wgd_mesh_member berlin = {.number = 3,
					 .serial = 1,
					 .name = "berlin",
					 .until = 1000 + 5 * DAY};
	struct wgd_mesh_member *members[] = {&berlin};

	begin();
	mesh->members = members;
	mesh->n_members = 1;
	assert_string_equal(mesh_alarms(), "expiry berlin");
	assert_non_null(strstr(wgd_alarm_at(mesh, 0)->text, "7 days"));
	berlin.serial = 0; /* gone from the map */
	assert_string_equal(mesh_alarms(), "");
}

/* Others came first, more than there is room for: ours is told all the same. */
static void test_expiry_of_a_crowd_and_us(void **state)
{
	static struct wgd_mesh_member crowd[20];
	static struct wgd_mesh_member *members[array_size(crowd)];
	size_t i;

	begin();
	for (i = 0; i < array_size(crowd); i++) {
		crowd[i] = (struct wgd_mesh_member){
			.number = 30 + i, .serial = 1, .until = UNTIL - DAY};
		snprintf(crowd[i].name, sizeof(crowd[i].name), "site%zu", i);
		members[i] = &crowd[i];
	}
	mesh->members = members;
	mesh->n_members = array_size(crowd);
	mesh_wall.now = UNTIL - 31 * DAY;
	mesh_alarms();
	assert_int_equal(raised, 16);
	mesh_wall.now += DAY;
	mesh_alarms();
	assert_int_equal(raised, 17);
	assert_non_null(strstr(wgd_alarm_at(mesh, 0)->text, "our certificate"));
}

static void test_list_overdue(void **state)
{
	begin();
	assert_true(mesh_take(mesh_list(&items, (struct mesh_list){
							.number = 1,
							.due = 2000}),
			      0));
	mesh_wall.now = 2000;
	assert_string_equal(mesh_alarms(), "");
	mesh_wall.now = 2001;
	assert_string_equal(mesh_alarms(), "list-overdue");
	mesh_take(mesh_list(&items, (struct mesh_list){.number = 2,
						       .due = UNTIL}),
		  0);
	assert_string_equal(mesh_alarms(), "");
}

static void test_conflict(void **state)
{
	struct mesh_certificate c = {
		.member = MESH_SELF, .serial = 1, .key = 9, .until = UNTIL};

	begin();
	/* one of the two has the lower hash: offer both, whichever it is */
	mesh_take(mesh_certificate(&items, c), 3);
	for (c.mark = 1; !mesh_take(mesh_certificate(&items, c), 3); c.mark++)
		assert_true(c.mark < 100);
	mesh_alarms();
	assert_string_equal(wg_alarm_kind_str(wgd_alarm_at(mesh, 0)->kind),
			    "conflict");
	assert_non_null(strstr(wgd_alarm_at(mesh, 0)->text, "certificate"));
	assert_string_equal(wgd_alarm_at(mesh, 0)->subject, "name");
}

static void test_over_maximum(void **state)
{
	uint32_t n;

	begin();
	for (n = 1; n <= 100; n++)
		mesh_take(certificate(100 + n, UNTIL), 3);
	assert_string_equal(mesh_alarms(), "over-maximum-members");
}

/* A file that cannot be written is so until it can. */
static void test_disk_full(void **state)
{
	begin();
	assert_int_equal(wgd_map_save(mesh->map), 0);
	unlink(mesh_file);
	snprintf(mesh_file, sizeof(mesh_file), "/proc/none/items");
	mesh_restart();
	assert_int_equal(wgd_map_save(mesh->map), -ENOENT);
	assert_string_equal(mesh_alarms(), "disk");
	assert_non_null(strstr(wgd_alarm_at(mesh, 0)->text,
			       "/proc/none/items cannot be written: No such file"));
}

/* What stands before the tear is there, and the operator knows. */
static void test_disk_torn(void **state)
{
	struct stat st;

	begin();
	assert_true(mesh_take(certificate(9, UNTIL), 0));
	assert_int_equal(wgd_map_save(mesh->map), 0);
	assert_int_equal(stat(mesh_file, &st), 0);
	assert_int_equal(truncate(mesh_file, st.st_size - 1), 0);
	mesh_restart();
	assert_int_equal(wg_directory_members(wgd_map_directory(mesh->map)), 1);
	assert_string_equal(mesh_alarms(), "disk");
	assert_non_null(strstr(wgd_alarm_at(mesh, 0)->text, "torn"));
	/* it is whole again, but the disk did it once */
	assert_int_equal(wgd_map_save(mesh->map), 0);
	assert_string_equal(mesh_alarms(), "disk");
	mesh_now_ms += DAY * 1000LL;
	assert_string_equal(mesh_alarms(), "");
}

/* Who was to join with it is told at once. */
static void test_our_invite_used(void **state)
{
	begin();
	mesh_why = "busy";
	assert_string_equal(mesh_alarms(), "");
	mesh_why = "invite-used";
	assert_string_equal(mesh_alarms(), "invite-used name");
}

/* At a hub alone, and where the table is known. */
static void test_neighbour_table(void **state)
{
	begin();
	mesh->n_members = 3;
	mesh->is_hub = true;
	mesh->members = (struct wgd_mesh_member *[]){
		&(struct wgd_mesh_member){}, &(struct wgd_mesh_member){},
		&(struct wgd_mesh_member){}};
	mesh_neighbours = 12;
	assert_string_equal(mesh_alarms(), "");
	mesh_neighbours = 11;
	assert_string_equal(mesh_alarms(), "neighbour-table");
	mesh->is_hub = false;
	assert_string_equal(mesh_alarms(), "");
	mesh->is_hub = true;
	mesh_neighbours = 0;
	assert_string_equal(mesh_alarms(), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MESH(test_clock),
		MESH(test_floor_is_on_disk),
		MESH(test_expiry),
		MESH(test_expiry_of_another),
		MESH(test_expiry_of_a_crowd_and_us),
		MESH(test_list_overdue),
		MESH(test_conflict),
		MESH(test_over_maximum),
		MESH(test_disk_full),
		MESH(test_disk_torn),
		MESH(test_neighbour_table),
		MESH(test_our_invite_used),
	};

	hook_register(wgd_alarm_changed, count);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
