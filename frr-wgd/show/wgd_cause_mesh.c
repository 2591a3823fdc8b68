// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rungs about meshes of the ladder in wgd_cause.c.
 *
 * Doors answer nothing to what they cannot open, as WireGuard does, so here,
 * too, several breaks look alike.  But a hub says which members it has, so
 * where a relayed one is silent it can be told whether that is for the hub to
 * lose its packets or for the member not to be there.  Hubs may lie: what they
 * say is told as what they say.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_knock.h"
#include "frr-wgd/mesh/wgd_mesh_view.h"
#include "frr-wgd/mesh/wgd_own.h"
#include "frr-wgd/show/wgd_cause.h"
#include "lib/core/wg_relay.h"

#define DOORS_TOLD 4

/* --- 3.: it was revoked */

bool wgd_cause_member_revoked(const struct wgd_facts *f,
			      const struct wgd_words *w, struct wgd_cause *c)
{
	char prefix[WG_PREFIX_STRLEN];
	struct wgd_mesh_view v;

	/* what is sent elsewhere may belong there by now */
	if (!f->gone || !f->way.known ||
	    (f->way.there && !wgd_facts_leads_here(f)))
		return false;
	wgd_mesh_view(f->gone_from, &v);
	c->name = "member-revoked";
	wgd_cause_say(
		c->reason,
		"%s was member %s's of mesh %s, which list %u revoked: it is no peer of %s any more",
		wg_prefix_str(&f->gone_prefix, prefix), f->gone->name,
		f->gone_from->self->name, v.list, f->gone_from->wif->name);
	wgd_cause_try(c, "show wireguard %s mesh: is it the keeper's list?",
		      f->gone_from->wif->name);
	wgd_cause_try(
		c,
		"if it is to be a member again: at the keeper, wgd-mesh invite %s %s",
		f->gone_from->self->name, f->gone->name);
	return true;
}

/* --- 4. and 11.: we are not in */

/* "HOST port PORT (asked 3 times), ..." of doors that answered, or did not. */
static size_t list_doors(const struct wgd_mesh *m, bool answered, char *buf,
			 size_t len)
{
	struct wgd_knock_door door;
	size_t i, n = 0, at = 0;

	*buf = '\0';
	for (i = 0; wgd_knock_door(m, i, &door); i++) {
		if (!door.asked || door.answered != answered)
			continue;
		if (++n > DOORS_TOLD)
			continue;
		at += snprintf(buf + at, len - at,
			       "%s%s port %u (asked %" PRIu64 " times%s%s)",
			       n > 1 ? ", " : "", door.host, door.port,
			       door.asked, door.why ? ": " : "",
			       door.why ?: "");
		assert(at < len);
	}
	return n;
}

#define DOORS_LEN (DOORS_TOLD * (WG_ITEM_HOST_MAX + 320))

/* Our own map has it: no hub has to be believed. */
static bool is_revoked(const struct wgd_mesh *m, struct wgd_cause *c)
{
	struct wgd_mesh_view v;

	if (m->state != WGD_MESH_REVOKED || !wgd_own_is_void(m))
		return false;
	wgd_mesh_view(m, &v);
	c->name = "member-revoked";
	wgd_cause_say(
		c->reason,
		"we are no member of mesh %s any more: list %u, or a later authority, made our certificate void",
		m->self->name, v.list);
	wgd_cause_try(
		c,
		"if we are to be a member again: at the keeper, wgd-mesh invite %s NAME",
		m->self->name);
	return true;
}

static bool door_refuses(const struct wgd_mesh *m, const struct wgd_words *w,
			 struct wgd_cause *c)
{
	const char *why = wgd_knock_refusal(m);
	char doors[DOORS_LEN];

	if (!why)
		return false;
	list_doors(m, true, doors, sizeof(doors));
	c->name = wgd_knock_is_revoked(m) ? "member-revoked" : "door-refuses";
	wgd_cause_say(
		c->reason,
		"we are not let into mesh %s: %s, say its hubs' doors: %.300s",
		m->self->name, why, doors);
	wgd_cause_say(c->unknown, "whether that is so: a hub may lie");
	wgd_cause_try(
		c,
		"at the keeper: wgd-mesh show %s; a new invite is good whatever became of the old one",
		m->self->name);
	return true;
}

static bool no_door_answers(const struct wgd_mesh *m, const struct wgd_words *w,
			    struct wgd_cause *c)
{
	char doors[DOORS_LEN];
	size_t silent;

	/* once in, it is the hub that is missed */
	if (m->reach != WGD_MESH_JOINING ||
	    list_doors(m, true, doors, sizeof(doors)))
		return false;
	silent = list_doors(m, false, doors, sizeof(doors));
	c->name = "no-door-answers";
	if (!silent) {
		wgd_cause_say(
			c->reason, "no door of mesh %s has been asked yet%s",
			m->self->name, m->wif->port ? "" : ": no port is open");
		wgd_cause_try(
			c,
			"the same again; interface %s: wireguard mesh door HOST, if none is known",
			w->ifname);
		return true;
	}
	wgd_cause_say(c->reason,
		      "no hub of mesh %s was heard for %" PRId64
		      " s, and none of %zu doors answers: %.300s",
		      m->self->name, wgd_knock_silence(m) / 1000, silent,
		      doors);
	wgd_cause_say(
		c->unknown,
		"a door answers nothing to what it cannot open, so these look alike from here: a firewall, here, there or between, loses UDP to the door; the hub is down, or is none; its door is at another port, or it has another key than the invite says");
	wgd_cause_try(
		c,
		"tcpdump -n udp port PORT-OF-THE-DOOR: do questions leave, does anything come?");
	wgd_cause_try(
		c,
		"at the hub: is the same seen, does its firewall let UDP to the door in, and what says show wireguard mesh?");
	wgd_cause_try(c,
		      "interface %s: wireguard mesh door HOST, of another hub",
		      w->ifname);
	return true;
}

/* In the tunnel no hub answers. */
static void no_hub(const struct wgd_mesh *m, const struct wgd_words *w,
		   struct wgd_cause *c)
{
	char doors[DOORS_LEN];
	const char *how = "";
	size_t i;

	if (list_doors(m, true, doors, sizeof(doors)))
		how = ", though doors do: ";
	else if (list_doors(m, false, doors, sizeof(doors)))
		how = ", nor at its door: ";
	c->name = "no-hub";
	wgd_cause_say(c->reason,
		      "no hub of mesh %s answers in the tunnel for %" PRId64
		      " s (we are %s)%s%.300s",
		      m->self->name, wgd_knock_silence(m) / 1000,
		      wgd_mesh_state_str(m->state), how, doors);
	for (i = 0; i < m->n_members && c->n_tries < 2; i++) {
		const struct wgd_mesh_member *hub = m->members[i];
		char addr[WG_ADDR_STRLEN];

		if (hub->hub && hub->peer && hub->n_addresses)
			wgd_cause_try(c, "show wireguard explain %s: hub %s",
				      wg_addr_str(&hub->addresses[0], addr),
				      hub->name);
	}
	wgd_cause_try(
		c,
		"at the hub: does its firewall let in UDP to its listen port?");
}

static bool why_out(const struct wgd_mesh *m, const struct wgd_words *w,
		    struct wgd_cause *c)
{
	if (!m->map) {
		c->name = "no-hub";
		wgd_cause_say(c->reason, "%s is not in mesh %s yet: %s",
			      w->ifname, m->self->name,
			      m->self->reason
				      ?: "no invite or answer was brought");
		wgd_cause_try(c, "wgd-mesh join %s FILE", w->ifname);
		return true;
	}
	if (is_revoked(m, c) || door_refuses(m, w, c) ||
	    no_door_answers(m, w, c))
		return true;
	no_hub(m, w, c);
	return true;
}

bool wgd_cause_not_let_in(const struct wgd_facts *f, const struct wgd_words *w,
			  struct wgd_cause *c)
{
	const struct wgd_mesh *m = f->wif->mesh;

	if (!m || f->has_entry ||
	    (m->state != WGD_MESH_REVOKED &&
	     (m->state == WGD_MESH_CONNECTED || m->reach != WGD_MESH_JOINING)))
		return false;
	return why_out(m, w, c);
}

bool wgd_cause_no_hub(const struct wgd_facts *f, const struct wgd_words *w,
		      struct wgd_cause *c)
{
	const struct wgd_mesh *m = f->wif->mesh;

	/* hubs are not everything: who is up is reached */
	if (!f->member || m->is_hub || m->state == WGD_MESH_CONNECTED ||
	    wg_peer_state(f->owner) == WG_PEER_UP)
		return false;
	if (!f->member->hub) {
		c->dropped = wg_peer_state(f->owner) == WG_PEER_DOWN ||
			     m->reach == WGD_MESH_JOINING;
		return why_out(m, w, c);
	}
	/* a hub's silence is explained below as any peer's */
	return is_revoked(m, c) || door_refuses(m, w, c);
}

/* --- 14.: a member that is relayed is silent */

static void say_relay_dead(const struct wgd_facts *f, const struct wgd_words *w,
			   const struct wgd_mesh_member *hub,
			   struct wgd_cause *c)
{
	const struct wgd_mesh *m = f->wif->mesh;
	struct wg_prefix net = wg_relay_net(m->relay_hash);
	char addr[WG_ADDR_STRLEN], relay[WG_PREFIX_STRLEN];

	c->name = "relay-dead";
	wgd_cause_say(
		c->reason,
		"member %s does not answer by the relay of hub %s, though the hub answers us and says that it is connected",
		w->owner, hub->name);
	wgd_cause_say(
		c->unknown,
		"which of these it is: the hub's firewall drops what it forwards; the hub does not forward IPv6; the hub lies, or the member has just gone");
	wgd_cause_try(
		c,
		"at hub %s: its firewall's FORWARD from %s to itself, UDP within %s",
		hub->name, w->ifname, wg_prefix_str(&net, relay));
	wgd_cause_try(
		c,
		"at hub %s: sysctl net.ipv6.conf.all.forwarding; show wireguard explain %s",
		hub->name, wg_addr_str(&f->addr, addr));
	wgd_cause_try(
		c,
		"at the hub, show wireguard: does received from us grow, and sent to %s not?",
		w->owner);
}

bool wgd_cause_relay(const struct wgd_facts *f, const struct wgd_words *w,
		     struct wgd_cause *c)
{
	const struct wgd_mesh_member *hub =
		f->member ? wgd_hubs_of(f->wif->mesh, f->member) : NULL;

	if (!hub || !hub->connected || !wgd_cause_is_silent(f->peer))
		return false;
	/* not ->connected, which knows of the silence */
	if ((f->member->said | f->member->said_before) &
	    wg_relay_bit(hub->hub)) {
		say_relay_dead(f, w, hub, c);
		return true;
	}
	c->name = "member-away";
	wgd_cause_say(
		c->reason,
		"member %s does not answer, and hub %s says that it is not connected",
		w->owner, hub->name);
	wgd_cause_try(c, "at member %s: show wireguard mesh", w->owner);
	return true;
}

/* --- 19.: a hub that does not relay */

bool wgd_cause_relays_not(const struct wgd_facts *f, const struct wgd_words *w,
			  struct wgd_cause *c)
{
	if (!f->relays_not)
		return false;
	c->name = "forwarding-off";
	c->dropped = false;
	wgd_cause_say(
		c->reason,
		"this hub forwards no IPv6, which is what it relays: its own packets reach %s, those of other sites do not",
		w->owner);
	wgd_cause_try(c, "configure: ipv6 forwarding (zebra's)");
	wgd_cause_try(c, "or sysctl -w net.ipv6.conf.all.forwarding=1");
	return true;
}
