/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Devices: what the operator says about them and what follows at once.
 *
 * A device without a link (ifindex 0) keeps its peers and claims, but no
 * routes: zebra's next hops name interfaces by index, and the index is gone.
 * So routes move when the link does, not at the next settle; in between they
 * could be mistaken for those of another VRF.
 */
#include <assert.h>

#include "lib/core/wg_announced.h"
#include "lib/core/wg_entry.h"
#include "lib/core/wg_nexthops.h"
#include "lib/core/wg_owner.h"
#include "lib/core/wg_peers.h"
#include "lib/core/wg_sweep.h"

static struct wg_dev **place(struct wg_core *core, const char *name)
{
	struct wg_dev **at = &core->devs;

	while (*at && strcmp((*at)->name, name) < 0)
		at = &(*at)->next;
	return at;
}

struct wg_dev *wg_dev_new(struct wg_core *core, const char *name)
{
	struct wg_dev **at = place(core, name);
	struct wg_dev *dev = wg_mem_get(&core->mem, sizeof(*dev));

	assert(!*at || strcmp((*at)->name, name) != 0);
	dev->core = core;
	dev->name = wg_mem_str(&core->mem, name);
	dev->n_slots = 1;
	dev->spare_of = WG_SPARE_OF;
	wg_table_init(&dev->table[0], &core->mem, AF_INET);
	wg_table_init(&dev->table[1], &core->mem, AF_INET6);
	wg_labels_init(&dev->labels, &core->mem);
	dev->next = *at;
	*at = dev;
	return dev;
}

static void free_conf(struct wg_dev *dev)
{
	wg_mem_put_str(&dev->core->mem, dev->conf.private_key_file);
	dev->conf = (struct wg_dev_conf){};
}

void wg_dev_delete(struct wg_dev *dev)
{
	struct wg_core *core = dev->core;

	wg_dev_set_link(dev, dev->vrf, 0);
	*place(core, dev->name) = dev->next;
	wg_table_fini(&dev->table[0]);
	wg_table_fini(&dev->table[1]);
	wg_labels_fini(&dev->labels);
	wg_peer_free_all(dev);
	wg_announced_free(dev);
	free_conf(dev);
	wg_mem_put_str(&core->mem, dev->name);
	wg_mem_put(&core->mem, dev, sizeof(*dev));
}

/* The device is another, or none: nobody has anything. */
static void forget_acked(struct wg_dev *dev)
{
	struct wg_peer *list[] = {dev->named, dev->nameless};
	struct wg_peer *peer;
	unsigned f;
	uint32_t i;

	for (f = 0; f < 2; f++)
		for (i = 1; i < dev->table[f].top; i++) {
			struct wg_table *t = &dev->table[f];

			if (!wg_table_node(t, i)->live ||
			    !wg_table_node(t, i)->acked)
				continue;
			wg_owner_ack(dev, t, i, 0);
		}
	wg_peer_look_again(dev);
	for (f = 0; f < 2; f++)
		for (peer = list[f]; peer; peer = peer->next) {
			peer->present = false;
			peer->renew = false;
			peer->conf_acked = 0;
			peer->endpoint_acked = (struct wg_endpoint){};
		}
	dev->conf_acked = 0;
	dev->port_acked = 0;
	wg_plan_retry(dev);
	dev->known = false;
	dev->syncing = false;
	dev->sweep &= WG_SWEEP_PLAIN; /* whatever else it was about */
	dev->in_flight = 0;
}

void wg_dev_set_link(struct wg_dev *dev, uint32_t vrf, uint32_t ifindex)
{
	if (dev->ifindex == ifindex && dev->vrf == vrf)
		return;
	if (dev->ifindex != ifindex) {
		dev->synced = false;
		forget_acked(dev);
	}
	/* routes of the one VRF leave before those of the other come */
	dev->ifindex = 0;
	wg_nhset_settle(dev->core);
	dev->vrf = vrf;
	dev->ifindex = ifindex;
	if (ifindex)
		wg_nhset_settle(dev->core);
}

void wg_dev_set_adopted(struct wg_dev *dev, bool adopted)
{
	if (dev->adopted == adopted)
		return;
	dev->adopted = adopted;
	wg_peer_look_again(dev);
	wg_entry_touch_all(dev);
	dev->marked_all = true;
}

void wg_dev_set_aggregate(struct wg_dev *dev, bool aggregate)
{
	dev->aggregate = aggregate;
}

void wg_dev_set_can_remove(struct wg_dev *dev, bool can)
{
	if (dev->can_remove == can)
		return;
	dev->can_remove = can;
	if (dev->n_orphans)
		wg_entry_touch_all(dev);
}

void wg_dev_set_follow(struct wg_dev *dev, enum wg_follow follow)
{
	if (dev->follow == follow)
		return;
	dev->follow = follow;
	dev->marked = true;
	dev->core->marked_sets = true;
}

void wg_dev_set_point_to_point(struct wg_dev *dev, bool p2p)
{
	if (dev->p2p == p2p)
		return;
	dev->p2p = p2p;
	dev->marked = true;
	dev->core->marked_sets = true;
}

void wg_dev_set_conf(struct wg_dev *dev, const struct wg_dev_conf *conf)
{
	const struct wg_dev_conf *old = &dev->conf;
	char *file;

	if (old->listen_port != conf->listen_port)
		dev->port_gen++;
	dev->conf.listen_port = conf->listen_port;
	if (old->fwmark == conf->fwmark &&
	    !old->private_key_file == !conf->private_key_file &&
	    (!old->private_key_file ||
	     strcmp(old->private_key_file, conf->private_key_file) == 0))
		return;
	file = wg_mem_str(&dev->core->mem, conf->private_key_file);
	free_conf(dev);
	dev->conf = *conf;
	dev->conf.private_key_file = file;
	dev->conf_gen++;
}

void wg_dev_set_key(struct wg_dev *dev, const struct wg_key *pub)
{
	struct wg_peer *peer;

	if (wg_key_same(&dev->key, pub))
		return;
	dev->key = *pub;
	/* another key, even in the same file */
	if (dev->conf.private_key_file)
		dev->conf_gen++;
	for (peer = dev->named; peer; peer = peer->next)
		wg_peer_mark(peer);
}

struct wg_dev *wg_dev_find(struct wg_core *core, const char *name)
{
	struct wg_dev *dev = *place(core, name);

	return dev && strcmp(dev->name, name) == 0 ? dev : NULL;
}

struct wg_dev *wg_dev_first(struct wg_core *core)
{
	return core->devs;
}

struct wg_dev *wg_dev_next(struct wg_dev *dev)
{
	return dev->next;
}

const char *wg_dev_name(const struct wg_dev *dev)
{
	return dev->name;
}

struct wg_core *wg_dev_core(const struct wg_dev *dev)
{
	return dev->core;
}

void wg_dev_set_arg(struct wg_dev *dev, void *arg)
{
	dev->arg = arg;
}

void *wg_dev_arg(const struct wg_dev *dev)
{
	return dev->arg;
}

uint32_t wg_dev_ifindex(const struct wg_dev *dev)
{
	return dev->ifindex;
}

uint32_t wg_dev_vrf(const struct wg_dev *dev)
{
	return dev->vrf;
}

bool wg_dev_adopted(const struct wg_dev *dev)
{
	return dev->adopted;
}

bool wg_dev_aggregate(const struct wg_dev *dev)
{
	return dev->aggregate;
}

const struct wg_dev_conf *wg_dev_conf(const struct wg_dev *dev)
{
	return &dev->conf;
}

const struct wg_key *wg_dev_key(const struct wg_dev *dev)
{
	return &dev->key;
}
