/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of writing is the whole of this file's wisdom:
 *
 *   1. ledger     numbers are used up, whatever comes of it
 *   2. members    the gaps are filled in
 *   3. authority.key, if there is a new one; its A is in it, too, so that an
 *      end before step 5 loses nothing but the step
 *   4. what goes out: files of invites
 *   5. update     what members will be told
 *
 * An end behind 1 wastes numbers; behind 4 there are invites that no file of
 * the keeper knows: asked for again, they are made anew and overwrite those.
 * In the other order an invite would be known, so not made again, and nobody
 * would have it.
 *
 * What was read and did not change is not written.
 */
#include "wgd-mesh/mesh_keeper.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/backend/wg_keys.h"
#include "wgd-mesh/mesh_ask.h"
#include "wgd-mesh/mesh_assign.h"

#define YEAR_2020 1577836800u
#define DAY 86400
#define KEYS_AT 4
#define A_AT (KEYS_AT + 3 * WG_KEY_LEN)
#define PASSPHRASE_MIN 8 /* characters */

/* --- the vault */

static int read_office(struct mesh_keeper *k, struct mesh_why *why)
{
	struct mesh_office *o = &k->office;
	struct wg_vault v;
	const uint8_t *a;

	if (wg_vault_read((const uint8_t *)k->vault.b, k->vault.len, &v) ||
	    v.open_len < A_AT ||
	    (v.open_len > A_AT &&
	     wg_item_check_kind(v.open + A_AT, v.open_len - A_AT,
				WG_ITEM_IS_AUTHORITY) != WG_ITEM_OK))
		return mesh_because(why, -EINVAL,
				    "%s/authority.key: is no key of a mesh",
				    k->folder.path);
	o->number = wg_item_get(v.open, 4);
	memcpy(o->first.b, v.open + KEYS_AT, WG_KEY_LEN);
	memcpy(o->recovery.b, v.open + KEYS_AT + 32, WG_KEY_LEN);
	memcpy(o->key.b, v.open + KEYS_AT + 64, WG_KEY_LEN);
	o->authority = a = v.open_len > A_AT ? v.open + A_AT : NULL;
	if (o->number != (a ? wg_item_number(a, WG_ITEM_AUTHORITY_NUMBER) : 0))
		return mesh_because(why, -EINVAL,
				    "%s/authority.key: its number is another",
				    k->folder.path);
	return 0;
}

int mesh_keeper_unlock(struct mesh_keeper *k, const char *passphrase_file,
		       struct mesh_why *why)
{
	const struct mesh_question q = {
		.prompt = "passphrase", .file = passphrase_file, .lines = 1};
	struct wg_key *seed;
	const uint8_t *newest = mesh_store_authority(&k->store);
	char *pass;
	int rc;

	if (!k->vault.len)
		return mesh_because(
			why, -ENOENT,
			"%s/authority.key: is missing; put it back from the backup, or make a new one by the recovery key: wgd-mesh authority",
			k->folder.path);
	if (newest && wg_item_number(newest, WG_ITEM_AUTHORITY_NUMBER) !=
			      k->office.number)
		return mesh_because(
			why, -ESTALE,
			"%s/authority.key: is an old one, of authority %u; put the last one back, or make a new one: wgd-mesh authority",
			k->folder.path, k->office.number);
	pass = wg_vault_alloc(MESH_ASK_MAX + 1);
	seed = wg_vault_alloc(sizeof(*seed));
	rc = mesh_ask(&q, pass, why);
	if (!rc) {
		rc = wg_vault_open((const uint8_t *)k->vault.b, k->vault.len,
				   pass, seed->b);
		if (rc == -EACCES)
			mesh_because(
				why, rc,
				"%s/authority.key: this is not its passphrase, or the file is damaged",
				k->folder.path);
		else if (rc)
			mesh_because(why, rc,
				     "%s/authority.key: no memory to open it",
				     k->folder.path);
	}
	if (!rc) {
		k->secret = wg_vault_alloc(sizeof(*k->secret));
		wg_sign_of_seed(seed->b, k->secret);
		if (memcmp(wg_sign_public(k->secret), k->office.key.b,
			   WG_KEY_LEN) != 0)
			rc = mesh_because(
				why, -EINVAL,
				"%s/authority.key: the key in it is another",
				k->folder.path);
	}
	wg_vault_free((void **)&pass);
	wg_vault_free((void **)&seed);
	return rc;
}

/* Fill in a vault's open bytes; their length. */
static size_t open_of(const struct mesh_keeper *k,
		      const struct mesh_new_office *o, uint8_t *ret)
{
	size_t len = o->authority ? wg_item_len(o->authority) : 0;

	assert(len <= MESH_OFFICE_MAX - A_AT);
	wg_item_put(ret,
		    o->authority ? wg_item_number(o->authority,
						  WG_ITEM_AUTHORITY_NUMBER)
				 : 0,
		    4);
	memcpy(ret + KEYS_AT, k->ledger.first.b, WG_KEY_LEN);
	memcpy(ret + KEYS_AT + 32, k->ledger.recovery.b, WG_KEY_LEN);
	memcpy(ret + KEYS_AT + 64, wg_sign_public(o->secret), WG_KEY_LEN);
	if (len)
		memcpy(ret + A_AT, o->authority, len);
	return A_AT + len;
}

/* In UTF-8; elsewhere these are bytes. */
static unsigned characters(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

int mesh_keeper_lock(struct mesh_keeper *k, const struct mesh_new_office *o,
		     struct mesh_why *why)
{
	const struct mesh_question q = {
		.prompt = "new passphrase",
		.again = "once more",
		.file = o->passphrase_file,
		.lines = 1,
	};
	uint8_t open[MESH_OFFICE_MAX];
	struct wg_vault v = {
		.ops = WG_VAULT_OPS_DEFAULT, .mib = o->mib, .open = open};
	char *pass = wg_vault_alloc(MESH_ASK_MAX + 1);
	uint8_t *sealed = malloc(WG_VAULT_MAX);
	int rc = mesh_ask(&q, pass, why);

	assert(sealed);
	if (!rc && characters(pass) < PASSPHRASE_MIN)
		rc = mesh_because(why, -EINVAL,
				  "a passphrase has at least %u characters",
				  PASSPHRASE_MIN);
	if (!rc) {
		v.open_len = open_of(k, o, open);
		rc = wg_vault_seal(&v, pass, wg_sign_seed(o->secret), sealed);
		if (rc < 0)
			mesh_because(
				why, rc,
				"no %u MiB of memory for the passphrase; --memory takes less",
				v.mib);
	}
	wg_vault_free((void **)&pass);
	if (rc < 0) {
		free(sealed);
		return rc;
	}
	mesh_bytes_free(&k->vault);
	k->vault = (struct mesh_bytes){(char *)sealed, rc};
	return read_office(k, why);
}

/* --- opening */

/* One of the keeper's files.  RET is empty where it may lack, and does. */
static int read_file(struct mesh_keeper *k, const char *name, bool may_lack,
		     struct mesh_bytes *ret, struct mesh_why *why)
{
	int rc = mesh_file_read(&k->folder, name, ret, why);

	if (rc == -ENOENT && may_lack)
		return 0;
	if (rc == -ENOENT)
		return mesh_because(
			why, rc,
			"%s/%s: is missing; put it back from the backup, or see wgd-mesh recover --help",
			k->folder.path, name);
	/* members may be empty, for there may be none */
	if (!rc && !ret->len && strcmp(name, "members") != 0)
		rc = mesh_because(
			why, -EINVAL,
			"%s/%s: is empty; put it back from the backup, or delete it and see wgd-mesh recover --help",
			k->folder.path, name);
	return rc;
}

static int read_all(struct mesh_keeper *k, bool may_lack, struct mesh_why *why)
{
	struct mesh_why reason;
	int rc = read_file(k, "ledger", may_lack, &k->was_ledger, why);

	if (!rc)
		rc = read_file(k, "members", may_lack, &k->was_members, why);
	if (!rc)
		rc = read_file(k, "update", may_lack, &k->was_update, why);
	if (!rc)
		rc = read_file(k, "authority.key", true, &k->was_vault, why);
	if (!rc && k->was_ledger.len) {
		rc = mesh_ledger_parse(&k->was_ledger, &k->ledger, &reason);
		if (rc)
			mesh_because(why, rc, "%s/%s", k->folder.path,
				     reason.text);
	}
	if (!rc && k->was_members.len) {
		rc = mesh_inventory_parse(&k->was_members, &k->members,
					  &reason);
		if (rc)
			mesh_because(why, rc, "%s/%s", k->folder.path,
				     reason.text);
	}
	if (!rc && k->was_vault.len) {
		k->vault = (struct mesh_bytes){malloc(k->was_vault.len),
					       k->was_vault.len};
		assert(k->vault.b);
		memcpy(k->vault.b, k->was_vault.b, k->vault.len);
		rc = read_office(k, why);
	}
	return rc;
}

/* What the files say of each other. */
static int agree(struct mesh_keeper *k, struct mesh_why *why)
{
	if (k->was_ledger.len && k->vault.len &&
	    (!wg_key_same(&k->ledger.first, &k->office.first) ||
	     !wg_key_same(&k->ledger.recovery, &k->office.recovery)))
		return mesh_because(
			why, -EINVAL,
			"%s: ledger and authority.key are of different meshes",
			k->folder.path);
	if (!k->was_ledger.len && k->vault.len) {
		k->ledger.first = k->office.first;
		k->ledger.recovery = k->office.recovery;
	}
	return 0;
}

static int read_store(struct mesh_keeper *k, struct mesh_why *why)
{
	struct mesh_reading r;
	char name[512];
	int rc;

	mesh_store_init(&k->store, &k->ledger.first, &k->ledger.recovery);
	if (k->office.authority) {
		if (wg_sign_verify(k->office.authority, WG_ITEM_SIGNATURE,
				   k->ledger.recovery.b))
			return mesh_because(
				why, -EINVAL,
				"%s/authority.key: not by the recovery key",
				k->folder.path);
		mesh_store_put(&k->store, k->office.authority);
	}
	if (!k->was_update.len)
		return 0;
	snprintf(name, sizeof(name), "%s/update", k->folder.path);
	rc = mesh_store_read(&k->store, name, &k->was_update, &r, why);
	if (!rc && (r.foreign || r.unfit || r.forged))
		rc = mesh_because(
			why, -EINVAL,
			"%s: %zu of %zu items are not of this mesh and its authority",
			name, r.foreign + r.unfit + r.forged, r.items);
	if (!rc)
		mesh_store_settle(&k->store);
	return rc;
}

int mesh_keeper_clock(const struct mesh_keeper *k, bool is_right,
		      struct mesh_why *why)
{
	uint64_t made = mesh_store_time(&k->store);
	time_t now = k->now;
	char text[32];
	struct tm tm;

	if (k->now > YEAR_2020 && (is_right || k->now + DAY >= made))
		return 0;
	strftime(text, sizeof(text), "%Y-%m-%d", gmtime_r(&now, &tm));
	return mesh_because(
		why, -EINVAL,
		k->now > YEAR_2020
			? "this machine's clock says %s, and later than that something was signed already; set it, or --clock-is-right"
			: "this machine's clock says %s: set it",
		text);
}

static int open_folder(const struct mesh_opening *o, struct mesh_keeper *k,
		       struct mesh_why *why)
{
	struct mesh_why reason;
	size_t i;
	int rc;

	rc = o->how == MESH_KEEPER_RECOVER
		     ? mesh_folder_make(o->path, &k->folder, why)
		     : mesh_folder_open(o->path, o->how == MESH_KEEPER_READ,
					&k->folder, why);
	if (rc)
		return rc;
	rc = read_all(k, o->how == MESH_KEEPER_RECOVER, why);
	if (!rc)
		rc = agree(k, why);
	if (rc || !mesh_keeper_is_known(k))
		return rc;
	rc = read_store(k, why);
	if (!rc && o->signs)
		rc = mesh_keeper_clock(k, o->clock_is_right, why);
	for (i = 0; i < k->ledger.n_given; i++) {
		struct mesh_given *g = &k->ledger.given[i];
		const uint8_t *c = mesh_store_certificate(&k->store, g->number);
		uint32_t serial = mesh_store_revoked(&k->store, g->number);

		g->revoked = serial &&
			     (!c || wg_item_number(c, WG_ITEM_SERIAL) < serial);
	}
	if (!rc && o->how == MESH_KEEPER_WRITE) {
		rc = mesh_assign(&k->members, &k->ledger, &k->filled, &reason);
		if (rc)
			mesh_because(why, rc, "%s/%s", k->folder.path,
				     reason.text);
	}
	return rc;
}

int mesh_keeper_open(const struct mesh_opening *o, struct mesh_keeper *ret,
		     struct mesh_why *why)
{
	int rc;

	*ret = (struct mesh_keeper){.folder.fd = -1, .now = time(NULL)};
	rc = open_folder(o, ret, why);
	if (rc)
		mesh_keeper_close(ret);
	return rc;
}

bool mesh_keeper_is_known(const struct mesh_keeper *k)
{
	return !wg_key_is_zero(&k->ledger.first);
}

void mesh_keeper_close(struct mesh_keeper *k)
{
	wg_vault_free((void **)&k->secret);
	mesh_bytes_free(&k->vault);
	mesh_bytes_free(&k->was_vault);
	mesh_bytes_free(&k->was_members);
	mesh_bytes_free(&k->was_ledger);
	mesh_bytes_free(&k->was_update);
	mesh_inventory_free(&k->members);
	mesh_ledger_free(&k->ledger);
	mesh_store_free(&k->store);
	if (k->folder.fd >= 0)
		mesh_folder_close(&k->folder);
}

/* --- writing */

int mesh_keeper_next(const struct mesh_keeper *k, uint32_t *last,
		     struct mesh_why *why)
{
	uint64_t next = (uint64_t)*last + 1;

	if (k->now > YEAR_2020 && k->now - YEAR_2020 > next)
		next = k->now - YEAR_2020;
	if (next > UINT32_MAX)
		return mesh_because(
			why, -ERANGE,
			"%s: no number is left above %u; authority --void begins anew",
			k->folder.path, *last);
	*last = next;
	return 0;
}

void mesh_keeper_begin_anew(struct mesh_keeper *k)
{
	uint64_t by_clock = k->now > YEAR_2020 ? k->now - YEAR_2020 : 0;

	/* a number a second for a day: nobody signs so many */
	if (k->ledger.serial > by_clock + DAY)
		k->ledger.serial = by_clock;
	if (k->ledger.list > by_clock + DAY)
		k->ledger.list = by_clock;
}

static bool is_same(const struct mesh_bytes *a, const struct mesh_bytes *b)
{
	return a->len == b->len && (!a->len || memcmp(a->b, b->b, a->len) == 0);
}

/* Write it if it is not as it was; TEXT is freed. */
static int put(struct mesh_keeper *k, const char *name,
	       const struct mesh_bytes *was, struct mesh_bytes *text,
	       struct mesh_why *why)
{
	int rc = 0;

	if (!is_same(text, was))
		rc = mesh_file_write(&k->folder, name, text, why);
	mesh_bytes_free(text);
	return rc;
}

int mesh_keeper_save(struct mesh_keeper *k, mesh_more *more, void *arg,
		     struct mesh_why *why)
{
	struct mesh_bytes text;
	int rc;

	mesh_ledger_text(&k->ledger, &text);
	rc = put(k, "ledger", &k->was_ledger, &text, why);
	if (rc)
		return rc;
	mesh_inventory_text(&k->members, &text);
	rc = put(k, "members", &k->was_members, &text, why);
	if (!rc && !is_same(&k->vault, &k->was_vault))
		rc = mesh_file_write(&k->folder, "authority.key", &k->vault,
				     why);
	if (!rc && more)
		rc = more(arg, why);
	if (rc)
		return rc;
	mesh_store_settle(&k->store);
	mesh_store_bytes(&k->store, &text);
	return put(k, "update", &k->was_update, &text, why);
}
