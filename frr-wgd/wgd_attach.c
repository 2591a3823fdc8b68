// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a configured name to a device that can be talked to: the key, the link,
 * the backend, and what of the link is ours to set.
 *
 * A link that is not there is made, by the kernel or by the program, and
 * marked as ours.  One that is there without the mark is adopted: its key,
 * port, mark, addresses and flags stay unless they are configured.  After a
 * restart of ours the mark says that the link is our own.
 */
#include <zebra.h>
#include "frr-wgd/wgd_compat.h"

#include <sys/stat.h>

#include "frrstr.h"
#include "if.h"
#include "libfrr.h"
#include "log.h"
#include "vrf.h"

#include "frr-wgd/wgd_attach.h"
#include "frr-wgd/wgd_debug.h"
#include "frr-wgd/wgd_program.h"
#include "frr-wgd/wgd_underlay.h"
#include "frr-wgd/wgd_zebra.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_link.h"

#define START_POLL_MS 20 /* is the program's socket there yet? */
#define START_MAX_MS 5000
#define KEY_RETRY_MS 10000

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
	char path[PATH_MAX], dir[PATH_MAX], err[256];
	char text[WG_KEY_STRLEN];
	struct wg_key pub;
	int rc;

	if (!wgd_if_key_file(wif, path, sizeof(path)))
		return 0;
	rc = wg_key_load_public(path, &pub, err, sizeof(err));
	if (rc == -ENOENT) {
		strlcpy(dir, path, sizeof(dir));
		*strrchr(dir, '/') = '\0';
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			zlog_warn("%s: cannot make %s: %s", wif->name, dir,
				  safe_strerror(errno));
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

vrf_id_t wgd_attach_vrf(struct wgd_if *wif)
{
	struct interface *ifp = wgd_zebra_link(wif->name);

	return ifp && ifp->vrf ? ifp->vrf->vrf_id : VRF_DEFAULT;
}

/*
 * Find or make the link.  FRESH: zebra cannot have told a route to it yet,
 * because it was made in this turn of the loop.  A program's link is older
 * than that: zebra may have been faster than we.  -EINPROGRESS: the program is
 * starting.
 */
static int get_link(struct wgd_if *wif, struct wg_link *link, bool *ret_fresh)
{
	int rc = wg_link_get(wif->name, link);

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
	if (wif->conf.userspace) {
		if (wif->state == WGD_IF_STARTING &&
		    wgd_now_ms() - wif->started_ms < START_MAX_MS &&
		    wgd_program_runs(wif))
			return -EINPROGRESS;
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
		.fwmark = wif->conf.fwmark ?: wif->found_fwmark,
	};

	wg_dev_set_conf(wif->dev, &conf);
	wg_dev_set_follow(wif->dev, wif->conf.follow);
}

/* What of the link is ours to set. */
static int setup_link(struct wgd_if *wif, const struct wg_link *link)
{
	const struct interface *outer;
	uint32_t mtu = wif->conf.mtu;
	struct wg_addr ll;
	int rc;

	if (!mtu && !wif->adopted)
		mtu = wgd_underlay_mtu(wif, &outer);
	rc = wg_link_setup(link->ifindex, mtu,
			   !wif->adopted || (link->flags & IFF_UP));
	if (rc < 0 || wif->adopted || !wgd_if_public_key(wif))
		return rc;
	wg_key_linklocal(wgd_if_public_key(wif), &ll);
	return wg_link_set_linklocal(link->ifindex, &ll);
}

/* Is there something to work on? Does one step towards it if not. */
bool wgd_attach(struct wgd_if *wif)
{
	struct wg_link link = {};
	const char *doing = "link";
	bool fresh;
	int rc;

	frr_with_privs (&wgd_privs) {
		rc = get_link(wif, &link, &fresh);
		if (rc == 0) {
			doing = "device";
			rc = open_backend(wif);
			if (rc < 0 && wif->state == WGD_IF_STARTING &&
			    wgd_now_ms() - wif->started_ms < START_MAX_MS)
				rc = -EINPROGRESS;
		}
	}
	if (rc == -EINPROGRESS) {
		wgd_if_kick_in(wif, START_POLL_MS);
		return false;
	}
	if (rc < 0) {
		wgd_if_fail(wif, rc, doing);
		return false;
	}
	wif->adopted = !link.ours;
	wif->known = true;
	if (load_key(wif) < 0) {
		wgd_if_detach(wif);
		wif->retry_ms = KEY_RETRY_MS;
		wgd_if_kick_in(wif, wif->retry_ms);
		return false;
	}
	frr_with_privs (&wgd_privs) {
		rc = setup_link(wif, &link);
	}
	if (rc < 0) {
		wgd_if_fail(wif, rc, "link setup");
		return false;
	}
	wg_dev_set_adopted(wif->dev, wif->adopted);
	wgd_attach_set_conf(wif);
	wg_dev_set_link(wif->dev, wgd_attach_vrf(wif), link.ifindex);
	wg_sync_lost(wif->dev);
	wgd_zebra_follow(wif->dev, fresh);
	wgd_if_set_state(wif, WGD_IF_UNSYNCED,
			 wif->adopted ? "adopted" : "attached");
	return true;
}

/*
 * zebra sets flags by reading and writing them all, and so takes back what
 * was set in between.  Administrative up and down stay as they are.
 */
void wgd_attach_keep_multicast(struct wgd_if *wif)
{
	struct wg_link link;

	if (wif->adopted)
		return;
	frr_with_privs (&wgd_privs) {
		if (wg_link_get(wif->name, &link) == 0 &&
		    link.ifindex == wg_dev_ifindex(wif->dev) &&
		    !(link.flags & IFF_MULTICAST))
			wg_link_setup(link.ifindex, 0, link.flags & IFF_UP);
	}
}

void wgd_attach_keep_mtu(struct wgd_if *wif)
{
	const struct interface *outer;
	struct wg_link link;
	bool set = false;
	uint32_t mtu;
	int rc = 0;

	if (wif->adopted || wif->conf.mtu || !wg_dev_ifindex(wif->dev))
		return;
	mtu = wgd_underlay_mtu(wif, &outer);
	frr_with_privs (&wgd_privs) {
		if (wg_link_get(wif->name, &link) < 0 || link.mtu == mtu ||
		    link.ifindex != wg_dev_ifindex(wif->dev))
			break;
		rc = wg_link_setup(link.ifindex, mtu, link.flags & IFF_UP);
		set = true;
	}
	if (rc < 0)
		zlog_warn("%s: MTU %u: %s", wif->name, mtu,
			  safe_strerror(-rc));
	else if (set && outer)
		zlog_info("%s: MTU is %u now: %s, which leads to an endpoint, has %u",
			  wif->name, mtu, outer->name, outer->mtu);
	else if (set)
		zlog_info("%s: MTU is %u now", wif->name, mtu);
}
