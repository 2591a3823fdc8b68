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
#include "frr-wgd/wgd_compat.h"

#include <sys/stat.h>

#include "frrstr.h"
#include "if.h"
#include "libfrr.h"
#include "log.h"
#include "vrf.h"

#include "frr-wgd/wgd_announce.h"
#include "frr-wgd/wgd_attach.h"
#include "frr-wgd/wgd_source.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_facts.h"
#include "frr-wgd/wgd_live.h"
#include "frr-wgd/wgd_peer.h"
#include "frr-wgd/wgd_program.h"
#include "frr-wgd/wgd_underlay.h"
#include "frr-wgd/wgd_zebra.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_link.h"

#define START_POLL_MS 20 /* is the program's socket there yet? */
#define START_MAX_MS 5000
#define KEY_RETRY_MS 10000
#define PROGRAM_END_MS 1000
#define ADOPTED_BACK_MS 10000 /* for an adopted link to come back */
#define ZEBRA_TELLS_MS 800 /* that a link is gone */
#define WAIT_POLL_MS 20

/* --- the private key */

const char *wgd_if_key_file(struct wgd_if *wif, char *buf, size_t len)
{
	if (wif->conf.key_file)
		strlcpy(buf, wif->conf.key_file, len);
	else if (wif->adopted)
		return NULL;
	else
		snprintf(buf, len, "%s%swireguard/%s.key", frr_sysconfdir,
			 frrstr_endswith(frr_sysconfdir, "/") ? "" : "/",
			 wif->name);
	return buf;
}

const struct wg_key *wgd_if_public_key(struct wgd_if *wif)
{
	const struct wg_key *pub = wg_dev_key(wif->dev);

	return wg_key_is_zero(pub) ? NULL : pub;
}

/* Load our public key; make the private one where there is none. */
static int load_key(struct wgd_if *wif)
{
	char path[PATH_MAX], err[256];
	char text[WG_KEY_STRLEN];
	struct wg_key pub;
	int rc;

	if (!wgd_if_key_file(wif, path, sizeof(path)))
		return 0;
	rc = wg_key_load_public(path, &pub, err, sizeof(err));
	if (rc == -ENOENT) {
		rc = wg_key_generate(path, true, err, sizeof(err));
		if (rc == 0) {
			rc = wg_key_load_public(path, &pub, err, sizeof(err));
			if (rc == 0)
				zlog_notice(
					"%s: new private key in %s, public key %s",
					wif->name, path,
					wg_key_str(&pub, text));
		}
	}
	if (rc < 0) {
		if (!wif->reason || !strmatch(wif->reason, err))
			zlog_err("%s: private key: %s", wif->name, err);
		wgd_if_set_state(wif, WGD_IF_ABSENT, err);
		return rc;
	}
	wg_dev_set_key(wif->dev, &pub);
	return 0;
}

/* --- attaching: the link, then the backend */

/*
 * FOUND: a link of our name was found, or -ENODEV.  Is the one that we had
 * still there, by another name?  Its index says so: the kernel gives none
 * twice unasked.  -EAGAIN: zebra may not have told yet.
 */
static int undo_rename(struct wgd_if *wif, struct wg_link *link, int found)
{
	struct interface *ifp = wgd_zebra_link(wif->name);
	bool known = ifp && (uint32_t)ifp->ifindex == wif->ifindex;
	struct wg_link old;
	int rc = -EBUSY;

	if (found == 0 && link->ifindex == wif->ifindex)
		return found;
	if (wg_link_get_index(wif->ifindex, &old) < 0 || wgd_if_find(old.name))
		return found;
	if (known && wgd_now_ms() - wif->lost_ms < ZEBRA_TELLS_MS)
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

	if (!wif->known || wif->adopted || (rc < 0 && rc != -ENODEV))
		return rc;
	rc = undo_rename(wif, link, rc);
	if (rc < 0 || link->ours ||
	    !(link->wireguard || link->ifindex == wif->ifindex))
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
 * starting, -EAGAIN: something is to be waited for.
 */
static int get_link(struct wgd_if *wif, struct wg_link *link, bool *ret_fresh)
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
	if (wif->known && wif->adopted &&
	    wgd_now_ms() - wif->lost_ms < ADOPTED_BACK_MS)
		return -EAGAIN;
	if (wif->conf.userspace) {
		if (wif->state == WGD_IF_STARTING && !wgd_program_runs(wif))
			return -ECHILD;
		if (wif->state == WGD_IF_STARTING &&
		    wgd_now_ms() - wif->started_ms < START_MAX_MS)
			return -EINPROGRESS;
		if (wgd_program_lingers(wif)) {
			if (wgd_now_ms() - wif->lost_ms < PROGRAM_END_MS)
				return -EAGAIN;
			wgd_program_end(wif);
		}
		rc = wgd_program_start(wif);
		if (rc < 0)
			return rc;
		wif->started_ms = wgd_now_ms();
		wgd_if_set_state(wif, WGD_IF_STARTING, "program started");
		return -EINPROGRESS;
	}
	rc = wg_link_create(wif->name);
	if (rc == -EOPNOTSUPP && !wif->reason)
		zlog_err("%s: this kernel has no WireGuard; 'wireguard implementation userspace' needs none",
			 wif->name);
	*ret_fresh = rc == 0;
	return rc < 0 ? rc : wg_link_get(wif->name, link);
}

/* A link that takes the place of ours goes where ours was. */
static void keep_vrf(struct wgd_if *wif, struct wg_link *link)
{
	int rc;

	if (!link->ours || !wif->vrf || link->vrf ||
	    link->ifindex == wif->ifindex)
		return;
	rc = wg_link_set_vrf(link->ifindex, wif->vrf);
	if (rc < 0)
		zlog_warn("%s: cannot go back to its VRF: %s", wif->name,
			  safe_strerror(-rc));
	else
		link->vrf = wif->vrf;
}

static int open_backend(struct wgd_if *wif)
{
	int rc;

	if (wif->conf.userspace)
		rc = wg_backend_open_userspace(wif->name, NULL, &wif->be);
	else
		rc = wg_backend_open_kernel(wif->name, &wif->be);
	return rc;
}

/* Tell the core what the device shall be. */
void wgd_attach_set_conf(struct wgd_if *wif)
{
	char path[PATH_MAX];
	struct wg_dev_conf conf = {
		.private_key_file =
			(char *)wgd_if_key_file(wif, path, sizeof(path)),
		/* on an adopted link what is not configured stays as it is */
		.listen_port = wif->conf.listen_port ?: wif->found_port,
		.fwmark = wif->conf.fwmark ?: wgd_source_mark(wif)
				  ?: wif->found_fwmark,
	};

	wg_dev_set_conf(wif->dev, &conf);
	wg_dev_set_follow(wif->dev, wif->conf.follow);
	wg_dev_set_aggregate(wif->dev, wif->conf.aggregate);
}

/* The MTU that the link shall have; 0: as it is.  RET: what it depends on. */
static uint32_t wanted_mtu(struct wgd_if *wif, const struct interface **ret)
{
	*ret = NULL;
	if (wif->conf.mtu || wif->adopted)
		return wif->conf.mtu;
	return wgd_underlay_mtu(wif, ret);
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

	if (wif->adopted || !wgd_if_public_key(wif) ||
	    !wgd_zebra_knows(wif->name, ifindex))
		return 0;
	wg_key_linklocal(wgd_if_public_key(wif), &ll);
	return wg_link_set_linklocal(ifindex, &ll);
}

/*
 * What of the link is ours to set.  MADE: not one that we had set up already.
 */
static int setup_link(struct wgd_if *wif, const struct wg_link *link, bool made)
{
	const struct interface *outer;
	int rc = wg_link_setup(link->ifindex, wanted_mtu(wif, &outer),
			       made || (link->flags & IFF_UP));

	return rc < 0 ? rc : set_linklocal(wif, link->ifindex);
}

/*
 * What somebody changed since.  Administrative up and down stay as they are.
 * zebra sets flags by reading and writing them all, and so takes back what was
 * set in between: IFF_MULTICAST is set again.
 */
static int repair_link(struct wgd_if *wif, const struct wg_link *link)
{
	bool up = link->flags & IFF_UP;
	int rc = 0;

	if (wif->adopted)
		return 0;
	if (!(link->flags & IFF_MULTICAST))
		rc = wg_link_setup(link->ifindex, 0, up);
	if (rc == 0 && !link->ours)
		rc = wg_link_mark(link->ifindex);
	if (rc == 0 && up)
		rc = set_linklocal(wif, link->ifindex);
	return rc;
}

static void keep_mtu(struct wgd_if *wif, const struct wg_link *link)
{
	const struct interface *outer;
	uint32_t mtu = wanted_mtu(wif, &outer);
	int rc;

	if (!mtu || link->mtu == mtu)
		return;
	frr_with_privs (&wgd_privs) {
		rc = wg_link_setup(link->ifindex, mtu, link->flags & IFF_UP);
	}
	if (rc < 0)
		zlog_warn("%s: MTU %u: %s", wif->name, mtu,
			  safe_strerror(-rc));
	else if (outer)
		zlog_info("%s: MTU is %u now: %s, which leads to an endpoint, has %u",
			  wif->name, mtu, outer->name, outer->mtu);
	else
		zlog_info("%s: MTU is %u now", wif->name, mtu);
}

static vrf_id_t vrf_of(const struct wg_link *link)
{
	return link->vrf ?: VRF_DEFAULT;
}

/* The link is in this VRF now: so are its routes and its BFD sessions. */
static void follow(struct wgd_if *wif, bool fresh)
{
	struct wg_peer *peer;

	wgd_zebra_follow(wif->dev, fresh);
	for (peer = wg_peer_first(wif->dev); peer; peer = wg_peer_next(peer))
		wgd_live_look(((struct wgd_peer *)wg_peer_arg(peer))->live);
}

bool wgd_attach_keep(struct wgd_if *wif)
{
	struct wg_link link;
	int repaired;

	if (!wgd_facts_look(wif, &link) || link.ifindex != wif->ifindex)
		return false;
	frr_with_privs (&wgd_privs) {
		repaired = repair_link(wif, &link);
	}
	if (repaired < 0)
		zlog_warn("%s: link not repaired: %s", wif->name,
			  safe_strerror(-repaired));
	keep_mtu(wif, &link);
	if (vrf_of(&link) == wg_dev_vrf(wif->dev))
		return true;
	zlog_info("%s: moved to VRF %s", wif->name,
		  vrf_id_to_name(vrf_of(&link)));
	wif->vrf = link.vrf;
	wg_dev_set_link(wif->dev, vrf_of(&link), link.ifindex);
	wgd_announce_if(wif);
	follow(wif, false);
	return true;
}

/* Is there something to work on? Does one step towards it if not. */
bool wgd_attach(struct wgd_if *wif)
{
	struct wg_link link = {};
	const char *doing = "link";
	bool fresh, made = false;
	int rc;

	frr_with_privs (&wgd_privs) {
		rc = get_link(wif, &link, &fresh);
		if (rc == 0) {
			made = fresh || wif->state == WGD_IF_STARTING ||
			       (wif->known && link.ifindex != wif->ifindex) ||
			       !(link.flags & IFF_MULTICAST);
			keep_vrf(wif, &link);
			doing = "device";
			rc = open_backend(wif);
			if (rc < 0 && wif->state == WGD_IF_STARTING &&
			    wgd_now_ms() - wif->started_ms < START_MAX_MS)
				rc = -EINPROGRESS;
		}
	}
	if (rc == -EINPROGRESS || rc == -EAGAIN) {
		wgd_if_kick_in(wif, rc == -EAGAIN ? WAIT_POLL_MS
						  : START_POLL_MS);
		return false;
	}
	if (rc < 0) {
		wgd_if_fail(wif, rc, doing);
		return false;
	}
	wif->adopted = !link.ours;
	wif->known = true;
	wif->ifindex = link.ifindex;
	wif->vrf = link.vrf;
	if (load_key(wif) < 0) {
		wgd_if_detach(wif);
		wif->retry_ms = KEY_RETRY_MS;
		wgd_if_kick_in(wif, wif->retry_ms);
		return false;
	}
	frr_with_privs (&wgd_privs) {
		rc = setup_link(wif, &link, made && link.ours);
	}
	if (rc < 0) {
		wgd_if_fail(wif, rc, "link setup");
		return false;
	}
	wg_dev_set_adopted(wif->dev, wif->adopted);
	wgd_attach_set_conf(wif);
	wg_dev_set_link(wif->dev, vrf_of(&link), link.ifindex);
	wg_sync_lost(wif->dev);
	wgd_announce_if(wif);
	follow(wif, fresh);
	wgd_if_set_state(wif, WGD_IF_UNSYNCED,
			 wif->adopted ? "adopted" : "attached");
	return true;
}
