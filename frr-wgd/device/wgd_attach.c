// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a configured name to a device that can be talked to: the key, the link,
 * the backend, and what of the link is ours to set.
 *
 * A link that is not there is made, by the kernel or by the program, and
 * marked as ours.  One that is there without the mark is adopted: its key,
 * port, mark, addresses and flags stay unless they are configured.  After a
 * restart of ours the mark says that the link is our own.
 *
 * What is ours stays ours while we live, whatever foreign hands do to it.  The
 * configuration names the interface, and what stands in its place has nothing
 * in it that anybody else could miss:
 *
 *  - deleted: made anew, in the VRF where it was;
 *  - deleted and made again by somebody, or its mark was taken: marked.  To
 *    adopt it would keep that somebody's peers and let anybody who can delete
 *    a link widen the source filter for good;
 *  - renamed: it holds our key and port, which no second device can have.
 *    zebra takes no rename of a link that is up; such a one gets its name back
 *    and keeps its sessions.  If it was down, or if another is in its place,
 *    it is deleted, and made anew: to rename it back under zebra's eyes loses
 *    routes (zebra misses what the kernel drops when a link goes down and up
 *    at once);
 *  - moved to a VRF: that is how links get into VRFs.  It is followed there;
 *  - set down: zebra's `shutdown` does just that.  It stays down, and a link
 *    is set up only once.
 *
 * An adopted link belongs to who made it.  When it goes, it is probably being
 * started anew (wg-quick), so it has some time to come back before we make one.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "if.h"
#include "log.h"
#include "vrf.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_device.h"
#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/device/wgd_program.h"
#include "frr-wgd/zebra/wgd_zebra.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_link.h"

DEFINE_MTYPE_STATIC(WGD, WGD_LINK, "WireGuard link");

#define START_POLL_MS 20 /* is the program's socket there yet? */
#define START_MAX_MS 5000
#define PROGRAM_END_MS 1000
#define ADOPTED_BACK_MS 10000 /* for an adopted link to come back */
#define ZEBRA_TELLS_MS 800    /* that a link is gone */
#define WAIT_POLL_MS 20

/* --- attaching: the link, then the backend */

/*
 * FOUND: a link of our name was found, or -ENODEV.  Is the one that we had
 * still there, by another name?  Its index says so: the kernel gives none
 * twice unasked.  -EAGAIN: zebra may not have told yet.
 */
static int undo_rename(struct wgd_if *wif, struct wg_link *link, int found)
{
	struct interface *ifp = wgd_zebra_link(wif->name);
	bool known = ifp && (uint32_t)ifp->ifindex == wif->link->ifindex;
	struct wg_link old;
	int rc = -EBUSY;

	if (found == 0 && link->ifindex == wif->link->ifindex)
		return found;
	if (wg_link_get_index(wif->link->ifindex, &old) < 0 ||
	    wgd_if_find(old.name))
		return found;
	if (known && wgd_now_ms() - wif->link->lost_ms < ZEBRA_TELLS_MS)
		return -EAGAIN;
	if (known && found < 0)
		rc = wg_link_rename(old.ifindex, wif->name);
	zlog_warn("%s: somebody renamed it to %s: %s", wif->name, old.name,
		  rc == 0 ? "renamed back" : "deleting that one");
	if (rc == 0)
		return wg_link_get(wif->name, link);
	rc = wg_link_delete(old.ifindex);
	return rc < 0 ? rc : found;
}

/* Find the link by its name; what was ours is ours. */
static int find_link(struct wgd_if *wif, struct wg_link *link)
{
	int rc = wg_link_get(wif->name, link);

	if (!wif->link->known || wif->link->adopted ||
	    (rc < 0 && rc != -ENODEV))
		return rc;
	rc = undo_rename(wif, link, rc);
	if (rc < 0 || link->ours ||
	    !(link->wireguard || link->ifindex == wif->link->ifindex))
		return rc;
	zlog_warn("%s: somebody made it again: it is ours still", wif->name);
	rc = wg_link_mark(link->ifindex);
	link->ours = rc == 0;
	return rc;
}

/*
 * Find or make the link.  FRESH: zebra cannot have told a route to it yet,
 * because it was made in this turn of the loop.  A program's link is older
 * than that: zebra may have been faster than we.  -EINPROGRESS: the program is
 * starting, -EAGAIN: something is to be waited for.  RET_DOING: at an error,
 * perhaps, what was tried.
 */
static int get_link(struct wgd_if *wif, struct wg_link *link, bool *ret_fresh,
		    const char **ret_doing)
{
	int rc = find_link(wif, link);

	*ret_fresh = false;
	if (rc == 0 && link->wireguard == wif->conf.userspace && link->ours) {
		/* the other implementation's, from an earlier configuration */
		wg_link_delete(link->ifindex);
		rc = -ENODEV;
	}
	if (rc == 0 && wif->state == WGD_IF_STARTING && !link->ours) {
		rc = wg_link_mark(link->ifindex);
		if (rc == 0)
			link->ours = true;
		return rc;
	}
	if (rc != -ENODEV)
		return rc;
	if (wif->link->known && wif->link->adopted &&
	    wgd_now_ms() - wif->link->lost_ms < ADOPTED_BACK_MS)
		return -EAGAIN;
	if (wif->conf.userspace) {
		if (wif->state == WGD_IF_STARTING && !wgd_program_runs(wif))
			return -ECHILD;
		if (wif->state == WGD_IF_STARTING &&
		    wgd_now_ms() - wif->link->started_ms < START_MAX_MS)
			return -EINPROGRESS;
		if (wgd_program_lingers(wif)) {
			if (wgd_now_ms() - wif->link->lost_ms < PROGRAM_END_MS)
				return -EAGAIN;
			wgd_program_end(wif);
		}
		rc = wgd_program_start(wif, ret_doing);
		if (rc < 0)
			return rc;
		wif->link->started_ms = wgd_now_ms();
		wgd_if_set_state(wif, WGD_IF_STARTING, "program started");
		return -EINPROGRESS;
	}
	rc = wg_link_create(wif->name);
	if (rc == -EOPNOTSUPP) {
		*ret_doing =
			"this kernel has no WireGuard; 'wireguard implementation userspace' needs none";
		if (!wif->reason)
			zlog_err("%s: %s", wif->name, *ret_doing);
	}
	*ret_fresh = rc == 0;
	return rc < 0 ? rc : wg_link_get(wif->name, link);
}

/* A link that takes the place of ours goes where ours was. */
static void keep_vrf(struct wgd_if *wif, struct wg_link *link)
{
	int rc;

	if (!link->ours || !wif->link->vrf || link->vrf ||
	    link->ifindex == wif->link->ifindex)
		return;
	rc = wg_link_set_vrf(link->ifindex, wif->link->vrf);
	if (rc < 0)
		zlog_warn("%s: cannot go back to its VRF: %s", wif->name,
			  safe_strerror(-rc));
	else
		link->vrf = wif->link->vrf;
}

static int open_backend(struct wgd_if *wif)
{
	int rc;

	if (wif->conf.userspace)
		rc = wg_backend_open_userspace(wif->name, NULL,
					       &wif->device->be);
	else
		rc = wg_backend_open_kernel(wif->name, &wif->device->be);
	return rc;
}

/*
 * Our one link-local address; it goes with IFF_UP.  zebra forgets for good an
 * address that it hears of before the link (its data plane thread is told of
 * addresses, the main one of links), and then no router advertisement leaves by
 * it.  So not before zebra has told of the link, which has us look again.
 */
static int set_linklocal(struct wgd_if *wif, uint32_t ifindex)
{
	struct wg_addr ll;

	if (wif->link->adopted || !wgd_key_public(wif) ||
	    !wgd_zebra_knows(wif->name, ifindex))
		return 0;
	wg_key_linklocal(wgd_key_public(wif), &ll);
	return wg_link_set_linklocal(ifindex, &ll);
}

/*
 * All tunnels are in a device group, which encrypted packets cannot enter
 * (wgd_policy.c).  One that somebody put an adopted link into stays.
 */
static int keep_group(const struct wg_link *link)
{
	if (link->group == WGD_ATTACH_GROUP || (!link->ours && link->group))
		return 0;
	return wg_link_set_group(link->ifindex, WGD_ATTACH_GROUP);
}

/*
 * What somebody changed since.  Administrative up and down stay as they are.
 * zebra sets flags by reading and writing them all, and so takes back what was
 * set in between: IFF_MULTICAST is set again.
 */
static int repair_link(struct wgd_if *wif, const struct wg_link *link)
{
	bool up = link->flags & IFF_UP;
	int rc = keep_group(link);

	if (wif->link->adopted)
		return rc;
	if (rc == 0 && !(link->flags & IFF_MULTICAST))
		rc = wg_link_setup(link->ifindex, 0, up);
	if (rc == 0 && !link->ours)
		rc = wg_link_mark(link->ifindex);
	if (rc == 0 && up)
		rc = set_linklocal(wif, link->ifindex);
	return rc;
}

static vrf_id_t vrf_of(const struct wg_link *link)
{
	return link->vrf ?: VRF_DEFAULT;
}

/*
 * The kernel's count of refused packets says nothing by itself: it may be
 * years old.  That it grows does, so it is looked at with every read of the
 * device, and whenever somebody asks.
 */
bool wgd_attach_look(struct wgd_if *wif, struct wg_link *ret)
{
	int64_t now = wgd_now_ms();
	struct wg_link link;
	int rc;

	frr_with_privs (&wgd_privs) {
		rc = wg_link_get(wif->name, &link);
	}
	if (rc < 0)
		return false;
	if (!wif->link->rejected.known ||
	    wif->link->rejected.ifindex != link.ifindex ||
	    wif->link->rejected.n > link.refused) {
		wif->link->rejected.known = true;
		wif->link->rejected.ifindex = link.ifindex;
		wif->link->rejected.grew_by = 0;
	} else if (wif->link->rejected.n < link.refused) {
		wif->link->rejected.grew_by =
			link.refused - wif->link->rejected.n;
		wif->link->rejected.grew_ms = now;
		wif->link->rejected.grew_over_ms =
			now - wif->link->rejected.looked_ms;
	}
	wif->link->rejected.n = link.refused;
	wif->link->rejected.looked_ms = now;
	if (ret)
		*ret = link;
	return true;
}

bool wgd_attach_is_foreign(const struct wgd_if *wif)
{
	struct wg_link link;
	int rc;

	if (wif->device->be)
		return false;
	frr_with_privs (&wgd_privs) {
		rc = wg_link_get(wif->name, &link);
	}
	return rc == 0 && !link.ours && !link.wireguard &&
	       (!wif->conf.userspace || wif->link->no_program);
}

static void keep_mtu(struct wgd_if *wif, const struct wg_link *link,
		     uint32_t mtu, const struct interface *outer)
{
	int rc;

	if (!mtu || link->mtu == mtu)
		return;
	frr_with_privs (&wgd_privs) {
		rc = wg_link_setup(link->ifindex, mtu, link->flags & IFF_UP);
	}
	if (rc < 0)
		zlog_warn("%s: MTU %u: %s", wif->name, mtu, safe_strerror(-rc));
	else if (outer)
		zlog_info(
			"%s: MTU is %u now: %s, which leads to an endpoint, has %u",
			wif->name, mtu, outer->name, outer->mtu);
	else
		zlog_info("%s: MTU is %u now", wif->name, mtu);
}

enum wgd_attach_kept wgd_attach_keep(struct wgd_if *wif, uint32_t mtu,
				     const struct interface *outer)
{
	struct wg_link link;
	int repaired;

	if (!wgd_attach_look(wif, &link) || link.ifindex != wif->link->ifindex)
		return WGD_ATTACH_GONE;
	frr_with_privs (&wgd_privs) {
		repaired = repair_link(wif, &link);
	}
	if (repaired < 0)
		zlog_warn("%s: link not repaired: %s", wif->name,
			  safe_strerror(-repaired));
	keep_mtu(wif, &link, mtu, outer);
	if (vrf_of(&link) == wg_dev_vrf(wif->dev))
		return WGD_ATTACH_SAME;
	zlog_info("%s: moved to VRF %s", wif->name,
		  vrf_id_to_name(vrf_of(&link)));
	wif->link->vrf = link.vrf;
	wg_dev_set_link(wif->dev, vrf_of(&link), link.ifindex);
	return WGD_ATTACH_MOVED;
}

int wgd_attach_link(struct wgd_if *wif, struct wgd_attaching *a)
{
	struct wg_link *link = &a->link;
	int rc;

	wif->link->no_program = false;
	frr_with_privs (&wgd_privs) {
		rc = get_link(wif, link, &a->fresh, &a->doing);
		if (rc == 0) {
			a->made = a->fresh || wif->state == WGD_IF_STARTING ||
				  (wif->link->known &&
				   link->ifindex != wif->link->ifindex) ||
				  !(link->flags & IFF_MULTICAST);
			keep_vrf(wif, link);
			a->doing = link->ours || link->wireguard
					   ? "device"
					   : "this is no WireGuard interface";
			rc = open_backend(wif);
			wif->link->no_program =
				!link->ours && !link->wireguard &&
				(rc == -ENOENT || rc == -ECONNREFUSED);
			if (rc < 0 && wif->state == WGD_IF_STARTING &&
			    wgd_now_ms() - wif->link->started_ms < START_MAX_MS)
				rc = -EINPROGRESS;
		}
	}
	if (rc == -EINPROGRESS || rc == -EAGAIN)
		return rc == -EAGAIN ? WAIT_POLL_MS : START_POLL_MS;
	if (rc < 0)
		return rc;
	wif->link->adopted = !link->ours;
	wif->link->known = true;
	wif->link->ifindex = link->ifindex;
	wif->link->vrf = link->vrf;
	return 0;
}

void wgd_attach_strangers(struct wgd_if *wif)
{
	wg_dev_set_adopted(wif->dev, wif->link->adopted || wif->awaits_peers);
}

int wgd_attach_setup(struct wgd_if *wif, const struct wgd_attaching *a,
		     uint32_t mtu)
{
	const struct wg_link *link = &a->link;
	int rc;

	frr_with_privs (&wgd_privs) {
		rc = keep_group(link);
		if (rc == 0)
			rc = wg_link_setup(link->ifindex, mtu,
					   (a->made && link->ours) ||
						   (link->flags & IFF_UP));
		if (rc == 0)
			rc = set_linklocal(wif, link->ifindex);
	}
	if (rc < 0)
		return rc;
	wgd_attach_strangers(wif);
	wg_dev_set_link(wif->dev, vrf_of(link), link->ifindex);
	wg_sync_lost(wif->dev);
	return 0;
}

/* --- what the device shall be */

void wgd_attach_set_conf(struct wgd_if *wif, uint32_t mark)
{
	char path[PATH_MAX];
	struct wg_dev_conf conf = {
		.private_key_file =
			(char *)wgd_key_file(wif, path, sizeof(path)),
		/* on an adopted link what is not configured stays as it is */
		.listen_port = wif->conf.listen_port ?: wif->link->found_port,
		.fwmark = mark,
	};

	wg_dev_set_conf(wif->dev, &conf);
	wg_dev_set_follow(wif->dev, wif->conf.follow);
	wg_dev_set_point_to_point(wif->dev, wif->conf.p2p);
	wg_dev_set_aggregate(wif->dev, wif->conf.aggregate);
}

void wgd_attach_seen(struct wgd_if *wif, const struct wg_event *ev)
{
	char path[PATH_MAX];

	/* a program is probed with its first request */
	wg_dev_set_can_remove(wif->dev, wg_backend_can_remove(wif->device->be));
	if (!wgd_key_file(wif, path, sizeof(path)))
		wgd_key_set(wif, &ev->key);
	wif->link->found_port = wif->link->adopted ? ev->listen_port : 0;
	wif->link->found_fwmark = wif->link->adopted ? ev->fwmark : 0;
}

void wgd_attach_drop(struct wgd_if *wif)
{
	struct wg_link link = {};

	/* it has no link yet that is known as ours, and would make one */
	if (wif->state == WGD_IF_STARTING)
		wgd_program_end(wif);
	wgd_device_detach(wif);
	frr_with_privs (&wgd_privs) {
		if (wg_link_get(wif->name, &link) == 0 && link.ours)
			wg_link_delete(link.ifindex);
		else if (link.group == WGD_ATTACH_GROUP)
			wg_link_set_group(link.ifindex, 0);
	}
	wg_dev_set_link(wif->dev, VRF_DEFAULT, 0);
}

/* --- life */

void wgd_attach_new(struct wgd_if *wif)
{
	wif->link = XCALLOC(MTYPE_WGD_LINK, sizeof(*wif->link));
}

void wgd_attach_delete(struct wgd_if *wif)
{
	XFREE(MTYPE_WGD_LINK, wif->link);
}
