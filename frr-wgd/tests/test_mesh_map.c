// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the map is offered: each class of what is not taken is counted by its
 * reason and told of once a minute; and records come once in a while.
 */
#include "frr-wgd/tests/mesh_map.h"

#include <sys/stat.h>

#include "lib/core/wg_bounds.h"
#include "lib/core/wg_item_writer.h"

static struct wg_offer certificate(uint32_t member, uint32_t serial)
{
	return *mesh_certificate(&items,
				 (struct mesh_certificate){.member = member,
							   .serial = serial,
							   .key = member});
}

static struct wg_offer record(uint32_t member, uint64_t sequence)
{
	return *mesh_record(&items, (struct mesh_record){.member = member,
							 .sequence = sequence,
							 .identity = member,
							 .wg_key = 60});
}

static bool take(struct wg_offer offer, uint32_t from)
{
	return mesh_take(&offer, from);
}

static uint64_t sequence(uint32_t member)
{
	struct wg_directory_who who;

	wg_directory_who(wgd_map_directory(mesh->map), member, &who);
	return who.record ? wg_item_number(who.record, WG_ITEM_SEQUENCE) : 0;
}

/* --- each class */

/* It was dropped for that reason, no other one, and nothing is stored. */
static void is_dropped(struct wg_offer offer, enum wgd_drop why)
{
	struct wgd_drops before = mesh->drops;
	size_t held = wg_directory_count(wgd_map_directory(mesh->map));
	enum wgd_drop i;

	assert_false(take(offer, 3));
	for (i = 0; i < WGD_DROPS; i++)
		assert_int_equal(mesh->drops.n[i] - before.n[i], i == why);
	assert_int_equal(wg_directory_count(wgd_map_directory(mesh->map)),
			 held);
}

static void test_malformed(void **state)
{
	struct wg_offer o = certificate(3, 1);
	uint8_t *b = (uint8_t *)o.b;
	size_t i;

	is_dropped((struct wg_offer){b, 0}, WGD_DROP_NO_ITEM);
	for (i = 1; i < o.len; i++) /* cut */
		is_dropped((struct wg_offer){b, i}, WGD_DROP_NO_ITEM);
	b[3] = 0x7e; /* no kind */
	is_dropped(o, WGD_DROP_NO_ITEM);
	assert_int_equal(mesh_verified, 0);
}

static void test_oversized(void **state)
{
	static uint8_t b[WG_ITEM_MAX + 1000];
	struct wg_offer o = certificate(3, 1);

	memcpy(b, o.b, o.len);
	is_dropped((struct wg_offer){b, sizeof(b)}, WGD_DROP_NO_ITEM);
	is_dropped((struct wg_offer){b, o.len + 1}, WGD_DROP_NO_ITEM);
}

static void test_kind_that_no_map_holds(void **state)
{
	uint8_t b[WG_ITEM_MAX], zeros[64] = {1};
	struct wg_item_writer w;

	wg_item_begin(&w, WG_ITEM_IS_REQUEST, b, sizeof(b));
	wg_item_add_bytes(&w, WG_ITEM_KEY, zeros, 32);
	assert_int_equal(wg_item_end(&w, NULL), 0);
	is_dropped((struct wg_offer){b, w.len}, WGD_DROP_NO_ITEM);
}

static void test_foreign(void **state)
{
	struct wg_offer o = certificate(3, 1);
	uint8_t *mesh_id = (uint8_t *)wg_item_bytes(o.b, WG_ITEM_MESH);

	mesh_id[0] ^= 1;
	is_dropped(o, WGD_DROP_OTHER_MESH);
	assert_int_equal(mesh_verified, 0);
}

static void test_forged(void **state)
{
	struct mesh_certificate c = {
		.member = 3, .serial = 1, .key = 3, .signer = 99};

	is_dropped(*mesh_certificate(&items, c), WGD_DROP_FORGED);
	assert_true(take(certificate(3, 2), 3));
	is_dropped(*mesh_record(&items, (struct mesh_record){.member = 3,
							     .sequence = 1,
							     .identity = 98,
							     .wg_key = 60}),
		   WGD_DROP_FORGED);
}

/* The same once more, and what was replaced. */
static void test_replayed(void **state)
{
	assert_true(take(certificate(3, 1), 3));
	assert_true(take(record(3, 5), 3));
	mesh_verified = 0;
	is_dropped(record(3, 5), WGD_DROP_UNWANTED);
	is_dropped(record(3, 4), WGD_DROP_UNWANTED);
	is_dropped(certificate(3, 1), WGD_DROP_UNWANTED);
	assert_int_equal(mesh_verified, 0);
}

static void test_revoked(void **state)
{
	assert_true(take(certificate(3, 1), 4));
	assert_true(take(*mesh_list(&items, (struct mesh_list){
						.number = 1,
						.revoked = {{3, 2}}}),
			 4));
	assert_int_equal(wg_directory_members(wgd_map_directory(mesh->map)), 0);
	is_dropped(certificate(3, 1), WGD_DROP_VOID);
}

static void test_nobody_has_signed(void **state)
{
	struct mesh_certificate c = {
		.authority = 5, .member = 3, .serial = 1, .key = 3};

	assert_true(take(certificate(4, 1), 3));
	is_dropped(*mesh_certificate(&items, c), WGD_DROP_NO_SIGNER);
}

static void test_too_many(void **state)
{
	uint32_t n;

	for (n = 1; n <= 100; n++)
		assert_true(take(certificate(n, 1), 3));
	is_dropped(certificate(101, 1), WGD_DROP_OVER_MAXIMUM);
}

/* --- the log */

static void test_a_line_a_minute(void **state)
{
	struct wg_offer o = certificate(3, 1);
	unsigned i;

	/* what was not logged is counted, and told with the next line */
	for (i = 0; i < 1000; i++, mesh_now_ms += 100)
		take((struct wg_offer){o.b, 5}, 3);
	assert_int_equal(mesh->drops.n[WGD_DROP_NO_ITEM], 1000);
	/* at 0 and at 60 s; since then 399 */
	assert_int_equal(mesh->drops.unlogged[WGD_DROP_NO_ITEM], 399);
}

/* --- records that come too often */

static void begin_records(void)
{
	uint64_t n;

	assert_true(take(certificate(3, 1), 0));
	for (n = 1; n <= WG_BOUNDS_RECORD_BURST; n++)
		assert_true(take(record(3, n), 3));
}

/* Let the time come for those that wait. */
static unsigned wait(int64_t ms)
{
	enum wg_exchange_judgement j;
	uint32_t from;
	unsigned n = 0;

	mesh_now_ms += ms;
	while (wgd_map_next_waited(mesh->map, &j, &from))
		n += j == WG_EXCHANGE_PUT;
	return n;
}

static void test_the_newest_waits(void **state)
{
	uint64_t n;

	begin_records();
	mesh_verified = 0;
	for (n = 10; n < 1000; n++)
		is_dropped(record(3, n), WGD_DROP_TOO_OFTEN);
	assert_int_equal(mesh_verified, 0); /* not one signature */
	assert_int_equal(wgd_map_due(mesh->map),
			 mesh_now_ms + WG_BOUNDS_RECORD_MS);
	assert_int_equal(wait(WG_BOUNDS_RECORD_MS - 1), 0);
	assert_int_equal(sequence(3), WG_BOUNDS_RECORD_BURST);
	assert_int_equal(wait(1), 1);
	assert_int_equal(sequence(3), 999);
	assert_true(wgd_map_due(mesh->map) == INT64_MAX);
}

/* What waited and is put goes to the others. */
static void test_what_waited_is_passed_on(void **state)
{
	const void *source;
	const uint8_t *item;
	uint64_t last = 0;

	begin_records();
	take(record(3, 9), 3);
	wait(WG_BOUNDS_RECORD_MS);
	while ((item = wgd_map_next_put(mesh->map, &source)))
		last = wg_item_number(item, WG_ITEM_SEQUENCE);
	assert_int_equal(last, 9);
}

/* A liar that forges the highest sequence keeps nothing else away. */
static void test_forged_one_that_waits(void **state)
{
	struct mesh_record forged = {.member = 3,
				     .sequence = UINT64_MAX,
				     .identity = 98,
				     .wg_key = 60};
	enum wg_exchange_judgement j;
	uint32_t from;

	begin_records();
	assert_false(take(*mesh_record(&items, forged), 4));
	assert_false(take(record(3, 9), 5));
	mesh_now_ms += WG_BOUNDS_RECORD_MS;
	assert_true(wgd_map_next_waited(mesh->map, &j, &from));
	assert_int_equal(j, WG_EXCHANGE_IS_FORGED);
	assert_int_equal(from, 4); /* the liar pays for it */
	assert_int_equal(mesh->drops.n[WGD_DROP_FORGED], 1);
	assert_true(wgd_map_next_waited(mesh->map, &j, &from));
	assert_int_equal(j, WG_EXCHANGE_PUT);
	assert_int_equal(sequence(3), 9);
}

/* What the operator loads, and what we say, asks for no leave. */
static void test_our_own_at_once(void **state)
{
	begin_records();
	assert_true(take(record(3, 9), 0));
	assert_int_equal(sequence(3), 9);
}

/* Another member is not concerned. */
static void test_of_another_member(void **state)
{
	begin_records();
	assert_true(take(certificate(4, 1), 3));
	assert_true(take(record(4, 1), 3));
}

/* What a file has is put back at once, however many there are. */
static void test_after_a_start(void **state)
{
	begin_records();
	assert_int_equal(wgd_map_save(mesh->map), 0);
	mesh_restart();
	assert_int_equal(sequence(3), WG_BOUNDS_RECORD_BURST);
}

static uint32_t about; /* what was refused */

static int load(const char *path)
{
	return wgd_map_load_from(mesh->map, path, false, &about);
}

/* The keeper's list of that number, which revokes one member, in a file. */
static const char *list_file(uint32_t number, uint32_t member, uint32_t serial)
{
	static char path[sizeof(mesh_file) + 8];
	const struct wg_offer *l = mesh_list(
		&items, (struct mesh_list){.number = number,
					   .revoked = {{member, serial}}});
	FILE *f;

	snprintf(path, sizeof(path), "%s.update", mesh_file);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(l->b, 1, l->len, f), l->len);
	assert_int_equal(fclose(f), 0);
	return path;
}

/* A keeper that was restored forgets whom it revoked: only if that is meant. */
static void test_list_forgets(void **state)
{
	const char *path = list_file(2, 3, 5);

	assert_int_equal(load(path), 1);
	assert_int_equal(load(path), 0); /* it is ours */
	list_file(1, 3, 5);
	assert_int_equal(load(path), -ESTALE);
	assert_int_equal(about, 2);
	assert_int_equal(wgd_map_load_from(mesh->map, path, true, &about),
			 -ESTALE);
	list_file(3, 4, 1);
	assert_int_equal(load(path), -EPERM);
	assert_int_equal(about, 3);
	list_file(3, 3, 4); /* some of its certificates would be good again */
	assert_int_equal(load(path), -EPERM);
	list_file(3, 3, 6);
	assert_int_equal(load(path), 1);
	list_file(4, 4, 1);
	assert_int_equal(wgd_map_load_from(mesh->map, path, true, &about), 1);
	assert_int_equal(unlink(path), 0);
}

/* What is no file is refused: a pipe that nobody writes to is not waited for. */
static void test_no_file(void **state)
{
	char path[sizeof(mesh_file) + 8];

	snprintf(path, sizeof(path), "%s.pipe", mesh_file);
	assert_int_equal(mkfifo(path, 0600), 0);
	alarm(10); /* a daemon that waits waits for good */
	assert_int_equal(load(path), -EFBIG);
	alarm(0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(load(path), -ENOENT);
	assert_int_equal(load("/"), -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MESH(test_malformed),
		MESH(test_oversized),
		MESH(test_kind_that_no_map_holds),
		MESH(test_foreign),
		MESH(test_forged),
		MESH(test_replayed),
		MESH(test_revoked),
		MESH(test_nobody_has_signed),
		MESH(test_too_many),
		MESH(test_a_line_a_minute),
		MESH(test_the_newest_waits),
		MESH(test_what_waited_is_passed_on),
		MESH(test_forged_one_that_waits),
		MESH(test_our_own_at_once),
		MESH(test_of_another_member),
		MESH(test_after_a_start),
		MESH(test_no_file),
		MESH(test_list_forgets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
