// SPDX-License-Identifier: GPL-2.0-or-later
#include "frr-wgd/tests/mesh_map.h"

#include <unistd.h>

#include "frr-wgd/mesh/wgd_alarm.h"
#include "frr-wgd/mesh/wgd_alarm_look.h"
#include "frr-wgd/mesh/wgd_exchange.h"
#include "frr-wgd/mesh/wgd_knock.h"

struct mesh items;
struct wgd_mesh *mesh;
char mesh_file[64];
int64_t mesh_now_ms;
struct wg_wall mesh_wall;
const char *mesh_why;
unsigned mesh_neighbours;
bool mesh_synced;
unsigned mesh_verified, mesh_acts;

static struct wgd_if *wif;
static struct wgd_mesh the_mesh;
static struct wgd_self self;

/* --- in place of the daemon's */

int64_t wgd_now_ms(void)
{
	return mesh_now_ms;
}

struct wg_wall wgd_mesh_wall(const struct wgd_mesh *m)
{
	struct wg_wall w = mesh_wall;

	w.floor = wgd_map_floor(m->map);
	return w;
}

const char *wgd_knock_why(const struct wgd_mesh *m)
{
	return mesh_why;
}

unsigned wgd_mesh_neighbours(void)
{
	return mesh_neighbours;
}

int wg_sign_verify(const uint8_t *item, uint8_t type,
		   const uint8_t pub[WG_KEY_LEN])
{
	mesh_verified++;
	if (type != WG_ITEM_SIGNATURE)
		return 0;
	return mesh_is_by(item, pub) ? 0 : -EBADMSG;
}

/* Our identity is that of the certificate that we were given. */
const uint8_t *wg_signkey_public(const struct wg_signkey *key)
{
	return wg_item_bytes(self.certificate.b, WG_ITEM_KEY);
}

bool wgd_exchange_is_synced(const struct wgd_exchange *x)
{
	return mesh_synced;
}

bool wgd_exchange_has_all(const struct wgd_exchange *x)
{
	return mesh_synced;
}

bool wgd_exchange_has_hub(const struct wgd_exchange *x)
{
	return mesh_synced;
}

static void act(struct event *t)
{
	mesh_acts++;
}

/* --- */

static void open_map(void)
{
	mesh->map = wgd_map_new(mesh_file, &self.mesh, &mesh->drops);
	mesh->shared.dir = wgd_map_directory(mesh->map);
}

void mesh_restart(void)
{
	wgd_map_delete(&mesh->map);
	open_map();
	wgd_map_load(mesh->map);
}

int mesh_setup(void **state)
{
	glue_setup(state);
	snprintf(mesh_file, sizeof(mesh_file), "/tmp/test-mesh-%d.items",
		 (int)getpid());
	unlink(mesh_file);
	mesh_now_ms = 1000000;
	mesh_wall = (struct wg_wall){.now = 1000};
	mesh_verified = mesh_acts = 0;
	mesh_synced = false;
	mesh_why = NULL;
	mesh_neighbours = 0;
	wif = wgd_if_new("wg0");
	self = (struct wgd_self){.name = (char *)"acme",
				 .number = MESH_SELF,
				 .mesh = mesh_conf(100)};
	the_mesh = (struct wgd_mesh){.wif = wif, .self = &self, .act = act};
	mesh = &the_mesh;
	mesh->drops.ifname = wif->name;
	open_map();
	wgd_alarm_new(mesh);
	return 0;
}

int mesh_teardown(void **state)
{
	wgd_map_delete(&mesh->map);
	wgd_alarm_delete(mesh);
	event_cancel(&mesh->t_act);
	event_cancel(&mesh->t_tick);
	unlink(mesh_file);
	wgd_if_delete(wif);
	mesh_free(&items);
	return glue_teardown(state);
}

bool mesh_take(const struct wg_offer *offer, uint32_t from)
{
	struct wgd_map_item item = {.b = offer->b,
				    .len = offer->len,
				    .from = "a test",
				    .member = from};

	return wgd_map_take(mesh->map, &item) == WG_EXCHANGE_PUT;
}

const char *mesh_alarms(void)
{
	static char text[1024];
	const struct wg_alarm *a;
	size_t i, len = 0;

	wgd_alarm_look(mesh);
	text[0] = '\0';
	for (i = 0; (a = wgd_alarm_at(mesh, i)); i++)
		len += snprintf(text + len, sizeof(text) - len, "%s%s%s%s",
				i ? ", " : "", wg_alarm_kind_str(a->kind),
				a->subject[0] ? " " : "", a->subject);
	return text;
}
