// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who we are in a mesh.
 *
 * An invite is read once: its seed goes to the key process, then what is no
 * secret into a file of ours, and then the invite is deleted.  An interruption
 * leaves what the next start needs: the invite, or all that was in it.  The
 * identity is made before that, so that who reads an invite twice comes with
 * the same identity.
 *
 * Keys are made once and never here: the key process has them.
 */
#include <zebra.h>
#include "frr-wgd/base/wgd_compat.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "libfrr.h"
#include "log.h"

#include "frr-wgd/device/wgd_key.h"
#include "frr-wgd/mesh/wgd_file.h"
#include "frr-wgd/mesh/wgd_self.h"
#include "lib/backend/wg_keys.h"
#include "lib/core/wg_item_writer.h"

DEFINE_MTYPE_STATIC(WGD, WGD_SELF, "WireGuard mesh member");

#if FRR_VER >= 100000
#define STATE_FOLDER frr_libstatedir
#else
#define STATE_FOLDER "/var/lib/frr"
#endif

const char *wgd_self_folder(char *buf, size_t len)
{
	snprintf(buf, len, "%s/wireguard", STATE_FOLDER);
	return buf;
}

const char *wgd_self_file(const char *mesh, const char *suffix, char *buf,
			  size_t len)
{
	snprintf(buf, len, "%s/wireguard/%s.%s", STATE_FOLDER, mesh, suffix);
	return buf;
}

struct wgd_self *wgd_self_new(const char *ifname, const char *mesh)
{
	struct wgd_self *self = XCALLOC(MTYPE_WGD_SELF, sizeof(*self));

	strlcpy(self->ifname, ifname, sizeof(self->ifname));
	self->name = XSTRDUP(MTYPE_WGD_SELF, mesh);
	return self;
}

void wgd_self_delete(struct wgd_self **at)
{
	struct wgd_self *self = *at;

	if (!self)
		return;
	wg_signkey_free(&self->identity);
	wg_signkey_free(&self->wg);
	XFREE(MTYPE_WGD_SELF, self->name);
	XFREE(MTYPE_WGD_STR, self->reason);
	XFREE(MTYPE_WGD_SELF, *at);
}

/* --- reading */

/* -ENOENT without a word; else what is wrong stands in self->reason. */
static int fail(struct wgd_self *self, int rc, const char *what,
		const char *why)
{
	char text[PATH_MAX + 256];

	snprintf(text, sizeof(text), "%s: %s", what, why);
	if (wgd_str_set(&self->reason, text))
		zlog_warn("%s: mesh %s: %s", self->ifname, self->name, text);
	return rc;
}

/* The item of a file that has a line.  -ENOENT: there is no file. */
static int read_line(struct wgd_self *self, const char *path,
		     uint8_t item[WG_LINE_ITEM_MAX])
{
	char line[WG_LINE_STRLEN + 256], why[WG_LINE_ERROR_STRLEN];
	struct wg_line_error error;
	size_t len;
	ssize_t n;
	int rc = 0, fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0)
		return fail(self, -errno, path, safe_strerror(errno));
	n = read(fd, line, sizeof(line) - 1);
	if (n < 0)
		rc = -errno;
	close(fd);
	if (rc < 0)
		return fail(self, rc, path, safe_strerror(-rc));
	line[n] = '\0';
	rc = wg_line_get(line, item, &len, &error);
	explicit_bzero(line, sizeof(line));
	if (rc < 0)
		return fail(self, rc, path, wg_line_error_str(&error, why));
	if (wg_item_kind(item) == WG_ITEM_IS_REQUEST) {
		explicit_bzero(item, WG_LINE_ITEM_MAX);
		return fail(self, -EINVAL, path,
			    "this is a request: the keeper's answer is wanted");
	}
	return 0;
}

/* Keys, certificate and doors of an invite or an answer. */
static int take(struct wgd_self *self, const char *path, const uint8_t *item)
{
	const uint8_t *c = wg_item_bytes(item, WG_ITEM_CERTIFICATE);
	struct wg_directory_conf *mesh = &self->mesh;
	uint8_t id[WG_ITEM_MESH_LEN];
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at = 0;

	wg_sign_mesh(wg_item_bytes(item, WG_ITEM_FIRST_KEY),
		     wg_item_bytes(item, WG_ITEM_RECOVERY_KEY), id);
	if (memcmp(wg_item_bytes(c, WG_ITEM_MESH), id, sizeof(id)) != 0)
		return fail(self, -EBADMSG, path,
			    "its certificate is of another mesh");
	if (self->certificate.len && memcmp(id, mesh->mesh, sizeof(id)) != 0)
		return fail(self, -EEXIST, path,
			    "it is for another mesh of that name");
	memcpy(mesh->recovery, wg_item_bytes(item, WG_ITEM_RECOVERY_KEY),
	       sizeof(mesh->recovery));
	memcpy(mesh->first, wg_item_bytes(item, WG_ITEM_FIRST_KEY),
	       sizeof(mesh->first));
	memcpy(mesh->mesh, id, sizeof(id));
	self->n_doors = 0;
	while (wg_item_next(item, &at, &tlv)) {
		if (tlv.type != WG_ITEM_DOOR || self->n_doors == WGD_SELF_DOORS)
			continue;
		wg_item_value_get(&tlv, &v);
		memcpy(self->doors[self->n_doors].identity, v.door.identity,
		       WG_KEY_LEN);
		memcpy(self->doors[self->n_doors].host, v.door.host.b,
		       v.door.host.len);
		self->doors[self->n_doors].host[v.door.host.len] = '\0';
		self->doors[self->n_doors++].port = v.door.port;
	}
	self->number = wg_item_number(c, WG_ITEM_MEMBER);
	self->certificate.len = wg_item_len(c);
	memcpy(self->certificate.b, c, self->certificate.len);
	return 0;
}

/* What was brought, without its secret, as the line of an answer. */
static int write_anchor(struct wgd_self *self, const uint8_t *item)
{
	char path[PATH_MAX], line[WG_LINE_STRLEN];
	uint8_t answer[WG_LINE_ITEM_MAX];
	struct wg_item_writer w;
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	struct wgd_file f;
	size_t at = 0;
	int rc;

	wg_item_begin(&w, WG_ITEM_IS_ANSWER, answer, sizeof(answer));
	while (wg_item_next(item, &at, &tlv)) {
		if (tlv.type == WG_ITEM_SEED)
			continue;
		wg_item_value_get(&tlv, &v);
		wg_item_add(&w, &v);
	}
	rc = wg_item_end(&w, NULL);
	assert(rc == 0);
	rc = wg_line_put(answer, line);
	assert(rc == 0);
	wgd_self_file(self->name, "mesh", path, sizeof(path));
	rc = wgd_file_begin(&f, path);
	if (rc == 0)
		rc = wgd_file_end(&f, wgd_file_write(&f, line, strlen(line)));
	return rc < 0 ? fail(self, rc, path, safe_strerror(-rc)) : 0;
}

/* The key in that file, which is made where there is none. */
static int load_key(struct wgd_self *self, const char *key,
		    struct wg_signkey **ret)
{
	char path[PATH_MAX], err[512];
	int rc;

	if (*ret)
		return 0;
	wgd_key_mesh_file(self->name, key, path, sizeof(path));
	rc = wg_signkey_load(path, ret, err, sizeof(err));
	if (rc == -ENOENT) {
		rc = wg_seed_generate(path, err, sizeof(err));
		if (rc == 0)
			rc = wg_signkey_load(path, ret, err, sizeof(err));
	}
	return rc < 0 ? fail(self, rc, key, err) : 0;
}

/* Each invite has a file of its own: a later one does not replace it. */
static void invite_file(const struct wgd_self *self, char *ret, size_t len)
{
	const uint8_t *key = wg_item_bytes(self->certificate.b, WG_ITEM_KEY);
	char name[32];

	snprintf(name, sizeof(name), "invite-%016" PRIx64,
		 wg_item_get(key, 8));
	wgd_key_mesh_file(self->name, name, ret, len);
}

/* What was brought and has not been read; on failure all is as it was. */
static int read_invite(struct wgd_self *self)
{
	char path[PATH_MAX], to[PATH_MAX], err[512];
	const struct wgd_self was = *self;
	uint8_t item[WG_LINE_ITEM_MAX];
	const uint8_t *seed;
	struct wg_key k;
	int rc;

	wgd_self_file(self->name, "invite", path, sizeof(path));
	rc = read_line(self, path, item);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	seed = wg_item_bytes(item, WG_ITEM_SEED);
	rc = take(self, path, item);
	if (rc == 0 && seed) {
		invite_file(self, to, sizeof(to));
		memcpy(k.b, seed, sizeof(k.b));
		rc = wg_seed_save(to, &k, err, sizeof(err));
		wg_key_wipe(&k);
		if (rc == -EEXIST) /* an interruption */
			rc = 0;
		if (rc < 0)
			fail(self, rc, "invite", err);
	}
	if (rc == 0)
		rc = write_anchor(self, item);
	explicit_bzero(item, sizeof(item));
	if (rc == 0) {
		unlink(path);
		self->is_new = true;
		self->succession.len = 0;
		return 0;
	}
	self->mesh = was.mesh;
	self->certificate = was.certificate;
	self->number = was.number;
	self->n_doors = was.n_doors;
	memcpy(self->doors, was.doors, sizeof(self->doors));
	return rc;
}

static int read_anchor(struct wgd_self *self)
{
	char path[PATH_MAX];
	uint8_t item[WG_LINE_ITEM_MAX];
	int rc;

	wgd_self_file(self->name, "mesh", path, sizeof(path));
	rc = read_line(self, path, item);
	if (rc == -ENOENT)
		return fail(self, rc, path,
			    "no invite was loaded: wgd-mesh join, or wireguard mesh join");
	return rc < 0 ? rc : take(self, path, item);
}

/* --- what we sign */

static void begin(const struct wgd_self *self, struct wg_item_writer *w,
		  uint8_t kind, struct wgd_self_item *item)
{
	wg_item_begin(w, kind, item->b, sizeof(item->b));
	wg_item_add_bytes(w, WG_ITEM_MESH, self->mesh.mesh, WG_ITEM_MESH_LEN);
	wg_item_add_number(w, WG_ITEM_MEMBER, self->number);
}

static int end(const struct wgd_self *self, struct wg_item_writer *w,
	       struct wgd_self_item *item)
{
	enum wg_item_fault fault = WG_ITEM_OK;
	int rc = wg_item_end(w, &fault);

	item->len = rc < 0 ? 0 : w->len;
	if (rc < 0)
		zlog_err("%s: mesh %s: %s: %s", self->ifname, self->name,
			 wg_item_kind_str(item->b[3]),
			 rc == -EBADMSG ? wg_item_fault_str(fault)
					: safe_strerror(-rc));
	return rc;
}

/* An invite's key says that our identity is its successor. */
static int make_succession(struct wgd_self *self)
{
	const uint8_t *c = self->certificate.b;
	char path[PATH_MAX], err[512];
	struct wg_signkey *invite;
	struct wg_item_writer w;
	int rc;

	if (!(wg_item_number(c, WG_ITEM_FLAGS) & WG_ITEM_FLAG_INVITE))
		return 0;
	invite_file(self, path, sizeof(path));
	rc = wg_signkey_load(path, &invite, err, sizeof(err));
	if (rc == -ENOENT)
		return 0; /* redeemed long ago: hubs have witnesses */
	if (rc < 0)
		return fail(self, rc, "invite", err);
	if (memcmp(wg_signkey_public(invite), wg_item_bytes(c, WG_ITEM_KEY),
		   WG_KEY_LEN) == 0) {
		begin(self, &w, WG_ITEM_IS_SUCCESSION, &self->succession);
		wg_item_add_bytes(&w, WG_ITEM_KEY, wg_signkey_public(invite),
				  WG_KEY_LEN);
		wg_item_add_bytes(&w, WG_ITEM_IDENTITY,
				  wg_signkey_public(self->identity),
				  WG_KEY_LEN);
		rc = end(self, &w, &self->succession);
		if (rc == 0) {
			wg_signkey_sign(invite, self->succession.b,
					WG_ITEM_BY_INVITE);
			wg_signkey_sign(self->identity, self->succession.b,
					WG_ITEM_SIGNATURE);
		}
	}
	wg_signkey_free(&invite);
	return rc;
}

bool wgd_self_is_brought(const struct wgd_self *self)
{
	char path[PATH_MAX];

	wgd_self_file(self->name, "invite", path, sizeof(path));
	return access(path, F_OK) == 0;
}

int wgd_self_load(struct wgd_self *self)
{
	int rc = load_key(self, "identity", &self->identity);

	if (rc == 0)
		rc = load_key(self, "wg", &self->wg);
	if (rc == 0)
		rc = read_invite(self);
	if (rc == 0 && !self->certificate.len)
		rc = read_anchor(self);
	if (rc == 0)
		rc = make_succession(self);
	if (rc == 0)
		wgd_str_set(&self->reason, NULL);
	return rc;
}

void wgd_self_sign(const struct wgd_self *self, struct wgd_self_item *item)
{
	wg_signkey_sign(self->wg, item->b, WG_ITEM_BY_WG_KEY);
	wg_signkey_sign(self->identity, item->b, WG_ITEM_SIGNATURE);
}

static void add_endpoint(struct wg_item_writer *w,
			 const struct wgd_mesh_place *place)
{
	struct wg_item_value v = {.endpoint.port = place->port};

	if (wg_addr_parse(place->host, &v.endpoint.addr) < 0) {
		v.type = WG_ITEM_ENDPOINT_NAME;
		v.endpoint.host.b = (const uint8_t *)place->host;
		v.endpoint.host.len = strlen(place->host);
	} else {
		v.type = v.endpoint.addr.family == AF_INET
				 ? WG_ITEM_ENDPOINT4
				 : WG_ITEM_ENDPOINT6;
	}
	wg_item_add(w, &v);
}

int wgd_self_record(const struct wgd_self *self,
		    const struct wgd_self_says *says,
		    struct wgd_self_item *ret)
{
	struct wg_item_writer w;
	size_t i;

	begin(self, &w, WG_ITEM_IS_RECORD, ret);
	wg_item_add_number(&w, WG_ITEM_SEQUENCE, says->sequence);
	wg_item_add_bytes(&w, WG_ITEM_WG_KEY, wg_signkey_public(self->wg),
			  WG_KEY_LEN);
	wg_item_add_number(&w, WG_ITEM_PORT, says->port);
	for (i = 0; i < says->n_endpoints; i++)
		add_endpoint(&w, &says->endpoints[i]);
	for (i = 0; i < says->n_announced; i++) {
		struct wg_item_value v = {
			.type = says->announced[i].family == AF_INET
					? WG_ITEM_ANNOUNCED4
					: WG_ITEM_ANNOUNCED6,
			.announced.prefix = says->announced[i],
		};

		wg_item_add(&w, &v);
	}
	if (says->door_port)
		wg_item_add_number(&w, WG_ITEM_DOOR_PORT, says->door_port);
	return end(self, &w, ret);
}

bool wgd_self_says_same(const uint8_t *record, const uint8_t *other)
{
	struct wg_item_tlv a, b;
	size_t i = 0, k = 0;
	bool more, as_many;

	for (;;) {
		more = wg_item_next(record, &i, &a) &&
		       a.type < WG_ITEM_BY_WG_KEY;
		as_many = (wg_item_next(other, &k, &b) &&
			   b.type < WG_ITEM_BY_WG_KEY) == more;
		if (!as_many || !more)
			return as_many;
		if (a.type != b.type ||
		    (a.type != WG_ITEM_SEQUENCE &&
		     wg_span_cmp(&a.value, &b.value) != 0))
			return false;
	}
}

int wgd_self_door_record(const struct wgd_self *self, uint64_t sequence,
			 uint16_t port, struct wgd_self_item *ret)
{
	struct wg_item_writer w;
	int rc;

	begin(self, &w, WG_ITEM_IS_DOOR_RECORD, ret);
	wg_item_add_number(&w, WG_ITEM_SEQUENCE, sequence);
	wg_item_add_bytes(&w, WG_ITEM_WG_KEY, wg_signkey_public(self->wg),
			  WG_KEY_LEN);
	wg_item_add_number(&w, WG_ITEM_PORT, port);
	rc = end(self, &w, ret);
	if (rc == 0)
		wgd_self_sign(self, ret);
	return rc;
}

int wgd_self_witness(const struct wgd_self *self, const uint8_t *succession,
		     struct wgd_self_item *ret)
{
	struct wg_item_writer w;
	int rc;

	wg_item_begin(&w, WG_ITEM_IS_WITNESS, ret->b, sizeof(ret->b));
	wg_item_add_bytes(&w, WG_ITEM_MESH, self->mesh.mesh, WG_ITEM_MESH_LEN);
	wg_item_add_number(&w, WG_ITEM_MEMBER,
			   wg_item_number(succession, WG_ITEM_MEMBER));
	wg_item_add_number(&w, WG_ITEM_HUB, self->number);
	wg_item_add_bytes(&w, WG_ITEM_SUCCESSION, succession,
			  wg_item_len(succession));
	rc = end(self, &w, ret);
	if (rc == 0)
		wg_signkey_sign(self->identity, ret->b, WG_ITEM_SIGNATURE);
	return rc;
}

int wgd_self_request(struct wgd_self *self, char line[WG_LINE_STRLEN])
{
	struct wgd_self_item item;
	struct wg_item_writer w;
	int rc = load_key(self, "identity", &self->identity);

	if (rc < 0)
		return rc;
	wg_item_begin(&w, WG_ITEM_IS_REQUEST, item.b, sizeof(item.b));
	wg_item_add_bytes(&w, WG_ITEM_KEY, wg_signkey_public(self->identity),
			  WG_KEY_LEN);
	rc = end(self, &w, &item);
	if (rc < 0)
		return rc;
	wg_signkey_sign(self->identity, item.b, WG_ITEM_SIGNATURE);
	return wg_line_put(item.b, line);
}

bool wgd_self_knows_doors(const struct wgd_self *self)
{
	size_t i;

	for (i = 0; i < self->n_doors; i++)
		if (memcmp(self->doors[i].identity,
			   wg_signkey_public(self->identity), WG_KEY_LEN) != 0)
			return true;
	return false;
}

/*
 * The invite's key stays with the key process, which deletes nothing: it is
 * worth no more than a cookie now.
 */
void wgd_self_redeemed(struct wgd_self *self)
{
	self->succession.len = 0;
}
