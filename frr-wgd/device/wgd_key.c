// SPDX-License-Identifier: GPL-2.0-or-later
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include "frrstr.h"
#include "libfrr.h"
#include "log.h"

#include "frr-wgd/device/wgd_attach.h"
#include "frr-wgd/device/wgd_key.h"
#include "lib/backend/wg_keys.h"

const char *wgd_key_default_file(const char *ifname, char *buf, size_t len)
{
	snprintf(buf, len, "%s%swireguard/%s.key", frr_sysconfdir,
		 frrstr_endswith(frr_sysconfdir, "/") ? "" : "/", ifname);
	return buf;
}

const char *wgd_key_mesh_file(const char *mesh, const char *key, char *buf,
			      size_t len)
{
	snprintf(buf, len, "%s%swireguard/mesh/%s/%s.key", frr_sysconfdir,
		 frrstr_endswith(frr_sysconfdir, "/") ? "" : "/", mesh, key);
	return buf;
}

const char *wgd_key_file(struct wgd_if *wif, char *buf, size_t len)
{
	if (wif->conf.key_file)
		strlcpy(buf, wif->conf.key_file, len);
	else if (wif->conf.mesh.name)
		wgd_key_mesh_file(wif->conf.mesh.name, "wg", buf, len);
	else if (wif->link->adopted)
		return NULL;
	else
		wgd_key_default_file(wif->name, buf, len);
	return buf;
}

const struct wg_key *wgd_key_public(struct wgd_if *wif)
{
	const struct wg_key *pub = wg_dev_key(wif->dev);

	return wg_key_is_zero(pub) ? NULL : pub;
}

bool wgd_key_change(struct wgd_if *wif, char *buf, size_t len)
{
	const struct wg_key *former = &wif->link->former_key;
	const struct wg_key *pub = wgd_key_public(wif);
	char is[WG_KEY_STRLEN], was[WG_KEY_STRLEN];

	/* members of a mesh learn it by themselves */
	if (!pub || wg_key_is_zero(former) || wif->conf.mesh.name)
		return false;
	snprintf(buf, len,
		 "public key is %s now, and was %s: peers need the new one",
		 wg_key_str(pub, is), wg_key_str(former, was));
	return true;
}

/*
 * Back to the key that was before a mistake: peers have that one, and nothing
 * is to be done.  One change is remembered: after another it is another one.
 */
void wgd_key_set(struct wgd_if *wif, const struct wg_key *pub)
{
	const struct wg_key *old = wgd_key_public(wif);
	struct wg_key *former = &wif->link->former_key;
	bool changed =
		old && !wg_key_is_zero(pub) && !wg_key_same(old, pub);
	char change[256];

	if (changed && wg_key_same(former, pub)) {
		*former = (struct wg_key){};
		zlog_notice("%s: public key is %s again", wif->name,
			    wg_key_str(pub, change));
	} else if (changed) {
		*former = *old;
		wif->link->key_since_ms = wgd_now_ms();
	}
	wg_dev_set_key(wif->dev, pub);
	if (changed && wgd_key_change(wif, change, sizeof(change)))
		zlog_warn("%s: %s", wif->name, change);
}

int wgd_key_load(struct wgd_if *wif)
{
	char path[PATH_MAX], err[512];
	char text[WG_KEY_STRLEN];
	struct wg_key pub;
	int rc;

	if (!wgd_key_file(wif, path, sizeof(path)))
		return 0;
	rc = wg_key_load_public(path, &pub, err, sizeof(err));
	if (rc == -ENOENT && !wif->conf.key_file) {
		/* a member signs with its WireGuard key: a seed is wanted */
		rc = wif->conf.mesh.name
			     ? wg_seed_generate(path, err, sizeof(err))
			     : wg_key_generate(path, true, err, sizeof(err));
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
	wgd_key_set(wif, &pub);
	return 0;
}
