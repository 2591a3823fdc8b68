/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wgd-mesh join: a ticket to wgd, and the lines that it needs.
 *
 *   1. look: the ticket, FRR, the interface's lines and peers, the folder
 *   2. put the ticket where wgd reads it
 *   3. enter the lines, the mesh's name last: until that, nothing has an effect
 *   4. save them
 *   5. wait
 *
 * In 1 nothing is changed, and whatever can be refused is refused there.  What
 * fails later says how far it came, and a second run goes on from there: a
 * ticket that lies there is replaced, lines that are there are not entered.
 * Where the name did not come into effect, the ticket is taken away again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "wgd-mesh/mesh_commands.h"
#include "wgd-mesh/mesh_request.h"
#include "wgd-mesh/mesh_watch.h"

#define WAIT_S 30 /* WireGuard's own handshake is tried again after 5 */
#define LISTEN_PORT "51820"
#define DOOR_PORT 51822 /* where `wireguard mesh hub` has none */

struct joining {
	const struct mesh_args *args;
	const char *folder; /* of wgd's state */
	struct mesh_ticket ticket;
	struct mesh_site site;
	char name[WG_ITEM_NAME_MAX + 1]; /* of the mesh, here */
	struct mesh_lines lines;
	uint32_t seconds;
};

/* --- what is looked at */

/* Is the mesh that has this name here the ticket's? */
static int check_name(const struct joining *j, struct mesh_why *why)
{
	uint8_t mesh[WG_ITEM_MESH_LEN];

	if (mesh_state_find(j->folder, j->name, mesh) == 0)
		return memcmp(mesh, j->ticket.mesh, sizeof(mesh)) == 0
			       ? 0
			       : mesh_because(
					 why, -EEXIST,
					 "%s: another mesh of that name is known here, by %s/%s.*: call this one otherwise, --mesh NAME, or take those files away",
					 j->name, j->folder, j->name);
	/* the name is the interface's own, and the keeper has another */
	if (*j->site.mesh && *j->ticket.name && j->ticket.is_invite &&
	    !j->args->given[MESH_MESH] &&
	    strcmp(j->site.mesh, j->ticket.name) != 0)
		return mesh_because(
			why, -EINVAL,
			"%s: is in the mesh %s, and this is an invite to %s: if they are one, --mesh %s",
			j->site.ifname, j->site.mesh, j->ticket.name,
			j->site.mesh);
	return 0;
}

/* An answer is to the request of this machine, and to no other one. */
static int check_request(const struct joining *j, struct mesh_why *why)
{
	uint8_t item[WG_LINE_ITEM_MAX];
	int rc;

	if (j->ticket.is_invite)
		return 0;
	if (!*j->site.mesh)
		return mesh_because(
			why, -EINVAL,
			"this is an answer, and %s never made a request: wgd-mesh request %s",
			j->site.ifname, j->site.ifname);
	rc = mesh_request_ask(&j->site, item, why);
	if (!rc && memcmp(wg_item_bytes(item, WG_ITEM_KEY),
			  wg_item_bytes(j->ticket.certificate, WG_ITEM_KEY),
			  WG_KEY_LEN) != 0)
		rc = mesh_because(
			why, -EINVAL,
			"this is the answer to another request than that of %s",
			j->site.ifname);
	return rc;
}

static int look(struct joining *j, struct mesh_why *why)
{
	int rc =
		mesh_site_name(&j->site, j->args, j->ticket.name, j->name, why);

	if (!rc)
		rc = check_name(j, why);
	if (!rc)
		rc = mesh_site_check_lines(&j->site, j->name, why);
	if (!rc)
		rc = mesh_site_check_peers(&j->site, j->args, why);
	if (!rc)
		rc = check_request(j, why);
	return rc ? rc : mesh_state_check(j->folder, why);
}

/* --- lines */

static const char *has(const struct mesh_site *s, const char *prefix)
{
	size_t at = 0;

	return mesh_config_next(&s->running, s->block, prefix, &at);
}

static void address_line(const struct mesh_address *a,
			 char ret[MESH_SITE_LINE_MAX])
{
	char text[WG_ADDR_STRLEN];

	snprintf(ret, MESH_SITE_LINE_MAX, "%s address %s/%u",
		 a->addr.family == AF_INET ? "ip" : "ipv6",
		 wg_addr_str(&a->addr, text), a->len);
}

static bool is_ours(const struct mesh_member *m, const char *line)
{
	char own[MESH_SITE_LINE_MAX];
	unsigned i;

	for (i = 0; i < m->n_addresses; i++) {
		address_line(&m->addresses[i], own);
		if (strcmp(own, line) == 0)
			return true;
	}
	return false;
}

/*
 * Addresses that this machine had as the member that it was go: they are
 * another member's, or nobody's.
 */
static void want_addresses(struct joining *j)
{
	const struct mesh_member *m = &j->ticket.member;
	uint8_t c[WG_LINE_ITEM_MAX];
	char line[MESH_SITE_LINE_MAX];
	struct mesh_member was = {.n_addresses = 0};
	unsigned i;

	if (*j->site.mesh &&
	    mesh_state_certificate(j->folder, j->name, c) == 0)
		mesh_ticket_member(c, &was);
	for (i = 0; i < was.n_addresses; i++) {
		address_line(&was.addresses[i], line);
		if (!is_ours(m, line))
			mesh_site_want_gone(&j->site, &j->lines, line);
	}
	for (i = 0; i < m->n_addresses; i++) {
		address_line(&m->addresses[i], line);
		mesh_site_want(&j->site, &j->lines, "%s", line);
	}
}

/*
 * A port, a door or a place that somebody wrote before stays: the hub may be
 * behind a firewall that maps them.
 */
static void want_hub(struct joining *j)
{
	const struct mesh_member *m = &j->ticket.member;
	const char *port = has(&j->site, "wireguard listen-port");

	if (!port)
		mesh_site_want(&j->site, &j->lines,
			       "wireguard listen-port " LISTEN_PORT);
	if (!has(&j->site, "wireguard mesh hub")) {
		if (*m->host && m->door != DOOR_PORT)
			mesh_site_want(&j->site, &j->lines,
				       "wireguard mesh hub door %u", m->door);
		else
			mesh_site_want(&j->site, &j->lines,
				       "wireguard mesh hub");
	}
	if (has(&j->site, "wireguard mesh endpoint"))
		return;
	if (*m->host)
		mesh_site_want(&j->site, &j->lines,
			       "wireguard mesh endpoint %s port %s", m->host,
			       port ? port : LISTEN_PORT);
	else
		mesh_say(
			"warning: %s: where the hub is reached is not in the answer: it wants the line `wireguard mesh endpoint`",
			j->site.ifname);
}

static void plan(struct joining *j)
{
	want_addresses(j);
	if (j->ticket.is_hub)
		want_hub(j);
	mesh_site_want(&j->site, &j->lines, "wireguard mesh routes");
	mesh_site_want(&j->site, &j->lines, "wireguard mesh name %s", j->name);
}

/* --- what is done */

static void print_joined(const struct joining *j, const struct mesh_watched *w)
{
	const struct mesh_member *m = &j->ticket.member;
	char text[MESH_PREFIX_STRLEN];
	unsigned i;

	printf("joined %s as %s:", j->name, m->name);
	for (i = 0; i < m->n_addresses; i++)
		printf("%s %s", i ? "," : "",
		       wg_addr_str(&m->addresses[i].addr, text));
	for (i = 0; i < m->n_prefixes; i++)
		printf(", %s", mesh_prefix_str(&m->prefixes[i], text));
	printf("; %llu member%s; %.1f s\n", (unsigned long long)w->members,
	       w->members == 1 ? "" : "s", w->seconds);
}

static int wait_for_it(const struct joining *j, const struct mesh_state *state,
		       struct mesh_why *why)
{
	const struct mesh_watch w = {&j->site, state, &j->ticket, j->name,
				     j->seconds};
	struct mesh_watched watched;
	int rc;

	if (!j->seconds) {
		printf("%s: %s is given to wgd, which goes on by itself\n",
		       j->name, j->ticket.member.name);
		return 0;
	}
	rc = mesh_watch(&w, &watched, why);
	if (!rc)
		print_joined(j, &watched);
	return rc;
}

static int save(const struct joining *j, struct mesh_why *why)
{
	struct mesh_why words;
	int rc = mesh_site_save(&j->site, &j->lines, &words);

	return rc ? mesh_because(
			    why, rc,
			    "%s: its lines are in effect and not saved: %.300s",
			    j->site.ifname, words.text)
		  : 0;
}

static int act(const struct joining *j, const struct mesh_state *state,
	       struct mesh_why *why)
{
	struct mesh_why unsaved;
	bool in_mesh = true;
	int rc, saved;

	rc = mesh_state_put(state, j->name, j->ticket.item, why);
	if (rc)
		in_mesh = false; /* it may lie there, and not be on the disk */
	else
		rc = mesh_site_enter(&j->site, &j->lines, &in_mesh, why);
	if (rc) {
		if (!in_mesh)
			mesh_state_take_back(state, j->name);
		return rc;
	}
	saved = save(j, &unsaved);
	rc = wait_for_it(j, state, why);
	if (saved && rc)
		mesh_say("%s", unsaved.text);
	else if (saved)
		rc = mesh_because(why, saved, "%s", unsaved.text);
	return rc;
}

/* Others see our arguments: what is a secret there goes, once it is read. */
static void hide(char *word)
{
	explicit_bzero(word, strlen(word));
}

int mesh_join(const struct mesh_args *args, struct mesh_why *why)
{
	const char *folder = mesh_args_value(args, MESH_STATE);
	struct joining j = {.args = args,
			    .folder = folder ? folder : MESH_STATE_FOLDER,
			    .seconds = WAIT_S};
	struct mesh_state state;
	int rc = mesh_args_number(args, MESH_WAIT, 0, 3600, &j.seconds, why);

	if (!rc)
		rc = mesh_ticket_read(args->words[0], &j.ticket, why);
	hide(args->words[0]);
	if (rc)
		return rc;
	rc = mesh_site_open(args, &j.site, why);
	if (!rc) {
		rc = look(&j, why);
		if (!rc)
			rc = mesh_state_open(j.folder, &state, why);
		if (!rc) {
			plan(&j);
			rc = act(&j, &state, why);
			mesh_state_close(&state);
		}
		if (!rc)
			rc = mesh_flush(why);
		mesh_site_close(&j.site);
	}
	mesh_ticket_free(&j.ticket);
	return rc;
}
