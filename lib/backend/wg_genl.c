/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink, written.
 *
 *  message: ifindex, the device's attributes, PEERS { peer... }
 *  peer:    key, flags, the peer's attributes, ALLOWEDIPS { prefix... }
 *  prefix:  family, address, length, flags
 *
 * There is one small encoder for each level of nesting, and the open nests
 * are the cursor.  Ops for one peer share its nest as long as they may:
 *
 *  SET     PEER_SET and then ADD: the peer is created where it is missing
 *  REMOVE  prefixes with REMOVE_ME, the peer with UPDATE_ONLY: not created
 *  THROW   prefixes under the throw-away peer: they move to it and vanish
 *          when a second nest removes it, in the same message
 *
 * The kernel works through peers and prefixes in their order, but sets the
 * device's attributes before it looks at peers: DEVICE_SET begins a message.
 * It sets the port before the key, and neither where the port is in use; so
 * PORT_SET has a message of its own.
 *
 * Room: an op is only put where the longest op, the end of an open THROW nest
 * and all that is still open fit, so that nothing is taken back and the
 * message can be ended at every moment.
 */
#include "lib/backend/wg_genl.h"

#include <assert.h>
#include <errno.h>

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/wireguard.h>

/* Linux 6.16; not in the headers of older systems. */
#define ALLOWEDIP_A_FLAGS 4
#define ALLOWEDIP_F_REMOVE_ME (1U << 0)

enum section {
	SECTION_NONE,
	SECTION_SET,
	SECTION_REMOVE,
	SECTION_THROW,
};

static struct nlmsghdr *put_header(void *buf, uint16_t family, uint8_t cmd,
				   uint16_t flags, uint32_t ifindex)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = cmd;
	genl->version = WG_GENL_VERSION;
	mnl_attr_put_u32(nlh, WGDEVICE_A_IFINDEX, ifindex);
	return nlh;
}

/* libmnl before 1.0.5 leaves in the padding what was there before. */
static void put_u16(struct nlmsghdr *nlh, uint16_t type, uint16_t n)
{
	memset(mnl_nlmsg_get_payload_tail(nlh), 0, 8);
	mnl_attr_put_u16(nlh, type, n);
}

/* --- a prefix */

/*
 * A burst is made of these, so they are written as one block instead of
 * attribute by attribute (a tenth of the time).  REMOVE_ME's attribute is
 * last and left out of an ADD.
 */
#define NEST(type, len) { .nla_len = (len), .nla_type = (type) }
#define PREFIX_NEST(name, bytes)                                               \
	struct name {                                                          \
		struct nlattr nest;                                            \
		struct nlattr family_attr;                                     \
		uint16_t family, family_pad;                                   \
		struct nlattr addr_attr;                                       \
		uint8_t addr[bytes];                                           \
		struct nlattr len_attr;                                        \
		uint8_t len, len_pad[3];                                       \
		struct nlattr flags_attr;                                      \
		uint32_t flags;                                                \
	}
#define ADD_LEN(name) offsetof(struct name, flags_attr)
#define PREFIX_BLANK(name, bytes, af)                                          \
	{                                                                      \
		.nest = NEST(NLA_F_NESTED, sizeof(struct name)),               \
		.family_attr = NEST(WGALLOWEDIP_A_FAMILY, 4 + 2),              \
		.family = (af),                                                \
		.addr_attr = NEST(WGALLOWEDIP_A_IPADDR, 4 + (bytes)),          \
		.len_attr = NEST(WGALLOWEDIP_A_CIDR_MASK, 4 + 1),              \
		.flags_attr = NEST(ALLOWEDIP_A_FLAGS, 4 + 4),                  \
		.flags = ALLOWEDIP_F_REMOVE_ME,                                \
	}

PREFIX_NEST(prefix4, 4);
PREFIX_NEST(prefix6, 16);
_Static_assert(ADD_LEN(prefix4) == 28 && sizeof(struct prefix4) == 36, "v4");
_Static_assert(ADD_LEN(prefix6) == 40 && sizeof(struct prefix6) == 48, "v6");

#define WRITE_PREFIX(name, bytes, af)                                          \
	do {                                                                   \
		struct name *to = mnl_nlmsg_get_payload_tail(nlh);             \
									       \
		*to = (struct name)PREFIX_BLANK(name, bytes, af);              \
		memcpy(to->addr, p->b, bytes);                                 \
		to->len = p->len;                                              \
		if (!remove)                                                   \
			to->nest.nla_len = ADD_LEN(name);                      \
		nlh->nlmsg_len += to->nest.nla_len;                            \
	} while (0)

static void put_prefix(struct nlmsghdr *nlh, const struct wg_prefix *p,
		       bool remove)
{
	if (p->family == AF_INET)
		WRITE_PREFIX(prefix4, 4, AF_INET);
	else
		WRITE_PREFIX(prefix6, 16, AF_INET6);
}

/* --- a peer */

static void close_ips(struct wg_genl_encoder *enc)
{
	if (enc->ips)
		mnl_attr_nest_end(enc->nlh, enc->ips);
	enc->ips = NULL;
}

static void close_peer(struct wg_genl_encoder *enc)
{
	close_ips(enc);
	if (enc->peer)
		mnl_attr_nest_end(enc->nlh, enc->peer);
	enc->peer = NULL;
	enc->section = SECTION_NONE;
}

/* Begin a nest for a peer.  FLAGS 0 is left out. */
static void open_peer(struct wg_genl_encoder *enc, const struct wg_key *key,
		      uint32_t flags)
{
	if (!enc->peers)
		enc->peers = mnl_attr_nest_start(enc->nlh, WGDEVICE_A_PEERS);
	enc->peer = mnl_attr_nest_start(enc->nlh, 0);
	mnl_attr_put(enc->nlh, WGPEER_A_PUBLIC_KEY, WG_KEY_LEN, key->b);
	if (flags)
		mnl_attr_put_u32(enc->nlh, WGPEER_A_FLAGS, flags);
	enc->key = *key;
}

static void remove_peer(struct wg_genl_encoder *enc, const struct wg_key *key)
{
	open_peer(enc, key, WGPEER_F_REMOVE_ME);
	close_peer(enc);
}

static void close_section(struct wg_genl_encoder *enc)
{
	bool throw = enc->section == SECTION_THROW;

	close_peer(enc);
	if (throw)
		remove_peer(enc, &enc->throwaway);
}

/* Be inside the prefixes of a section of this kind and peer. */
static void open_section(struct wg_genl_encoder *enc, enum section section,
			 const struct wg_key *key)
{
	if (enc->section != section || !wg_key_same(&enc->key, key)) {
		close_section(enc);
		open_peer(enc, key, section == SECTION_REMOVE
					    ? WGPEER_F_UPDATE_ONLY
					    : 0);
		enc->section = section;
	}
	if (!enc->ips)
		enc->ips = mnl_attr_nest_start(enc->nlh, WGPEER_A_ALLOWEDIPS);
}

static void put_endpoint(struct nlmsghdr *nlh, const struct wg_endpoint *e)
{
	struct sockaddr_in6 sin6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in sin = { .sin_family = AF_INET };

	if (e->addr.family == AF_INET) {
		sin.sin_port = htons(e->port);
		memcpy(&sin.sin_addr, e->addr.b, 4);
		mnl_attr_put(nlh, WGPEER_A_ENDPOINT, sizeof(sin), &sin);
	} else if (e->addr.family == AF_INET6) {
		sin6.sin6_port = htons(e->port);
		sin6.sin6_scope_id = e->scope;
		memcpy(&sin6.sin6_addr, e->addr.b, 16);
		mnl_attr_put(nlh, WGPEER_A_ENDPOINT, sizeof(sin6), &sin6);
	}
}

static void put_peer(struct wg_genl_encoder *enc, const struct wg_op *op,
		     const struct wg_key *secret)
{
	static const struct wg_key none;

	close_section(enc);
	open_peer(enc, op->key, 0);
	enc->section = SECTION_SET;
	mnl_attr_put(enc->nlh, WGPEER_A_PRESHARED_KEY, WG_KEY_LEN,
		     secret ? secret->b : none.b);
	put_endpoint(enc->nlh, &op->peer_conf->endpoint);
	put_u16(enc->nlh, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL,
		op->peer_conf->keepalive);
}

/* --- the device */

static void put_device(struct wg_genl_encoder *enc,
		       const struct wg_dev_conf *conf,
		       const struct wg_key *secret)
{
	if (secret)
		mnl_attr_put(enc->nlh, WGDEVICE_A_PRIVATE_KEY, WG_KEY_LEN,
			     secret->b);
	mnl_attr_put_u32(enc->nlh, WGDEVICE_A_FWMARK, conf->fwmark);
	enc->device = true;
}

void wg_genl_begin(struct wg_genl_encoder *enc, void *buf, size_t size)
{
	assert(size >= WG_GENL_MIN);
	enc->nlh = put_header(buf, enc->family, WG_CMD_SET_DEVICE, NLM_F_ACK,
			      enc->ifindex);
	enc->size = size < WG_GENL_MAX ? size : WG_GENL_MAX;
	enc->device = false;
	enc->peers = enc->peer = enc->ips = NULL;
	enc->section = SECTION_NONE;
}

int wg_genl_put(struct wg_genl_encoder *enc, const struct wg_op *op,
		const struct wg_key *secret)
{
	if (enc->size - enc->nlh->nlmsg_len < WG_GENL_OP_MAX)
		return -EMSGSIZE;
	switch (op->kind) {
	case WG_OP_DEVICE_SET:
		if (enc->device || enc->peers)
			return -EMSGSIZE;
		put_device(enc, op->dev_conf, secret);
		return 0;
	case WG_OP_PORT_SET:
		if (enc->device || enc->peers)
			return -EMSGSIZE;
		put_u16(enc->nlh, WGDEVICE_A_LISTEN_PORT, op->port);
		enc->device = true;
		return 0;
	case WG_OP_PEER_SET:
		put_peer(enc, op, secret);
		return 0;
	case WG_OP_ADD:
		open_section(enc, SECTION_SET, op->key);
		put_prefix(enc->nlh, &op->prefix, false);
		return 0;
	case WG_OP_REMOVE:
		if (enc->can_remove)
			open_section(enc, SECTION_REMOVE, op->key);
		else
			open_section(enc, SECTION_THROW, &enc->throwaway);
		put_prefix(enc->nlh, &op->prefix, enc->can_remove);
		return 0;
	case WG_OP_PEER_REMOVE:
		close_section(enc);
		remove_peer(enc, op->key);
		return 0;
	}
	assert(!"kind of op");
	return -EINVAL;
}

size_t wg_genl_end(struct wg_genl_encoder *enc)
{
	close_section(enc);
	if (enc->peers)
		mnl_attr_nest_end(enc->nlh, enc->peers);
	enc->peers = NULL;
	assert(enc->nlh->nlmsg_len <= enc->size);
	return enc->nlh->nlmsg_len;
}

size_t wg_genl_get(void *buf, uint16_t family, uint32_t ifindex)
{
	return put_header(buf, family, WG_CMD_GET_DEVICE, NLM_F_DUMP, ifindex)
		->nlmsg_len;
}

size_t wg_genl_probe(enum wg_genl_probe which, void *buf, uint16_t family,
		     uint32_t ifindex, const struct wg_key *nobody)
{
	/* TEST-NET-1 (RFC 5737) */
	static const struct wg_prefix prefix = { AF_INET, 24, { 192, 0, 2 } };
	struct wg_genl_encoder enc = { .family = family, .ifindex = ifindex };

	wg_genl_begin(&enc, buf, WG_GENL_PROBE_LEN);
	if (which == WG_GENL_PROBE) {
		open_section(&enc, SECTION_SET, nobody);
		put_prefix(enc.nlh, &prefix, true);
		close_section(&enc);
	}
	remove_peer(&enc, nobody);
	return wg_genl_end(&enc);
}
