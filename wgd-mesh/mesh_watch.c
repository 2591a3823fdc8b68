/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An interface that was in the mesh before may say `connected` until wgd has
 * read what was put: so that the file is gone comes first, and the number is
 * compared as well.
 */
#include "wgd-mesh/mesh_watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wgd-mesh/mesh_json.h"
#include "wgd-mesh/mesh_vtysh.h"

#define LOOK_MS 100

struct status {
	char state[32];
	char reason[200];
	uint64_t number, members;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* What is not said stays empty. */
static int look(const struct mesh_watch *w, struct status *ret,
		struct mesh_why *why)
{
	const char *path[] = {w->site->ifname, NULL, NULL};
	char command[MESH_SITE_LINE_MAX];
	struct mesh_bytes out;
	int rc;

	*ret = (struct status){.members = 0};
	snprintf(command, sizeof(command), "show wireguard %s mesh json",
		 w->site->ifname);
	rc = mesh_vtysh_ask(w->site->program, command, &out, why);
	if (rc)
		return rc;
	path[1] = "state";
	mesh_json_string(out.b, path, ret->state, sizeof(ret->state));
	path[1] = "reason";
	mesh_json_string(out.b, path, ret->reason, sizeof(ret->reason));
	path[1] = "number";
	mesh_json_number(out.b, path, &ret->number);
	path[1] = "members";
	mesh_json_number(out.b, path, &ret->members);
	mesh_bytes_free(&out);
	return 0;
}

static bool is_there(const struct mesh_watch *w, const struct status *s)
{
	if (!mesh_state_is_read(w->state, w->name) ||
	    s->number != w->ticket->member.number)
		return false;
	if (strcmp(s->state, "connected") == 0)
		return true;
	return w->ticket->is_hub && !w->ticket->doors &&
	       strcmp(s->state, "isolated") == 0;
}

static int explain(const struct mesh_watch *w, const struct status *s,
		   struct mesh_why *why)
{
	const char *reason = *s->reason ? s->reason : "it gives no reason";

	if (!mesh_state_is_read(w->state, w->name))
		reason = *s->reason ? s->reason
				    : "it has not read what was put for it";
	return mesh_because(
		why, -ETIMEDOUT,
		"%s: not joined after %u s: wgd says %s: %s; it goes on: see show wireguard %s mesh",
		w->name, w->seconds, *s->state ? s->state : "nothing of it",
		reason, w->site->ifname);
}

int mesh_watch(const struct mesh_watch *w, struct mesh_watched *ret,
	       struct mesh_why *why)
{
	const struct timespec pause = {0, LOOK_MS * 1000000};
	double began = now_s(), took;
	struct mesh_why words;
	struct status s;
	int rc;

	for (;;) {
		rc = look(w, &s, &words);
		took = now_s() - began;
		if (!rc && is_there(w, &s)) {
			*ret = (struct mesh_watched){s.members, took};
			return 0;
		}
		if (took >= w->seconds)
			break;
		nanosleep(&pause, NULL);
	}
	if (rc)
		return mesh_because(why, -ETIMEDOUT,
				    "%s: not known whether it joined: %s",
				    w->name, words.text);
	return explain(w, &s, why);
}
