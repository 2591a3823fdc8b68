/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ticket comes by mail, by chat, from a camera: a line that is damaged is
 * told as one, with the place where that is known, and before anything was
 * done.  All that is checked here a hub would refuse as well, seconds later
 * and with fewer words; what is not (a later authority's signature, whether
 * the invite was used, whether it was revoked) nobody can know here.
 *
 * The line is a secret, and so is the item: both are in locked memory or
 * wiped.
 */
#include "wgd-mesh/mesh_ticket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/backend/wg_vault.h"

static bool is_line(const char *word)
{
	word += strspn(word, " \t\r\n");
	return strncmp(word, "wgmesh1:", 8) == 0 ||
	       strncmp(word, "wgreq1:", 7) == 0;
}

/* A file that others may read is not refused: the secret is out already. */
static void warn_of_mode(const char *path, const uint8_t *item)
{
	struct stat st;

	if (wg_item_kind(item) == WG_ITEM_IS_INVITE && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode) && (st.st_mode & (S_IRWXG | S_IRWXO)))
		mesh_say("warning: %s: mode %04o lets others read the invite",
			 path, st.st_mode & 07777);
}

/*
 * A word without a slash that names no file was perhaps to be a line whose
 * beginning got lost: it is not repeated.
 */
static int read_file(const char *word, struct mesh_bytes *ret,
		     struct mesh_why *why)
{
	int rc;

	if (strcmp(word, "-") == 0)
		return mesh_fd_read(dup(STDIN_FILENO), "the standard input",
				    ret, why);
	rc = mesh_path_read(word, ret, why);
	if (rc && !strchr(word, '/'))
		mesh_because(
			why, rc,
			"the line: does not begin with wgmesh1: or wgreq1:, and as a file: %s",
			strerror(-rc));
	return rc;
}

int mesh_ticket_line(const char *word, uint8_t item[WG_LINE_ITEM_MAX],
		     struct mesh_why *why)
{
	bool is_file = !is_line(word);
	struct mesh_bytes bytes = {0};
	char text[WG_LINE_ERROR_STRLEN];
	struct wg_line_error error;
	const char *line;
	size_t len;
	int rc = is_file ? read_file(word, &bytes, why) : 0;

	line = is_file ? bytes.b : word;
	if (!rc && wg_line_get(line, item, &len, &error)) {
		wg_line_look(line, &error);
		rc = mesh_because(why, -EINVAL, "the line: %s",
				  wg_line_error_str(&error, text));
	}
	mesh_bytes_free(&bytes);
	if (!rc && is_file)
		warn_of_mode(word, item);
	return rc;
}

/* --- what it says */

static void take_text(const struct wg_span *s, char *ret)
{
	memcpy(ret, s->b, s->len);
	ret[s->len] = '\0';
}

void mesh_ticket_member(const uint8_t *certificate, struct mesh_member *ret)
{
	struct mesh_member m = {.number = 0};
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at;

	wg_item_each (certificate, at, tlv) {
		wg_item_value_get(&tlv, &v);
		switch (tlv.type) {
		case WG_ITEM_NAME:
			take_text(&v.bytes, m.name);
			break;
		case WG_ITEM_ADDRESS4:
		case WG_ITEM_ADDRESS6:
			m.addresses[m.n_addresses++] = (struct mesh_address){
				v.address.addr, v.address.len};
			break;
		case WG_ITEM_PREFIX4:
		case WG_ITEM_PREFIX6:
			if (m.n_prefixes < MESH_PREFIXES)
				m.prefixes[m.n_prefixes++] =
					(struct mesh_prefix){v.prefix.prefix,
							     v.prefix.longest};
			break;
		}
	}
	m.number = wg_item_number(certificate, WG_ITEM_MEMBER);
	*ret = m;
}

/* A door with our own key is where others will look for us. */
static void take_doors(struct mesh_ticket *t)
{
	const uint8_t *key = wg_item_bytes(t->certificate, WG_ITEM_KEY);
	struct wg_item_value v;
	struct wg_item_tlv tlv;
	size_t at;

	wg_item_each (t->item, at, tlv) {
		wg_item_value_get(&tlv, &v);
		if (tlv.type == WG_ITEM_MESH_NAME)
			take_text(&v.bytes, t->name);
		if (tlv.type != WG_ITEM_DOOR)
			continue;
		if (!t->is_hub || memcmp(v.door.identity, key, WG_KEY_LEN)) {
			t->doors++;
			continue;
		}
		take_text(&v.door.host, t->member.host);
		t->member.door = v.door.port;
	}
}

/* --- is it good? */

static bool is_signed(const struct mesh_ticket *t)
{
	const uint8_t *first = wg_item_bytes(t->item, WG_ITEM_FIRST_KEY);

	return wg_item_number(t->certificate, WG_ITEM_AUTHORITY_NUMBER) ||
	       wg_sign_verify(t->certificate, WG_ITEM_SIGNATURE, first) == 0;
}

static bool is_seed_of(const uint8_t *seed, const uint8_t *key)
{
	struct wg_sign_key *secret = wg_vault_alloc(sizeof(*secret));
	bool same;

	wg_sign_of_seed(seed, secret);
	same = memcmp(wg_sign_public(secret), key, WG_KEY_LEN) == 0;
	wg_vault_free((void **)&secret);
	return same;
}

static const char *wrong_with(const struct mesh_ticket *t)
{
	const uint8_t *c = t->certificate;
	bool by_invite = wg_item_number(c, WG_ITEM_FLAGS) & WG_ITEM_FLAG_INVITE;
	const uint8_t *seed = wg_item_bytes(t->item, WG_ITEM_SEED);

	if (memcmp(wg_item_bytes(c, WG_ITEM_MESH), t->mesh, sizeof(t->mesh)))
		return "its certificate is of another mesh";
	if (!is_signed(t))
		return "its certificate is not signed by the mesh's authority";
	if (!t->is_invite)
		return by_invite ? "its certificate is an invite's" : NULL;
	if (!by_invite || !wg_item_bytes(c, WG_ITEM_REDEEM_BY))
		return "its certificate is no invite's";
	if (t->is_hub)
		return "it makes a hub, and hubs join by a request";
	return is_seed_of(seed, wg_item_bytes(c, WG_ITEM_KEY))
		       ? NULL
		       : "its key is not its certificate's";
}

static char *time_str(uint64_t seconds, char ret[32])
{
	time_t t = seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(ret, 32, "%Y-%m-%d %H:%M UTC", &tm))
		strcpy(ret, "a year that has no end");
	return ret;
}

static int check_time(const struct mesh_ticket *t, struct mesh_why *why)
{
	uint64_t until = wg_item_number(t->certificate, WG_ITEM_UNTIL);
	uint64_t by = wg_item_number(t->certificate, WG_ITEM_REDEEM_BY);
	uint64_t now = time(NULL);
	char text[2][32];

	if (t->is_invite && by < until)
		until = by;
	if (now <= until)
		return 0;
	return mesh_because(
		why, -EINVAL,
		"the %s was good until %s, and this machine's clock says %s: ask the keeper for another one",
		t->is_invite ? "invite" : "answer", time_str(until, text[0]),
		time_str(now, text[1]));
}

static int check(const struct mesh_ticket *t, struct mesh_why *why)
{
	const char *wrong = wrong_with(t);

	if (wrong)
		return mesh_because(why, -EINVAL, "the %s: %s",
				    t->is_invite ? "invite" : "answer", wrong);
	return check_time(t, why);
}

int mesh_ticket_read(const char *word, struct mesh_ticket *ret,
		     struct mesh_why *why)
{
	struct mesh_ticket t = {.item = wg_vault_alloc(WG_LINE_ITEM_MAX)};
	int rc = mesh_ticket_line(word, t.item, why);

	if (!rc && wg_item_kind(t.item) == WG_ITEM_IS_REQUEST)
		rc = mesh_because(
			why, -EINVAL,
			"the line: is a request, for the keeper; what wgd-mesh sign answers to it is wanted");
	if (!rc) {
		t.is_invite = wg_item_kind(t.item) == WG_ITEM_IS_INVITE;
		t.certificate = wg_item_bytes(t.item, WG_ITEM_CERTIFICATE);
		wg_sign_mesh(wg_item_bytes(t.item, WG_ITEM_FIRST_KEY),
			     wg_item_bytes(t.item, WG_ITEM_RECOVERY_KEY),
			     t.mesh);
		mesh_ticket_member(t.certificate, &t.member);
		t.is_hub = wg_item_number(t.certificate, WG_ITEM_FLAGS) &
			   WG_ITEM_FLAG_HUB;
		take_doors(&t);
		rc = check(&t, why);
	}
	if (rc)
		mesh_ticket_free(&t);
	else
		*ret = t;
	return rc;
}

void mesh_ticket_free(struct mesh_ticket *t)
{
	wg_vault_free((void **)&t->item);
}
