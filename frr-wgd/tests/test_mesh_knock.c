// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes as an answer of a door, and is none.  The socket is a pair, seals
 * and verdicts are the test's.
 */
#include "frr-wgd/tests/mesh_map.h"

#include <sys/socket.h>

#include "frr-wgd/mesh/wgd_door.h"
#include "frr-wgd/mesh/wgd_knock.h"
#include "lib/backend/wg_seal.h"
#include "lib/core/wg_welcome.h"

static int theirs;
static bool is_sealed; /* what comes, for us */
static const uint8_t *certificate;

/* --- in place of the daemon's */

int wgd_door_socket(const struct wgd_mesh *m, uint16_t port)
{
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fd),
			 0);
	theirs = fd[1];
	return fd[0];
}

int wgd_self_door_record(const struct wgd_self *own, uint64_t sequence,
			 uint16_t port, struct wgd_self_item *ret)
{
	*ret = own->certificate;
	return 0;
}

const uint8_t *wg_signkey_public(const struct wg_signkey *k)
{
	static const uint8_t key[WG_KEY_LEN] = {MESH_SELF};

	return key;
}

int wg_seal_ask(const uint8_t hub[WG_KEY_LEN],
		const struct wg_door_question *question, const uint8_t *cookie,
		struct wg_seal_asked *ret_asked, uint8_t ret[WG_DOOR_QUESTION])
{
	memset(ret, 0, WG_DOOR_QUESTION);
	return 0;
}

int wg_seal_read(const struct wg_seal_asked *asked, const struct wg_span *in,
		 uint8_t *ret_text, struct wg_door_answer *ret)
{
	*ret = (struct wg_door_answer){.kind = WG_DOOR_WELCOME};
	ret->welcome.certificate = ret->welcome.record = certificate;
	return is_sealed ? 0 : -EBADMSG;
}

enum wg_welcome_next wg_welcome_judge(struct wg_welcome_case *c)
{
	return WG_WELCOME_LIE;
}

/* --- */

static int setup(void **state)
{
	const struct wg_offer *c;
	struct wgd_self *self;

	mesh_setup(state);
	c = mesh_certificate(&items,
			     (struct mesh_certificate){.member = MESH_SELF,
						       .serial = 1,
						       .key = MESH_SELF});
	certificate = c->b;
	self = mesh->self;
	self->certificate.len = c->len;
	memcpy(self->certificate.b, c->b, c->len);
	self->n_doors = 1;
	self->doors[0] =
		(struct wgd_self_door){.host = "192.0.2.1", .port = 51822};
	mesh->wif->port = 51820;
	is_sealed = false;
	wgd_knock_new(mesh);
	glue_run(5); /* it asks */
	return 0;
}

static int teardown(void **state)
{
	wgd_knock_delete(mesh);
	close(theirs);
	return mesh_teardown(state);
}

static void is_dropped(enum wgd_drop why)
{
	enum wgd_drop w;

	assert_int_equal(write(theirs, "answer", 6), 6);
	glue_run(5);
	for (w = 0; w < WGD_DROPS; w++)
		assert_int_equal(mesh->drops.n[w], w == why);
	assert_int_equal(wg_directory_count(mesh->shared.dir), 0);
}

static void test_no_answer(void **state)
{
	is_dropped(WGD_DROP_NO_ANSWER);
}

static void test_a_lie(void **state)
{
	is_sealed = true;
	is_dropped(WGD_DROP_LIE);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_no_answer),
		CASE(test_a_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
