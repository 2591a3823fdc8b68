/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who we are in a mesh: the mesh's keys, our certificate and our own keys, as
 * an invite or an answer of the keeper brought them; and what we sign.
 *
 *   KEYS/mesh/NAME/identity.key, wg.key, invite-*.key: seeds, of the key process
 *   STATE/NAME.invite: what was brought, until it was read
 *   STATE/NAME.mesh:   the same without a secret; an answer's line
 *   STATE/NAME.items:  the map (wgd_map.h)
 */
#ifndef WGD_SELF_H
#define WGD_SELF_H

#include "frr-wgd/base/wgd_if.h"
#include "lib/backend/wg_line.h"
#include "lib/backend/wg_signkey.h"
#include "lib/core/wg_directory.h"

#define WGD_SELF_ITEM_MAX 1400 /* bytes of what we sign, and are given */
#define WGD_SELF_DOORS 4

struct wgd_self_item {
	size_t len; /* 0: none */
	uint8_t b[WGD_SELF_ITEM_MAX];
};

/* A hub's door, as the keeper told it. */
struct wgd_self_door {
	uint8_t identity[WG_KEY_LEN];
	char host[WG_ITEM_HOST_MAX + 1];
	uint16_t port;
};

struct wgd_self {
	char ifname[WG_IFNAME_LEN];
	char *name;   /* of the mesh */
	char *reason; /* why it is not known who we are; NULL: it is */
	bool is_new; /* what was brought was read in this life */
	struct wg_directory_conf mesh;
	struct wgd_self_item certificate;
	uint32_t number;
	size_t n_doors;
	struct wgd_self_door doors[WGD_SELF_DOORS];
	struct wg_signkey *identity, *wg;
	/* of a certificate that is an invite: its key's signature */
	struct wgd_self_item succession;
};

/* STATE. */
extern const char *wgd_self_folder(char *buf, size_t len);
/* A file of the mesh there. */
extern const char *wgd_self_file(const char *mesh, const char *suffix,
				 char *buf, size_t len);
extern struct wgd_self *wgd_self_new(const char *ifname, const char *mesh);
extern void wgd_self_delete(struct wgd_self **self);
/* Does something lie there that was not read? */
extern bool wgd_self_is_brought(const struct wgd_self *self);
/*
 * Read what was brought, and make keys where there are none.  0, also where
 * nothing is to be done; else -errno and self->reason, and what was known
 * before is known still.  -EEXIST: it is for another mesh than we are in.
 */
extern int wgd_self_load(struct wgd_self *self);
static inline bool wgd_self_is_known(const struct wgd_self *self)
{
	return self->certificate.len;
}
/* Did the keeper tell of another hub's door? */
extern bool wgd_self_knows_doors(const struct wgd_self *self);
/* Nobody needs the invite any more. */
extern void wgd_self_redeemed(struct wgd_self *self);

/* What our record is to say. */
struct wgd_self_says {
	uint64_t sequence;
	uint16_t port;	    /* WireGuard's */
	uint16_t door_port; /* 0: no hub */
	size_t n_announced, n_endpoints;
	const struct wg_prefix *announced;
	const struct wgd_mesh_place *endpoints;
};
/* It, without its signatures; 0 or -errno. */
extern int wgd_self_record(const struct wgd_self *self,
			   const struct wgd_self_says *says,
			   struct wgd_self_item *ret);
extern void wgd_self_sign(const struct wgd_self *self,
			  struct wgd_self_item *record);
/* Does a record say the same, but for its sequence? */
extern bool wgd_self_says_same(const uint8_t *record, const uint8_t *other);
/* For a door: the key and the port alone. */
extern int wgd_self_door_record(const struct wgd_self *self, uint64_t sequence,
				uint16_t port, struct wgd_self_item *ret);
/*
 * The line that asks the keeper for a certificate of our identity, which is
 * made where there is none.
 */
extern int wgd_self_request(struct wgd_self *self, char line[WG_LINE_STRLEN]);
/* A hub saw that this identity came first with that invite. */
extern int wgd_self_witness(const struct wgd_self *self,
			    const uint8_t *succession,
			    struct wgd_self_item *ret);

#endif
