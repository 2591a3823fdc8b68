// SPDX-License-Identifier: GPL-2.0-or-later
#include "frr-wgd/tests/fake_device.h"

#include "lib/backend/wg_backend.h"
#include "lib/backend/wg_keys.h"
#include "lib/backend/wg_policy.h"

struct fake_device fake_device;

static int once(int *rc)
{
	int now = *rc;

	*rc = 0;
	return now;
}

void fake_device_reset(void)
{
	memset(&fake_device, 0, sizeof(fake_device));
	fake_device.kernel.can_remove = true;
}

/* --- the link */

int wg_link_get(const char *ifname, struct wg_link *ret)
{
	if (!fake_device.link.ifindex ||
	    strcmp(ifname, fake_device.link.name) != 0)
		return -ENODEV;
	*ret = fake_device.link;
	return 0;
}

int wg_link_get_index(uint32_t ifindex, struct wg_link *ret)
{
	if (!ifindex || ifindex != fake_device.link.ifindex)
		return -ENODEV;
	*ret = fake_device.link;
	return 0;
}

int wg_link_create(const char *ifname)
{
	int rc = once(&fake_device.create);

	if (rc < 0)
		return rc;
	fake_device.link = (struct wg_link){
		.ifindex = ++fake_device.made,
		.wireguard = true,
		.ours = true,
		.mtu = 1420,
	};
	strlcpy(fake_device.link.name, ifname, sizeof(fake_device.link.name));
	fake_device.kernel.n_peers = fake_device.kernel.n_entries = 0;
	return 0;
}

int wg_link_delete(uint32_t ifindex)
{
	fake_device.link.ifindex = 0;
	return 0;
}

int wg_link_mark(uint32_t ifindex)
{
	fake_device.link.ours = true;
	return 0;
}

int wg_link_set_group(uint32_t ifindex, uint32_t group)
{
	fake_device.link.group = group;
	return 0;
}

int wg_link_rename(uint32_t ifindex, const char *ifname)
{
	strlcpy(fake_device.link.name, ifname, sizeof(fake_device.link.name));
	return 0;
}

int wg_link_set_vrf(uint32_t ifindex, uint32_t vrf)
{
	fake_device.link.vrf = vrf;
	return 0;
}

int wg_link_setup(uint32_t ifindex, uint32_t mtu, bool up)
{
	fake_device.link.flags |= IFF_MULTICAST | (up ? IFF_UP : 0);
	if (mtu)
		fake_device.link.mtu = mtu;
	return 0;
}

int wg_link_set_linklocal(uint32_t ifindex, const struct wg_addr *ll)
{
	return 0;
}

/* --- the device */

struct wg_backend {
	enum { IDLE, APPLIED, TOLD } doing;
	int rc;		    /* what the request comes to */
	size_t peer, entry; /* what is told next */
	bool told_device;
};

int wg_backend_open_kernel(const char *ifname, struct wg_backend **ret)
{
	int rc = once(&fake_device.open);

	if (rc < 0)
		return rc;
	*ret = calloc(1, sizeof(**ret));
	return 0;
}

int wg_backend_open_userspace(const char *ifname, const char *dir,
			      struct wg_backend **ret)
{
	return -ENOENT;
}

void wg_backend_close(struct wg_backend **be)
{
	free(*be);
	*be = NULL;
}

bool wg_backend_process(const struct wg_backend *be, pid_t *ret_pid,
			uid_t *ret_uid)
{
	return false;
}

bool wg_backend_can_remove(const struct wg_backend *be)
{
	return fake_device.kernel.can_remove;
}

const char *wg_backend_error(const struct wg_backend *be)
{
	return "";
}

int wg_backend_fd(const struct wg_backend *be)
{
	return -1;
}

/* There is always something at once, or nothing to come. */
short wg_backend_events(const struct wg_backend *be)
{
	return 0;
}

int wg_backend_timeout(const struct wg_backend *be)
{
	return -1;
}

int wg_backend_apply(struct wg_backend *be, const struct wg_op *ops, size_t n)
{
	size_t i;

	fake_device.applies++;
	be->doing = APPLIED;
	be->rc = once(&fake_device.apply);
	for (i = 0; i < n && be->rc == 0; i++)
		be->rc = fk_op(&fake_device.kernel, &ops[i]);
	return 0;
}

int wg_backend_read(struct wg_backend *be)
{
	fake_device.reads++;
	*be = (struct wg_backend){.doing = TOLD, .rc = once(&fake_device.read)};
	return 0;
}

int wg_backend_next(struct wg_backend *be, struct wg_event *ret)
{
	const struct fake_kernel *k = &fake_device.kernel;
	int rc = be->rc;

	memset(ret, 0, sizeof(*ret));
	if (be->doing == IDLE)
		return 0;
	if (rc < 0) {
		be->doing = IDLE;
		return rc;
	}
	if (be->doing == APPLIED) {
		be->doing = IDLE;
		ret->kind = WG_EV_APPLIED;
		return 1;
	}
	if (!be->told_device) {
		be->told_device = true;
		ret->kind = WG_EV_DEVICE;
		ret->key = k->pub;
		ret->listen_port = k->listen_port;
		ret->fwmark = k->fwmark;
		return 1;
	}
	/* the prefixes of the peer that was told last */
	for (; be->peer && be->entry < k->n_entries; be->entry++)
		if (wg_key_same(&k->entries[be->entry].key,
				&k->peers[be->peer - 1].key)) {
			ret->kind = WG_EV_PREFIX;
			ret->prefix = k->entries[be->entry++].prefix;
			return 1;
		}
	if (be->peer < k->n_peers) {
		ret->kind = WG_EV_PEER;
		ret->key = k->peers[be->peer].key;
		ret->endpoint = k->peers[be->peer].endpoint;
		ret->keepalive = k->peers[be->peer].keepalive;
		be->peer++;
		be->entry = 0;
		return 1;
	}
	be->doing = IDLE;
	ret->kind = WG_EV_END;
	return 1;
}

/* --- keys */

int wg_key_load_public(const char *file, struct wg_key *ret, char *err,
		       size_t len)
{
	int rc = once(&fake_device.key);

	if (rc < 0)
		snprintf(err, len, "%s: as the test wants it", file);
	else
		*ret = fk_key_of_file(file);
	return rc;
}

int wg_key_generate(const char *file, bool private, char *err, size_t len)
{
	return 0;
}

int wg_key_check(const char *file, char *err, size_t len)
{
	strlcpy(err, "as the test wants it", len);
	return once(&fake_device.key);
}

char *wg_key_str(const struct wg_key *pub, char *buf)
{
	snprintf(buf, WG_KEY_STRLEN, "key %u", pub->b[0]);
	return buf;
}

void wg_key_linklocal(const struct wg_key *pub, struct wg_addr *ret)
{
	*ret = addr_of("fe80::");
	memcpy(ret->b + 8, pub->b, 8);
}

/* --- policy routing */

int wg_policy_open(struct wg_policy_bus **ret)
{
	return -EPERM;
}

void wg_policy_close(struct wg_policy_bus **bus)
{
}

int wg_policy_fd(const struct wg_policy_bus *bus)
{
	return -1;
}

int wg_policy_watch(struct wg_policy_bus *bus, const uint32_t *tables, size_t n)
{
	return 0;
}

bool wg_policy_drain(struct wg_policy_bus *bus)
{
	return false;
}

int wg_policy_set_rule(struct wg_policy_bus *bus, const struct wg_rule *rule,
		       bool there)
{
	return -EPERM;
}

int wg_policy_set_route(struct wg_policy_bus *bus,
			const struct wg_policy_route *route)
{
	return -EPERM;
}

int wg_policy_read_rules(struct wg_policy_bus *bus, uint8_t family,
			 struct wg_rule_seen **ret, size_t *ret_n)
{
	return -EPERM;
}

int wg_policy_read_routes(struct wg_policy_bus *bus, uint8_t family,
			  uint32_t table, struct wg_route_seen **ret,
			  size_t *ret_n)
{
	return -EPERM;
}

int wg_policy_set_relay(struct wg_policy_bus *bus,
			const struct wg_relay_plan *plan)
{
	return -EPERM;
}

int wg_policy_trim_relay(struct wg_policy_bus *bus,
			 const struct wg_relay_plan *plan,
			 const struct wg_relay_plan *was)
{
	return -EPERM;
}

int wg_policy_read_local(struct wg_policy_bus *bus, uint32_t group,
			 struct wg_addr *ret, size_t max, size_t *ret_n,
			 uint32_t *ret_strict)
{
	return -EPERM;
}
