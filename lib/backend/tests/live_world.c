/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real devices for cmocka's tests. */
#include "lib/backend/tests/live_world.h"

#include <stdio.h>
#include <string.h>

#include "lib/backend/tests/tempdir.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_link.h"

char private_file[96], psk_file[96], seed_file[96];
struct wg_key own, key[8];

static const char *no_namespace;

void read_now(struct world *w)
{
	live_forget(&w->pic);
	assert_int_equal(live_read(w->be, &w->pic), 0);
	assert_int_equal(w->pic.ends, 1);
}

static int begin(void **state, enum wg_backend_kind kind)
{
	static struct world world;
	const char *why;
	int r;

	world = (struct world){ .kind = kind };
	*state = NULL;
	why = no_namespace;
	if (!why)
		why = kind == WG_BACKEND_KERNEL
			      ? live_kernel(IFNAME)
			      : live_userspace("wireguard-go", IFNAME);
	if (why) {
		print_message("SKIP: %s\n", why);
		return 0;
	}
	r = kind == WG_BACKEND_KERNEL
		    ? wg_backend_open_kernel(IFNAME, &world.be)
		    : wg_backend_open_userspace(IFNAME, NULL, &world.be);
	if (r) {
		print_error("cannot be opened: %s\n", strerror(-r));
		return -1;
	}
	*state = &world;
	return 0;
}

int live_begin_kernel(void **state)
{
	return begin(state, WG_BACKEND_KERNEL);
}

int live_begin_userspace(void **state)
{
	return begin(state, WG_BACKEND_USERSPACE);
}

int live_end(void **state)
{
	struct world *w = *state;
	struct wg_link link;

	if (w) {
		live_forget(&w->pic);
		wg_backend_close(&w->be);
	}
	live_stop();
	if (!no_namespace && wg_link_get(IFNAME, &link) == 0)
		wg_link_delete(link.ifindex);
	return 0;
}

int live_setup(void **state)
{
	if (tempdir_make() || wg_keys_init() != 0)
		return -1;
	snprintf(private_file, sizeof(private_file), "%s/private", dir);
	snprintf(psk_file, sizeof(psk_file), "%s/psk", dir);
	snprintf(seed_file, sizeof(seed_file), "%s/seed", dir);
	if (wg_key_generate(private_file, true, NULL, 0) ||
	    wg_key_generate(psk_file, false, NULL, 0) ||
	    wg_seed_generate(seed_file, NULL, 0) ||
	    wg_key_load_public(private_file, &own, NULL, 0))
		return -1;
	for (unsigned i = 0; i < N(key); i++)
		key[i] = a_key(i);
	no_namespace = live_enter();
	return 0;
}

int live_teardown(void **state)
{
	return tempdir_remove();
}
