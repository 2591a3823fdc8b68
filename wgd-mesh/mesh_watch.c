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
#define REFUSED_S 2 /* and one for each hub, which may know better */

struct status {
	char state[32];
	char reason[200];
	uint64_t number, members;
	char invite[16]; /* "unused": no hub has taken it */
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
	path[1] = "invite";
	mesh_json_string(out.b, path, ret->invite, sizeof(ret->invite));
	mesh_bytes_free(&out);
	return 0;
}

static bool is_there(const struct mesh_watch *w, const struct status *s)
{
	if (!mesh_state_is_read(w->state, w->name) || strcmp(s->invite, "unused") == 0 ||
	    s->number != w->ticket->member.number)
		return false;
	if (strcmp(s->state, "connected") == 0)
		return true;
	return w->ticket->is_hub && !w->ticket->doors &&
	       strcmp(s->state, "isolated") == 0;
}

/*
 * What hubs say at their doors, for who has an invite in hand; other words of
 * wgd stay as they are.  Is it final, once all hubs had their turn?
 */
static const char *in_plain_words(const char *reason, bool *ret_is_final)
{
	static const struct {
		const char *word, *plain;
		bool is_final;
	} words[] = {
		{"invite-used",
		 "the invite was used already, by another machine: ask the keeper for another one, and tell of it if it was not you",
		 true},
		{"invite-expired",
		 "the invite has expired: ask the keeper for another one",
		 true},
		{"revoked", "the keeper has revoked this member", true},
		{"superseded",
		 "the keeper has made a newer invite for this member: use that one",
		 true},
		{"disputed",
		 "two machines used the invite at once: ask the keeper for another one"},
		{"unknown-member", "the hub knows no such member"},
		{"unknown-mesh",
		 "the door is that of a hub of other meshes: is the hub's own answer joined there?"},
		{"full", "the hub has as many members as it may"},
		{"busy", "the hub has just started, and settles"},
	};
	size_t i;

	*ret_is_final = false;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strcmp(reason, words[i].word) == 0) {
			*ret_is_final = words[i].is_final;
			return words[i].plain;
		}
	return reason;
}

static bool is_refused(const struct mesh_watch *w, const struct status *s)
{
	bool is_final;

	in_plain_words(s->reason, &is_final);
	return is_final && mesh_state_is_read(w->state, w->name);
}

static int explain(const struct mesh_watch *w, const struct status *s,
		   double took, struct mesh_why *why)
{
	bool is_final;
	const char *reason = *s->reason
				     ? in_plain_words(s->reason, &is_final)
				     : "it gives no reason";

	if (!mesh_state_is_read(w->state, w->name))
		reason = *s->reason ? s->reason
				    : "it has not read what was put for it";
	return mesh_because(
		why, -ETIMEDOUT,
		"%s: not joined after %.0f s: wgd says %s: %s; it goes on: see show wireguard %s mesh",
		w->name, took, *s->state ? s->state : "nothing of it",
		reason, w->site->ifname);
}

int mesh_watch(const struct mesh_watch *w, struct mesh_watched *ret,
	       struct mesh_why *why)
{
	const struct timespec pause = {0, LOOK_MS * 1000000};
	double began = now_s(), took, refused = 0;
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
		if (rc || !is_refused(w, &s))
			refused = took;
		if (took >= w->seconds ||
		    took - refused >= REFUSED_S + w->ticket->doors)
			break;
		nanosleep(&pause, NULL);
	}
	if (rc)
		return mesh_because(why, -ETIMEDOUT,
				    "%s: not known whether it joined: %s",
				    w->name, words.text);
	return explain(w, &s, took, why);
}
