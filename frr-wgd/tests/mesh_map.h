/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mesh for tests of the daemon's room of it: items of lib/core/tests/mesh.h
 * in a real map with a real file, a clock that the test sets, and signatures
 * that are what mesh.h makes of them.
 */
#ifndef MESH_MAP_H
#define MESH_MAP_H

#include "frr-wgd/tests/glue.h"

#include "frr-wgd/mesh/wgd_mesh.h"
#include "lib/core/tests/mesh.h"

#define MESH_SELF 7

extern struct mesh items;
extern struct wgd_mesh *mesh; /* of wg0; we are member MESH_SELF */
extern char mesh_file[64];      /* of its map */
extern int64_t mesh_now_ms;   /* wgd_now_ms() */
extern struct wg_wall mesh_wall; /* wgd_mesh_wall(), but for the floor */
extern const char *mesh_why;	 /* wgd_knock_why() */
extern unsigned mesh_neighbours; /* wgd_mesh_neighbours() */
extern bool mesh_synced;	 /* with a hub, which is connected */
extern unsigned mesh_verified;	 /* signatures */
extern unsigned mesh_acts;	 /* how often the mesh acted */

extern int mesh_setup(void **state);
extern int mesh_teardown(void **state);
#define MESH(test)                                                             \
	cmocka_unit_test_setup_teardown(test, mesh_setup, mesh_teardown)

/* The map once more, from its file: as after a start. */
extern void mesh_restart(void);

/* An item from that member; 0: from the operator, or us.  Was it put? */
extern bool mesh_take(const struct wg_offer *offer, uint32_t from);

/* "KIND SUBJECT, KIND": alarms that stand after a look. */
extern const char *mesh_alarms(void);

#endif
