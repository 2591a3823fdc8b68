/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a signed item of a mesh is made of: values, each with its type.  This
 * file knows the types, wg_item.h which of them an item has.  Pure: bytes in,
 * values out.
 *
 *   u8 type, u16 length (network order), value
 */
#ifndef WG_ITEM_VALUE_H
#define WG_ITEM_VALUE_H

#include "lib/core/wg_types.h"

#define WG_ITEM_TLV 3		 /* bytes before a value */
#define WG_ITEM_MESH_LEN 16	 /* of a mesh's name: a hash */
#define WG_ITEM_SIGNATURE_LEN 64 /* Ed25519 */
#define WG_ITEM_NAME_MAX 63	 /* characters of a member's or mesh's name */
#define WG_ITEM_HOST_MAX 64	 /* characters of a host */
#define WG_ITEM_VALUE_MAX UINT16_MAX

/* Big-endian numbers, unless a length or a form stands there. */
enum wg_item_type {
	WG_ITEM_MESH = 0x01,   /* 16: hash of first authority, recovery key */
	WG_ITEM_MEMBER = 0x02, /* u32, not 0 */
	WG_ITEM_SERIAL = 0x03, /* u32: of a certificate */
	WG_ITEM_KEY = 0x04,    /* 32: Ed25519, identity or invite key */
	WG_ITEM_NAME = 0x05,   /* 1-63 characters: as a peer is named */
	WG_ITEM_FROM = 0x06,   /* u64: seconds since 1970 */
	WG_ITEM_UNTIL = 0x07,  /* u64: seconds since 1970 */
	WG_ITEM_FLAGS = 0x08,  /* u32: enum wg_item_flag */
	WG_ITEM_HUB_NUMBER = 0x09, /* u8: 1-8 */
	WG_ITEM_ADDRESS4 = 0x0a,   /* u8 length of its network, address */
	WG_ITEM_ADDRESS6 = 0x0b,
	WG_ITEM_PREFIX4 = 0x0c, /* u8 length, u8 longest, address */
	WG_ITEM_PREFIX6 = 0x0d,
	WG_ITEM_REDEEM_BY = 0x0e, /* u64: seconds since 1970 */
	WG_ITEM_SEQUENCE = 0x10,  /* u64: of a record */
	WG_ITEM_TIME = 0x11,	  /* u64: seconds since 1970 */
	WG_ITEM_WG_KEY = 0x12,	  /* 32: as Ed25519 key */
	WG_ITEM_WG_NEXT = 0x13,	  /* 32: as Ed25519 key */
	WG_ITEM_PORT = 0x14,	  /* u16, not 0: WireGuard's */
	WG_ITEM_ENDPOINT4 = 0x15, /* u16 port, address */
	WG_ITEM_ENDPOINT6 = 0x16,
	WG_ITEM_ENDPOINT_NAME = 0x17, /* u16 port, 1-64 characters */
	WG_ITEM_ANNOUNCED4 = 0x18,    /* u8 length, address, perhaps u8 */
	WG_ITEM_ANNOUNCED6 = 0x19,
	WG_ITEM_HUB = 0x1b,		 /* u32, not 0: a hub's member number */
	WG_ITEM_DOOR_PORT = 0x1c,	 /* u16, not 0 */
	WG_ITEM_LIST = 0x20,		 /* u32: number of a list */
	WG_ITEM_DUE = 0x21,		 /* u64: seconds since 1970 */
	WG_ITEM_REVOKED = 0x22,		 /* u32 member, u32 serial */
	WG_ITEM_AUTHORITY_KEY = 0x23,	 /* 32: Ed25519 */
	WG_ITEM_IDENTITY = 0x24,	 /* 32: Ed25519 */
	WG_ITEM_AUTHORITY_NUMBER = 0x25, /* u32, not 0 */
	WG_ITEM_SUCCESSION = 0x26,	 /* an item of that kind */
	WG_ITEM_RECOVERY_KEY = 0x31,	 /* 32: Ed25519 */
	WG_ITEM_FIRST_KEY = 0x32,	 /* 32: the first authority's */
	WG_ITEM_SEED = 0x33,		 /* 32: of an invite key.  SECRET */
	WG_ITEM_CERTIFICATE = 0x34,	 /* an item of that kind */
	WG_ITEM_DOOR = 0x35,   /* 32 identity, u16 port, 1-64 characters */
	/* 1-63 characters: what its keeper calls the mesh.  Proves nothing */
	WG_ITEM_MESH_NAME = 0x36,
	WG_ITEM_OPTION = 0x60, /* to 0x7b: of a later version, any bytes */
	WG_ITEM_OPTION_LAST = 0x7b,
	WG_ITEM_BY_WG_KEY = 0x7c, /* signatures, 64 */
	WG_ITEM_BY_WG_NEXT = 0x7d,
	WG_ITEM_BY_INVITE = 0x7e,
	WG_ITEM_SIGNATURE = 0x7f,
};

enum wg_item_flag {
	WG_ITEM_FLAG_HUB = 1,
	WG_ITEM_FLAG_INVITE = 2,
	WG_ITEM_FLAG_VOID = 4, /* earlier authorities' certificates are void */
};

/* Why bytes are no canonical item. */
enum wg_item_fault {
	WG_ITEM_OK,
	WG_ITEM_CUT_SHORT, /* it ends before its header or a value do */
	WG_ITEM_MAGIC,
	WG_ITEM_OTHER_KIND,
	WG_ITEM_OTHER_VERSION,
	WG_ITEM_NOT_ZERO,     /* the byte that is reserved */
	WG_ITEM_WRONG_LENGTH, /* another length than the header says */
	WG_ITEM_WRONG_SIZE,   /* not of a size that the kind has */
	WG_ITEM_NOT_HERE,     /* a type that the kind does not have */
	WG_ITEM_NO_ORDER,     /* of types, or of one type's values */
	WG_ITEM_SAME_TWICE,
	WG_ITEM_TOO_MANY,     /* of one type, or of a few together */
	WG_ITEM_MISSING,      /* a type that the kind must have */
	WG_ITEM_BAD_SIZE,     /* of a value */
	WG_ITEM_BAD_NUMBER,   /* out of range */
	WG_ITEM_BAD_FLAGS,    /* unknown ones */
	WG_ITEM_BAD_LENGTH,   /* of a prefix or an address' network */
	WG_ITEM_HOST_BITS,    /* of a prefix */
	WG_ITEM_BAD_TEXT,     /* a name or a host that nobody may have */
	WG_ITEM_BAD_INNER,    /* the item in it is none of its kind */
	WG_ITEM_OTHER_MEMBER, /* the item in it is of another, or mesh */
	WG_ITEM_NO_PAIR,      /* one of two that go together */
	WG_ITEM_FAULTS,
};
const char *wg_item_fault_str(enum wg_item_fault fault);

/* Bytes somewhere else: valid as long as those are. */
struct wg_span {
	const uint8_t *b;
	size_t len;
};

/* One value, as it stands in the item. */
struct wg_item_tlv {
	uint8_t type; /* enum wg_item_type, or an option */
	struct wg_span value;
};

/* ... and what it means: which member is set depends on the type. */
struct wg_item_value {
	uint8_t type;
	union {
		/* numbers, ports and flags, whatever their size */
		uint64_t number;
		/* keys, signatures, names, items and options, as they are */
		struct wg_span bytes;
		struct {
			struct wg_addr addr;
			uint8_t len; /* of its network */
		} address;
		struct {
			struct wg_prefix prefix;
			uint8_t longest; /* prefix.len to 32 or 128 */
		} prefix;
		struct {
			struct wg_prefix prefix;
			bool is_preferred; /* there is a preference */
			uint8_t preference;
		} announced;
		struct {
			uint16_t port;
			struct wg_addr addr; /* ENDPOINT4, ENDPOINT6 */
			struct wg_span host; /* ENDPOINT_NAME */
		} endpoint;
		struct {
			uint32_t member;
			uint32_t serial;
		} revoked;
		struct {
			const uint8_t *identity; /* 32 bytes */
			uint16_t port;
			struct wg_span host;
		} door;
	};
};

/* How values of a type are written. */
enum wg_item_form {
	WG_ITEM_FORM_NONE, /* no such type */
	WG_ITEM_FORM_BYTES,
	WG_ITEM_FORM_NUMBER,
	WG_ITEM_FORM_NAME,
	WG_ITEM_FORM_MESH_NAME, /* bytes, too, as names are */
	WG_ITEM_FORM_ADDRESS,
	WG_ITEM_FORM_PREFIX,
	WG_ITEM_FORM_ANNOUNCED,
	WG_ITEM_FORM_ENDPOINT,
	WG_ITEM_FORM_ENDPOINT_NAME,
	WG_ITEM_FORM_REVOKED,
	WG_ITEM_FORM_DOOR,
};
enum wg_item_form wg_item_form(uint8_t type);

/* Big-endian, of 1 to 8 bytes. */
uint64_t wg_item_get(const uint8_t *p, unsigned bytes);
uint8_t *wg_item_put(uint8_t *p, uint64_t n, unsigned bytes);

/* Is it one that the type allows?  Items in items and flags: wg_item.h. */
enum wg_item_fault wg_item_value_check(const struct wg_item_tlv *tlv);

/* What a checked one means. */
void wg_item_value_get(const struct wg_item_tlv *tlv,
		       struct wg_item_value *ret);

/*
 * ... and back, into buf of SIZE bytes.  A number is cut to its size, and
 * whether the value is allowed is for wg_item_value_check to say.  0; -EINVAL:
 * there is no such type, or no value of it is so long or of that family;
 * -ENOSPC: there is no room.
 */
int wg_item_value_put(const struct wg_item_value *value, uint8_t *buf,
		      size_t size, size_t *ret_len);

/* First by bytes; of two that begin alike the shorter first: <0, 0, >0. */
int wg_span_cmp(const struct wg_span *a, const struct wg_span *b);

#endif
