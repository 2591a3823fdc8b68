// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where doors are: which names are asked for, when, and what is answered in
 * the meantime.  The resolver is played, and the clock.
 */
#include "frr-wgd/tests/glue.h"

#include "frr-wgd/base/wgd_clock.h"
#include "frr-wgd/mesh/wgd_place.h"
#include "frr-wgd/peer/wgd_name.h"

#define HUB "hub.example.net"
#define OTHER "other.example.net"

static int64_t now_ms;
static struct wgd_name_query **asked; /* the last question; NULL: none */
static wgd_named *tell;
static void *tell_arg;
static unsigned questions;
static const char *at_once; /* the answer of a file of hosts */
static char known_host[WG_ITEM_HOST_MAX + 1];
static struct wgd_places *places;

int64_t wgd_now_ms(void)
{
	return now_ms;
}

static void answer(const char *one, const char *two)
{
	struct wg_addr addrs[2];
	size_t n = 0;

	assert_non_null(asked);
	*asked = NULL;
	asked = NULL;
	if (one)
		assert_int_equal(wg_addr_parse(one, &addrs[n++]), 0);
	if (two)
		assert_int_equal(wg_addr_parse(two, &addrs[n++]), 0);
	tell(tell_arg, addrs, n, n ? NULL : "no such name");
}

void wgd_name_ask(struct wgd_name_query **at, const char *host, wgd_named *t,
		  void *arg)
{
	assert_null(asked);
	*at = (struct wgd_name_query *)&questions;
	asked = at;
	tell = t;
	tell_arg = arg;
	questions++;
	if (at_once)
		answer(at_once, NULL);
}

void wgd_name_forget(struct wgd_name_query **at)
{
	if (*at)
		asked = NULL;
	*at = NULL;
}

static void known(void *arg, const char *host)
{
	assert_ptr_equal(arg, &places);
	assert_string_equal(known_host, "");
	strlcpy(known_host, host, sizeof(known_host));
}

static int setup(void **state)
{
	now_ms = 1000;
	questions = 0;
	asked = NULL;
	at_once = NULL;
	known_host[0] = '\0';
	places = wgd_places_new(known, &places);
	return 0;
}

static int teardown(void **state)
{
	wgd_places_delete(&places);
	return 0;
}

static void finds(const char *host, const char *must)
{
	char text[WG_ADDR_STRLEN];
	struct wg_addr addr;
	bool found = wgd_places_find(places, host, &addr);

	assert_string_equal(found ? wg_addr_str(&addr, text) : "", must);
}

static void test_address(void **state)
{
	finds("198.51.100.1", "198.51.100.1");
	finds("2001:db8::1", "2001:db8::1");
	assert_int_equal(questions, 0);
	assert_null(wgd_places_error(places, "198.51.100.1"));
}

static void test_name(void **state)
{
	finds(HUB, "");
	finds(HUB, ""); /* once is enough */
	assert_int_equal(questions, 1);
	answer("198.51.100.1", "2001:db8::1");
	assert_string_equal(known_host, HUB);
	/* each in its turn */
	finds(HUB, "198.51.100.1");
	finds(HUB, "2001:db8::1");
	finds(HUB, "198.51.100.1");
	assert_int_equal(questions, 1);
	/* later again, and nobody has to wait for that */
	now_ms += 5000;
	finds(HUB, "2001:db8::1");
	assert_int_equal(questions, 2);
	known_host[0] = '\0';
	answer("203.0.113.1", NULL);
	assert_string_equal(known_host, "");
	finds(HUB, "203.0.113.1");
	/* no answer is no reason to forget one */
	now_ms += 5000;
	finds(HUB, "203.0.113.1");
	answer(NULL, NULL);
	finds(HUB, "203.0.113.1");
	assert_null(wgd_places_error(places, HUB));
}

static void test_nobody(void **state)
{
	finds(HUB, "");
	assert_null(wgd_places_error(places, HUB));
	answer(NULL, NULL);
	assert_string_equal(known_host, "");
	assert_string_equal(wgd_places_error(places, HUB), "no such name");
	assert_null(wgd_places_error(places, OTHER));
	now_ms += 4999;
	finds(HUB, "");
	assert_int_equal(questions, 1);
	now_ms++;
	finds(HUB, "");
	assert_int_equal(questions, 2);
	answer("198.51.100.1", NULL);
	assert_string_equal(known_host, HUB);
	assert_null(wgd_places_error(places, HUB));
}

static void test_at_once(void **state)
{
	at_once = "198.51.100.1";
	finds(HUB, "198.51.100.1");
	assert_string_equal(known_host, ""); /* nobody looked in vain */
}

static void test_only(void **state)
{
	const struct wg_knock_place doors[] = {{.host = OTHER},
					       {.host = "192.0.2.1"}};

	at_once = "198.51.100.1";
	finds(OTHER, "198.51.100.1");
	at_once = NULL;
	finds(HUB, "");
	wgd_places_only(places, doors, array_size(doors));
	assert_null(asked); /* its answer comes to nobody */
	finds(OTHER, "198.51.100.1");
	assert_int_equal(questions, 2);
	finds(HUB, "");
	assert_int_equal(questions, 3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_address), TEST(test_name), TEST(test_nobody),
		TEST(test_at_once), TEST(test_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
