// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Liveness of peers: between BFD, the device and the core.
 *
 * A peer has one BFD session, to its first address, or where it has none to
 * the link-local address that its key gives it.  The session lives as long as
 * the peer could be reached at all: not while it is shut down or has no key.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include "frr-wgd/wgd_if.h"
#include "frr-wgd/wgd_live.h"
#include "frr-wgd/wgd_peer.h"

DEFINE_MTYPE_STATIC(WGD, WGD_LIVE, "WireGuard peer liveness");

struct wgd_live {
	struct wgd_peer *p;
	bool want_bfd; /* as configured */
	char *profile; /* NULL: bfdd's default */

	struct wgd_bfd *bfd; /* with ... */
	struct wg_addr address;
	vrf_id_t vrf;
};

/* --- BFD */

static void bfd_changed(void *arg, enum wgd_bfd_status status)
{
}

/* Where the session should lead to; AF_UNSPEC: there should be none. */
static struct wg_addr bfd_address(const struct wgd_live *l)
{
	const struct wgd_peer *p = l->p;
	enum wg_peer_state state = wg_peer_state(p->peer);

	if (!l->want_bfd || state == WG_PEER_INCOMPLETE ||
	    state == WG_PEER_SHUTDOWN)
		return (struct wg_addr){};
	return p->n_addresses ? p->addresses[0] : p->linklocal;
}

static void set_bfd(struct wgd_live *l, bool anew)
{
	struct wg_addr address = bfd_address(l);
	vrf_id_t vrf = wg_dev_vrf(l->p->wif->dev);

	if (!anew && wg_addr_same(&address, &l->address) &&
	    (!l->bfd || l->vrf == vrf))
		return;
	wgd_bfd_delete(&l->bfd);
	l->address = address;
	l->vrf = vrf;
	if (address.family)
		l->bfd = wgd_bfd_new(vrf, &address, NULL, l->p->wif->name,
				     l->profile, bfd_changed, l);
}

bool wgd_live_bfd(const struct wgd_live *l, struct wgd_live_bfd *ret)
{
	if (!l->bfd)
		return false;
	*ret = (struct wgd_live_bfd){
		.address = l->address,
		.profile = l->profile,
		.status = wgd_bfd_status(l->bfd),
	};
	return true;
}

/* --- life */

struct wgd_live *wgd_live_new(struct wgd_peer *p)
{
	struct wgd_live *l = XCALLOC(MTYPE_WGD_LIVE, sizeof(*l));

	l->p = p;
	return l;
}

void wgd_live_delete(struct wgd_live **at)
{
	struct wgd_live *l = *at;

	*at = NULL;
	wgd_bfd_delete(&l->bfd);
	XFREE(MTYPE_WGD_STR, l->profile);
	XFREE(MTYPE_WGD_LIVE, l);
}

void wgd_live_configure(struct wgd_live *l, bool bfd, const char *profile)
{
	bool anew = !strmatch(l->profile ?: "", profile ?: "");

	l->want_bfd = bfd;
	if (anew) {
		XFREE(MTYPE_WGD_STR, l->profile);
		l->profile = profile ? XSTRDUP(MTYPE_WGD_STR, profile) : NULL;
	}
	set_bfd(l, anew);
}

void wgd_live_look(struct wgd_live *l)
{
	set_bfd(l, false);
}
