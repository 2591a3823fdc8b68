// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The map with signatures and a file.
 *
 * Who can send an item: a member whose tunnel is up, who may pass on what is
 * anybody's; somebody at the door of a hub, after a cookie; the operator.  It
 * costs a hash, a look at the map and, only if the map wants it, the
 * verification of at most three signatures.  A member's records come once in
 * 10 s, whoever brings them, and until then the newest waits.  What is not put
 * leaves nothing but a count and, once a minute, a line (wgd_drop.h).  It can never change what another member
 * is but by an item that this one, or the authority, signed.
 *
 * The file has the items one after another, in the order in which the map
 * takes them.  It is replaced by rename, so it is the old one or the new one;
 * SAVE_MS after a change (a small one sooner: who has just joined is to be known
 * after a crash), but at once where somebody waits for it (a witness).
 * Where it cannot be written, or was torn, the mesh goes on with an alarm
 * (wgd_alarm.h).
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "log.h"
#include "typesafe.h"

#include "frr-wgd/base/wgd_clock.h"
#include "frr-wgd/mesh/wgd_file.h"
#include "frr-wgd/mesh/wgd_lists.h"
#include "frr-wgd/mesh/wgd_map.h"
#include "lib/core/wg_bounds.h"

DEFINE_MTYPE_STATIC(WGD, WGD_MAP, "WireGuard mesh map");
DEFINE_MTYPE_STATIC(WGD, WGD_MAP_PUT, "WireGuard mesh item to be passed on");

#define SAVE_MS 10000
#define SAVE_SMALL_MS 500
#define SMALL 256 /* items */
#define TORN_MS 86400000 /* so long it is told */
#define CONFLICTS 16 /* that nobody was told of; more say no more */
#define FILE_MAX (64 << 20) /* bytes: ten times what 4096 members can have */

PREDECL_LIST(puts);
struct put {
	struct puts_item item;
	const void *source;
	uint8_t b[];
};
DECLARE_LIST(puts, struct put, item);

struct wgd_map {
	uint8_t hash[WG_DIRECTORY_HASH];
	bool is_hashed; /* ... is of what is held now */
	struct wg_directory *dir;
	struct wg_bounds *bounds;
	struct wgd_drops *drops;
	char *file, *trouble, *torn;
	int64_t torn_ms;
	struct event *t_save;
	struct puts_head puts;
	struct put *told; /* by wgd_map_next_put */
	uint64_t verified;
	uint64_t floor;
	struct wgd_map_conflict conflicts[CONFLICTS]; /* not told yet */
	size_t n_conflicts;
};

struct wgd_map *wgd_map_new(const char *file,
			    const struct wg_directory_conf *conf,
			    struct wgd_drops *drops)
{
	struct wgd_map *map = XCALLOC(MTYPE_WGD_MAP, sizeof(*map));

	map->dir = wg_directory_new(conf);
	map->bounds = wg_bounds_new();
	map->drops = drops;
	map->file = XSTRDUP(MTYPE_WGD_MAP, file);
	puts_init(&map->puts);
	return map;
}

void wgd_map_delete(struct wgd_map **at)
{
	struct wgd_map *map = *at;
	struct put *put;

	if (!map)
		return;
	if (map->t_save)
		wgd_map_save(map);
	while ((put = puts_pop(&map->puts)))
		XFREE(MTYPE_WGD_MAP_PUT, put);
	XFREE(MTYPE_WGD_MAP_PUT, map->told);
	wg_directory_delete(&map->dir);
	wg_bounds_delete(&map->bounds);
	XFREE(MTYPE_WGD_MAP, map->file);
	XFREE(MTYPE_WGD_STR, map->trouble);
	XFREE(MTYPE_WGD_STR, map->torn);
	XFREE(MTYPE_WGD_MAP, *at);
}

const struct wg_directory *wgd_map_directory(const struct wgd_map *map)
{
	return map->dir;
}

const char *wgd_map_trouble(const struct wgd_map *map)
{
	return map->trouble;
}

const char *wgd_map_torn(const struct wgd_map *map)
{
	return map->torn && wgd_now_ms() - map->torn_ms < TORN_MS ? map->torn
								   : NULL;
}

uint64_t wgd_map_verified(const struct wgd_map *map)
{
	return map->verified;
}

int64_t wgd_map_due(const struct wgd_map *map)
{
	return wg_bounds_due(map->bounds);
}

bool wgd_map_next_conflict(struct wgd_map *map, struct wgd_map_conflict *ret)
{
	if (!map->n_conflicts)
		return false;
	*ret = map->conflicts[--map->n_conflicts];
	return true;
}

uint64_t wgd_map_floor(const struct wgd_map *map)
{
	return map->floor;
}

/* --- the file */

static int save(const struct wgd_map *map)
{
	struct wg_directory_cursor cursor = {};
	struct wg_directory_entry e;
	struct wgd_file f;
	const uint8_t *item;
	int rc = wgd_file_begin(&f, map->file);

	if (rc < 0)
		return rc;
	while (rc == 0 && (item = wg_directory_next(map->dir, &cursor, &e)))
		rc = wgd_file_write(&f, item, wg_item_len(item));
	return wgd_file_end(&f, rc);
}

int wgd_map_save(struct wgd_map *map)
{
	char text[PATH_MAX + 128];
	int rc = save(map);

	event_cancel(&map->t_save);
	if (rc == 0) {
		wgd_str_set(&map->trouble, NULL);
		return 0;
	}
	snprintf(text, sizeof(text), "%s cannot be written: %s", map->file,
		 safe_strerror(-rc));
	wgd_str_set(&map->trouble, text);
	return rc;
}

static void save_soon(struct event *t)
{
	struct wgd_map *map = EVENT_ARG(t);

	if (wgd_map_save(map) < 0)
		event_add_timer_msec(wgd.master, save_soon, map, SAVE_MS,
				     &map->t_save);
}

/* --- taking */

static bool is_good(struct wgd_map *map, const struct wg_offer_checks *checks)
{
	size_t i;

	for (i = 0; i < checks->n; i++) {
		map->verified++;
		if (wg_sign_verify(checks->check[i].item, checks->check[i].type,
				   checks->check[i].key) < 0)
			return false;
	}
	return true;
}

static enum wgd_drop drop_of(enum wg_offered offered)
{
	static const enum wgd_drop drops[WG_OFFEREDS] = {
		[WG_OFFERED_FORM] = WGD_DROP_NO_ITEM,
		[WG_OFFERED_OTHER_MESH] = WGD_DROP_OTHER_MESH,
		[WG_OFFERED_UNWANTED] = WGD_DROP_UNWANTED,
		[WG_OFFERED_FULL] = WGD_DROP_OVER_MAXIMUM,
		[WG_OFFERED_VOID] = WGD_DROP_VOID,
		[WG_OFFERED_NO_SIGNER] = WGD_DROP_NO_SIGNER,
	};

	return drops[offered];
}

/* WGD_DROPS: it is one to be put; its hash is in the offer. */
static enum wgd_drop judge(struct wgd_map *map, struct wg_bounded *w)
{
	struct wg_offer *offer = &w->offer;
	struct wg_offer_checks checks;
	enum wg_offered offered;

	if (wg_item_check(offer->b, offer->len) != WG_ITEM_OK)
		return WGD_DROP_NO_ITEM;
	wg_sign_hash(offer->b, offer->hash);
	offered = wg_directory_offer(map->dir, offer, &checks);
	if (offered != WG_OFFERED_VERIFY)
		return drop_of(offered);
	/* before the signatures: a flood must not cost them */
	if (w->source && !wg_bounds_admit(map->bounds, w, wgd_now_ms()))
		return WGD_DROP_TOO_OFTEN;
	return is_good(map, &checks) ? WGD_DROPS : WGD_DROP_FORGED;
}

static void note(struct wgd_map *map, const struct wgd_map_item *item,
		 enum wgd_drop why)
{
	const char *kind = item->len >= WG_ITEM_HEAD
				   ? wg_item_kind_str(item->b[3])
				   : NULL;

	wgd_drop(map->drops, why, item->from, kind ?: "what is no item");
}

static void put(struct wgd_map *map, const struct wg_offer *offer)
{
	unsigned alarms = wg_directory_put(map->dir, offer);
	uint8_t kind = wg_item_kind(offer->b);

	map->is_hashed = false;
	if ((alarms & WG_DIRECTORY_CONFLICT) && map->n_conflicts < CONFLICTS)
		map->conflicts[map->n_conflicts++] = (struct wgd_map_conflict){
			kind, wg_item_number(offer->b, WG_ITEM_MEMBER)};
	if (kind == WG_ITEM_IS_CERTIFICATE)
		map->floor = MAX(map->floor,
				 wg_item_number(offer->b, WG_ITEM_FROM));
	else if (kind == WG_ITEM_IS_AUTHORITY || kind == WG_ITEM_IS_LIST)
		map->floor = MAX(map->floor,
				 wg_item_number(offer->b, WG_ITEM_TIME));
}

/* Put it, if it is one to be put, for others as well. */
static enum wg_exchange_judgement take(struct wgd_map *map,
				       const struct wgd_map_item *item,
				       struct wg_bounded *w)
{
	enum wgd_drop why = judge(map, w);
	struct put *p;

	if (why != WGD_DROPS) {
		note(map, item, why);
		return why == WGD_DROP_FORGED ? WG_EXCHANGE_IS_FORGED
					      : WG_EXCHANGE_NOT_PUT;
	}
	p = XMALLOC(MTYPE_WGD_MAP_PUT, sizeof(*p) + item->len);
	p->source = item->source;
	memcpy(p->b, item->b, item->len);
	puts_add_tail(&map->puts, p);
	put(map, &w->offer);
	wg_bounds_put(map->bounds, &w->offer, wgd_now_ms());
	if (!map->t_save)
		event_add_timer_msec(wgd.master, save_soon, map,
				     wg_directory_count(map->dir) < SMALL
					     ? SAVE_SMALL_MS
					     : SAVE_MS,
				     &map->t_save);
	return WG_EXCHANGE_PUT;
}

enum wg_exchange_judgement wgd_map_take(struct wgd_map *map,
					const struct wgd_map_item *item)
{
	struct wg_bounded w = {{item->b, item->len}, item->member};

	return take(map, item, &w);
}

bool wgd_map_next_waited(struct wgd_map *map, enum wg_exchange_judgement *ret,
			 uint32_t *ret_from)
{
	struct wgd_map_item item = {};
	struct wg_bounded w;
	char from[32];

	if (!wg_bounds_next(map->bounds, wgd_now_ms(), &w))
		return false;
	*ret_from = w.source;
	w.source = 0; /* it has waited */
	snprintf(from, sizeof(from), "member %u", *ret_from);
	item.b = w.offer.b;
	item.len = w.offer.len;
	item.from = from;
	*ret = take(map, &item, &w);
	return true;
}

const uint8_t *wgd_map_next_put(struct wgd_map *map, const void **ret_source)
{
	XFREE(MTYPE_WGD_MAP_PUT, map->told);
	map->told = puts_pop(&map->puts);
	if (!map->told)
		return NULL;
	*ret_source = map->told->source;
	return map->told->b;
}

bool wgd_map_next_changed(struct wgd_map *map, uint32_t *ret_member)
{
	return wg_directory_next_changed(map->dir, ret_member);
}

static void make_hash(struct wgd_map *map)
{
	size_t len = wg_directory_count(map->dir) * WG_DIRECTORY_ENTRY;
	uint8_t *entries = XMALLOC(MTYPE_WGD_MAP, len ?: 1);
	struct wg_hash_of of = {.word = "map", .part = {{entries, len}}};

	wg_directory_entries(map->dir, entries);
	wg_hash(&of, map->hash, sizeof(map->hash));
	XFREE(MTYPE_WGD_MAP, entries);
	map->is_hashed = true;
}

void wgd_map_hash(struct wgd_map *map, uint8_t ret[WG_DIRECTORY_HASH])
{
	if (!map->is_hashed)
		make_hash(map);
	memcpy(ret, map->hash, sizeof(map->hash));
}

/* --- loading */

/* The whole file; NULL and 0: there is none. */
static int read_file(const char *path, uint8_t **ret, size_t *ret_len)
{
	struct stat st;
	ssize_t n = 0;
	/* a pipe would be waited for */
	int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*ret = NULL;
	*ret_len = 0;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		rc = -EFBIG;
	if (rc == 0) {
		*ret = XMALLOC(MTYPE_WGD_MAP, st.st_size ?: 1);
		while (*ret_len < (size_t)st.st_size &&
		       (n = read(fd, *ret + *ret_len, st.st_size - *ret_len)) >
			       0)
			*ret_len += n;
		rc = n < 0 ? -errno : 0;
	}
	close(fd);
	if (rc < 0)
		XFREE(MTYPE_WGD_MAP, *ret);
	return rc;
}

/*
 * Take the items of a file, again and again until nothing is put: what comes
 * too early comes once more.  How many were put, or -EBADMSG: there is no whole
 * item from some place on, and what stands before is taken.
 */
static int take_all(struct wgd_map *map, const struct wg_span *file,
		    bool (*put_in)(struct wgd_map *map,
				   const struct wgd_map_item *item))
{
	struct wgd_map_item item = {.from = "a file of the operator's"};
	int n = 0, before;
	size_t left;

	do {
		before = n;
		item.b = file->b;
		left = file->len;
		for (; (item.len = wg_item_split(item.b, left));
		     item.b += item.len, left -= item.len)
			n += put_in(map, &item);
	} while (n > before);
	return left ? -EBADMSG : n;
}

static int take_file(struct wgd_map *map, const char *path,
		     bool (*put_in)(struct wgd_map *map,
				    const struct wgd_map_item *item))
{
	struct wg_span file;
	uint8_t *b;
	int rc = read_file(path, &b, &file.len);

	if (rc < 0)
		return rc;
	file.b = b;
	rc = take_all(map, &file, put_in);
	XFREE(MTYPE_WGD_MAP, b);
	return rc;
}

/* What we had: there is nobody to tell, and nothing to save. */
static bool put_back(struct wgd_map *map, const struct wgd_map_item *item)
{
	struct wg_bounded w = {{item->b, item->len}};

	if (judge(map, &w) != WGD_DROPS)
		return false;
	put(map, &w.offer);
	return true;
}

static bool put_new(struct wgd_map *map, const struct wgd_map_item *item)
{
	return wgd_map_take(map, item) == WG_EXCHANGE_PUT;
}

int wgd_map_load(struct wgd_map *map)
{
	int rc = take_file(map, map->file, put_back);
	char text[PATH_MAX + 128];

	if (rc >= 0 || rc == -ENOENT)
		return 0;
	if (rc == -EBADMSG)
		snprintf(text, sizeof(text),
			 "%s was torn: what is missing comes from other members",
			 map->file);
	else
		snprintf(text, sizeof(text), "%s could not be read: %s",
			 map->file, safe_strerror(-rc));
	wgd_str_set(&map->torn, text);
	map->torn_ms = wgd_now_ms();
	return rc;
}

int wgd_map_load_from(struct wgd_map *map, const char *file, bool force,
		      uint32_t *ret)
{
	struct wg_span in;
	uint8_t *b;
	int rc = read_file(file, &b, &in.len);

	if (rc < 0)
		return rc;
	in.b = b;
	switch (wgd_lists_judge(map->dir, &in, ret)) {
	case WGD_LISTS_OLDER:
		rc = -ESTALE;
		break;
	case WGD_LISTS_FORGETS:
		rc = force ? 0 : -EPERM;
		break;
	case WGD_LISTS_NEW:
		break;
	}
	if (rc >= 0)
		rc = take_all(map, &in, put_new);
	XFREE(MTYPE_WGD_MAP, b);
	return rc;
}
