// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why packets to a site of a mesh go by a hub, and what would make the path
 * direct.  Nothing is wrong then, so this is no rung of the ladder: it is said
 * beside what the ladder says.
 *
 * The reason is the machine's (lib/core/wg_path.h), a word.  What it means here
 * depends on what else is known at this end, above all on our own NAT; of the
 * other end's nothing is known but what it does, so there it is said where to
 * look.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frr-wgd/mesh/wgd_hubs.h"
#include "frr-wgd/mesh/wgd_path_view.h"
#include "frr-wgd/show/wgd_cause.h"

/* How to be reached whatever NAT there is. */
static void try_publish(const struct wgd_facts *f, const struct wgd_words *w,
			struct wgd_cause *c)
{
	wgd_cause_try(
		c,
		"forward UDP port %u of the NAT to this machine, and interface %s: wireguard mesh endpoint ADDRESS port %u",
		f->wif->port, w->ifname, f->wif->port);
}

static void try_other(const struct wgd_words *w, struct wgd_cause *c)
{
	wgd_cause_try(
		c,
		"at %s: show wireguard mesh: is its NAT symmetric? then publish a port there",
		w->owner);
}

static void no_raw_socket(const struct wgd_facts *f, const struct wgd_words *w,
			  struct wgd_cause *c)
{
	wgd_cause_say(c->reason, "wgd cannot probe: %s",
		      wgd_probe_error(f->wif->mesh)
			      ?: "there was no socket for it");
	wgd_cause_try(
		c,
		"let wgd have CAP_NET_RAW, and start it anew; show wireguard protection says what it has");
}

static void never(const struct wgd_facts *f, const struct wgd_words *w,
		  struct wgd_cause *c)
{
	wgd_cause_say(
		c->reason,
		"a line of interface %s, wireguard mesh direct never, forbids it",
		w->ifname);
	wgd_cause_try(c, "interface %s: no wireguard mesh direct", w->ifname);
}

static void no_candidate(const struct wgd_facts *f, const struct wgd_words *w,
			 struct wgd_cause *c)
{
	wgd_cause_say(
		c->reason,
		"%s names no place where we could try: it must not or cannot probe, or no hub has told it where it is seen",
		w->owner);
	wgd_cause_try(
		c,
		"at %s: show wireguard mesh members: is it direct never, or no-raw-socket?",
		w->owner);
	wgd_cause_try(c, "at %s: interface NAME: wireguard mesh endpoint ADDRESS port PORT, if it has a public address",
		      w->owner);
}

static void no_answer(const struct wgd_facts *f, const struct wgd_words *w,
		      struct wgd_cause *c)
{
	wgd_cause_say(c->reason,
		      "%s did not answer our call, which a hub was to bring",
		      w->owner);
	wgd_cause_try(c, "at %s: show wireguard mesh: is it connected?",
		      w->owner);
}

static void no_pong(const struct wgd_facts *f, const struct wgd_words *w,
		    struct wgd_cause *c)
{
	const struct wg_observed *o = wgd_probe_observed(f->wif->mesh);

	switch (wg_observed_nat(o, wgd_now_ms())) {
	case WG_NAT_SYMMETRIC:
		wgd_cause_say(
			c->reason,
			"no probe came through: our NAT is symmetric, each hub sees us with another port, so %s cannot know which one to try",
			w->owner);
		try_publish(f, w, c);
		break;
	case WG_NAT_NONE:
		wgd_cause_say(
			c->reason,
			"no probe came through, though we are behind no NAT: a firewall, here or there, or the NAT of %s drops them",
			w->owner);
		wgd_cause_try(
			c,
			"let UDP from outside in to port %u of this machine",
			f->wif->port);
		break;
	case WG_NAT_CONE:
	case WG_NAT_UNKNOWN:
		wgd_cause_say(
			c->reason,
			"no probe came through: the NAT of %s, or ours, gives each place another port, or a firewall drops UDP that comes from outside",
			w->owner);
		try_publish(f, w, c);
		break;
	}
	try_other(w, c);
}

static void no_settle(const struct wgd_facts *f, const struct wgd_words *w,
		      struct wgd_cause *c)
{
	wgd_cause_say(
		c->reason,
		"probes come through between us and %s, but WireGuard's packets did not in time",
		w->owner);
	wgd_cause_try(
		c,
		"tcpdump -n udp port %u, here and there: do long packets arrive?",
		f->wif->port);
}

static void lost(const struct wgd_facts *f, const struct wgd_words *w,
		 struct wgd_cause *c)
{
	wgd_cause_say(c->reason,
		      "it was direct, until nothing came back from %s",
		      w->owner);
	wgd_cause_try(
		c,
		"if it happens often: does a NAT forget UDP within seconds, or is a link bad? ping by the underlay");
}

static void idle(const struct wgd_facts *f, const struct wgd_words *w,
		 struct wgd_cause *c)
{
	wgd_cause_say(
		c->reason,
		"it was direct, until neither end had data for the other: it is tried again as soon as there is");
	wgd_cause_try(
		c,
		"interface %s: wireguard mesh idle-timeout, longer, or wireguard mesh direct always",
		w->ifname);
}

static void no_demand(const struct wgd_facts *f, const struct wgd_words *w,
		      struct wgd_cause *c)
{
	wgd_cause_say(
		c->reason,
		"neither end sent data: two packets within %d s make them try",
		WG_PATH_DEMAND_MS / 1000);
	wgd_cause_try(c, "ping %s", w->addr);
}

static void new_key(const struct wgd_facts *f, const struct wgd_words *w,
		    struct wgd_cause *c)
{
	wgd_cause_say(
		c->reason,
		"%s has a new WireGuard key: it is tried again as soon as there is data",
		w->owner);
	wgd_cause_try(c, "ping %s", w->addr);
}

typedef void (*explanation)(const struct wgd_facts *f,
			    const struct wgd_words *w, struct wgd_cause *c);

static const explanation explanations[WG_PATH_WHYS] = {
	[WG_PATH_WHY_NO_DEMAND] = no_demand,
	[WG_PATH_WHY_NO_ANSWER] = no_answer,
	[WG_PATH_WHY_NO_CANDIDATE] = no_candidate,
	[WG_PATH_WHY_NO_PONG] = no_pong,
	[WG_PATH_WHY_NO_SETTLE] = no_settle,
	[WG_PATH_WHY_LOST] = lost,
	[WG_PATH_WHY_IDLE] = idle,
	[WG_PATH_WHY_NEVER] = never,
	[WG_PATH_WHY_NO_RAW_SOCKET] = no_raw_socket,
	[WG_PATH_WHY_NEW_KEY] = new_key,
};

/* It is on its way, one way or the other: there is nothing to be done. */
static const char *under_way(enum wg_path_state state)
{
	switch (state) {
	case WG_PATH_START:
		return "wgd was started, and does not know yet whether it is direct";
	case WG_PATH_CALLING:
	case WG_PATH_PROBING:
		return "both ends are trying to be direct";
	case WG_PATH_SWITCHING:
		return "it is becoming direct";
	default:
		return NULL;
	}
}

bool wgd_cause_path(const struct wgd_facts *f, const struct wgd_words *w,
		    struct wgd_path_view *view, struct wgd_cause *c)
{
	*c = (struct wgd_cause){};
	if (!f->member || !wgd_path_view(f->member, view))
		return false;
	if (view->state == WG_PATH_DIRECT)
		return true;
	if (under_way(view->state)) {
		wgd_cause_say(c->reason, "%s", under_way(view->state));
		return true;
	}
	c->name = wg_path_why_str(view->why);
	explanations[view->why](f, w, c);
	if (view->held_ms)
		wgd_cause_say(
			c->unknown,
			"unless either end's addresses change before, it is tried again in %" PRId64
			" s, when there is data",
			view->held_ms / 1000 + 1);
	return true;
}
